import oracledb from 'oracledb'
import type { TestDatabase, TestSchema } from '../../databases/types.js'
import type { Profile } from './negotiate.js'
import { oracleStatements } from './portable-sql.js'
import { startTnsServer, type TnsServer } from './server.js'
import { SqliteBackend } from './sqlite/backend.js'

const PASSWORD = 'Wire_1234'

interface Login {
  readonly user: string
  readonly password: string
  readonly connectString: string
  readonly server: TnsServer | undefined
  drop(): Promise<void>
}

export interface OracleSchema extends TestSchema {
  /** The protocol server behind it; undefined where it is a real database. */
  readonly server: TnsServer | undefined
  /** Statements in the database's own words, as they are, on one connection; then a commit. */
  native(statements: readonly string[]): Promise<void>
  /** Rows of a query in the database's own words. */
  select(sql: string): Promise<unknown[][]>
}

/**
 * A schema of its own for every test file: in the Oracle Net server of these tests, or, where ETL_TEST_ORACLE_URL
 * (`oracle://user:password@host:1521/service`) names one, in a real database whose login may create users.
 * @param profile which release the server of these tests speaks as; a real database is what it is
 * @param word the password, without a double quote
 */
export async function createOracle(
  testId: string,
  profile?: Profile['name'],
  word: string = PASSWORD,
): Promise<OracleSchema> {
  const url = process.env.ETL_TEST_ORACLE_URL
  const login = url === undefined ? await inServer(profile, word) : await inDatabase(new URL(url), testId, word)
  const { user, password, connectString } = login
  const withConnection = async <T>(work: (connection: oracledb.Connection) => Promise<T>): Promise<T> => {
    const connection = await oracledb.getConnection({ user, password, connectString })
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }
  const native = (statements: readonly string[]): Promise<void> =>
    withConnection(async connection => {
      for (const statement of statements) await connection.execute(statement)
      await connection.commit()
    })
  const select = (sql: string): Promise<unknown[][]> =>
    withConnection(async connection => {
      const result = await connection.execute<unknown[]>(sql, [], {
        outFormat: oracledb.OUT_FORMAT_ARRAY,
        fetchTypeHandler: ({ dbType }) =>
          dbType === oracledb.DB_TYPE_CLOB
            ? { type: oracledb.STRING }
            : dbType === oracledb.DB_TYPE_BLOB
              ? { type: oracledb.BUFFER }
              : undefined,
      })
      return result.rows ?? []
    })
  return {
    config: { type: 'oracle', user, password, connect_string: connectString },
    baseDir: process.cwd(),
    server: login.server,
    native,
    sql: text => oracleStatements(text).join('; '),
    exec: sql => native(oracleStatements(sql)),
    select,
    rows: sql => select(oracleStatements(sql)[0] ?? ''),
    drop: login.drop,
  }
}

export const database: TestDatabase = { name: 'oracle', create: testId => createOracle(testId) }

async function inServer(profile: Profile['name'] = '19c', password: string): Promise<Login> {
  const server = await startTnsServer({ backend: new SqliteBackend({ ETL: { password } }), profile })
  return { user: 'ETL', password, connectString: server.connectString, server, drop: () => server.close() }
}

async function inDatabase(url: URL, testId: string, password: string): Promise<Login> {
  const connectString = `${url.host}${url.pathname}`
  const admin = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password), connectString }
  const safe = testId.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
  const user = `T${process.pid}_${Date.now().toString(36).toUpperCase()}_${safe}`.slice(0, 30)
  const run = async (...statements: readonly string[]): Promise<void> => {
    const connection = await oracledb.getConnection(admin)
    try {
      for (const statement of statements) await connection.execute(statement)
    } finally {
      await connection.close()
    }
  }
  await run(
    `create user "${user}" identified by "${password}"`,
    `grant create session, create table, create view, create sequence, unlimited tablespace to "${user}"`,
  )
  const drop = (): Promise<void> => run(`drop user "${user}" cascade`)
  return { user: `"${user}"`, password, connectString, server: undefined, drop }
}
