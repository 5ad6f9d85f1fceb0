import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPipeline, startRun, verifyPipeline } from '../../src/index.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'

const PIPELINE = `version: 1
name: mutations
sources: { old: { type: sqlite, path: source.sqlite } }
target: TARGET
maps: { kinds: { A: apple, B: pear } }
entities:
  things:
    from: THINGS
    to: { table: things, create: if_missing }
    fields:
      id: { from: ID, type: int64 }
      name: { from: NAME, type: varchar(40) }
      note: { from: NOTE, type: varchar(40) }
      kind: { from: KIND, map: kinds, type: varchar(10) }
      amount: { from: AMOUNT, type: "decimal(12,2)" }
      ratio: { from: RATIO, type: float64 }
      at: { from: AT, type: timestamp }
      bin: { from: BIN, type: bytes }
  keyless:
    from: THINGS
    to: { table: keyless }
    load: replace
    fields: { id: ID, name: NAME }
    rest: ignore
`

const SOURCE = `
  create table THINGS (ID integer primary key, NAME text, NOTE text, KIND text, AMOUNT text, RATIO text, AT text, BIN blob);
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 40)
    insert into THINGS select i, 'name ' || i, case when i % 5 = 0 then '' when i % 7 = 0 then null else 'note' end,
      case when i % 2 = 0 then 'A' else 'B' end, (i * 3) || '.50', case when i = 3 then '-0.0' else i || '.25' end,
      '2024-02-29 03:04:05.' || printf('%06d', i), x'00ff0a' from n`

interface Mutation {
  readonly what: string
  readonly sql: string
  /** `table`, kind, key, and of a row that differs the column, what made it and in what it differs. */
  readonly found: readonly string[]
}

const MUTATIONS: readonly Mutation[] = [
  {
    what: 'one bit of a text',
    sql: `update things set name = 'name 7' where id = 6`,
    found: ['things different id=6 name: differs from character 6 of 6 on (from NAME, cast varchar(40))'],
  },
  {
    what: 'one bit of bytes',
    sql: `update things set bin = BYTES where id = 8`,
    found: ['things different id=8 bin: differs from byte 2 of 3 on (from BIN)'],
  },
  {
    what: 'a trailing space',
    sql: `update things set name = 'name 9 ' where id = 9`,
    found: ['things different id=9 name: white space at the end (from NAME, cast varchar(40))'],
  },
  {
    what: 'NULL for an empty text',
    sql: 'update things set note = null where id = 10',
    found: ['things different id=10 note: null where empty text should be (from NOTE, cast varchar(40))'],
  },
  {
    what: 'an empty text for NULL',
    sql: `update things set note = '' where id = 7`,
    found: ['things different id=7 note: empty text where null should be (from NOTE, cast varchar(40))'],
  },
  {
    what: 'a value of the map',
    sql: `update things set kind = 'pear' where id = 12`,
    found: ['things different id=12 kind: 4 characters where 5 should be (from KIND, map kinds, cast varchar(10))'],
  },
  {
    what: 'a cent',
    sql: 'update things set amount = amount + 0.01 where id = 13',
    found: ['things different id=13 amount: another number (from AMOUNT, cast decimal(12,2))'],
  },
  {
    what: 'a microsecond',
    sql: `update things set at = '2024-02-29 03:04:05.000015' where id = 14`,
    found: ['things different id=14 at: the fraction of the second (from AT, cast timestamp)'],
  },
  { what: 'a row too few', sql: 'delete from things where id = 15', found: ['things missing id=15'] },
  {
    what: 'the first and the last row',
    sql: 'delete from things where id in (1, 40)',
    found: ['things missing id=1', 'things missing id=40'],
  },
  {
    what: 'rows outside the range of the keys',
    sql: `insert into things (id, name) values (-5, 'below'), (1000, 'above')`,
    found: ['things extra id=-5', 'things extra id=1000'],
  },
  {
    what: 'a row that is there twice',
    sql: 'insert into keyless select * from keyless where id = 3',
    found: ['keyless doubled id=3'],
  },
  {
    what: 'a row in place of another',
    sql: `update keyless set id = 4 where id = 5`,
    found: ['keyless doubled id=4', 'keyless missing id=5'],
  },
  {
    what: 'two rows swapped',
    sql: `update things set name = case id when 20 then 'name 21' else 'name 20' end where id in (20, 21)`,
    found: [
      'things different id=20 name: differs from character 7 of 7 on (from NAME, cast varchar(40))',
      'things different id=21 name: differs from character 7 of 7 on (from NAME, cast varchar(40))',
    ],
  },
]

/** The others do not keep it. */
const SIGN: Mutation = {
  what: 'the sign of zero',
  sql: 'update things set ratio = 0 where id = 3',
  found: ['things different id=3 ratio: the sign of zero (from RATIO, cast float64)'],
}

const ENGINES = [
  { engine: postgres, bytes: `'\\x00fe0a'`, mutations: [...MUTATIONS, SIGN] },
  { engine: mysql, bytes: `x'00fe0a'`, mutations: MUTATIONS },
  { engine: sqlite, bytes: `x'00fe0a'`, mutations: MUTATIONS },
]

describe.each(ENGINES)('a verification of every row in $engine.name', ({ engine, bytes, mutations }) => {
  test('finds each change and names its key and field', async () => {
    const place = new Workspace()
    const target = await engine.create('mutations')
    try {
      place.source(SOURCE)
      await target.exec('create table keyless (id int, name varchar(40))')
      place.write('pipeline.yaml', PIPELINE.replace('TARGET', JSON.stringify(absolute(target))))
      const pipeline = await loadPipeline(place.path('pipeline.yaml'))
      const { error } = await (await startRun(pipeline)).result
      expect(error).toBeUndefined()
      const clean = await verifyPipeline(pipeline)
      expect(clean.entities.map(({ name, state, rows }) => [name, state, rows?.equal])).toEqual([
        ['things', 'verified', 40],
        ['keyless', 'verified', 40],
      ])
      await target.exec(
        'create table kept_things as select * from things; create table kept_keyless as select * from keyless',
      )
      for (const { sql } of mutations) await target.exec(sql.replace('BYTES', bytes))
      const report = await verifyPipeline(pipeline)
      expect([report.state, report.exitCode]).toEqual(['mismatch', 4])
      expect(report.entities.flatMap(shown)).toEqual(mutations.flatMap(({ found }) => found).sort(byTable))
      await target.exec(`delete from things; insert into things select * from kept_things;
        delete from keyless; insert into keyless select * from kept_keyless`)
      expect((await verifyPipeline(pipeline)).state).toBe('verified')
    } finally {
      await target.drop()
    }
  })
})

/** A path in it starts at a folder of its own. */
function absolute({ config, baseDir }: TestSchema): unknown {
  return typeof config.path === 'string' ? { ...config, path: join(baseDir, config.path) } : config
}

/** In the order of the entities, then of the texts. */
function byTable(a: string, b: string): number {
  const order = (text: string) => `${text.startsWith('things') ? 0 : 1} ${text}`
  return order(a) < order(b) ? -1 : 1
}

function shown({ name, differences }: Awaited<ReturnType<typeof verifyPipeline>>['entities'][number]): string[] {
  return differences
    .map(({ kind, key, fields }) => {
      const what = fields?.map(({ column, how, step }) => `${column}: ${how} (${step})`).join('; ')
      const of = key.id === undefined ? JSON.stringify(key) : `id=${key.id}`
      return `${name} ${kind} ${of}${what === undefined ? '' : ` ${what}`}`
    })
    .sort()
}
