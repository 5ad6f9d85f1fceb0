import { join } from 'node:path'
import Driver from 'better-sqlite3'
import mysql, { type RowDataPacket } from 'mysql2/promise'
import pg from 'pg'
import type { EngineHome } from '../support/engine-server.js'
import { startMysql } from '../support/mysql-server.js'
import { type PostgresOptions, startPostgres } from '../support/postgres-server.js'

export type EngineName = 'postgres' | 'mysql' | 'sqlite'

export type Cell = string | number | bigint | null

/** One fresh database of an engine. */
export interface Place {
  /** Address of a server's database; a file has none. */
  readonly url: string | undefined
  /** The connection block of a pipeline; `url` stands in for the own one, a proxy's for example. */
  block(url?: string): string
  exec(sql: string): Promise<void>
  rows(sql: string): Promise<Cell[][]>
  /** Runs `sql` in a transaction that is rolled back when `work` is done. */
  hold(sql: string, work: () => Promise<void>): Promise<void>
  /** Ends every connection but our own, as if the clients had vanished. */
  forget(): Promise<void>
  /** Sessions, transactions and locks of others that are still there. */
  leftOpen(): Promise<string[]>
  drop(): Promise<void>
}

export interface Engine {
  readonly name: EngineName
  readonly version: string
  create(name: string, dir: string): Promise<Place>
  /** Ends the server as a crash would, and waits until it has recovered. */
  crash?(): Promise<void>
  stop(): Promise<void>
}

/** What a server is started with. */
export type ServerOptions = Pick<PostgresOptions, 'settings' | 'files'>

export async function openEngine(name: EngineName, options: ServerOptions = {}): Promise<Engine> {
  if (name === 'postgres') return openPostgres(options)
  return name === 'mysql' ? openMysql(options) : openSqlite()
}

/** A PostgreSQL for the engine of workers that lives in one. */
export async function openQueue(): Promise<EngineHome> {
  const server = await openPostgres({ settings: { max_connections: '400' } })
  return { ...server, url: String((await server.create('engine', '.')).url) }
}

async function openPostgres({ settings, files = {} }: ServerOptions): Promise<Engine> {
  const server = await startPostgres({ own: true, files, settings: { max_connections: '100', ...settings } })
  const one = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const types = { getTypeParser: () => (text: string) => text }
    const client = await again(async () => {
      const made = new pg.Client({ connectionString: url, application_name: 'judge', types })
      made.on('error', () => undefined)
      await made.connect()
      return made
    })
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  return {
    name: 'postgres',
    version: server.version,
    create: async name => {
      await one(server.url, client => client.query(`create database "${name}" template template0`))
      const url = new URL(server.url)
      url.pathname = `/${name}`
      const others = `from pg_stat_activity where datname = '${name}' and backend_type = 'client backend' and pid <> pg_backend_pid()`
      const rows = (sql: string): Promise<Cell[][]> =>
        one(url.href, async client => (await client.query<Cell[]>({ text: sql, rowMode: 'array' })).rows)
      return {
        url: url.href,
        block: (at = url.href) => `{ type: postgres, url: "${at}" }`,
        exec: async sql => one(url.href, async client => void (await client.query(sql))),
        rows,
        hold: (sql, work) =>
          one(url.href, async client => {
            await client.query(`begin; ${sql}`)
            await work()
            await client.query('rollback')
          }),
        forget: async () => void (await rows(`select pg_terminate_backend(pid) ${others}`)),
        leftOpen: async () => (await rows(`select application_name, state, query ${others}`)).map(row => row.join(' ')),
        drop: () => one(server.url, async client => void (await client.query(`drop database "${name}" with (force)`))),
      }
    },
    // One backend that dies takes all others with it, and the server recovers from its log.
    crash: () =>
      one(server.url, async client => {
        const { rows } = await client.query<{ pid: string }>('select pg_backend_pid() as pid')
        process.kill(Number(rows[0]?.pid), 'SIGKILL')
        await new Promise<void>(resolve => client.once('end', () => resolve()))
      }),
    stop: () => server.stop(),
  }
}

async function openMysql(more: ServerOptions): Promise<Engine> {
  // A commit must reach the file: the server is killed.
  const settings = { 'innodb-flush-log-at-trx-commit': '2', 'max-connections': '200', ...more.settings }
  const server = await startMysql({ own: true, settings, files: more.files ?? {} })
  const options = { multipleStatements: true, rowsAsArray: true, dateStrings: true, charset: 'utf8mb4' }
  const one = async <T>(url: string, work: (client: mysql.Connection) => Promise<T>): Promise<T> => {
    const client = await again(() =>
      mysql.createConnection({ uri: url, ...options, supportBigNumbers: true, bigNumberStrings: true }),
    )
    client.on('error', () => undefined)
    try {
      return await work(client)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return {
    name: 'mysql',
    version: server.version,
    create: async name => {
      await one(server.url, client => client.query(`create database \`${name}\` character set utf8mb4`))
      const url = new URL(server.url)
      url.pathname = `/${name}`
      const rows = (sql: string): Promise<Cell[][]> =>
        one(url.href, async client => (await client.query<RowDataPacket[]>(sql))[0] as unknown as Cell[][])
      const others = `from information_schema.processlist where db = '${name}' and id <> connection_id()`
      return {
        url: url.href,
        block: (at = url.href) => `{ type: mysql, url: "${at}" }`,
        exec: async sql => one(url.href, async client => void (await client.query(sql))),
        rows,
        hold: (sql, work) =>
          one(url.href, async client => {
            await client.query(`begin; ${sql}`)
            await work()
            await client.query('rollback')
          }),
        forget: () =>
          one(url.href, async client => {
            const [found] = await client.query<RowDataPacket[]>(`select id ${others}`)
            for (const [id] of found as unknown as Cell[][])
              await client.query(`kill connection ${id}`).catch(() => undefined)
          }),
        leftOpen: async () =>
          (await rows(`select id, command, state, info ${others} and command <> 'Killed'`)).map(row => row.join(' ')),
        drop: () => one(server.url, async client => void (await client.query(`drop database \`${name}\``))),
      }
    },
    ...(server.crash === undefined ? {} : { crash: server.crash }),
    stop: () => server.stop(),
  }
}

async function openSqlite(): Promise<Engine> {
  const one = <T>(file: string, work: (db: Driver.Database) => T): T => {
    const db = new Driver(file, { timeout: 10_000 })
    try {
      return work(db)
    } finally {
      db.close()
    }
  }
  return {
    name: 'sqlite',
    version: one(':memory:', db => String(db.prepare('select sqlite_version()').pluck().get())),
    create: async (name, dir) => {
      const file = join(dir, `${name}.sqlite`)
      return {
        url: undefined,
        block: () => `{ type: sqlite, path: "${name}.sqlite" }`,
        exec: async sql => one(file, db => void db.exec(sql)),
        rows: async sql => one(file, db => db.prepare(sql).raw(true).safeIntegers(true).all() as Cell[][]),
        hold: async (_sql, work) => work(),
        forget: async () => undefined,
        leftOpen: async () =>
          one(file, db => {
            try {
              db.pragma('busy_timeout = 0')
              db.exec('begin exclusive; rollback')
              return []
            } catch (error) {
              return [String(error)]
            }
          }),
        drop: async () => undefined,
      }
    },
    stop: async () => undefined,
  }
}

/** A server that recovers refuses for a while. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  const end = Date.now() + 30_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}
