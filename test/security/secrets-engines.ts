import { join } from 'node:path'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { sqliteExec, sqliteRows } from '../support/sqlite.js'
import { createOracle } from '../support/tns/test-database.js'

/** A database whose password is marked, with a source and a target table in it. */
export interface MarkedPlace {
  /** The connection block; what is secret in it comes from variables. */
  readonly block: string
  readonly env: Readonly<Record<string, string>>
  /** Environments in which connecting fails. */
  readonly wrong: readonly Readonly<Record<string, string>>[]
  /** Programs of the database's own that backups may call. */
  readonly tools: readonly string[]
  exec(sql: string): Promise<void>
  rows(sql: string): Promise<unknown[][]>
  drop(): Promise<void>
}

export interface MarkedEngine {
  readonly name: string
  /** A condition that the server cannot answer, and would like to say for which value. */
  readonly bad: string
  /** Around a name, where the tests' statements give it one. */
  readonly quote: string
  open(word: string, folder: string): Promise<MarkedPlace>
}

/** A login with every right and a password that hurts. */
async function marked(server: typeof postgres, word: string, create: (user: string, literal: string) => string) {
  const schema = await server.create('canary')
  const user = `canary_${process.pid}`
  await schema.exec(create(user, word))
  const url = new URL(String(schema.config.url))
  url.username = user
  url.password = encodeURIComponent(word)
  const right = url.href
  return {
    schema,
    user,
    env: { DATABASE_URL: right },
    wrong: [
      right.replace(/:[^:@]*@/, match => `${match.slice(0, -4)}@`),
      right.replace(/\/[^/]*$/, '/nowhere'),
      right.replace(/@[^/]*/, '@127.0.0.1:1'),
      `${right}?nonsense=1`,
      `x${right}`,
    ].map(DATABASE_URL => ({ DATABASE_URL })),
  }
}

export const ENGINES: readonly MarkedEngine[] = [
  {
    name: 'PostgreSQL',
    bad: 'cast(name as integer) > 0',
    quote: '',
    open: async word => {
      const literal = word.replaceAll("'", "''")
      const { schema, user, env, wrong } = await marked(
        postgres,
        word,
        name => `create role ${name} login superuser password '${literal}'`,
      )
      return {
        block: '{ type: postgres, url: "${DATABASE_URL}" }',
        env,
        wrong,
        tools: ['pg_dump', 'pg_restore'],
        exec: schema.exec,
        rows: schema.rows,
        drop: async () => {
          await schema.exec(`drop owned by ${user} cascade; drop role ${user}`)
          await schema.drop()
        },
      }
    },
  },
  {
    name: 'MariaDB',
    bad: `extractvalue(1, concat('~', name)) > 0`,
    quote: '',
    open: async word => {
      const literal = word.replaceAll("'", "''").replaceAll('\\', '\\\\')
      const { schema, user, env, wrong } = await marked(
        mysql,
        word,
        name => `create user ${name} identified by '${literal}'; grant all on *.* to ${name}`,
      )
      return {
        block: '{ type: mysql, url: "${DATABASE_URL}" }',
        env,
        wrong,
        tools: ['mariadb-dump', 'mariadb'],
        exec: schema.exec,
        rows: schema.rows,
        drop: async () => {
          await schema.exec(`drop user ${user}`)
          await schema.drop()
        },
      }
    },
  },
  {
    name: 'Oracle (wire)',
    bad: 'to_number("name") > 0',
    quote: '"',
    open: async word => {
      const schema = await createOracle('canary', '19c', word)
      const { user, password, connect_string } = schema.config
      const env = { ORACLE_USER: String(user), ORACLE_PASSWORD: String(password), ORACLE: String(connect_string) }
      return {
        block: '{ type: oracle, user: "${ORACLE_USER}", password: "${ORACLE_PASSWORD}", connect_string: "${ORACLE}" }',
        env,
        wrong: [
          { ...env, ORACLE_PASSWORD: `${word}x` },
          { ...env, ORACLE: '127.0.0.1:1/nowhere' },
          { ...env, ORACLE: `127.0.0.1/${word}` },
        ],
        tools: [],
        exec: schema.exec,
        rows: schema.select,
        drop: schema.drop,
      }
    },
  },
  {
    name: 'SQLite',
    bad: `json_extract(name, '$') > 0`,
    quote: '',
    open: async (word, folder) => {
      const file = join(folder, 'database.sqlite')
      return {
        block: '{ type: sqlite, path: database.sqlite }',
        env: { BACKUP_KEY: word },
        wrong: [],
        tools: [],
        exec: async sql => sqliteExec(file, sql),
        rows: async sql => sqliteRows(file, sql),
        drop: async () => undefined,
      }
    },
  },
]
