import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { eventsOf, resultOf, runEtl, startEtl, Workspace } from '../support/etl.js'

const ROWS = 400
const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

interface Source {
  readonly yaml: string
  readonly env: Readonly<Record<string, string>>
  exec(sql: string): Promise<void>
}

const server = (database: typeof postgres, type: string) => async (): Promise<Source> => {
  const schema = await database.create('increment')
  servers.push(schema)
  const env = { SOURCE_URL: String(schema.config.url) }
  return { yaml: `{ type: ${type}, url: "\${SOURCE_URL}" }`, env, exec: schema.exec }
}

const sources: [string, (place: Workspace) => Promise<Source>][] = [
  [
    'SQLite',
    async place => ({
      yaml: '{ type: sqlite, path: source.sqlite }',
      env: {},
      exec: async sql => place.source(sql),
    }),
  ],
  ['PostgreSQL', server(postgres, 'postgres')],
  ['MySQL', server(mysql, 'mysql')],
]

/** 10:00:00.000000, a microsecond later for each. */
const time = (micros: number, day = '01'): string => `2024-05-${day} 10:00:00.${String(micros).padStart(6, '0')}`
const row = (id: number, note: string, at: string | null): string =>
  `(${id}, '${note}', ${at === null ? 'null' : `'${at}'`})`

function pipeline(source: string, column = 'changed', load = 'upsert'): string {
  return `
version: 1
name: orders
sources: { shop: ${source} }
target: { type: sqlite, path: target.sqlite }
defaults: { batch_size: 50, load: ${load} }
entities:
  orders:
    from: orders
    to: orders
    where: id > 0
    incremental: { column: ${column} }
    fields: { id: id, note: note }
`
}

describe.each(sources)('%s', (_name, open) => {
  test('later runs read what is past the mark, a killed one its own window', { timeout: 60_000 }, async () => {
    const place = new Workspace()
    const source = await open(place)
    await source.exec(
      'create table orders (id integer not null primary key, note varchar(20), changed timestamp(6) null)',
    )
    const first = Array.from({ length: ROWS }, (_, i) => row(i + 1, 'first', i < 3 ? null : time(i)))
    await source.exec(`insert into orders values ${first.join(', ')}`)
    place.target('create table orders (id integer primary key, note text)')
    place.write('pipeline.yaml', pipeline(source.yaml))
    const run = (args: string[], env: Record<string, string> = {}) =>
      runEtl(['run', 'pipeline.yaml', '--yes', ...args], { cwd: place.dir, env: { ...source.env, ...env } })
    const read = async (...args: string[]): Promise<number | undefined> => {
      const { code, stdout, stderr } = await run(['--json', ...args])
      expect(code, stderr).toBe(0)
      return resultOf(stdout).counts.read
    }
    const notes = (note: string): unknown => place.rows('select count(*) from orders where note = ?', note)[0]?.[0]

    const one = await run(['--json'])
    expect(one.code, one.stderr).toBe(0)
    expect(resultOf(one.stdout).counts.read).toBe(ROWS)
    expect(resultOf(one.stdout).warnings).toEqual(['orders: 3 rows without changed are read by this first run only'])

    // 120 rows change; then three change while the second run, which is killed, is not yet resumed: one has no time yet,
    // one is committed already, one is still to be read.
    await source.exec(`update orders set note = 'second', changed = '${time(0, '02')}' where id between 101 and 220`)
    const killed = await run(['--json'], { ETL_FAILPOINTS: 'after-write:kill@2' })
    expect(killed.signal, killed.stderr).toBe('SIGKILL')
    await source.exec(`update orders set note = 'third', changed = '${time(7, '03')}' where id in (1, 150, 215)`)
    // The row that the first mark came from, and those that changed, without the one that has left the window.
    expect(await read('--resume')).toBe(120)
    expect([notes('second'), notes('third')]).toEqual([119, 0])

    // Ties: the mark is the second day, and its rows are read again. Rows without a time are not.
    expect(await read()).toBe(121)
    expect([notes('second'), notes('third')]).toEqual([118, 3])
    expect(place.rows('select note from orders where id in (1, 150, 215)')).toEqual([['third'], ['third'], ['third']])
    expect(await read('--dry-run')).toBe(3)
    expect(await read('--limit', '1')).toBe(1)
    const four = await run([])
    expect(four.stdout).toMatch(
      /INCREMENTAL +COLUMN +FROM +TO\n +orders +changed +2024-05-03[ T]10:00:00\.000007Z? +2024-05-03[ T]10/,
    )
    expect(place.rows('select count(*), sum(id) from orders')).toEqual([[ROWS, (ROWS * (ROWS + 1)) / 2]])

    // Another column: its marks are not known, and nobody wants to guess.
    place.write('pipeline.yaml', pipeline(source.yaml, 'id'))
    const refused = await run([])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('the high-water mark of orders is of column changed, and the file says id')
    expect(refused.stderr).toContain('read everything again: `etl run pipeline.yaml --accept-changes`\n')
    expect(await read('--accept-changes')).toBe(ROWS)
    expect(await read()).toBe(1)
    expect(place.rows('select detail from etl_audit')).toEqual([
      ['the high-water mark of orders is of column changed, and the file says id'],
    ])
  })
})

test('what is committed after the snapshot of a run was taken is left to the next one', async () => {
  const place = new Workspace()
  place.source(`
    pragma journal_mode = wal;
    create table LOG (ID integer primary key, SEQ integer not null); insert into LOG values (1, 1), (2, 2)`)
  place.target('create table log (id integer primary key)')
  place.write(
    'pipeline.yaml',
    `
version: 1
name: log
sources: { shop: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities: { log: { from: LOG, to: log, incremental: { column: SEQ }, fields: { id: ID } } }
`,
  )
  const args = ['run', 'pipeline.yaml', '--yes', '--json']
  const first = startEtl(args, { cwd: place.dir, env: { ETL_FAILPOINTS: 'run-begun:stop' } })
  const stat = (): string => readFileSync(`/proc/${first.child.pid}/stat`, 'utf8')
  while (!/^\d+ \(.*\) T /s.test(stat())) await sleep(10)
  place.source('insert into LOG values (3, 3), (4, 4)')
  first.child.kill('SIGCONT')
  const { code, stdout, stderr } = await first.result
  expect(code, stderr).toBe(0)
  expect(resultOf(stdout).counts).toMatchObject({ read: 2, written: 2 })
  const second = await place.run('--json')
  expect(second.code, second.stderr).toBe(0)
  expect(resultOf(second.stdout).counts).toMatchObject({ read: 2, written: 2 })
  expect(place.rows('select id from log order by id')).toEqual([[1], [2], [3], [4]])
})

test('a connection lost while the newest row is looked for costs nothing but time', { timeout: 60_000 }, async () => {
  const place = new Workspace()
  const source = await postgres.create('newest')
  servers.push(source)
  // The run keeps its tables from being locked, so it is its query that waits for the rival.
  await source.exec(`
    create table log (id integer primary key);
    insert into log select generate_series(1, 20);
    create function free() returns boolean language plpgsql volatile as
      'begin perform pg_advisory_xact_lock_shared(77); return true; end'`)
  place.target('create table log (id integer primary key)')
  place.write(
    'pipeline.yaml',
    `
version: 1
name: log
sources: { shop: { type: postgres, url: "\${SOURCE_URL}" } }
target: { type: sqlite, path: target.sqlite }
entities:
  log: { from: { query: "select id from log where free()" }, key: id, to: log, incremental: { column: id }, fields: { id: id } }
`,
  )
  const env = { SOURCE_URL: String(source.config.url), ETL_FAILPOINTS: 'run-begun:stop' }
  const run = startEtl(['run', 'pipeline.yaml', '--yes', '--json'], { cwd: place.dir, env })
  const stat = (): string => readFileSync(`/proc/${run.child.pid}/stat`, 'utf8')
  while (!/^\d+ \(.*\) T /s.test(stat())) await sleep(10)
  const rival = new pg.Client({ connectionString: env.SOURCE_URL })
  await rival.connect()
  await rival.query('begin; select pg_advisory_xact_lock(77)')
  run.child.kill('SIGCONT')
  // Not asked by the rival: within a transaction the answer would stay the same.
  const waiting = `from pg_stat_activity where wait_event_type = 'Lock' and wait_event = 'advisory' and datname = current_database()`
  while ((await source.rows(`select pid ${waiting}`)).length === 0) await sleep(10)
  await source.rows(`select pg_terminate_backend(pid) ${waiting}`)
  await rival.query('insert into log values (21); commit')
  await rival.end()
  const { code, stdout, stderr } = await run.result
  expect(code, stderr).toBe(0)
  expect(eventsOf(stdout).filter(({ type }) => type === 'retry')).toMatchObject([{ entity: 'log', attempt: 2 }])
  // Still in the run's snapshot: what was committed meanwhile is left to the next one.
  expect(resultOf(stdout)).toMatchObject({ consistency: 'snapshot', counts: { read: 20, written: 20 } })
})

test('insert reads only what is greater; an empty source has no mark; each member of a union has its own', async () => {
  const place = new Workspace()
  place.source(`
    create table A (ID integer primary key, SEQ integer); create table B (ID integer primary key, SEQ integer)`)
  place.target('create table seen (member text, id integer, primary key (member, id))')
  const yaml = (column: string): string => `
version: 1
name: seen
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  seen:
    from: { union: [{ table: A }, { table: B }] }
    to: seen
    incremental: { column: ${column} }
    fields: { member: $member, id: ID }
`
  place.write('pipeline.yaml', yaml('SEQ'))
  const planned = async (): Promise<string[]> =>
    (await place.etl('plan', 'pipeline.yaml')).stdout.split('\n').filter(line => line.includes('incremental'))
  expect(await planned()).toEqual([
    '  seen (A): incremental by SEQ: all rows, since no run has finished it yet',
    '  seen (B): incremental by SEQ: all rows, since no run has finished it yet',
  ])
  const counts = async (): Promise<unknown> => {
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(0)
    return resultOf(run.stdout).counts
  }
  expect(await counts()).toMatchObject({ read: 0 })
  place.source('insert into A values (1, 100), (2, 200); insert into B values (1, 5), (2, 6)')
  expect(await counts()).toMatchObject({ read: 4, written: 4 })
  expect(await counts()).toMatchObject({ read: 0 })
  place.source('insert into A values (3, 200), (4, 201); insert into B values (3, 7)')
  expect(await counts()).toMatchObject({ read: 2, written: 2 })
  expect(place.rows('select member, id from seen order by member, id')).toEqual([
    ['A', 1],
    ['A', 2],
    ['A', 4],
    ['B', 1],
    ['B', 2],
    ['B', 3],
  ])
  expect(await planned()).toEqual([
    '  seen (A): incremental by SEQ: rows past its high-water mark 201',
    '  seen (B): incremental by SEQ: rows past its high-water mark 7',
  ])
  const json = await place.etl('plan', 'pipeline.yaml', '--json')
  expect(JSON.parse(json.stdout)).toMatchObject({
    marks: [
      { entity: 'seen', member: 'A', column: 'SEQ', value: '201' },
      { entity: 'seen', member: 'B', column: 'SEQ', value: '7' },
    ],
  })
  place.write('pipeline.yaml', yaml('ID'))
  expect(await planned()).toEqual([
    '  seen (A): incremental by ID: the high-water mark of seen (A) is of column SEQ, and the file says ID',
    '  seen (B): incremental by ID: the high-water mark of seen (B) is of column SEQ, and the file says ID',
  ])
})

test('what cannot be incremental is said before anything is read', async () => {
  const place = new Workspace()
  place.source('create table A (ID integer primary key, W float, SEQ integer)')
  place.target('create table a (id integer primary key)')
  const yaml = (more: string): string => `
version: 1
name: a
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
${more}
`
  place.write(
    'pipeline.yaml',
    yaml(
      'ledger: false\nentities:\n  a: { from: A, to: a, load: replace, incremental: { column: SEQ }, fields: { id: ID } }',
    ),
  )
  const both = await place.etl('validate', 'pipeline.yaml')
  expect(both.stderr + both.stdout).toContain('`load: replace` would empty the table and load only what is new')
  expect(both.stderr + both.stdout).toContain('the ledger keeps the high-water mark, and it is switched off')
  place.write(
    'pipeline.yaml',
    yaml('entities:\n  a: { from: A, to: a, incremental: { column: W }, fields: { id: ID } }'),
  )
  const float = await place.run()
  expect(float.code).toBe(2)
  expect(float.stderr).toContain('W is float in A: it cannot say what is new')
})
