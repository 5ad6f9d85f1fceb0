import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import mysqlDriver from 'mysql2/promise'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { runEtl, Workspace } from '../support/etl.js'
import { startMysql } from '../support/mysql-server.js'
import { startPostgres } from '../support/postgres-server.js'

const TABLES = [
  'create table old_person (id integer primary key, name varchar(50), age varchar(30))',
  `insert into old_person values (1, 'ada', '36'), (2, 'bob', 'unknown'), (3, 'eve', '20')`,
  'create table person (id integer primary key, name varchar(50), age integer)',
  `insert into person values (1, 'before', 1)`,
]

const pipeline = (source: string, target: string, to: string): string => `version: 1
name: dry
sources: { old: ${source} }
target: ${target}
backup: true
undo: true
verify: full
defaults: { on_error: quarantine }
hooks: { before: ["delete from person where id = 999"], after: ["update person set age = 0 where id = 999"] }
entities:
  person:
    from: old_person
    to: ${to}
    load: upsert
    fields: { id: id, name: { from: name, apply: [trim, upper] }, age: { from: age, type: int32, on_invalid: quarantine } }
    checks: [{ not_null: [id] }]
`

/** All that only looks, and what each ends with. */
const LOOKS: readonly (readonly [code: number, ...args: string[]])[] = [
  [0, 'validate', 'pipeline.yaml'],
  [0, 'check', 'pipeline.yaml'],
  [0, 'doctor', 'pipeline.yaml'],
  [0, 'plan', 'pipeline.yaml'],
  [0, 'inspect', 'old', 'pipeline.yaml'],
  [3, 'run', 'pipeline.yaml', '--dry-run', '--yes'],
  [0, 'trace', 'person', '1', 'pipeline.yaml'],
]

/** Every file of a folder, what it is, and when it was changed. */
function stateOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(name => {
      const path = join(folder, name)
      const { mtimeMs, size } = statSync(path)
      const digest = statSync(path).isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
      return `${name} ${size} ${mtimeMs} ${digest}`
    })
}

async function look(place: Workspace, env: Record<string, string> = {}): Promise<void> {
  for (const [code, ...args] of LOOKS) {
    const result = await runEtl(args, { cwd: place.dir, env })
    expect(result.code, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(code)
  }
}

/** A statement that changes what is stored, whoever runs it; its own settings, and a lock that only readers take, are not. */
const WRITES =
  /^\s*(?:insert|update|delete|merge|replace|truncate|create|alter|drop|grant|revoke|copy|load|call|do|rename|analyze|optimize|lock(?!\s[^;]*\bin access share mode)|vacuum|comment|import|set\s+global|select\s[\s\S]*\b(?:nextval|setval|lo_\w+|into\s+outfile|for\s+update)\b)/i

describe('dry run, plan, check and all that only looks: what the servers logged, and every byte of every file', () => {
  test('PostgreSQL: the log has reads and nothing else', async () => {
    const server = await startPostgres({
      own: true,
      settings: { log_statement: 'all', logging_collector: 'on', log_directory: 'log', log_filename: 'all.log' },
    })
    const place = new Workspace()
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    try {
      for (const sql of TABLES) await client.query(sql)
      const block = '{ type: postgres, url: "${DATABASE_URL}" }'
      place.write('pipeline.yaml', pipeline(block, block, 'person'))
      const { rows } = await client.query<{ f: string }>(`select current_setting('data_directory') as f`)
      const log = join(rows[0]?.f ?? '', 'log/all.log')
      /** What was logged since, up to a word of ours: the log is written by a process of its own. */
      const loggedUpTo = async (word: string, since: string): Promise<string[]> => {
        await client.query(`select '${word}'`)
        for (;;) {
          const text = readFileSync(log, 'utf8')
          const end = text.indexOf(`select '${word}'`)
          if (end >= 0) return statementsOf(text.slice(Math.max(0, text.indexOf(since)), end))
          await new Promise(resolve => setTimeout(resolve, 20))
        }
      }
      await loggedUpTo('made', '')
      const files = stateOf(place.dir)
      await look(place, { DATABASE_URL: server.url })
      const statements = await loggedUpTo('looked', "select 'made'")
      expect(statements.length).toBeGreaterThan(50)
      expect(statements.filter(sql => WRITES.test(sql))).toEqual([])
      expect(stateOf(place.dir)).toEqual(files)
      // The same eyes see a run that writes.
      const run = await runEtl(['run', 'pipeline.yaml', '--yes'], { cwd: place.dir, env: { DATABASE_URL: server.url } })
      expect(run.code, run.stderr).toBe(3)
      const all = (await loggedUpTo('ran', "select 'looked'")).filter(sql => WRITES.test(sql))
      expect(all.length).toBeGreaterThan(10)
      expect(all.some(sql => /insert into "?\w*"?\.?"?etl_run/i.test(sql))).toBe(true)
    } finally {
      await client.end()
      await server.stop()
    }
  }, 240_000)

  test('MariaDB: the general log has reads and nothing else', async () => {
    const server = await startMysql({ own: true, settings: { 'general-log': '1', 'log-output': 'TABLE' } })
    const place = new Workspace()
    const client = await mysqlDriver.createConnection({ uri: server.url })
    try {
      await client.query('create database looked_at')
      await client.query('use looked_at')
      for (const sql of TABLES) await client.query(sql)
      const url = new URL(server.url)
      url.pathname = '/looked_at'
      const block = '{ type: mysql, url: "${DATABASE_URL}" }'
      place.write('pipeline.yaml', pipeline(block, block, 'person'))
      const files = stateOf(place.dir)
      const logged = async (): Promise<string[]> => {
        const [rows] = await client.query(
          `select convert(argument using utf8mb4) as s from mysql.general_log
             where command_type in ('Query', 'Execute') and thread_id <> connection_id()`,
        )
        return (rows as { s: string }[]).map(row => row.s)
      }
      await client.query('truncate mysql.general_log')
      await look(place, { DATABASE_URL: url.href })
      const statements = await logged()
      expect(statements.length).toBeGreaterThan(50)
      expect(statements.filter(sql => WRITES.test(sql))).toEqual([])
      expect(stateOf(place.dir)).toEqual(files)
      const run = await runEtl(['run', 'pipeline.yaml', '--yes'], { cwd: place.dir, env: { DATABASE_URL: url.href } })
      expect(run.code, run.stderr).toBe(3)
      expect((await logged()).filter(sql => WRITES.test(sql)).length).toBeGreaterThan(10)
    } finally {
      await client.end()
      await server.stop()
    }
  }, 240_000)

  describe('files', () => {
    const place = new Workspace()
    beforeAll(() => {
      place.source(TABLES.slice(0, 2).join(';'))
      place.target(TABLES.slice(2).join(';'))
    })

    test('SQLite to SQLite: no byte, no time and no folder changes, before a run and after one', async () => {
      place.write(
        'pipeline.yaml',
        pipeline('{ type: sqlite, path: source.sqlite }', '{ type: sqlite, path: target.sqlite }', 'person'),
      )
      const before = stateOf(place.dir)
      await look(place)
      expect(stateOf(place.dir)).toEqual(before)
      expect((await place.run()).code).toBe(3)
      const after = stateOf(place.dir)
      expect(after).not.toEqual(before)
      await look(place)
      expect((await place.etl('verify', 'pipeline.yaml', '--level', 'counts')).code).toBe(0)
      expect((await place.etl('runs', 'pipeline.yaml')).code).toBe(0)
      expect((await place.etl('quarantine', 'pipeline.yaml')).code).toBe(0)
      expect(stateOf(place.dir)).toEqual(after)
    }, 120_000)

    test('SQLite to files: the folder of the target is not made', async () => {
      const files = new Workspace()
      files.source(TABLES.slice(0, 2).join(';'))
      const text = pipeline('{ type: sqlite, path: source.sqlite }', '{ type: csv, path: out }', 'person')
      files.write(
        'pipeline.yaml',
        text
          .replace(/^(?:backup|undo|verify|hooks):.*\n/gm, '')
          .replace('upsert', 'insert')
          .replace('    checks: [{ not_null: [id] }]\n', ''),
      )
      const before = stateOf(files.dir)
      for (const [code, ...args] of LOOKS.filter(([, command]) => command !== 'trace')) {
        const result = await files.etl(...args)
        expect(result.code, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(code)
      }
      expect(stateOf(files.dir)).toEqual(before)
    }, 120_000)
  })
})

/** Statements in the server's log, in the words of the client. */
function statementsOf(log: string): string[] {
  return [...log.matchAll(/LOG: {2}(?:statement|execute [^:]*): ([\s\S]*?)(?=\n\d{4}-\d\d-\d\d |$)/g)].map(
    match => match[1] ?? '',
  )
}
