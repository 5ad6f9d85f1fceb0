import type { Lock } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { OracleConnection } from './connection.js'
import { quoteRef } from './dialect.js'

const EXISTS_ALREADY = 'ORA-00955'
const LOCKED = 'ORA-00054'

/**
 * A row of `etl_lock`, locked by a transaction that is never committed, on a connection of its own: the database frees
 * it when the connection ends, however it ends. DBMS_LOCK would need a grant that few logins have.
 */
export async function takeLock(connection: OracleConnection, schema: string, name: string): Promise<Lock | undefined> {
  const table = quoteRef({ schema, table: 'etl_lock' })
  try {
    await ensureTable(connection, table, schema)
    await ensureRow(connection, table, name)
    await connection.run(`select "name" from ${table} where "name" = :1 for update nowait`, [name])
  } catch (error) {
    await connection.close()
    if (error instanceof EtlError && error.native === LOCKED) return undefined
    throw error
  }
  return {
    // Locking what is locked by the same transaction changes nothing.
    check: async () => {
      await connection.run(`select "name" from ${table} where "name" = :1 for update nowait`, [name])
    },
    release: async () => await connection.close(),
  }
}

async function ensureTable(connection: OracleConnection, table: string, schema: string): Promise<void> {
  const { rows } = await connection.run('select 1 from all_tables where owner = :1 and table_name = :2', [
    schema,
    'etl_lock',
  ])
  if (rows.length > 0) return
  try {
    await connection.change(`create table ${table} ("name" varchar2(400 char) not null primary key)`)
  } catch (error) {
    // Two runs may begin at the same moment.
    if (!(error instanceof EtlError) || error.native !== EXISTS_ALREADY) throw error
  }
}

async function ensureRow(connection: OracleConnection, table: string, name: string): Promise<void> {
  const { rows } = await connection.run(`select 1 from ${table} where "name" = :1`, [name])
  if (rows.length > 0) return
  try {
    await connection.change(`insert into ${table} ("name") values (:1)`, [name])
    await connection.commit()
  } catch (error) {
    if (!(error instanceof EtlError) || error.code !== 'E417') throw error
  }
}
