import oracledb from 'oracledb'
import type { Profile } from '../../../../support/tns/negotiate.js'
import { startTnsServer, type TnsServer } from '../../../../support/tns/server.js'
import { SqliteBackend } from '../../../../support/tns/sqlite/backend.js'

export const PASSWORD = 'a "strange" pässword'

/** A server with two logins: ETL has the newer verifier, OLD the older one. */
export async function start(profile: Profile['name'] = '19c'): Promise<TnsServer> {
  const backend = new SqliteBackend({ ETL: { password: PASSWORD }, OLD: { password: PASSWORD, verifier: '11g' } })
  return await startTnsServer({ backend, profile })
}

export async function connect(server: TnsServer, user = 'etl'): Promise<oracledb.Connection> {
  return await oracledb.getConnection({ user, password: PASSWORD, connectString: server.connectString })
}

/** Rows of one statement as arrays. */
export async function rows(
  connection: oracledb.Connection,
  sql: string,
  binds: oracledb.BindParameters = [],
  options: oracledb.ExecuteOptions = {},
): Promise<unknown[][]> {
  const result = await connection.execute<unknown[]>(sql, binds, { outFormat: oracledb.OUT_FORMAT_ARRAY, ...options })
  return result.rows ?? []
}
