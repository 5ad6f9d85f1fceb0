import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPipeline, startRun } from '../../src/index.js'
import type { Pipeline } from '../../src/load/pipeline.js'
import { compareByHashes } from '../../src/verify/by-hashes.js'
import { compareAll } from '../../src/verify/compare.js'
import { type Comparison, planComparison } from '../../src/verify/comparison.js'
import { openContext, type VerifyContext } from '../../src/verify/context.js'
import { hashedSides } from '../../src/verify/hashable.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestDatabase, TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'
import { Random } from '../support/random.js'

const ROWS = 240
/** Small, so that a few rows are many ranges. */
const SIZES = { least: 0, range: 40, leaf: 5 }

interface Engine {
  readonly engine: TestDatabase
  /** Of a source and of the target, which is wider. */
  readonly columns: readonly (readonly [string, string, string])[]
  readonly bytes: (hex: string) => string
}

const COMMON = [
  ['id', 'integer not null', 'bigint not null'],
  ['name', 'varchar(40)', 'varchar(60)'],
  ['note', 'varchar(40)', 'varchar(40)'],
  ['amount', 'decimal(12,2)', 'decimal(14,2)'],
  ['ratio', 'double precision', 'double precision'],
  ['flag', 'boolean', 'boolean'],
  ['day', 'date', 'date'],
] as const

const ENGINES: readonly Engine[] = [
  {
    engine: postgres,
    columns: [
      ...COMMON,
      ['at', 'timestamp', 'timestamp'],
      ['zoned', 'timestamptz', 'timestamptz'],
      ['bin', 'bytea', 'bytea'],
    ],
    bytes: hex => `'\\x${hex}'`,
  },
  {
    engine: mysql,
    columns: [
      ...COMMON,
      ['at', 'datetime(6)', 'datetime(6)'],
      ['zoned', 'timestamp(6) null', 'timestamp(6) null'],
      ['bin', 'varbinary(9)', 'varbinary(20)'],
    ],
    bytes: hex => `x'${hex}'`,
  },
  {
    engine: sqlite,
    columns: [
      ...COMMON,
      ['at', 'timestamp', 'timestamp'],
      ['zoned', 'timestamptz', 'timestamptz'],
      ['bin', 'blob', 'blob'],
    ],
    bytes: hex => `x'${hex}'`,
  },
]

const PIPELINE = `version: 1
name: hashes
sources: { old: SOURCE }
target: TARGET
entities:
  things: { from: things, to: { table: things }, rest: copy }
`

/** A change of the target, or of the source after the run. */
const changes: readonly ((random: Random, bytes: Engine['bytes']) => string)[] = [
  random => `update things set name = 'other' where id = ${key(random)}`,
  random => `update things set name = 'name 1 ' where id = ${key(random)}`,
  random => `update things set note = null where id = ${key(random)}`,
  random => `update things set note = '' where id = ${key(random)}`,
  random => `update things set amount = amount + 0.01 where id = ${key(random)}`,
  random => `update things set ratio = ratio * 1.0000000000000002 where id = ${key(random)}`,
  random => `update things set flag = null where id = ${key(random)}`,
  random => `update things set at = '2024-02-28 03:04:05.000015' where id = ${key(random)}`,
  (random, bytes) => `update things set bin = ${bytes('00fe')} where id = ${key(random)}`,
  random => `delete from things where id = ${key(random)}`,
  random => `delete from things where id between ${key(random)} and ${key(random)}`,
  random => `insert into things (id, name) values (${key(random) + random.int(1, 2)}, 'between')`,
  () => `insert into things (id, name) values (-70, 'below')`,
  () => `insert into things (id, name) values (2000000000, 'above')`,
  random => {
    const [a, b] = [key(random), key(random)]
    return `update things set name = case id when ${a} then 'name ${b}' else 'name ${a}' end where id in (${a}, ${b})`
  },
]

/** Every third number is a key, so that rows fit in between. */
function key(random: Random): number {
  return 3 * random.int(1, ROWS)
}

describe.each(ENGINES)('hashes of $engine.name', ({ engine, columns, bytes }) => {
  test('find what comparing all rows finds', async () => {
    await using place = await places(engine)
    const { source, target, pipeline } = place
    const create = (side: 1 | 2): string =>
      `create table things (${columns.map(column => `${column[0]} ${column[side]}`).join(', ')}, primary key (id))`
    await source.exec(create(1))
    await target.exec(create(2))
    const rows = Array.from({ length: ROWS }, (_, n) => {
      const i = n + 1
      const note = i % 5 === 0 ? `''` : i % 7 === 0 ? 'null' : `'é|\\t${i}'`
      const moment = `'2024-02-28 03:04:05.${String(i * 1001).padStart(6, '0')}`
      const zoned = engine === sqlite ? `${moment}Z'` : `${moment}'`
      const day = `'2024-02-${String(1 + (i % 28)).padStart(2, '0')}'`
      return `(${3 * i}, 'name ${3 * i}', ${note}, ${i}.25, ${i} / 3.0, ${i % 2 === 0}, ${day}, ${moment}', ${zoned}, ${bytes('00ff0a')})`
    })
    await source.exec(`insert into things values ${rows.join(', ')}`)
    const { error } = await (await startRun(await pipeline(PIPELINE))).result
    expect(error).toBeUndefined()
    await target.exec('create table kept as select * from things')
    await source.exec('create table kept as select * from things')
    const random = new Random(7)
    let [shortened, mismatches] = [0, 0]
    for (let round = 0; round < 16; round++) {
      for (let i = round % 4; i > 0; i--) {
        const change = random.pick(changes)(random, bytes)
        await (random.chance(0.8) ? target : source).exec(change).catch(ignoreKeyThere)
      }
      const owned = random.chance(0.5)
      await compare(await pipeline(PIPELINE), async (context, comparison) => {
        const options = { rows: { expected: ROWS, actual: ROWS }, owned }
        const all = await compareAll(context, comparison, { ...options, from: undefined, keep: async () => undefined })
        const hashed = await compareByHashes(context, comparison, options, SIZES)
        if (all.found.equal < ROWS || all.found.extra > 0) mismatches++
        if (hashed === undefined) return
        shortened++
        const { rowsRead, ...found } = hashed
        expect(found).toEqual(all)
        if (round % 4 === 0) expect(rowsRead).toBe(0)
        else expect(rowsRead).toBeLessThanOrEqual(ROWS / 4)
      })
      await target.exec('delete from things; insert into things select * from kept')
      await source.exec('delete from things; insert into things select * from kept')
    }
    expect(mismatches).toBeGreaterThan(8)
    expect(shortened).toBeGreaterThan(12)
  })
})

const COPY = 'from: things, to: { table: things }, rest: copy'

/** Whether the rows of an entity are hashed. */
const MAPPINGS: readonly (readonly [what: string, entity: string, hashed: boolean])[] = [
  ['a copy', `{ ${COPY} }`, true],
  ['some rows of the source', `{ ${COPY}, where: "id > 3" }`, true],
  ['other names', `{ ${COPY}, fields: { name: other, other: name } }`, true],
  ['a key of two columns', '{ from: lines, to: { table: lines }, rest: copy }', true],
  ['a filter', `{ ${COPY}, filter: { ">": [{ var: size }, 3] } }`, false],
  ['duplicates that are dropped', `{ ${COPY}, dedupe: { by: [name] } }`, false],
  ['a function', `{ ${COPY}, fields: { name: { from: name, apply: [trim] } } }`, false],
  ['a map', `{ ${COPY}, fields: { name: { from: name, map: { a: b }, unmapped: keep } } }`, false],
  ['a default', `{ ${COPY}, fields: { name: { from: name, default: none } } }`, false],
  ['a required value', `{ ${COPY}, fields: { name: { from: name, required: true } } }`, false],
  ['a constant', `{ ${COPY}, fields: { name: { value: x } } }`, false],
  ['a type of its own', `{ ${COPY}, fields: { name: { from: name, type: varchar(5), on_lossy: truncate } } }`, false],
  ['another order', '{ from: lines, key: [line, id], to: { table: lines }, rest: copy }', false],
  ['a query', '{ from: { query: "select * from things" }, key: id, to: { table: things }, rest: copy }', false],
  ['a narrower column', '{ from: things, to: { table: narrow }, rest: copy }', false],
  ['a key of text', '{ from: texts, to: { table: texts }, rest: copy }', false],
]

test('only rows that are copied as they are are hashed', async () => {
  await using place = await places(postgres)
  const tables = `create table things (id int not null primary key, name varchar(40), other varchar(40), size int);
    create table lines (id int not null, line int not null, name text, primary key (id, line));
    create table narrow (id int not null primary key, name varchar(5), other varchar(40), size int);
    create table texts (id text not null primary key, name text)`
  await place.source.exec(tables)
  await place.target.exec(tables)
  const found: [string, boolean][] = []
  for (const [what, entity] of MAPPINGS) {
    const text = PIPELINE.replace(/things: \{.*\}/, () => `things: ${entity}`)
    await compare(await place.pipeline(`${text}ledger: false\n`), async (context, comparison) => {
      found.push([what, hashedSides(context, comparison, 1) !== undefined])
    })
  }
  expect(found).toEqual(MAPPINGS.map(([what, , hashed]) => [what, hashed]))
})

test('values that are not what their column says are looked at', async () => {
  await using place = await places(sqlite)
  const table = `create table things (id integer not null primary key, name varchar(9), amount decimal(8,2), day date)`
  await place.source.exec(`${table}; insert into things values (1, 'a', 1.5, '2024-02-28'), (2, 'b', 2, null)`)
  await place.target.exec(table)
  const pipeline = await place.pipeline(PIPELINE)
  expect((await (await startRun(pipeline)).result).error).toBeUndefined()
  for (const value of [
    `name = 'ten letters'`,
    'amount = 0.123',
    `amount = 'x'`,
    `day = '2023-02-29'`,
    `name = x'00'`,
  ]) {
    const change = `update things set ${value} where id = 2`
    await place.source.exec(change)
    await place.target.exec(change)
    await compare(pipeline, async (context, comparison) => {
      const options = { rows: { expected: 2, actual: 2 }, owned: true }
      const all = await compareAll(context, comparison, { ...options, from: undefined, keep: async () => undefined })
      const hashed = await compareByHashes(context, comparison, options, { least: 0, range: 1, leaf: 1 })
      expect([value, hashed]).toEqual([value, { ...all, rowsRead: 1 }])
      // The run would have rejected such a row: whoever has put it there is told of it.
      expect([value, all.found.equal, all.found.extra]).toEqual([value, 1, 1])
    })
    const undo = `update things set name = 'b', amount = 2, day = null where id = 2`
    await place.source.exec(undo)
    await place.target.exec(undo)
  }
})

test('a row that is too large for MySQL to hash is looked at', async () => {
  await using place = await places(mysql)
  const table = 'create table things (id integer not null primary key, name longtext)'
  // Each quote is two in the text that is hashed, which no packet holds then.
  const large = (letter: string): string => `concat(repeat('''', floor(@@max_allowed_packet * 0.55)), '${letter}')`
  await place.source.exec(`${table}; insert into things values (1, 'a'), (2, ${large('a')}), (3, 'c')`)
  await place.target.exec(table)
  const pipeline = await place.pipeline(PIPELINE)
  expect((await (await startRun(pipeline)).result).error).toBeUndefined()
  for (const [letter, equal] of [
    ['a', 3],
    ['b', 2],
  ] as const) {
    await place.target.exec(`update things set name = ${large(letter)} where id = 2`)
    await compare(pipeline, async (context, comparison) => {
      const options = { rows: { expected: 3, actual: 3 }, owned: true }
      const hashed = await compareByHashes(context, comparison, options, { least: 0, range: 1, leaf: 1 })
      expect(hashed).toMatchObject({ rowsRead: 1, found: { equal, different: 3 - equal } })
    })
  }
})

test('the command says by what it was proved, and takes the long way where it is told to', async () => {
  await using place = await places(sqlite)
  const table = 'create table things (id integer not null primary key, name text)'
  await place.source.exec(`${table}; with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)
    insert into things select i, 'name ' || i from n`)
  await place.target.exec(table)
  await place.pipeline(PIPELINE)
  const { workspace } = place
  expect((await workspace.etl('run', 'pipeline.yaml', '--yes', '--quiet')).code).toBe(0)
  const verify = async (...flags: string[]) => {
    const { code, stdout } = await workspace.etl('verify', 'pipeline.yaml', '--json', ...flags)
    const { entities } = JSON.parse(stdout)
    const { ms: _, comparedBy, notes, ...entity } = entities[0]
    return { code, comparedBy, notes: notes.filter((note: string) => note.includes('hashes')), entity }
  }
  const note = 'compared by hashes that both databases made of their rows'
  expect(await verify()).toMatchObject({
    code: 0,
    comparedBy: 'hashes',
    notes: [note],
    entity: { rows: { equal: 60000 } },
  })
  await place.target.exec(`update things set name = '' where id = 31000; delete from things where id = 5;
    insert into things values (5000000, 'far')`)
  const [short, long] = [await verify(), await verify('--no-hashes')]
  expect([short.code, short.comparedBy, long.code, long.comparedBy]).toEqual([4, 'hashes', 4, 'rows'])
  expect(short.notes).toEqual([
    expect.stringMatching(/^compared by hashes .*; [\d,]+ rows in ranges that differ, one by one$/),
  ])
  const { notes: _, ...found } = short
  expect({ ...found, comparedBy: 'rows', notes: [] }).toEqual(long)
  expect(long.entity.rows).toMatchObject({ equal: 59998, different: 1, missing: 1, other: 1 })
  expect(long.entity.differences.map(({ kind, key }: { kind: string; key: unknown }) => [kind, key])).toEqual([
    ['missing', { id: '5' }],
    ['different', { id: '31000' }],
  ])
})

interface Places extends AsyncDisposable {
  readonly source: TestSchema
  readonly target: TestSchema
  readonly workspace: Workspace
  pipeline(text: string): Promise<Pipeline>
}

async function places(engine: TestDatabase): Promise<Places> {
  const workspace = new Workspace()
  const source = await engine.create('hashes_old')
  const target = await engine.create('hashes_new')
  return {
    source,
    target,
    workspace,
    pipeline: text => {
      const whole = text
        .replace('SOURCE', () => JSON.stringify(absolute(source)))
        .replace('TARGET', () => JSON.stringify(absolute(target)))
      workspace.write('pipeline.yaml', whole)
      return loadPipeline(workspace.path('pipeline.yaml'))
    },
    [Symbol.asyncDispose]: async () => {
      await source.drop()
      await target.drop()
    },
  }
}

async function compare(
  pipeline: Pipeline,
  work: (context: VerifyContext, comparison: Comparison) => Promise<void>,
): Promise<void> {
  const context = await openContext(pipeline, {})
  try {
    const [entity] = context.plan.entities
    if (entity === undefined) throw new Error('the plan has no entity')
    await work(context, await planComparison(context, entity, 'load', new Set(), false))
  } finally {
    await context.close()
  }
}

/** A path in it starts at a folder of its own. */
function absolute({ config, baseDir }: TestSchema): unknown {
  return typeof config.path === 'string' ? { ...config, path: join(baseDir, config.path) } : config
}

/** The row that was to be put in is there already. */
function ignoreKeyThere(error: unknown): void {
  if (!/duplicate|unique/i.test(String(error))) throw error
}
