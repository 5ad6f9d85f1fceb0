import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'
import { captureCli } from '../unit/commands/captured-io.js'
import { outcomesOf } from './trace-outcomes.js'

const pipelineOf = (source: TestSchema, target: TestSchema): string => `version: 1
name: depot
sources: { old: ${JSON.stringify(source.config)} }
target: ${JSON.stringify(target.config)}
lookups: { region: { in: old, table: region, key: cd, value: name } }
entities:
  depots:
    from: depot
    to: depots
    fields:
      code: code
      region: { from: cd, lookup: region, on_missing: null }
  stock:
    from: stock
    to: stock
    filter: { "!=": [ { var: state }, gone ] }
    dedupe: { by: serial, keep: first }
    fields:
      depot: { from: depot, ref: depots }
      part: part
      serial: serial
      price: { from: price, apply: [ { to_decimal: { thousands: ".", decimal: "," } } ] }
`

const SOURCE = `
  create table region (cd varchar(4) primary key, name varchar(20));
  insert into region values ('n', 'North');
  create table depot (code varchar(10) primary key, cd varchar(4));
  insert into depot values ('Ä-1', 'n'), ('it''s', 'x');
  create table stock (depot varchar(10), part integer, serial varchar(10), state varchar(10), price varchar(20), primary key (depot, part));
  insert into stock values ('Ä-1', 1, 's1', 'ok', '1.250,00'), ('Ä-1', 2, 's1', 'ok', '2,00'), ('it''s', 1, 's3', 'gone', '3,00'),
    ('it''s', 2, 's4', 'ok', 'free'), ('it''s', 3, 's5', 'ok', '5,00')`
const TARGET = `
  create table depots (code varchar(10) primary key, region varchar(20));
  create table stock (depot varchar(10) not null, part integer not null, serial varchar(10), price decimal(10,2), primary key (depot, part),
    foreign key (depot) references depots (code))`

describe.each([
  // PostgreSQL's own text goes through where nothing touches a column.
  ['PostgreSQL to MySQL', postgres, mysql, 'part "1"'],
  ['MySQL to PostgreSQL', mysql, postgres, 'part 1'],
])('%s', (name, from, to, part) => {
  const work = new Workspace()
  let source: TestSchema
  let target: TestSchema

  /** What a person reads of the row: what a run would do, what is there, what runs did. */
  async function told(entity: string, key: string): Promise<string[]> {
    const { out } = await captureCli(['trace', entity, key], { cwd: work.dir })
    return outcomesOf(out)
  }

  beforeAll(async () => {
    source = await from.create('trace_from')
    target = await to.create('trace_to')
    await source.exec(SOURCE)
    await target.exec(TARGET)
    work.write('pipeline.yaml', pipelineOf(source, target))
    const run = await captureCli(['run', '--yes'], { cwd: work.dir })
    expect([run.code, run.err], name).toEqual([3, expect.stringContaining('1 row rejected')])
  }, 60_000)

  afterAll(async () => {
    await source?.drop()
    await target?.drop()
  })

  test('a key of text, looked up or not', async () => {
    const { code, out } = await captureCli(['trace', 'depots', 'Ä-1'], { cwd: work.dir })
    expect([code, out.slice(out.indexOf(' fields'), out.indexOf(' a run of'))]).toEqual([
      0,
      ` fields
   code   from code, as varchar(10)   "Ä-1"
   region
     from cd         "n"
     look-up region  "North"
     as varchar(20)  "North"

`,
    ])
    expect(await told('depots', "it's")).toEqual([
      '✔ writes it code "it\'s" region null',
      'code "it\'s" region null',
      'RUN completed it lies in batch 1, committed T',
    ])
  })

  test('a key of two columns, and what became of its rows', async () => {
    const { out } = await captureCli(['trace', 'stock', 'Ä-1,1'], { cwd: work.dir })
    expect(out.slice(out.indexOf('   price\n'), out.indexOf(' a run of'))).toBe(`   price
     from price                                "1.250,00"
     to_decimal { thousands: ".", decimal: "," }
                                               "1250.00"
     as decimal(10,2)                          "1250.00"

`)
    const row = 'depot "Ä-1" part 1 serial "s1" price "1250.00"'
    expect(await told('stock', 'Ä-1,1')).toEqual([
      `✔ writes it; ["Ä-1","1"] is kept of those that are like it ${row.replace('part 1', part)}`,
      row,
      'RUN completed it lies in batch 1, committed T',
    ])
    expect(await told('stock', 'Ä-1,2')).toEqual([
      '– leaves it out: it is a duplicate of ["Ä-1","1"], which is kept',
      'no row has depot Ä-1, part 2',
      'RUN completed left out in batch 1: E425 another row has the same serial and is kept',
    ])
    expect(await told('stock', '["it\'s","1"]')).toEqual([
      '– `filter` leaves it out',
      "no row has depot it's, part 1",
      'RUN completed it lies in batch 1, committed T',
    ])
    expect(await told('stock', "it's,2")).toEqual([
      '✖ rejects it: E402 price: to_decimal: the value is not a number',
      "no row has depot it's, part 2",
      'RUN completed rejected in batch 1: E402 price: to_decimal: the value is not a number',
    ])
    const wrong = await captureCli(['trace', 'stock', 'Ä-1'], { cwd: work.dir })
    expect([wrong.code, wrong.err]).toEqual([
      2,
      expect.stringContaining('write their values in this order, with commas: <depot>,<part>'),
    ])
  })

  test('after the run is taken back', async () => {
    expect((await captureCli(['undo', 'last', '--yes'], { cwd: work.dir })).code).toBe(0)
    expect(await told('stock', "it's,3")).toEqual([
      '✖ rejects it: E412 depot: depots has no row for this key',
      'nothing tells which of its rows it became: no key is made by the fields',
      'RUN undone it lies in batch 1, committed T, taken back since',
    ])
    const { out } = await captureCli(['quarantine'], { cwd: work.dir })
    expect(out).toBe(' · depot has no run to look at: none was made, or each was taken back\n')
  })
})
