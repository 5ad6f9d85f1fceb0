import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { countsOf, eventsOf, resultOf, runEtl, Workspace } from '../support/etl.js'
import { faulty } from './behaviours/faulty.js'
import { pipeline } from './behaviours/pipeline.js'

const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

/** Entities `a` <- `b` <- `c` by `depends_on`, and `d` on its own; ten rows each. */
function four(defaults = '', more = ''): Workspace {
  const place = new Workspace()
  const names = ['a', 'b', 'c', 'd']
  const numbers = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 10)'
  for (const name of names) {
    place.source(
      `create table ${name} (id integer primary key, v text); ${numbers.replace('with', `insert into ${name} with`)} select i, 'v' || i from n`,
    )
    place.target(`create table ${name} (id integer primary key, v text)`)
  }
  const entity = (name: string, after: string): string =>
    `\n  ${name}:\n    from: ${name}\n    to: ${name}\n    depends_on: [${after}]\n    rest: copy`
  const entities = entity('c', 'b') + entity('d', '') + entity('b', 'a') + entity('a', '')
  place.write('pipeline.yaml', pipeline(entities + more, defaults))
  return place
}

const rowsOf = (place: Workspace): number[] =>
  ['a', 'b', 'c', 'd'].map(name => Number(place.rows(`select count(*) from ${name}`)[0]?.[0]))

describe('selection', () => {
  test.each([
    [
      ['--entity', 'b'],
      [0, 10, 0, 0],
    ],
    [
      ['--entity', '+b'],
      [10, 10, 0, 0],
    ],
    [
      ['--entity', 'b+'],
      [0, 10, 10, 0],
    ],
    [
      ['--entity', 'a', '--entity', 'd'],
      [10, 0, 0, 10],
    ],
    [
      ['--exclude', 'a'],
      [0, 10, 10, 10],
    ],
    [
      ['--limit', '3'],
      [3, 3, 3, 3],
    ],
    [
      ['--limit', '7', '--batch-size', '2', '--concurrency', '4'],
      [7, 7, 7, 7],
    ],
  ])('%j', async (args, rows) => {
    const place = four()
    const run = await place.run(...args)
    expect(run.code, run.stderr).toBe(0)
    expect(rowsOf(place)).toEqual(rows)
  })

  test('an entity that is not there is named, with the nearest', async () => {
    const place = four()
    const run = await place.run('--entity', 'aa')
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('E201')
    expect(run.stderr).toContain('did you mean "a"?')
    expect(rowsOf(place)).toEqual([0, 0, 0, 0])
  })

  test('when.source_has skips an entity whose table is not there, with a warning', async () => {
    const place = four(
      '',
      '\n  gone:\n    from: GONE\n    to: a\n    when: { source_has: GONE }\n    fields: { id: ID }',
    )
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(0)
    expect(rowsOf(place)).toEqual([10, 10, 10, 10])
    expect(resultOf(run.stdout).warnings.filter(text => text.includes('GONE'))).toHaveLength(1)
  })
})

test('hooks run once, around the run and around entities, in the target and in a source', async () => {
  const place = four(
    `hooks:
  before: ["insert into log values ('run before')"]
  after: ["insert into log values ('run after')", { on: old, sql: "insert into seen values (1)" }]`,
  )
  const text = readFileSync(place.path('pipeline.yaml'), 'utf8')
  const hooks = `hooks: { before: ["insert into log select 'a before ' || count(*) from a"], after: ["insert into log select 'a after ' || count(*) from a"] }`
  place.write('pipeline.yaml', text.replace('  a:\n    from: a\n', `  a:\n    from: a\n    ${hooks}\n`))
  place.source('create table seen (x integer)')
  place.target('create table log (what text)')
  const run = await place.run()
  expect(run.code, run.stderr).toBe(0)
  expect(place.rows('select what from log order by rowid')).toEqual([
    ['run before'],
    ['a before 0'],
    ['a after 10'],
    ['run after'],
  ])
  const again = await place.run('--resume')
  expect(again.code, again.stderr).toBe(0)
  expect(place.rows('select count(*) from log')).toEqual([[4]])
  place.target('drop table log')
  const failed = await place.run('--json')
  expect(failed.code).toBe(1)
  expect(resultOf(failed.stdout).error).toMatchObject({ code: 'E516', message: 'no such table: log' })
})

test('in place: a query of the target sees what entities before it wrote; vacuum is a hook outside of transactions', async () => {
  const place = new Workspace()
  place.source('create table unused (id integer primary key)')
  place.target(`create table orgs (id integer primary key, name text, kind text);
    create table houses (id integer primary key, org_id integer not null references orgs (id), name text not null);
    insert into orgs values (1, 'Oraseas EE', null), (2, 'Acme', null), (3, 'Beta', 'supplier'), (4, 'Gamma', null);
    insert into houses values (1, 3, 'Old'), (2, 4, 'Old')`)
  place.write(
    'pipeline.yaml',
    `version: 1
name: inplace
target: { type: sqlite, path: target.sqlite }
entities:
  houses:
    from: { target: true, query: "select id, kind from orgs where id not in (select org_id from houses)" }
    key: id
    depends_on: [orgs]
    to: houses
    fields: { org_id: id, name: { expr: { concat: ["Main of ", { var: kind }] } } }
  orgs:
    from: { target: true, table: orgs }
    to: orgs
    load: update
    fields:
      id: id
      kind: { expr: { coalesce: [{ var: kind }, { if: [{ contains: [{ lower: [{ var: name }] }, oraseas] }, own, customer] }] } }
    rest: ignore
hooks: { after: [{ sql: vacuum, transaction: false }] }
`,
  )
  const run = await place.run()
  expect(run.code, run.stderr).toBe(0)
  expect(place.rows('select kind from orgs order by id')).toEqual([['own'], ['customer'], ['supplier'], ['customer']])
  expect(place.rows('select org_id, name from houses order by id')).toEqual([
    ...[
      [3, 'Old'],
      [4, 'Old'],
    ],
    ...[
      [1, 'Main of own'],
      [2, 'Main of customer'],
    ],
  ])
  place.write('pipeline.yaml', readFileSync(place.path('pipeline.yaml'), 'utf8').replace(', transaction: false', ''))
  const refused = await place.run('--json')
  expect(resultOf(refused.stdout).error).toMatchObject({
    code: 'E516',
    message: 'cannot VACUUM from within a transaction',
  })
})

describe('errors of rows', () => {
  test('on_error: skip counts them and ends well', async () => {
    const place = faulty('on_error: skip')
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(0)
    expect(countsOf(resultOf(run.stdout))).toEqual({
      t: '2000 read, 1980 written, 20 skipped, 0 filtered, 0 quarantined',
    })
    expect(existsSync(join(place.runFolders('p')[0] ?? '', 'quarantine'))).toBe(false)
  })

  test('on_error: fail keeps the batches before, and resumes once the cause is removed', async () => {
    const place = faulty('on_error: fail')
    const run = await place.run('--json')
    expect(run.code).toBe(1)
    expect(resultOf(run.stdout).error).toMatchObject({
      code: 'E502',
      message: 'E402 n: to_integer: the value is not a number',
    })
    expect(place.rows('select count(*) from t')).toEqual([[0]])
    place.source(`update T set N = ID where N = 'none' and ID <= 1000`)
    const second = await place.run('--resume')
    expect(second.code).toBe(1)
    expect(place.rows('select count(*) from t')).toEqual([[1000]])
    place.source(`update T set N = ID`)
    const third = await place.run('--resume')
    expect(third.code, third.stderr).toBe(0)
    expect(place.rows('select count(*), count(distinct id), sum(n) from t')).toEqual([[2000, 2000, 2001000]])
  })

  test.each([
    ['max_errors: 20', 3, 1980],
    // The fifth bad row is row 500, in the second batch, which is rolled back whole.
    ['max_errors: 4', 1, 248],
    ['max_errors: 1%', 3, 1980],
    ['max_errors: 0.5%', 1, 743],
  ])('%s', async (limit, code, rows) => {
    const place = faulty(limit)
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(code)
    expect(place.rows('select count(*) from t')).toEqual([[rows]])
    if (code === 1) expect(resultOf(run.stdout).error).toMatchObject({ code: 'E501' })
  })

  test.each([
    // Twenty bad rows of `t`, then five in each batch of `u`.
    ['30', '35 rows failed in all entities together; quarantine.max_errors is 30', 490],
    ['"1.1%"', '25 rows failed in all entities together; quarantine.max_errors is 1.1 %, 2250 rows were read', 0],
  ])(
    'quarantine: { max_errors: %s } counts all entities, and what was counted before a resume',
    async (limit, message, before) => {
      const place = faulty('on_error: quarantine')
      place.target('create table u (id integer primary key, n integer)')
      const text = readFileSync(place.path('pipeline.yaml'), 'utf8')
      const entity = text.slice(text.indexOf('\n  t:'))
      const write = (most: string): void =>
        place.write(
          'pipeline.yaml',
          `quarantine: { max_errors: ${most} }\n${text}${entity.replace('\n  t:', '\n  u:').replace('to: t', 'to: u\n    where: ID % 2 = 0')}`,
        )
      write(limit)
      const first = await place.run('--json', '--concurrency', '1')
      expect(first.code, first.stderr).toBe(1)
      expect(resultOf(first.stdout).error).toMatchObject({ code: 'E501', message })
      expect(place.rows('select (select count(*) from t), (select count(*) from u)')).toEqual([[1980, before]])
      const second = await place.run('--resume', '--json')
      expect(second.code).toBe(1)
      expect(resultOf(second.stdout).error).toMatchObject({ code: 'E501', message })
      write('40')
      const third = await place.run('--resume', '--json')
      expect(third.code, third.stderr).toBe(3)
      expect(place.rows('select (select count(*) from t), (select count(*) from u)')).toEqual([[1980, 980]])
    },
  )

  test('quarantine files and everything else of a run are for the owner only', async () => {
    const place = faulty('on_error: quarantine')
    const run = await place.run()
    expect(run.code).toBe(3)
    const walk = (path: string): string[] =>
      statSync(path).isDirectory() ? [path, ...readdirSync(path).flatMap(name => walk(join(path, name)))] : [path]
    const modes = walk(place.path('.etl')).map(path => [
      path.slice(place.dir.length + 1).replace(/runs\/[0-9a-f]+/, 'runs/ID'),
      (statSync(path).mode & 0o777).toString(8),
    ])
    expect(Object.fromEntries(modes)).toEqual({
      '.etl': '700',
      '.etl/p': '700',
      '.etl/p/checkpoint.json': '600',
      '.etl/p/runs': '700',
      '.etl/p/runs/ID': '700',
      '.etl/p/runs/ID/events.ndjson': '600',
      '.etl/p/runs/ID/report.html': '600',
      '.etl/p/runs/ID/report.json': '600',
      '.etl/p/runs/ID/quarantine': '700',
      '.etl/p/runs/ID/quarantine/t.ndjson': '600',
    })
    const lines = place.quarantine('p', 't')
    expect(lines).toHaveLength(20)
    expect(lines[0]).toEqual({
      entity: 't',
      pass: 'load',
      chunk: 0,
      batch: 1,
      row: 100,
      key: '100',
      stage: 'transform',
      field: 'n',
      code: 'E402',
      message: 'to_integer: the value is not a number',
      policy: 'quarantine',
      values: { ID: 100, N: 'none' },
    })
  })

  test.each(['SQLite', 'PostgreSQL'])(
    'a batch that the target refuses is taken apart to the guilty rows: %s',
    async kind => {
      const place = new Workspace()
      place.source(`create table T (ID integer primary key, N integer, C text);
      insert into T with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
      select i, iif(i in (1, 2777), -1, i), iif(i = 5000, 'c17', 'c' || i) from n`)
      const ddl = 'create table t (id integer primary key, n integer check (n > 0), c varchar(10) unique)'
      const text = pipeline(`\n  t:\n    from: T\n    to: t\n    batch_size: 5000\n    fields: { id: ID, n: N, c: C }`)
      let rows = async (sql: string): Promise<unknown[][]> => place.rows(sql)
      let env: Record<string, string> = {}
      if (kind === 'SQLite') {
        place.target(ddl)
        place.write('pipeline.yaml', text)
      } else {
        const server = await postgres.create('bisect')
        servers.push(server)
        await server.exec(ddl)
        rows = server.rows
        env = { DATABASE_URL: String(server.config.url) }
        place.write(
          'pipeline.yaml',
          text.replace('{ type: sqlite, path: target.sqlite }', '{ type: postgres, url: "${DATABASE_URL}" }'),
        )
      }
      const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--json'], { cwd: place.dir, env })
      expect(run.code, run.stderr).toBe(3)
      expect(countsOf(resultOf(run.stdout))).toEqual({
        t: '5000 read, 4997 written, 0 skipped, 0 filtered, 3 quarantined',
      })
      expect((await rows('select count(*), sum(id) from t'))[0]?.map(Number)).toEqual([
        4997,
        12502500 - 1 - 2777 - 5000,
      ])
      expect(place.quarantine('p', 't').map(({ key, code, stage }) => [key, code, stage])).toEqual([
        ['1', 'E419', 'constraint'],
        ['2777', 'E419', 'constraint'],
        ['5000', 'E417', 'constraint'],
      ])
      const values = place.quarantine('p', 't').map(line => line.values)
      expect(values[2]).toEqual({ ID: 5000, N: 5000, C: 'c17' })
      // What the ledger says is what is there.
      const sums = await rows('select sum(rows_read), sum(inserted), sum(quarantined) from etl_batch')
      expect(sums[0]?.map(Number)).toEqual([5000, 4997, 3])
      expect((await rows('select count(*) from etl_reject'))[0]?.map(Number)).toEqual([3])
      expect(run.stdout + run.stderr).not.toContain('c17')
    },
  )
})

describe('what a run tells', () => {
  test('--json gives one event a line, the result last, and counts that add up', async () => {
    const place = four()
    const run = await place.run('--json', '--batch-size', '4')
    expect(run.code, run.stderr).toBe(0)
    const events = eventsOf(run.stdout)
    expect(events[0]).toMatchObject({ type: 'run_started', pipeline: 'p', dryRun: false, resumed: false })
    expect(events.at(-2)).toMatchObject({ type: 'run_finished', status: 'ok', exitCode: 0 })
    expect(events.filter(event => event.type === 'batch')).toHaveLength(12)
    const result = resultOf(run.stdout)
    for (const { counts: c } of result.entities) {
      expect(c.read).toBe(
        (c.written ?? 0) + (c.skipped ?? 0) + (c.filtered ?? 0) + (c.deduped ?? 0) + (c.quarantined ?? 0),
      )
    }
    const order = events.filter(event => event.type === 'entity_finished').map(event => event.entity)
    expect(order.indexOf('a')).toBeLessThan(order.indexOf('b'))
    expect(order.indexOf('b')).toBeLessThan(order.indexOf('c'))
    expect(place.rows('select count(*), sum(rows_read), sum(inserted) from etl_batch')).toEqual([[12, 40, 40]])
  })

  test('a finished run is not resumed, an unfinished one is not begun anew by accident', async () => {
    const place = faulty('on_error: fail')
    expect((await place.run('--resume')).stderr).toContain('E505 nothing to resume')
    expect((await place.run()).code).toBe(1)
    const anew = await place.run()
    expect(anew.code).toBe(1)
    expect(anew.stderr).toContain('E504 unfinished run exists')
    expect(anew.stderr).toContain('--resume')
    expect(anew.stderr).toContain('--restart')
    place.source('update T set N = ID')
    const restarted = await place.run('--restart')
    expect(restarted.code, restarted.stderr).toBe(0)
    expect(place.rows('select count(*) from t')).toEqual([[2000]])
    expect(place.rows(`select state from etl_run order by started_at, rowid`)).toEqual([['abandoned'], ['completed']])
  })

  test('a changed mapping is refused by --resume, naming the change', async () => {
    const place = faulty('on_error: fail')
    expect((await place.run()).code).toBe(1)
    const text = readFileSync(place.path('pipeline.yaml'), 'utf8')
    place.write('pipeline.yaml', text.replace('apply: [to_integer]', 'apply: [{ null_if: none }, to_integer]'))
    const refused = await place.run('--resume')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('E506 pipeline or schema changed since the run began')
    expect(refused.stderr).toContain('--accept-changes')
    expect(place.rows('select count(*) from t')).toEqual([[0]])
    const accepted = await place.run('--resume', '--accept-changes')
    expect(accepted.code, accepted.stderr).toBe(0)
    expect(place.rows('select count(*), count(n) from t')).toEqual([[2000, 1980]])
    expect(place.rows('select action from etl_audit')).toEqual([['accept-changes']])
  })

  test.each([
    ['key: N', 'from: T', 'from: T, key: N'],
    ['another table', 'from: T', 'from: U'],
    [
      'members in another order',
      'from: { union: [{ table: T }, { table: U }] }',
      'from: { union: [{ table: U }, { table: T }] }',
    ],
  ])('a position that means other rows by now is never gone on from: %s', async (_what, before, after) => {
    const place = new Workspace()
    const rows = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 100)'
    place.source(`
      create table T (ID integer primary key, N integer not null unique);
      create table U (ID integer primary key, N integer not null unique);
      insert into T ${rows} select i, 101 - i from n; insert into U ${rows} select i + 100, 101 - i from n`)
    place.target('create table t (id integer, n integer)')
    const file = (from: string): string => `version: 1
name: moved
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities: { t: { ${from}, to: t, batch_size: 10, fields: { id: ID, n: N } } }
`
    place.write('pipeline.yaml', file(before))
    const args = ['run', 'pipeline.yaml', '--yes']
    const killed = await runEtl(args, { cwd: place.dir, env: { ETL_FAILPOINTS: 'after-write:kill@4' } })
    expect(killed.signal, killed.stderr).toBe('SIGKILL')
    place.write('pipeline.yaml', file(after))
    const refused = await place.run('--resume', '--accept-changes')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      /E506[\s\S]*has begun t, whose rows now come in another order or from another place[\s\S]*--restart/,
    )
    place.write('pipeline.yaml', file(before))
    const whole = await place.run('--resume')
    expect(whole.code, whole.stderr).toBe(0)
    const count = before.includes('union') ? 200 : 100
    expect(place.rows('select count(*), count(distinct id) from t')).toEqual([[count, count]])
  })

  test('ledger: false works without tables of its own', async () => {
    const place = four('ledger: false')
    const run = await place.run()
    expect(run.code, run.stderr).toBe(0)
    expect(rowsOf(place)).toEqual([10, 10, 10, 10])
    expect(place.rows(`select name from sqlite_master where name like 'etl%'`)).toEqual([])
  })

  test('expressions mean the same in the reference interpreter', async () => {
    const place = faulty('filter: { "!=": [{ "%": [{ var: ID }, 7] }, 0] }')
    const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--json'], {
      cwd: place.dir,
      env: { ETL_LOGIC: 'reference' },
    })
    expect(run.code, run.stderr).toBe(3)
    expect(countsOf(resultOf(run.stdout))).toEqual({
      t: '2000 read, 1697 written, 0 skipped, 285 filtered, 18 quarantined',
    })
  })
})
