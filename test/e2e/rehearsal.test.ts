import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadPipeline, type RehearsalReport, type RehearseOptions, rehearse } from '../../src/index.js'
import { sqliteRows, Workspace } from '../support/etl.js'

const PIPELINE = `version: 1
name: shop
sources:
  old: { type: sqlite, path: source.sqlite }
  sheets: { type: csv }
target: { type: sqlite, path: target.sqlite }
lookups:
  region: { in: target, table: region, key: code, value: name }
entities:
  staff:
    from: { source: old, table: STAFF }
    to: staff
    fields: { id: ID, name: NAME, boss_id: { from: BOSS, ref: staff } }
    defer: [boss_id]
  customer:
    from: { source: old, query: "select * from CUSTOMER where CLOSED = 0" }
    key: ID
    to: customer
    fields:
      code: CODE
      name: { from: NAME, apply: [upper] }
      region: { from: REGION, lookup: region }
      staff_id: { from: STAFF, ref: staff }
  product:
    from: { source: sheets, file: products.csv }
    key: sku
    to: product
    fields: { sku: sku, title: title }
  sale:
    from:
      union:
        - { source: old, table: SALE }
        - { source: old, table: OLD_SALE, rename: { NUMBER: NO } }
    key: [$member, SHOP, NO]
    to: sale
    load: insert
    fields:
      origin: $member
      shop: SHOP
      no: NO
      customer_id: { from: CUST, ref: customer, on_missing: quarantine }
      sku: SKU
    checks:
      - references: { column: sku, to: product.sku }
      - row_count: { min: 1000 }
`

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

function shop(tail = ''): Workspace {
  const place = new Workspace()
  place.write('pipeline.yaml', PIPELINE + tail)
  place.write(
    'products.csv',
    `sku,title\n${numbers(300)
      .map(n => `P${n},Product ${n}\n`)
      .join('')}`,
  )
  const rows = (count: number, row: (n: number) => string): string =>
    numbers(count)
      .map(n => `(${row(n)})`)
      .join(',')
  place.source(`
    create table STAFF (ID integer primary key, NAME text, BOSS integer);
    insert into STAFF values ${rows(50, n => `${n}, 'S${n}', ${n === 1 ? 'null' : n - 1}`)};
    create table CUSTOMER (ID integer primary key, CODE text, NAME text, REGION text, STAFF integer, CLOSED integer);
    insert into CUSTOMER values ${rows(200, n => `${n}, 'C${n}', 'name ${n}', 'R${n % 3}', ${(n % 4) + 1}, ${n === 77 ? 1 : 0}`)};
    create table SALE (SHOP text, NO integer, CUST integer, SKU text, primary key (SHOP, NO));
    insert into SALE values ${rows(400, n => `'s''${n % 2}', ${n}, ${n === 399 ? 77 : (n % 200) + 1}, 'P${(n % 300) + 1}'`)};
    create table OLD_SALE (SHOP text, NUMBER integer, CUST integer, SKU text, primary key (SHOP, NUMBER));
    insert into OLD_SALE values ${rows(20, n => `'x', ${n}, ${n + 100}, 'P${n}'`)};
  `)
  place.target(`
    create table region (code text primary key, name text not null);
    insert into region values ('R0', 'North'), ('R1', 'South'), ('R2', 'West');
    create table staff (id integer primary key, name text not null, boss_id integer references staff (id));
    create table customer (id integer primary key, code text not null unique, name text not null, region text not null, staff_id integer not null references staff (id));
    create table product (sku text primary key, title text not null);
    create table sale (origin text not null, shop text not null, no integer not null, customer_id integer not null references customer (id), sku text not null references product (sku), primary key (origin, shop, no));
    create table audit (what text);
    create trigger sold after insert on sale begin insert into audit values (new.shop); end;
  `)
  return place
}

function files(place: Workspace): string[] {
  return ['source.sqlite', 'target.sqlite', 'products.csv'].map(name =>
    createHash('sha256')
      .update(readFileSync(place.path(name)))
      .digest('hex'),
  )
}

async function rehearsed(place: Workspace, options: RehearseOptions): Promise<RehearsalReport> {
  return rehearse(await loadPipeline(place.path('pipeline.yaml')), options)
}

describe('etl test --sample', () => {
  const place = shop()

  test('samples hold what their rows refer to; nothing real is written to and nothing is left', async () => {
    const before = files(place)
    const result = await place.etl('test', '--sample', '5,40', '--junit', 'junit.xml')
    expect(result.stderr).toBe('')
    expect(result.stdout.replaceAll(/\d+\.\ds/g, '…').replaceAll(/ +$/gm, '')).toBe(`\
 shop  rehearsed on samples, seed 1

    SAMPLE  COPIED  READ  WRITTEN  ASIDE  CHECKS  VERIFIED  UNDO       TIME
 ⚠       5       3    88       87      1  1 hold  verified  as before  …
 ⚠      40       3   280      279      1  1 hold  verified  as before  …

   · the scratch lacks trigger sold
   · check row_count was not made: it counts all rows

 ⚠ 2 samples as it should be, with rows put aside   …
`)
    expect(result.code).toBe(3)
    expect(files(place)).toEqual(before)
    expect(readdirSync(place.path('.etl', 'shop', 'samples'))).toEqual([])
    expect(readFileSync(place.path('junit.xml'), 'utf8')).toContain('tests="6" failures="0"')
  })

  test('what is kept can be looked at, and holds what it held before the run', async () => {
    const drawn = async (seed: number): Promise<unknown[][]> => {
      const { sizes } = await rehearsed(place, {
        sizes: [5],
        seed,
        keep: true,
        include: [{ name: 'STAFF', where: 'ID = 50' }],
      })
      const name = sizes[0]?.scratch.label.slice('file '.length) ?? ''
      const file = place.path('.etl', 'shop', 'samples', name.replace('.sqlite', ''), name)
      expect(existsSync(file)).toBe(true)
      // It is as it was before the run, but for the ledger, which knows the rows by key.
      expect(sqliteRows(file, 'select count(*) from sale')).toEqual([[0]])
      expect(sqliteRows(file, 'select count(*) from region')).toEqual([[3]])
      return sizes[0]?.entities.map(({ name: entity, counts }) => [entity, counts.read]) ?? []
    }
    const one = await drawn(2)
    // Staff 50 has 49 bosses above.
    expect(one.find(([entity]) => entity === 'staff')).toEqual(['staff', 50])
  })

  test('differences after the undo, failing checks and sources that cannot be read tell by the exit code', async () => {
    const hooked = shop(
      `hooks: { after: [{ sql: "insert into region values ('R9', 'East')" }, { on: old, sql: delete from SALE }] }\n`,
    )
    const { exitCode, sizes } = await rehearsed(hooked, { sizes: [3] })
    expect(exitCode).toBe(4)
    expect(sizes[0]?.undo).toEqual({ state: 'different', tables: ['region'] })
    expect(sizes[0]?.notes).toContain('a hook was not run: it is for old, which is not written to')

    const checked = shop(`checks: [{ name: no sales, sql: select * from sale, severity: error }]\n`)
    const failed = await checked.etl('test', '--sample', '3')
    expect([failed.code, failed.stdout]).toEqual([
      1,
      expect.stringContaining('sample 3  E526 a check failed: no sales'),
    ])

    const missing = await rehearsed(checked, { sizes: [3], include: [{ name: 'SALES', where: '1=1' }] }).catch(String)
    expect(missing).toContain('the pipeline reads no `SALES`')
  })
})
