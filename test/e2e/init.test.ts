import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadPipeline } from '../../src/index.js'
import type { TestSchema } from '../databases/types.js'
import { countsOf, resultOf, runEtl, sqliteExec, Workspace } from '../support/etl.js'
import { FITNESS } from '../unit/inspect/fitness.js'
import { CHINOOK_DATA, CHINOOK_ROWS, differences, officialPostgres, rowsOf } from './chinook/official.js'

const servers: TestSchema[] = []
afterAll(async () => {
  for (const server of servers) await server.drop()
})

test.runIf(existsSync(CHINOOK_DATA))(
  'Chinook, from SQLite to the official PostgreSQL schema: the file runs without an edit, and every row arrives',
  async () => {
    const place = new Workspace()
    cpSync(join(CHINOOK_DATA, 'Chinook_Sqlite.sqlite'), place.path('chinook.sqlite'))
    const official = await officialPostgres()
    servers.push(official)
    const url = String(official.config.url)
    const init = await place.etl('init', '--from', 'chinook.sqlite', '--to', url, '--json')
    expect(init.code, init.stderr).toBe(0)
    const found = JSON.parse(init.stdout) as { entities: { name: string }[]; decisions: string[]; variables: string[] }
    expect(found.entities.map(({ name }) => name)).toEqual([
      ...['artist', 'album', 'employee', 'customer', 'genre', 'invoice', 'media_type', 'playlist', 'track'],
      ...['invoice_line', 'playlist_track'],
    ])
    expect([found.decisions, found.variables]).toEqual([[], ['TARGET_URL']])
    const text = readFileSync(place.path('pipeline.yaml'), 'utf8')
    const example = readFileSync(place.path('.env.example'), 'utf8')
    expect(text + example + init.stdout + init.stderr).not.toContain('etl-test')
    expect(example).toMatch(/^# Copy to \.env.*\nTARGET_URL=postgres:\/\/\w+:PASSWORD@127\.0\.0\.1:\d+\/\w+\n$/)
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=.etl/pipeline.schema.json')
    expect(text).toContain(`
  employee:
    from: Employee # 8 rows
    to: employee
    defer: [ reports_to ]
    fields:
      employee_id: EmployeeId # int64 → int32; 1 … 8 today
`)
    expect(text).toContain('      reports_to: { from: ReportsTo, ref: employee }\n')
    const etl = (...args: string[]) => runEtl(args, { cwd: place.dir, env: { TARGET_URL: url } })
    expect(await etl('validate')).toMatchObject({ code: 0, stderr: '' })
    const run = await etl('run', '--yes', '--json')
    expect(run.code, run.stderr).toBe(0)
    expect(countsOf(resultOf(run.stdout))).toMatchObject({
      employee: '8 read, 8 written, 0 skipped, 0 filtered, 0 quarantined',
    })
    expect(await differences(official)).toEqual([])
    expect(await rowsOf(official)).toBe(CHINOOK_ROWS)
  },
  60_000,
)

test('a legacy file: what is left to decide is said, files that are there stay, an empty target gets its tables', async () => {
  const place = new Workspace()
  sqliteExec(place.path('fitness.sqlite'), FITNESS)
  place.target(`create table accounts_trainer (id integer primary key, username text not null, email text, is_staff boolean not null);
    create table clients_client (id integer primary key, trainer_id integer references accounts_trainer (id), name text)`)
  const args = ['init', '--from', 'fitness.sqlite', '--to', 'sqlite:target.sqlite']
  const init = await place.etl(...args, '--table', 'trainers', '--table', 'clients', '-o', 'jobs/fitness.yaml')
  expect(init.code, init.stderr).toBe(0)
  expect(init.stdout).toContain('accounts_trainer: the target needs a value: is_staff: { value: … } (boolean)')
  expect(init.stdout).toContain('   etl validate jobs/fitness.yaml\n')
  expect(init.stdout).not.toContain('.env')
  expect(existsSync(place.path('jobs/.env.example'))).toBe(false)
  const text = readFileSync(place.path('jobs/fitness.yaml'), 'utf8')
  expect(text).toContain('    path: ../fitness.sqlite\n')
  expect(text).toContain('trainer_id: { from: trainer_id, ref: accounts_trainer } # decide: 1 row refers to nothing;')
  const pipeline = await loadPipeline(place.path('jobs/fitness.yaml'), { env: {} })
  expect(pipeline.spec.entities.map(({ name }) => name)).toEqual(['accounts_trainer', 'clients_client'])

  writeFileSync(place.path('pipeline.yaml'), 'mine')
  const again = await place.etl(...args)
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('E524')])
  expect(again.stderr).toContain('--force')
  expect(readFileSync(place.path('pipeline.yaml'), 'utf8')).toBe('mine')

  const fresh = await place.etl('init', '--from', 'fitness.sqlite', '--to', 'sqlite:new.sqlite', '--force')
  expect(fresh.code, fresh.stderr).toBe(0)
  const run = await place.etl('run', '--yes', '--json')
  // Orphans of the old file are rejected, which is what its comments say.
  expect(run.code, run.stderr).toBe(3)
  expect(countsOf(resultOf(run.stdout))).toMatchObject({
    trainers: '5 read, 5 written, 0 skipped, 0 filtered, 0 quarantined',
    clients: '5 read, 4 written, 0 skipped, 0 filtered, 1 quarantined',
  })

  const live = await place.etl('schema', '--live', '--types', 'rows.d.ts')
  expect([live.code, live.stderr]).toEqual([0, ''])
  expect(live.stdout).toBe(
    '✔ .etl/pipeline.schema.json, rows.d.ts: source 7 tables, 38 columns; target 7 tables, 38 columns\n',
  )
  const schema = readFileSync(place.path('.etl/pipeline.schema.json'), 'utf8')
  expect(schema).toContain('"enum":["id","username","name","email","password_hash","created_at","active"]')
  expect(schema).not.toContain('etl_run')
  expect(readFileSync(place.path('rows.d.ts'), 'utf8')).toContain('      readonly username: string // varchar(40)\n')
  expect((await place.etl('schema', 'pipeline.yaml')).stderr).toContain('go with --live')
}, 60_000)

test('without addresses somebody must be there to be asked; --empty gives a valid file', async () => {
  const place = new Workspace()
  const asked = await place.etl('init')
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('E520')])
  expect(asked.stderr).toContain('etl init --from ADDRESS --to ADDRESS')
  expect((await place.etl('init', '--from', 'a.db')).stderr).toContain('--to is missing')
  expect((await place.etl('init', '--from', 'nowhere', '--to', 'a.db')).stderr).toContain('no database that is known')
  expect((await place.etl('init', '--empty')).code).toBe(0)
  expect(await place.etl('validate')).toMatchObject({ code: 0, stderr: '' })
  expect((await place.etl('init', '--empty')).stderr).toContain('E524')
})
