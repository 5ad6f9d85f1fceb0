import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { ChecksFailed, checkPipeline, coverPlan, loadPipeline, planPipeline, startRun } from '../../src/index.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestDatabase, TestSchema } from '../databases/types.js'
import { eventsOf, resultOf, Workspace } from '../support/etl.js'
import { createOracle } from '../support/tns/test-database.js'

const open: TestSchema[] = []
afterAll(() => Promise.all(open.map(schema => schema.drop())))

const SOURCE = `
  create table parts (id integer not null primary key, unit varchar(20));
  create table region (cd varchar(5) not null primary key, name varchar(20));
  create table items (id integer not null primary key, code varchar(40), qty integer, price decimal(12,4),
    part_id integer, unit varchar(20), status varchar(10), region varchar(5));
  insert into parts values (1, 'kg'), (2, 'ml');
  insert into region values ('E', 'East');
  insert into items values
    (1, 'a', 1, 1.25, 1, 'kg', 'A', 'E'),
    (2, 'b', 100000, 1.25, 2, 'kg', 'X', 'E'),
    (3, null, 1, 1.25, 9, 'kg', 'A', 'W'),
    (4, 'dddddddddddd', 1, 1.25, 1, 'kg', 'X', 'E'),
    (5, 'a', 3, 12345.25, 1, null, 'Y', null),
    (6, 'f', -3, 2, 2, 'ml', 'B', 'E'),
    (7, 'g', 3, 2, null, 'ml', 'B', 'E'),
    (8, 'a', 3, 1.255, 2, 'ml', 'B', null)`
const TARGET = `
  create table parts (id integer not null primary key, unit varchar(20));
  create table items (id integer not null primary key, code varchar(10) not null unique, qty smallint,
    price decimal(6,2), part_id integer references parts (id), status varchar(10), region varchar(20));
  insert into parts values (1, 'old');
  insert into items values (7, 'zz', 1, 1, 1, 'active', null)`

const ENTITIES = `
maps: { st: { A: active, B: blocked } }
lookups: { reg: { table: region, key: cd, value: name } }
checks:
  - { sql: "select count(*) from items", expect: 1, name: one item, when: both, severity: warning }
  - { sql: "select id from items where qty > 2", name: light, when: after, severity: critical }
  - { table: parts, unique: unit, on: source }
entities:
  parts: { from: parts, to: parts, load: ignore, fields: { id: id, unit: unit }, checks: [{ row_count: { equals: source } }] }
  items:
    from: items
    to: items
    rest: ignore
    where: "id < 100"
    fields:
      id: id
      code: code
      qty: qty
      price: price
      part_id: { from: part_id, ref: parts, on_missing: null }
      status: { from: status, map: st, unmapped: quarantine }
      region: { from: region, lookup: reg, on_missing: quarantine }
    checks:
      - { unique: [code], on: source }
      - { not_null: [code, unit], on: source, severity: warning }
      - { accepted: { column: status, values: [A, B] }, on: source, severity: info }
      - { range: { column: qty, min: 0, max: 50000 }, on: source }
      - { matches: { column: code, pattern: "^[a-f]$" }, on: source, where: "id <> 3" }
      - { references: { column: part_id, to: parts.id }, on: source }
      - { consistent: { column: unit, with: parts.unit, on: part_id }, on: source }
      - { row_count: { min: 2, max: 3 }, name: some }
`

async function place(kind: TestDatabase): Promise<Workspace> {
  const [source, target] = [await kind.create('chk_s'), await kind.create('chk_t')]
  open.push(source, target)
  await source.exec(SOURCE)
  await target.exec(TARGET)
  const workspace = new Workspace()
  const block = ({ config, baseDir }: TestSchema): string =>
    JSON.stringify(config.path === undefined ? config : { ...config, path: `${baseDir}/${String(config.path)}` })
  workspace.write(
    'pipeline.yaml',
    `version: 1\nname: rules\nsources: { s: ${block(source)} }\ntarget: ${block(target)}\n${ENTITIES}`,
  )
  return workspace
}

const BEFORE = [
  ['number of rows', 'passed', undefined, undefined],
  ['code unique', 'failed', 1, ['code a']],
  ['code, unit not null', 'failed', 2, ['id 3', 'id 5']],
  ['status is an accepted value', 'failed', 3, ['id 2', 'id 4', 'id 5']],
  ['qty in range', 'failed', 2, ['id 2', 'id 6']],
  ['code matches its pattern', 'failed', 2, ['id 4', 'id 7']],
  ['part_id is in parts.id', 'failed', 1, ['id 3']],
  ['unit same as parts.unit', 'failed', 2, ['id 2', 'id 5']],
  ['one item', 'passed', undefined, undefined],
  ['parts: unit unique', 'passed', 0, undefined],
].slice(1)

describe.each([sqlite, postgres, mysql])('$name', kind => {
  test('checks find what breaks them, and the plan knows what will become of the rows', {
    timeout: 120_000,
  }, async () => {
    const workspace = await place(kind)
    const pipeline = await loadPipeline(workspace.path('pipeline.yaml'))
    const stateDir = workspace.path('state')
    const report = await checkPipeline(pipeline)
    expect(report.checks.map(({ name, state, count, keys }) => [name, state, count, keys])).toEqual(BEFORE)
    expect(report.ok).toBe(false)

    const refused = await startRun(pipeline, { stateDir }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(ChecksFailed)
    expect(String(refused)).toBe(
      'EtlError: 5 checks failed: items: code unique; items: qty in range; items: code matches its pattern and 2 more',
    )
    expect(await open.at(-1)?.rows('select count(*) from parts')).toEqual([[kind === sqlite ? 1 : expect.anything()]])

    const plan = await planPipeline(pipeline)
    const coverage = await coverPlan(pipeline, plan)
    expect(coverage.entities).toEqual([
      {
        entity: 'parts',
        predicted: {
          read: { rows: 2 },
          written: { rows: 1 },
          skipped: { rows: 1 },
          quarantined: { rows: 0 },
          filtered: { rows: 0 },
          deduped: { rows: 0 },
        },
        findings: [{ kind: 'exists already', field: 'id', rows: 1, means: 'skipped' }],
        unknown: [],
      },
      {
        entity: 'items',
        predicted: {
          read: { rows: 8 },
          written: { rows: 2 },
          skipped: { rows: 0 },
          quarantined: { rows: 6 },
          filtered: { rows: 0 },
          deduped: { rows: 0 },
        },
        findings: [
          { kind: 'text too long', field: 'code', rows: 1, means: 'quarantined' },
          { kind: 'null', field: 'code', rows: 1, means: 'quarantined' },
          // A smallint of SQLite holds any integer.
          ...(kind === sqlite ? [] : [{ kind: 'number too large', field: 'qty', rows: 1, means: 'quarantined' }]),
          { kind: 'number too large', field: 'price', rows: 1, means: 'quarantined' },
          { kind: 'digits lost', field: 'price', rows: 1, means: 'quarantined' },
          { kind: 'orphan', field: 'part_id', rows: 1, means: 'null' },
          {
            kind: 'unmapped value',
            field: 'status',
            rows: 3,
            means: 'quarantined',
            values: [
              { value: 'X', rows: 2 },
              { value: 'Y', rows: 1 },
            ],
          },
          { kind: 'look-up misses', field: 'region', rows: 1, means: 'quarantined' },
          { kind: 'exists already', field: 'id', rows: 1, means: 'quarantined' },
        ],
        unknown: [],
      },
    ])

    const run = await startRun(pipeline, { stateDir, force: true, coverage, expected: plan })
    const result = await run.result
    expect([result.status, result.exitCode, result.error?.code, result.error?.message]).toEqual([
      'quarantined',
      3,
      undefined,
      undefined,
    ])
    expect(result.prediction?.filter(({ fits }) => !fits)).toEqual([])
    expect(result.prediction?.map(({ entity, what, happened }) => `${entity} ${what} ${happened}`)).toContain(
      'items quarantined 6',
    )
    expect(
      result.checks?.outcomes
        .filter(({ phase }) => phase === 'after')
        .map(({ name, state, count }) => [name, state, count]),
    ).toEqual([
      ['number of rows', 'passed', 2],
      ['some', 'passed', 3],
      ['one item', 'failed', undefined],
      ['light', 'passed', 0],
    ])
  })
})

test('Oracle: checks and coverage of a source', { timeout: 120_000 }, async () => {
  const oracle = await createOracle('checks', '12.1')
  open.push(oracle)
  await oracle.native([
    'create table PARTS (ID number(9) not null primary key, UNIT varchar2(20))',
    'create table ITEMS (ID number(9) not null primary key, CODE varchar2(40), QTY number(9), PART_ID number(9))',
    "insert into PARTS values (1, 'kg')",
    "insert into ITEMS values (1, 'a', 1, 1)",
    "insert into ITEMS values (2, 'a', -5, 1)",
    'insert into ITEMS values (3, null, 70000, 9)',
  ])
  const place = new Workspace()
  place.target('create table items (id integer primary key, code varchar(10) not null, qty smallint)')
  place.write(
    'pipeline.yaml',
    `version: 1
name: rules
sources: { s: ${JSON.stringify(oracle.config)} }
target: { type: sqlite, path: target.sqlite }
entities:
  items:
    from: ITEMS
    to: items
    rest: ignore
    fields: { id: ID, code: CODE, qty: QTY }
    checks:
      - { unique: CODE, on: source }
      - { not_null: CODE, on: source }
      - { range: { column: QTY, min: 0 }, on: source }
      - { references: { column: PART_ID, to: PARTS.ID }, on: source }
      - { matches: { column: CODE, pattern: b }, on: source }
`,
  )
  const pipeline = await loadPipeline(place.path('pipeline.yaml'))
  const { checks } = await checkPipeline(pipeline)
  expect(checks.map(({ name, detail, keys }) => [name, detail, keys])).toEqual([
    ['CODE unique', '1 value stands for several rows', ['CODE a']],
    ['CODE not null', '1 row breaks it', ['ID 3']],
    ['QTY in range', '1 row breaks it', ['ID 2']],
    ['PART_ID is in PARTS.ID', '1 row breaks it', ['ID 3']],
    ['CODE matches its pattern', '2 rows break it', ['ID 1', 'ID 2']],
  ])
  const { entities } = await coverPlan(pipeline, await planPipeline(pipeline))
  expect(entities[0]?.predicted).toMatchObject({ read: { rows: 3 }, written: { rows: 2 }, quarantined: { rows: 1 } })
})

test('what the source refuses to say of one entity is said of the next one', async () => {
  const place = new Workspace()
  place.source('create table t (id integer primary key); insert into t values (-9223372036854775808), (2)')
  place.target('create table a (id integer primary key); create table b (id integer primary key)')
  place.write(
    'pipeline.yaml',
    `version: 1
name: refused
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  a: { from: { query: select abs(id) as id from t }, key: id, to: a, fields: { id: id } }
  b: { from: t, to: b, fields: { id: id } }
`,
  )
  const pipeline = await loadPipeline(place.path('pipeline.yaml'))
  const { entities } = await coverPlan(pipeline, await planPipeline(pipeline))
  expect(entities.map(({ predicted, unknown }) => ({ read: predicted.read?.rows, unknown: unknown.at(-1) }))).toEqual([
    { read: undefined, unknown: 'the source refuses to say: integer overflow' },
    { read: 2, unknown: undefined },
  ])
})

test('files are looked at row by row; a broken rule, an unknown column, and who may see keys', {
  timeout: 120_000,
}, async () => {
  const place = new Workspace()
  place.write('people.csv', 'id,mail,age\n1,a@x.de,30\n2,bad,old\n3,a@x.de,-1\n')
  place.target('create table people (id integer primary key, mail text, age integer)')
  const pipeline = (checks: string): void =>
    place.write(
      'pipeline.yaml',
      `version: 1
name: people
sources: { s: { type: csv } }
target: { type: sqlite, path: target.sqlite }
entities:
  people:
    from: { file: people.csv }
    to: people
    rest: ignore
    fields: { id: id, mail: mail }
    checks:
${checks}`,
    )
  pipeline(`      - { unique: [mail], on: source, severity: warning }
      - { range: { column: age, min: 0, max: 120 }, on: source, severity: critical }
      - { row_count: { min: 3 }, on: source }
      - { sql: "select nothing from people", name: broken, severity: info }
`)
  const shown = await place.etl('check')
  expect(shown.stdout).toContain('\n     $row 2 · $row 3\n')
  expect(shown.stdout).toContain('mail a@x.de')
  const forced = await place.run('--force', '--json')
  expect(forced.code).toBe(1)
  expect(forced.stdout).not.toContain('a@x.de')
  expect(resultOf(forced.stdout)).toMatchObject({
    status: 'failed',
    error: { code: 'E526', message: 'a check failed: people: age in range' },
    checks: { forced: true, outcomes: [{ count: 1 }, { count: 2 }, { state: 'passed' }] },
  })
  expect(place.rows('select count(*) from people')).toEqual([[0]])

  pipeline(`      - { unique: [mail], on: source, severity: warning }
      - { sql: "select nothing from people", name: broken, severity: info }
`)
  const run = await place.run('--json')
  expect(run.code, run.stderr).toBe(0)
  expect(
    eventsOf(run.stdout)
      .filter(({ type }) => type === 'step')
      .map(({ state, message }) => [state, message]),
  ).toEqual([
    ['started', ''],
    ['progress', 'warning: people: mail unique failed, 1'],
    ['done', '1 of 1 do not hold'],
    ['started', ''],
    ['progress', 'info: people: broken broken'],
    ['done', '1 of 1 do not hold'],
  ])
  const record = readFileSync(`${resultOf(run.stdout).runDir}/report.json`, 'utf8')
  expect(record).toContain('"name": "mail unique"')
  expect(record).not.toContain('a@x.de')

  const checked = await place.etl('check', '--json', '--junit', 'check.xml')
  expect([checked.code, checked.stdout.includes('a@x.de')]).toEqual([0, false])
  expect((await place.etl('check', '--json', '--keys')).stdout).toContain('"mail a@x.de"')
  expect(readFileSync(place.path('check.xml'), 'utf8')).toContain(
    '<skipped message="warning: 1 value stands for several rows"/>',
  )

  pipeline('      - { unique: [mial] }\n      - { consistent: { column: mail, with: x.y, on: id }, on: source }\n')
  const wrong = await place.etl('check')
  expect(wrong.code).toBe(1)
  expect(wrong.stdout).toContain('people has no column mial')
  expect(wrong.stdout).toContain('did you mean "mail"?')
  expect(wrong.stdout).toContain('`consistent` is SQL, and what is checked is no database')
})

test('a saved plan is followed, and refused once something moved', { timeout: 120_000 }, async () => {
  const place = new Workspace()
  place.source("create table P (ID integer primary key, KIND text); insert into P values (1, 'a'), (2, 'secret-kind')")
  place.target('create table p (id integer primary key, kind text not null)')
  const write = (more: string): void =>
    place.write(
      'pipeline.yaml',
      `version: 1
name: kept
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
maps: { k: { a: A${more} } }
entities: { p: { from: P, to: p, fields: { id: ID, kind: { from: KIND, map: k, unmapped: quarantine } } } }
`,
    )
  write('')
  const shown = await place.etl('plan')
  expect(shown.stdout).toContain('p.kind  1 row: unmapped value, quarantined\n      "secret-kind" 1')
  await place.etl('plan', '-o', 'x.plan.json')
  expect(readFileSync(place.path('x.plan.json'), 'utf8')).not.toContain('secret-kind')
  write(', b: B')
  place.target('alter table p add column more text')
  const refused = await place.run('--plan', 'x.plan.json', '--json')
  expect(refused.code).toBe(2)
  expect(resultOf(refused.stdout).error).toMatchObject({
    code: 'E528',
    message: expect.stringContaining('  target.table.p.columns.more: nothing → "TEXT"'),
  })
  expect(resultOf(refused.stdout).error?.message).toContain(
    '  entities.p.fields.kind.map.map.entries.1: nothing → ["b","B"]',
  )
  expect(place.rows("select count(*) from sqlite_schema where name like 'etl%'")).toEqual([[0]])
  await place.etl('plan', '-o', 'x.plan.json')
  place.source("insert into P values (3, 'c')")
  const run = await place.run('--plan', 'x.plan.json')
  expect(run.code).toBe(3)
  expect(run.stdout).toContain('p: the plan predicted 2 read, it came to 3')
  expect((await place.run('--plan', 'pipeline.yaml')).stderr).toContain(
    '--plan needs a file of `etl plan -o`: it is no JSON',
  )
})

test('one database on both sides is asked for keys that are there; what is computed is said', {
  timeout: 60_000,
}, async () => {
  const place = new Workspace()
  place.target(`create table old (id integer primary key, name text not null, at text not null);
    create table new (id integer primary key, name text not null, at text not null, big text, unique (name, at));
    insert into old values (1, 'a', '1'), (2, 'b', '2'), (3, 'a', '1'), (4, 'c', '3');
    insert into new values (9, 'b', '2', null)`)
  const write = (name: string): void =>
    place.write(
      'pipeline.yaml',
      `version: 1
name: moved
sources: { s: { type: sqlite, path: target.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities: { new: { from: old, to: new, load: ignore, match: [name, at], rest: ignore, fields: { name: ${name}, at: at } } }
`,
    )
  const covered = async () => {
    const pipeline = await loadPipeline(place.path('pipeline.yaml'))
    const { entities } = await coverPlan(pipeline, await planPipeline(pipeline))
    return entities.map(({ predicted, findings, unknown }) => ({ predicted, findings, unknown }))
  }
  write('name')
  expect(await covered()).toEqual([
    {
      predicted: {
        read: { rows: 4 },
        written: { rows: 2 },
        skipped: { rows: 2 },
        quarantined: { rows: 0 },
        filtered: { rows: 0 },
        deduped: { rows: 0 },
      },
      findings: [
        { kind: 'exists already', field: 'name, at', rows: 1, means: 'skipped' },
        { kind: 'duplicate key', field: 'name, at', rows: 1, means: 'skipped' },
      ],
      unknown: [],
    },
  ])
  write('{ from: name, apply: [trim] }')
  expect(await covered()).toEqual([
    {
      predicted: {
        read: { rows: 4 },
        written: { rows: 4, bound: 'at most' },
        skipped: { rows: 0, bound: 'at least' },
        quarantined: { rows: 0, bound: 'at least' },
        filtered: { rows: 0 },
        deduped: { rows: 0 },
      },
      findings: [],
      unknown: ['name: the field is computed by functions', 'key name, at: it is computed'],
    },
  ])
})
