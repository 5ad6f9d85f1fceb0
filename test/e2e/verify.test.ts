import { existsSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { loadPipeline, startRun, type VerifyReport, verifyBefore, verifyPipeline } from '../../src/index.js'
import { Workspace } from '../support/etl.js'

const PIPELINE = `version: 1
name: shop
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
maps: { states: { A: active, I: idle } }
lookups: { region: { in: old, table: REGION, key: CODE, value: NAME } }
verify: VERIFY
entities:
  people:                                   # keys that the target makes, kept in the ledger
    from: PEOPLE
    to: people
    fields: { name: NAME, state: { from: STATE, map: states, unmapped: quarantine }, region: { from: REGION, lookup: region, on_missing: null } }
  orders:                                   # refs, a filter, where, a clock and a random field
    from: ORDERS
    to: orders
    where: "ID <> 5"
    filter: { ">": [{ var: TOTAL }, 10] }
    fields:
      id: ID
      person: { from: PERSON, ref: people, on_missing: quarantine }
      total: TOTAL
      run: { expr: { var: $run.id } }
      token: { from: ID, apply: [uuid] }
  tree:                                     # a second pass
    from: TREE
    to: tree
    defer: [parent]
    fields: { id: ID, name: NAME, parent: { from: PARENT, ref: tree, on_missing: null } }
  latest:                                   # the last of several rows of the source stands
    from: LOG
    to: latest
    load: upsert
    match: [name]
    key: ID
    fields: { name: NAME, n: N }
    rest: ignore
  first:
    from: LOG
    to: first
    dedupe: { by: [NAME], keep: first }
    fields: { name: NAME, n: N }
    rest: ignore
  kept:                                     # rows that were there before stay as they are
    from: LOG
    to: kept
    load: ignore
    match: [name]
    key: ID
    where: "ID <= 3"
    fields: { name: NAME, n: N }
    rest: ignore
  touched:                                  # in place: what is read is what was written
    from: { target: true, table: touched }
    to: touched
    load: update
    fields: { id: id, n: { expr: { "+": [{ var: n }, 1] } } }
  mended:
    from: { target: true, table: mended }
    to: mended
    load: update
    fields: { id: id, name: { from: name, apply: [trim] } }
  both:                                     # a union into a table without a key
    from: { union: [{ table: LOG }, { table: LOG2 }] }
    to: both
    fields: { name: NAME, n: N, origin: $member }
    rest: ignore
  refused:                                  # the target refuses rows
    from: LOG
    to: refused
    on_error: skip
    fields: { name: NAME, n: N }
    rest: ignore
  events:
    from: EVENTS
    to: events
    load: replace
    fields: { id: ID, at: AT }
  changes:
    from: CHANGES
    to: changes
    load: upsert
    incremental: { column: AT }
    fields: { id: ID, at: AT, v: V }
`

const SOURCE = `
  create table REGION (CODE text primary key, NAME text); insert into REGION values ('n', 'north'), ('s', 'south');
  create table PEOPLE (ID integer primary key, NAME text, STATE text, REGION text);
  insert into PEOPLE values (3, 'c', 'A', 'n'), (1, 'a', 'A', 's'), (2, 'b', 'I', 'x'), (9, 'z', '?', 'n');
  create table ORDERS (ID integer primary key, PERSON integer, TOTAL integer);
  insert into ORDERS values (1, 1, 20), (2, 2, 5), (3, 3, 30), (4, 9, 40), (5, 1, 50);
  create table TREE (ID integer primary key, NAME text, PARENT integer);
  insert into TREE values (1, 'leaf', 3), (2, 'twig', 3), (3, 'root', null), (4, 'lost', 99);
  create table LOG (ID integer primary key, NAME text, N integer);
  insert into LOG values (1, 'x', 1), (2, 'y', 2), (3, 'z', 3), (4, 'x', 4);
  create table LOG2 (ID integer primary key, NAME text, N integer); insert into LOG2 values (1, 'x', 1);
  create table EVENTS (ID integer primary key, AT text);
  insert into EVENTS values (1, '2024-01-01 00:00:00'), (2, '2024-01-02 00:00:00');
  create table CHANGES (ID integer primary key, AT text, V integer);
  insert into CHANGES values (1, '2024-01-01', 1), (2, '2024-01-02', 2)`

const TARGET = `
  create table people (id integer primary key, name text, state text, region text);
  create table orders (id integer primary key, person integer, total integer, run text, token text);
  create table tree (id integer primary key, name text, parent integer);
  create table latest (id integer primary key, name text not null unique, n integer);
  create table first (id integer primary key, name text not null unique, n integer);
  create table kept (id integer primary key, name text not null unique, n integer);
  insert into kept (name, n) values ('y', 200), ('other', 1);
  create table touched (id integer primary key, n integer); insert into touched values (1, 1), (2, 2);
  create table mended (id integer primary key, name text); insert into mended values (1, ' a '), (2, 'b');
  create table both (name text, n integer, origin text);
  create table refused (id integer primary key, name text not null unique, n integer);
  create table events (id integer primary key, at timestamp); insert into events values (7, 'old');
  create table changes (id integer primary key, at text, v integer)`

test('every way to load is verified, and what cannot be is named', async () => {
  const place = new Workspace()
  place.source(SOURCE)
  place.target(TARGET)
  place.write('pipeline.yaml', PIPELINE.replace('VERIFY', 'none'))
  const pipeline = await loadPipeline(place.path('pipeline.yaml'))

  const before = await verifyBefore(pipeline)
  expect(before.entities.find(({ name }) => name === 'people')).toEqual({
    name: 'people',
    table: 'people',
    counts: { read: 4, written: 3, inserted: 3, updated: 0, skipped: 0, filtered: 0, deduped: 0, quarantined: 1 },
    rejects: [{ code: 'E410', field: 'state', message: 'value is not in the map states', rows: 1 }],
    target: 0,
    breakdown: [
      {
        column: 'STATE',
        to: 'state',
        values: [
          { value: 'A', becomes: 'active', rows: 2 },
          { value: 'I', becomes: 'idle', rows: 1 },
          { value: '?', becomes: null, rows: 1 },
        ],
      },
      {
        column: 'REGION',
        to: 'region',
        values: [
          { value: 'n', rows: 2 },
          { value: 's', rows: 1 },
          { value: 'x', rows: 1 },
        ],
      },
    ],
  })

  const run = await (await startRun(pipeline)).result
  expect(run.error).toBeUndefined()
  const full = await verifyPipeline(pipeline)
  expect(verdicts(full)).toEqual({
    people: 'verified: 3 equal',
    orders: 'not-verifiable: 2 equal; token: uuid gives another value each time',
    tree: 'verified: 4 equal',
    latest: 'verified: 3 equal',
    first: 'verified: 3 equal',
    kept: 'verified: 2 equal, 2 other',
    touched: 'not-verifiable: 0 equal, 2 different; it reads touched, which the run has changed since',
    mended: 'verified: 2 equal',
    both: 'verified: 5 equal',
    refused: 'verified: 3 equal',
    events: 'verified: 2 equal',
    changes: 'verified: 2 equal',
  })

  // An incremental run reads only what is new; rows of the run before are others, and the clock of the run is its own.
  place.source(`insert into CHANGES values (3, '2024-01-03', 3)`)
  const second = await (await startRun(pipeline, { entities: ['changes'], verify: 'full' })).result
  expect([second.status, second.verification?.state]).toEqual(['ok', 'verified'])
  expect(second.verification?.entities.map(({ counts: { read, before, target } }) => [read, before, target])).toEqual([
    [2, 2, 3],
  ])
  const earlier = await verifyPipeline(pipeline, { run: run.runId, level: 'counts' })
  expect(earlier.entities.find(({ name }) => name === 'changes')?.notes).toEqual([
    `run ${second.runId} came after this one: what changes holds now is of both`,
  ])

  // What was wrong is found in whole rows, in the second pass, in rows that were generated.
  place.target(`update people set name = 'A' where name = 'a'; update tree set parent = 2 where id = 1;
    update both set n = 7 where origin = 'LOG2'; delete from first where name = 'z'`)
  const wrong = await verifyPipeline(pipeline, { run: run.runId, showValues: true })
  expect([wrong.state, wrong.exitCode]).toEqual(['mismatch', 4])
  expect(
    Object.fromEntries(
      wrong.entities.flatMap(({ name, state, differences }) => (state === 'mismatch' ? [[name, differences]] : [])),
    ),
  ).toEqual({
    people: [different({ id: '1' }, 'name', 'from NAME', 'upper and lower case', 'a', 'A')],
    tree: [different({ id: '1' }, 'parent', 'from PARENT, ref tree', 'another number', '3', '2')],
    first: [{ kind: 'missing', key: { name: 'z' } }],
    both: [different({ name: 'x', n: '7', origin: 'LOG2' }, 'n', 'from N', 'another number', '1', '7')],
  })
  expect(JSON.stringify(await verifyPipeline(pipeline, { run: run.runId }))).not.toContain('"actual"')

  const counts = await verifyPipeline(pipeline, { run: run.runId, level: 'counts' })
  expect(
    counts.entities
      .filter(({ state }) => state === 'mismatch')
      .map(({ name, counts: { problems } }) => [name, problems]),
  ).toEqual([['first', ['first holds 2 rows, 0 before and 3 inserted make 3']]])
})

test('rows that a retry has loaded are the run’s, and a run that ends with differences has failed', async () => {
  const place = new Workspace()
  place.source(`create table T (ID integer primary key, NAME text); insert into T values (1, 'a'), (2, null), (3, 'c')`)
  place.target(`create table t (id integer primary key, name text not null, run text)`)
  place.write(
    'pipeline.yaml',
    `version: 1
name: retried
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
defaults: { load: upsert }
verify: full
entities: { t: { from: T, to: t, fields: { id: ID, name: NAME, run: { expr: { var: $run.id } } } } }
`,
  )
  const pipeline = await loadPipeline(place.path('pipeline.yaml'))
  const first = await (await startRun(pipeline)).result
  expect([first.status, first.verification?.state]).toEqual(['quarantined', 'verified'])
  place.source(`update T set NAME = 'b' where ID = 2`)
  const retry = await (await startRun(pipeline, { retry: { run: first.runId } })).result
  expect([retry.status, retry.verification]).toEqual(['ok', undefined])
  const report = await verifyPipeline(pipeline)
  expect(report.runId).toBe(first.runId)
  expect(verdicts(report)).toEqual({
    t: 'not-verifiable: 3 equal; run: rows that a retry has loaded hold what it was',
  })
  expect(report.entities[0]?.counts).toMatchObject({ read: 3, inserted: 3, quarantined: 0, before: 0, target: 3 })

  place.target(
    `create trigger shout after update on t begin update t set name = upper(new.name) where id = new.id; end`,
  )
  const shouting = await place.run('--ascii', '--progress', 'plain')
  expect(shouting.code).toBe(4)
  expect(shouting.stdout).toContain('MISMATCH, 3 rows different')
  expect(shouting.stdout).toContain('the target has triggers that run for each row: shout')
  expect(shouting.stderr).toContain('E527')
  expect(shouting.stderr).toContain('the verification found differences in t')
})

test('a sample of few rows claims nothing of the others, one of all rows says so', async () => {
  const place = new Workspace()
  place.source(
    "create table T (ID integer primary key, NAME text); insert into T values (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')",
  )
  place.write(
    'pipeline.yaml',
    `version: 1
name: few
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  t: { from: T, to: { table: t, create: if_missing }, on_error: quarantine, fields: { id: ID, name: { from: NAME, map: { a: x, b: y, c: z }, unmapped: quarantine, type: varchar(5) } } }
`,
  )
  const pipeline = await loadPipeline(place.path('pipeline.yaml'))
  expect((await (await startRun(pipeline)).result).status).toBe('quarantined')
  const proves = async (sample: number) =>
    (await verifyPipeline(pipeline, { level: 'sample', sample })).entities.map(entity => entity.proves)
  expect(await proves(3)).toEqual([
    expect.stringMatching(/^0 differences in [23] random rows, too few to say anything of the others$/),
  ])
  // The one that the run left out is not compared.
  expect(await proves(4)).toEqual(['0 differences in all 3 rows'])
})

test('a sample says what it proves, an interrupted verification goes on, differences may be allowed', async () => {
  const place = new Workspace()
  place.source(`
    create table T (ID integer primary key, NAME text, F real);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
      insert into T select i, 'name ' || i, i / 3.0 from n`)
  place.write(
    'pipeline.yaml',
    `version: 1
name: many
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
verify: { level: sample, sample: 500, allow: { char_pad: true, float_ulp: 1 } }
entities:
  t: { from: T, to: { table: t, create: if_missing }, fields: { id: ID, name: NAME, f: F } }
`,
  )
  const pipeline = await loadPipeline(place.path('pipeline.yaml'))
  const run = await (await startRun(pipeline)).result
  expect([run.exitCode, run.verification?.state, run.verification?.level]).toEqual([0, 'verified', 'sample'])
  expect(run.verification?.entities[0]?.proves).toBe(
    '0 differences in 500 random rows: at 95 % at most 3/500 of all are wrong (0.6 %)',
  )
  place.target(`update t set name = name || '  ' where id = 30; update t set f = 0.33333333333333337 where id = 1;
    update t set name = 'wrong' where id in (100, 19990); delete from t where id = 19000`)
  const stop = new AbortController()
  // Each look at the clock is seconds later: progress is told and kept after every batch.
  let time = Date.now()
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => (time += 5000))
  const told: string[] = []
  const suspended = await verifyPipeline(pipeline, {
    level: 'full',
    signal: stop.signal,
    onProgress: message => {
      if (told.push(message) === 3) stop.abort()
    },
  })
  clock.mockRestore()
  expect(told).toEqual(['t: full', 't: 1,000 rows', 't: 2,000 rows'])
  expect([suspended.state, suspended.exitCode, suspended.entities]).toEqual(['suspended', 130, []])
  // What was found before stays found, though it is mended meanwhile: nothing is read twice.
  place.target(`update t set name = 'name 100' where id = 100`)
  expect(existsSync(place.path('.etl', 'many', 'verify.json'))).toBe(true)
  await expect(verifyPipeline(pipeline, { level: 'counts', resume: true })).rejects.toMatchObject({ code: 'E505' })
  const resumed = await verifyPipeline(pipeline, { level: 'full', resume: true })
  expect(
    resumed.entities.map(({ state, rows, allowed, differences }) => [
      state,
      rows,
      allowed,
      differences.map(({ kind, key }) => `${kind} ${key.id}`),
    ]),
  ).toEqual([
    [
      'mismatch',
      { expected: 20_000, equal: 19_997, different: 2, missing: 1, extra: 0, other: 0 },
      [
        { rule: 'float_ulp', values: 1 },
        { rule: 'char_pad', values: 1 },
      ],
      ['different 100', 'missing 19000', 'different 19990'],
    ],
  ])
  expect(existsSync(place.path('.etl', 'many', 'verify.json'))).toBe(false)

  place.target(`update t set name = 'wrong' where id = 100`)
  const shown = await place.etl('verify', 'pipeline.yaml', '--level', 'full', '--ascii', '--quiet')
  expect(shown.code).toBe(4)
  expect(
    shown.stdout.replace(/\d+\.\d s/, 'TIME').replaceAll(run.runId, 'RUN'),
  ).toBe(`   ENTITY  SOURCE  TARGET  COUNT  CONTENT  VERDICT
   t       20,000  19,999      x        x  MISMATCH, 1 row missing, 2 rows different

 t   20,000 read = 20,000 inserted; target 0 before, 19,999 now
   x t holds 19,999 rows, 0 before and 20000 inserted make 20000
   x name differs in 2 rows (from NAME)
     different  id 100   name: 5 characters where 8 should be
     missing    id 19000
     different  id 19990   name: 5 characters where 10 should be
   ! 1 value allowed by float_ulp
   ! 1 value allowed by char_pad

 x MISMATCH   run RUN, full, TIME: the target is not as it should be
`)
})

function different(
  key: Record<string, string>,
  column: string,
  step: string,
  how: string,
  expected: string,
  actual: string,
) {
  return { kind: 'different', key, fields: [{ column, step, how, expected, actual }] }
}

/** State, counts that are not 0, what could not be looked at. */
function verdicts(report: VerifyReport): Record<string, string> {
  return Object.fromEntries(
    report.entities.map(({ name, state, rows, notVerifiable, counts }) => {
      const { equal = 0, different = 0, missing = 0, extra = 0, other = 0 } = rows ?? {}
      const shown = Object.entries({ different, missing, extra, other }).filter(([, count]) => count > 0)
      const all = [`${equal} equal`, ...shown.map(([word, count]) => `${count} ${word}`)].join(', ')
      const why = notVerifiable.map(({ column, why: text }) => (column === undefined ? text : `${column}: ${text}`))
      return [name, [`${state}: ${all}`, ...why, ...counts.problems].join('; ')]
    }),
  )
}
