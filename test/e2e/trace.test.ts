import { beforeAll, expect, test } from 'vitest'
import { Workspace } from '../support/etl.js'
import { type Captured, captureCli } from '../unit/commands/captured-io.js'
import { outcomesOf } from './trace-outcomes.js'

const FILE = `version: 1
name: shop
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
maps: { status: { A: active, I: inactive } }
lookups: { region: { in: old, table: region, key: cd, value: name } }
entities:
  customers:
    from: customer
    where: id < 50
    to: customers
    rest: ignore
    let: { both: { cat: [ { var: name }, "-", { var: cd } ] } }
    filter: { "!=": [ { var: name }, gone ] }
    dedupe: { by: both, keep: first }
    fields:
      id: id
      name: { from: name, apply: [trim, { truncate: { length: 4 } }] }
      status: { from: st, map: status, unmapped: quarantine }
      region: { from: cd, lookup: region, on_missing: null }
  orders:
    from: orders
    to: orders
    rest: ignore
    fields:
      customer_id: { from: cust, ref: customers, on_missing: quarantine }
      total: { from: total, apply: [{ to_decimal: { decimal: "," } }], on_invalid: null }
`
const work = new Workspace()
let runId = ''

const trace = (...args: string[]): Promise<Captured> => captureCli(['trace', ...args], { cwd: work.dir })

beforeAll(async () => {
  work.write('pipeline.yaml', FILE)
  work.source(`
    create table customer (id integer primary key, name text, st text, cd text);
    insert into customer values (1, ' acme corp', 'A', 'n'), (2, 'bob', 'X', 's'), (3, 'gone', 'A', 'q'),
      (4, ' acme corp', 'I', 'n'), (5, 'dee', 'I', 'q'), (60, 'late', 'A', 'n');
    create table region (cd text primary key, name text);
    insert into region values ('n', 'North'), ('s', 'South');
    create table orders (no integer primary key, cust int, total text);
    insert into orders values (1, 1, '12,50'), (2, 9, '3'), (3, 5, 'x');`)
  work.target(`
    create table customers (id integer primary key, name varchar(20) not null, status text, region text);
    create table orders (id integer primary key, customer_id int references customers, total decimal(10,2));`)
  expect((await work.run('--batch-size', '2')).code).toBe(3)
  runId = work.runFolders('shop')[0]?.split('/').at(-1) ?? ''
  work.target(`update customers set region = 'Elsewhere' where id = 1`)
})

test('a row that was written, and changed since', async () => {
  const { code, out, err } = await trace('customers', '1')
  expect([code, err]).toEqual([0, ''])
  expect(out.replace(/committed \S+/, 'committed T').replace(runId, 'RUN')).toBe(` customers 1   customer ━━▶ customers

 source row
   id    1
   name  " acme corp"
   st    "A"
   cd    "n"

 let
   both  " acme corp-n"

 fields
   id   from id, as int64   1
   name
     from name               " acme corp"
     trim                    "acme corp"
     truncate { length: 4 }  "acme"
     as varchar(20)          "acme"
   status
     from st     "A"
     map status  "active"
     as text     "active"
   region
     from cd         "n"
     look-up region  "North"
     as text         "North"

 a run of today
   ✔ writes it; 1 is kept of those that are like it
   id      1
   name    "acme"
   status  "active"
   region  "North"

 target now
   id      1
   name    "acme"
   status  "active"
   region  "Elsewhere"   ! differs

 runs
   RUN completed   it lies in batch 1, committed T
`)
})

test('rows that are rejected, filtered, duplicates, left out or not there', async () => {
  const parts = async (entity: string, key: string): Promise<string[]> => {
    const { out } = await trace(entity, key)
    return outcomesOf(out)
  }
  expect(await parts('customers', '2')).toEqual([
    '✖ rejects it: E410 status: value is not in the map status',
    'no row has id 2',
    'RUN completed rejected in batch 1: E410 status: value is not in the map status',
  ])
  expect(await parts('customers', '3')).toEqual([
    '– `filter` leaves it out',
    'no row has id 3',
    'RUN completed it lies in batch 2, committed T',
  ])
  expect(await parts('customers', '4')).toEqual([
    '– leaves it out: it is a duplicate of 1, which is kept',
    'no row has id 4',
    'RUN completed left out in batch 2: E425 another row has the same both and is kept',
  ])
  expect((await parts('customers', '5')).at(-1)).toBe('RUN completed it lies in batch 3, committed T')
  expect(await parts('orders', '2')).toEqual([
    '✖ rejects it: E412 customer_id: customers has no row for this key',
    'nothing tells which of its rows it became: no key is made by the fields',
    'RUN completed rejected in batch 1: E412 customer_id: customers has no row for this key',
  ])
  expect((await trace('customers', '60')).out).toContain('! `where` leaves the row out\n')
  const missing = await trace('customers', '77')
  expect([missing.code, missing.out.split('\n')[3]]).toEqual([1, '   ! no row has this key'])
})

test('a value that a function refuses is told at its step, and what becomes of it', async () => {
  expect((await trace('orders', '3')).out).toContain(`   total
     from total                   "x"
     to_decimal { decimal: "," }  ✖ E402 to_decimal: the value is not a number
     as decimal(10,2)             null   ⚠ replaced
`)
  const json = JSON.parse((await trace('orders', '1', '--json')).out) as { fields: unknown[]; outcome: unknown }
  expect(json.fields[0]).toEqual({
    target: 'customer_id',
    steps: [
      { step: 'from cust', value: 1 },
      { step: 'ref customers', value: 1 },
      { step: 'as int64', value: 1 },
    ],
  })
  expect(json.outcome).toEqual({
    kind: 'written',
    row: [
      { name: 'customer_id', value: 1 },
      { name: 'total', value: '12.50' },
    ],
  })
})

test('an entity or a key that is none', async () => {
  expect(await trace('customer', '1')).toEqual({
    code: 2,
    out: '',
    err:
      '✖ E201 unknown entity\n  where  ' +
      `${work.path('pipeline.yaml')}\n  what   there is no entity "customer"\n  hint   did you mean customers?\n`,
  })
})
