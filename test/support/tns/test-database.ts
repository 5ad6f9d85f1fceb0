import oracledb from 'oracledb'
import type { TestDatabase } from '../../databases/types.js'
import { oracleStatements } from './portable-sql.js'
import { startTnsServer, type TnsServer } from './server.js'
import { SqliteBackend } from './sqlite/backend.js'

const PASSWORD = 'Wire_1234'

interface Login {
  readonly user: string
  readonly password: string
  readonly connectString: string
  drop(): Promise<void>
}

/**
 * A schema of its own for every test file: in the Oracle Net server of these tests, or, where ETL_TEST_ORACLE_URL
 * (`oracle://user:password@host:1521/service`) names one, in a real database whose login may create users.
 */
export const database: TestDatabase = {
  name: 'oracle',
  create: async testId => {
    const url = process.env.ETL_TEST_ORACLE_URL
    const login = url === undefined ? await inServer() : await inDatabase(new URL(url), testId)
    const { user, password, connectString } = login
    const withConnection = async <T>(work: (connection: oracledb.Connection) => Promise<T>): Promise<T> => {
      const connection = await oracledb.getConnection({ user, password, connectString })
      try {
        return await work(connection)
      } finally {
        await connection.close()
      }
    }
    return {
      config: { type: 'oracle', user, password, connect_string: connectString },
      baseDir: process.cwd(),
      sql: text => oracleStatements(text).join('; '),
      exec: async sql => {
        await withConnection(async connection => {
          for (const statement of oracleStatements(sql)) await connection.execute(statement)
          await connection.commit()
        })
      },
      rows: async sql =>
        await withConnection(async connection => {
          const [statement = ''] = oracleStatements(sql)
          const result = await connection.execute<unknown[]>(statement, [], {
            outFormat: oracledb.OUT_FORMAT_ARRAY,
            fetchTypeHandler: ({ dbType }) =>
              dbType === oracledb.DB_TYPE_CLOB
                ? { type: oracledb.STRING }
                : dbType === oracledb.DB_TYPE_BLOB
                  ? { type: oracledb.BUFFER }
                  : undefined,
          })
          return result.rows ?? []
        }),
      drop: login.drop,
    }
  },
}

async function inServer(): Promise<Login> {
  const server: TnsServer = await startTnsServer({ backend: new SqliteBackend({ ETL: { password: PASSWORD } }) })
  return { user: 'ETL', password: PASSWORD, connectString: server.connectString, drop: () => server.close() }
}

async function inDatabase(url: URL, testId: string): Promise<Login> {
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
    `create user "${user}" identified by "${PASSWORD}"`,
    `grant create session, create table, create view, create sequence, unlimited tablespace to "${user}"`,
  )
  return { user: `"${user}"`, password: PASSWORD, connectString, drop: () => run(`drop user "${user}" cascade`) }
}
