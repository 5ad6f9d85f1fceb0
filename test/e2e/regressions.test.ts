import { afterAll, beforeAll, expect, test } from 'vitest'
import { database } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { quarantineOf, resultOf, runEtl, Workspace } from '../support/etl.js'

let target: TestSchema
beforeAll(async () => {
  target = await database.create('regressions')
})
afterAll(() => target.drop())

test('rows refused in the last batches of a reading thread are read again and quarantined', async () => {
  const place = new Workspace()
  place.source(`
    create table T (ID integer primary key, N integer, B blob);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
      insert into T select i, case when i in (1, 26000, 29999, 30000) then -1 else i end, x'00ff' from n`)
  await target.exec('create table t (id bigint primary key, n int check (n > 0), b bytea)')
  place.write(
    'pipeline.yaml',
    `version: 1
name: refused
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${DATABASE_URL}" }
entities: { t: { from: T, to: t, batch_size: 5000, fields: { id: ID, n: N, b: B } } }
`,
  )
  const env = { DATABASE_URL: String(target.config.url) }
  const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--json'], { cwd: place.dir, env })
  expect(run.code, run.stderr).toBe(3)
  expect(await target.rows('select count(*) from t')).toEqual([['29996']])
  const lines = quarantineOf(resultOf(run.stdout).runDir ?? '', 't')
  expect(lines.map(line => [line.key, line.code, line.values])).toEqual(
    ['1', '26000', '29999', '30000'].map(id => [id, 'E419', { ID: Number(id), N: -1, B: { $bytes: 'AP8=' } }]),
  )
})

test('load: replace forgets which generated keys the rows before it had', async () => {
  const place = new Workspace()
  place.source(`
    create table PARENT (ID integer primary key, NAME text); create table KID (ID integer primary key, PARENT integer);
    insert into PARENT values (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'); insert into KID values (10, 1), (11, 3), (12, 4)`)
  place.target(`
    create table parents (id integer primary key, name text);
    create table kids (id integer primary key, parent_id integer references parents (id))`)
  place.write(
    'pipeline.yaml',
    `version: 1
name: stale
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
defaults: { load: replace }
entities:
  parents: { from: PARENT, to: parents, fields: { name: NAME }, rest: ignore }
  kids: { from: KID, to: kids, fields: { id: ID, parent_id: { from: PARENT, ref: parents, on_missing: null } } }
`,
  )
  expect((await place.run()).code).toBe(0)
  place.source('delete from PARENT where ID = 3')
  expect((await place.run()).code).toBe(0)
  expect(place.rows('select k.id, p.name from kids k left join parents p on p.id = k.parent_id order by 1')).toEqual([
    [10, 'a'],
    [11, null],
    [12, 'd'],
  ])
})

test('a key that is not unique is found wherever the two rows stand', async () => {
  for (const twin of [2, 64, 65, 500, 1000, 1001]) {
    const place = new Workspace()
    place.source(`
      create table T (K integer not null, N integer); create index k on T (K);
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500)
        insert into T select case when i = ${twin} then i - 1 else i end, i from n`)
    place.target('create table t (k integer, n integer)')
    place.write(
      'pipeline.yaml',
      `version: 1
name: twins
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities: { t: { from: T, key: [K], to: t, fields: { k: K, n: N } } }
`,
    )
    const run = await place.run('--json')
    expect([twin, run.code, resultOf(run.stdout).status]).toEqual([twin, 1, 'failed'])
    expect(run.stdout).toContain('E518')
  }
})

test('a batch in which every row is refused takes no more locks than the server has', {
  timeout: 120_000,
}, async () => {
  const place = new Workspace()
  place.source(`
    create table T (ID integer primary key, N integer);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 9000)
      insert into T select i, case when i between 4001 and 4400 and i % 2 = 0 then i else -1 end from n`)
  await target.exec('create table crowd (id bigint primary key, n int check (n > 0))')
  place.write(
    'pipeline.yaml',
    `version: 1
name: crowd
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${DATABASE_URL}" }
entities: { t: { from: T, to: crowd, batch_size: 9000, fields: { id: ID, n: N } } }
`,
  )
  const env = { DATABASE_URL: String(target.config.url) }
  const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--json'], { cwd: place.dir, env })
  expect(run.code, run.stderr).toBe(3)
  expect(resultOf(run.stdout).counts).toMatchObject({ read: 9000, written: 200, quarantined: 8800 })
  expect(await target.rows('select count(*), min(id), max(id) from crowd')).toEqual([['200', '4002', '4400']])
})

test('the second pass leaves rows alone that the first one rejected', async () => {
  const place = new Workspace()
  place.source(
    'create table E (ID integer primary key, BOSS int); insert into E values (1, 2), (2, null), (3, 3), (4, 99)',
  )
  place.target(`
    create table emp (id integer primary key, boss integer references emp (id));
    insert into emp values (1, null), (2, 1)`)
  const pipeline = (to: string): string => `version: 1
name: second-pass
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities: { emp: { from: E, to: ${to}, defer: [boss], fields: { id: ID, boss: { from: BOSS, ref: emp, type: int64, on_missing: null } } } }
`
  place.write('pipeline.yaml', pipeline('emp'))
  expect((await place.run()).code).toBe(3)
  expect(place.rows('select id, boss from emp order by id')).toEqual([
    [1, null],
    [2, 1],
    [3, 3],
    [4, null],
  ])
  place.write('pipeline.yaml', pipeline('{ table: fresh, create: if_missing }').replace('second-pass', 'created'))
  const created = await place.run()
  expect(created.code, created.stderr).toBe(0)
  expect(place.rows('select id, boss from fresh order by id')).toEqual([
    [1, 2],
    [2, null],
    [3, 3],
    [4, null],
  ])
})

test('a date format that would read every value wrongly is refused before anything is read', async () => {
  const place = new Workspace()
  place.write(
    'pipeline.yaml',
    `version: 1
name: formats
target: { type: sqlite, path: target.sqlite }
entities:
  t:
    from: { rows: [{ a: "05/10/1994" }] }
    to: { table: t, create: if_missing }
    fields:
      a: { from: a, apply: [{ parse_date: dd/mm/yyyy }], type: date }
      b: { from: a, apply: [{ parse_date: DD/MM/YYYY }], type: date }
`,
  )
  const { code, stderr } = await place.etl('validate')
  expect(code).toBe(2)
  expect(stderr).toContain('the format "dd/mm/yyyy" has no month: "m" is minutes; the month is "M", "MM" or "MMM"')
  expect(stderr).toContain('"DD" is no part of a date here; the day is "d" or "dd"')
})
