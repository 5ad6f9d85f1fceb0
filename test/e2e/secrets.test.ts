import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { CLI, type EtlResult, startProcess, Workspace } from '../support/etl.js'

/** In the middle of the password: however that is escaped, these letters stay. */
const MARK = 'Zx9MarkedZx9'
const PASSWORD = `p@'ss/${MARK}#1\\ "%`

const PIPELINE = (type: string): string => `version: 1
name: secret
sources: { old: { type: ${type}, url: "\${DATABASE_URL}" } }
target: { type: ${type}, url: "\${DATABASE_URL}" }
backup: { keep: 9, scope: database }
undo: true
defaults:
  max_errors: \${MOST:-10}
entities:
  person:
    from: old_person
    to: person
    load: upsert
    fields:
      id: id
      name: { from: name, apply: [trim, upper] }
      age: { from: age, type: int32, on_invalid: quarantine }
    checks: [{ not_null: [id] }]
tests:
  - { entity: person, given: { id: 1, name: " a ", age: "7" }, expect: { name: A, age: 7 } }
`

const TABLES = `create table old_person (id integer primary key, name varchar(50), age varchar(10));
  insert into old_person values (1, ' ada ', '36'), (2, 'bob', 'unknown'), (3, 'eve', '20');
  create table person (id integer primary key, name varchar(50), age integer);
  insert into person values (1, 'before', 1)`

for (const [server, login, tools] of [
  [
    postgres,
    (user: string, word: string) => `create role ${user} login superuser password '${word}'`,
    ['pg_dump', 'pg_restore'],
  ],
  [
    mysql,
    (user: string, word: string) => `create user ${user} identified by '${word}'; grant all on *.* to ${user}`,
    ['mariadb-dump', 'mariadb'],
  ],
] as const) {
  describe(`${server.name}: a marked password in the address`, () => {
    const place = new Workspace()
    const user = `marked_${process.pid}`
    const told: string[] = []
    let schema: TestSchema
    let env: Record<string, string>
    let own: ReadonlySet<string>

    /** Under a umask that keeps nothing from anybody, with its words kept. */
    async function etl(code: number, ...args: string[]): Promise<EtlResult> {
      const line = ['umask 000 && exec "$@"', 'sh', process.execPath, CLI, ...args]
      const result = await startProcess('sh', ['-c', ...line], { cwd: place.dir, env }).result
      told.push(result.stdout, result.stderr)
      expect(result.code, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(code)
      return result
    }

    beforeAll(async () => {
      schema = await server.create('secrets')
      const literal = PASSWORD.replaceAll("'", "''").replaceAll('\\', server === mysql ? '\\\\' : '\\')
      await schema.exec(`${TABLES}; ${login(user, literal)}`)
      const url = new URL(String(schema.config.url))
      url.username = user
      url.password = encodeURIComponent(PASSWORD)
      // What the tools are called with is written down on the way to them.
      for (const tool of tools) {
        const real = execFileSync('which', [tool], { encoding: 'utf8' }).trim()
        place.write(`bin/${tool}`, `#!/bin/sh\necho "${tool} $*" >> "${place.path('calls')}"\nexec ${real} "$@"\n`)
        chmodSync(place.path('bin', tool), 0o755)
      }
      place.write('calls', '')
      place.write('pipeline.yaml', PIPELINE(server.name))
      env = { DATABASE_URL: url.href, PATH: `${place.path('bin')}:${process.env.PATH}` }
      own = new Set(filesIn(place.dir))
    })
    afterAll(async () => {
      await schema.exec(server === mysql ? `drop user ${user}` : `drop owned by ${user} cascade; drop role ${user}`)
      await schema.drop()
    })

    test('every command is run, and most of them fail once', async () => {
      await etl(0, 'validate', '--json')
      await etl(0, 'check', '--verbose')
      await etl(0, 'check', '--json')
      await etl(0, 'plan', '-o', 'saved.plan.json')
      await etl(0, 'plan', '--json')
      await etl(0, 'inspect', 'old', '--verbose')
      await etl(0, 'inspect', 'target', '--json')
      await etl(0, 'test', '--junit', 'tests.xml')
      await etl(
        3,
        'run',
        '--plan',
        'saved.plan.json',
        '--yes',
        '--verbose',
        '--verify',
        'full',
        '--log-file',
        'run.log',
      )
      await etl(0, 'verify', '--level', 'full', '--verbose')
      await etl(0, 'quarantine', '--rows')
      await etl(3, 'quarantine', 'retry', 'last', '--verbose')
      await schema.exec(`update old_person set name = 'changed'`)
      await etl(1, 'run', '--yes', '--json', '--verbose', '--var', 'MOST=0', '--undo-on-failure')
      await etl(3, 'run', '--yes', '--json', '--restart')
      const { runs } = JSON.parse((await etl(0, 'runs', '--json')).stdout) as { runs: { runId: string }[] }
      await etl(0, 'runs', '--verbose')
      await etl(0, 'report', 'last', '--format', 'json', '-o', 'run.json')
      await etl(0, 'report', 'last', '--format', 'junit', '-o', 'run.xml')
      await etl(0, 'report', 'last')
      await etl(0, 'undo', runs[0]?.runId ?? '', '--yes', '--verbose')
      const { backup } = JSON.parse((await etl(0, 'backup', '--json', '--verbose')).stdout) as { backup: string }
      await etl(0, 'restore', backup, '--yes', '--verbose')
      await etl(0, 'graph')
      // Each of these ends in an error that knows the address.
      const right = String(env.DATABASE_URL)
      const wrong = {
        login: right.replace('%23', ''),
        place: right.replace(/\/[^/]*$/, '/nowhere'),
      }
      for (const url of [
        wrong.login,
        wrong.place,
        right.replace(/@[^/]*/, '@127.0.0.1:1'),
        `${right}?nonsense=${MARK}`,
        `x${right}`,
      ]) {
        env.DATABASE_URL = url
        for (const command of ['check', 'backup', 'inspect'])
          await startAndKeep(command, ...(command === 'inspect' ? ['old'] : []), '--verbose')
        await startAndKeep('run', '--yes', '--json', '--verbose')
      }
      env.DATABASE_URL = right
    }, 240_000)

    async function startAndKeep(...args: string[]): Promise<void> {
      const { code, stdout, stderr } = await startProcess(process.execPath, [CLI, ...args], { cwd: place.dir, env })
        .result
      told.push(stdout, stderr)
      expect(code, args.join(' ')).toBeGreaterThan(0)
    }

    test('the mark is in nothing that was told, kept or called', async () => {
      expect(env.DATABASE_URL).toContain(MARK)
      const found = (what: string, text: string | Buffer): string[] => (text.includes(MARK) ? [what] : [])
      const words = told.flatMap((text, i) => found(`output ${i}: ${text.slice(0, 200)}`, text))
      const files = filesIn(place.dir).flatMap(file => found(file, readFileSync(place.path(file))))
      expect([...words, ...files]).toEqual([])
      const calls = readFileSync(place.path('calls'), 'utf8')
      for (const tool of tools) expect(calls).toContain(`${tool} -`)
      const tables = (await schema.rows(
        `select table_name from information_schema.tables where table_name like 'etl%' and table_schema = ${server === mysql ? 'database()' : "'public'"}`,
      )) as [string][]
      expect(tables.map(([name]) => name)).toEqual(
        expect.arrayContaining(['etl_run', 'etl_batch', 'etl_audit', 'etl_reject']),
      )
      for (const [name] of tables) {
        const rows = (await schema.rows(`select * from ${name}`)).flat().map(String).join('\n')
        expect(found(name, rows)).toEqual([])
      }
    })

    test('what was written is its owner’s alone', () => {
      const written = filesIn(place.dir).filter(file => !own.has(file))
      expect(written.length).toBeGreaterThan(20)
      const modes = written.map(file => `${file} ${(statSync(place.path(file)).mode & 0o777).toString(8)}`)
      expect(modes.filter(line => !line.endsWith(' 600'))).toEqual([])
      const folders = readdirSync(place.dir, { recursive: true, withFileTypes: true }).filter(
        entry => entry.isDirectory() && entry.name !== 'bin',
      )
      expect(folders.length).toBeGreaterThan(3)
      const open = folders.map(
        ({ parentPath, name }) => `${name} ${(statSync(join(parentPath, name)).mode & 0o777).toString(8)}`,
      )
      expect(open.filter(line => !line.endsWith(' 700'))).toEqual([])
    })
  })
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
}
