import { statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import { database as sqlite } from '../databases/sqlite.js'
import type { TestSchema } from '../databases/types.js'
import { countsOf, type EtlResult, quarantineOf, resultOf, runEtl, Workspace } from '../support/etl.js'

const SOURCE = `
  create table CUSTOMER (ID integer primary key, NAME text, REFERRER integer);
  insert into CUSTOMER values (1, 'ada', null), (2, null, 1), (3, 'cy', 2), (4, null, 2);
  create table ORDERS (ID integer primary key, CUSTOMER integer, TOTAL text);
  insert into ORDERS values (1, 1, '1.10'), (2, 2, '2.20'), (3, 3, 'three'), (4, 4, '4.40'), (5, 1, '5.50');
`

const FILE = (target: string): string => `
version: 1
name: shop
sources: { shop: { type: sqlite, path: source.sqlite } }
target: ${target}
entities:
  customers:
    from: CUSTOMER
    to: customers
    defer: [referrer_id]
    fields:
      no: ID
      name: { from: NAME, required: true }
      referrer_id: { from: REFERRER, ref: customers }
  orders:                        # no key in the target: nothing but the ledger keeps a row from coming twice
    from: ORDERS
    to: orders
    fields:
      id: ID
      customer_id: { from: CUSTOMER, ref: customers }
      total: { from: TOTAL, type: "decimal(10,2)" }
`

const TABLES = (id: string): string => `
  create table customers (id ${id}, no integer not null unique, name varchar(20) not null, referrer_id bigint references customers (id));
  create table orders (id integer not null, customer_id bigint not null references customers (id), total decimal(10,2) not null);
`

const CUSTOMERS =
  'select c.no, c.name, r.no from customers c left join customers r on r.id = c.referrer_id order by c.no'
const ORDERS = 'select o.id, c.no, o.total from orders o join customers c on c.id = o.customer_id order by o.id'

const MENDED = `
  update CUSTOMER set NAME = 'bo' where ID = 2;
  update CUSTOMER set NAME = 'di' where ID = 4;
  update ORDERS set TOTAL = '3.30' where ID = 3;
`

/** A pipeline of five bad rows and two that suffer from them. */
class Shop extends Workspace {
  readonly schema: TestSchema

  constructor(schema: TestSchema, id: string) {
    super()
    this.schema = schema
    const { path, ...config } = schema.config as { type: string; path?: string }
    this.write(
      'pipeline.yaml',
      FILE(JSON.stringify(path === undefined ? config : { ...config, path: `${schema.baseDir}/${path}` })),
    )
    this.source(SOURCE)
    this.#tables = TABLES(id)
  }
  readonly #tables: string

  create(): Promise<void> {
    return this.schema.exec(this.#tables)
  }

  retry(run: string, ...args: string[]): Promise<EtlResult> {
    return this.etl('quarantine', 'retry', 'pipeline.yaml', run, ...args)
  }

  async image(): Promise<unknown[][][]> {
    const text = (rows: unknown[][]): string[][] =>
      rows.map(row => row.map(value => (value === null ? '' : String(value))))
    const [customers, orders] = [await this.schema.rows(CUSTOMERS), await this.schema.rows(ORDERS)]
    return [text(customers), text(orders).map(row => [row[0] ?? '', row[1] ?? '', Number(row[2]).toFixed(2)])]
  }
}

const WHOLE = [
  [
    ['1', 'ada', ''],
    ['2', 'bo', '1'],
    ['3', 'cy', '2'],
    ['4', 'di', '2'],
  ],
  [
    ['1', '1', '1.10'],
    ['2', '2', '2.20'],
    ['3', '3', '3.30'],
    ['4', '4', '4.40'],
    ['5', '1', '5.50'],
  ],
]

const TARGETS = [
  ['SQLite', sqlite, 'integer primary key autoincrement'],
  ['PostgreSQL', postgres, 'bigint generated always as identity primary key'],
  ['MariaDB', mysql, 'bigint auto_increment primary key'],
] as const

for (const [name, kind, id] of TARGETS) {
  describe(name, () => {
    let shop: Shop
    let run: string

    beforeAll(async () => {
      shop = new Shop(await kind.create('quarantine'), id)
      await shop.create()
    }, 60_000)
    afterAll(() => shop.schema.drop())

    test('the first run loads what it can; the file has as many lines as rows are told', async () => {
      const result = await shop.run('--json')
      expect(result.code, result.stderr).toBe(3)
      const told = resultOf(result.stdout)
      run = told.runId ?? ''
      expect(countsOf(told)).toEqual({
        customers: '4 read, 2 written, 0 skipped, 0 filtered, 2 quarantined',
        orders: '5 read, 2 written, 0 skipped, 0 filtered, 3 quarantined',
      })
      expect(told.entities.map(entity => entity.unresolved)).toEqual([1, 0])
      for (const { name, counts, unresolved } of told.entities)
        expect(quarantineOf(told.runDir ?? '', name)).toHaveLength((counts.quarantined ?? 0) + unresolved)
    })

    test('is listed by cause, with keys and YAML to paste', async () => {
      const { stdout, code } = await shop.etl('quarantine', 'pipeline.yaml', '--json')
      expect(code).toBe(0)
      const report = JSON.parse(stdout)
      expect(report).toMatchObject({ pipeline: 'shop', runId: run, from: 'ledger', rows: 6 })
      const causes = report.causes.map((cause: Record<string, unknown>) => [
        cause.entity,
        cause.stage,
        cause.field,
        cause.code,
        cause.rows,
        cause.keys,
      ])
      expect(causes.sort()).toEqual([
        ['customers', 'ref', 'referrer_id', 'E412', 1, ['3']],
        ['customers', 'required', 'name', 'E401', 2, ['2', '4']],
        ['orders', 'cast', 'total', 'E402', 1, ['3']],
        ['orders', 'ref', 'customer_id', 'E412', 2, ['2', '4']],
      ])
      expect(stdout).not.toContain('three')
      // Null is proposed only where the column takes it.
      const fixOf = (field: string): string =>
        report.causes.find((cause: { field: string }) => cause.field === field).fix
      expect(fixOf('total')).toBe(
        'entities:\n  orders:\n    fields:\n      total: { from: TOTAL, type: "decimal(10,2)", on_invalid: default, default: CHANGE_ME }',
      )
      expect(fixOf('customer_id').split('\n').at(-1)).toBe(
        '      customer_id: { from: CUSTOMER, ref: customers, on_missing: null, default: CHANGE_ME }',
      )
      expect(fixOf('referrer_id').split('\n').at(-1)).toBe(
        '      referrer_id: { from: REFERRER, ref: customers, on_missing: null }',
      )
    })

    test('rows that fail again stay, and nothing is written', async () => {
      const result = await shop.retry(run, '--json')
      expect(result.code, result.stderr).toBe(3)
      expect(resultOf(result.stdout)).toMatchObject({ status: 'quarantined', retry: { of: run, left: 6 } })
      expect((await shop.image())[0]).toEqual([
        ['1', 'ada', ''],
        ['3', 'cy', ''],
      ])
    })

    test('mended rows and those that wait for them are loaded and closed in one retry', async () => {
      shop.source(MENDED)
      const result = await shop.retry(run, '--json')
      expect(result.code, result.stderr).toBe(0)
      const told = resultOf(result.stdout)
      expect(told).toMatchObject({ status: 'ok', retry: { of: run, left: 0 } })
      expect(countsOf(told)).toEqual({
        customers: '2 read, 2 written, 0 skipped, 0 filtered, 0 quarantined',
        orders: '3 read, 3 written, 0 skipped, 0 filtered, 0 quarantined',
      })
      expect(await shop.image()).toEqual(WHOLE)
      const closed = `select entity, count(*) from etl_closed where run_id = '${run}' and closed_by = '${told.runId}' group by entity order by entity`
      expect((await shop.schema.rows(closed)).map(row => [row[0], Number(row[1])])).toEqual([
        ['customers', 3],
        ['orders', 3],
      ])
      const open = await shop.schema.rows("select count(*) from etl_reject where state <> 'closed'")
      expect(Number(open[0]?.[0])).toBe(0)
    })

    test('a second retry finds nothing to do', async () => {
      const before = await shop.schema.rows('select count(*) from etl_run')
      const result = await shop.retry(run)
      expect(result.code, result.stderr).toBe(0)
      expect(result.stderr).toContain(`run ${run} has no rejected rows left to retry; nothing was written`)
      expect(await shop.schema.rows('select count(*) from etl_run')).toEqual(before)
      expect(await shop.image()).toEqual(WHOLE)
      expect((await shop.etl('quarantine', 'pipeline.yaml')).stdout).toBe(` ✔ shop  no rejected rows   run ${run}\n`)
    })
  })
}

describe('a retry that is killed', () => {
  const moments = [
    'run-begun:kill',
    'before-commit:kill@4',
    'after-commit:kill@6',
    'second-pass:kill',
    'run-complete:kill',
  ]
  test.each(moments)('%s: the next one lands every row once', async moment => {
    const schema = await sqlite.create('killed')
    const shop = new Shop(schema, 'integer primary key autoincrement')
    await shop.create()
    const run = resultOf((await shop.run('--json', '--batch-size', '1')).stdout).runId ?? ''
    shop.source(MENDED)
    const retry = ['quarantine', 'retry', 'pipeline.yaml', run, '--batch-size', '1', '--json']
    const killed = await runEtl(retry, { cwd: shop.dir, env: { ETL_FAILPOINTS: moment } })
    expect(killed.signal, killed.stderr).toBe('SIGKILL')
    const next = await shop.etl(...retry)
    expect(next.code, next.stderr).toBe(0)
    expect(await shop.image()).toEqual(WHOLE)
    const resumed = await shop.run('--resume')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(await shop.image()).toEqual(WHOLE)
    await schema.drop()
  })
})

test('a retry that fails before it begins lets its source go, and ends', async () => {
  const source = await postgres.create('retry-source')
  const place = new Workspace()
  try {
    await source.exec(
      `create table customer (id integer primary key, name text); insert into customer values (1, null)`,
    )
    place.target('create table customers (id integer primary key, name text not null)')
    place.write(
      'pipeline.yaml',
      `
version: 1
name: shop
sources: { shop: { type: postgres, url: "\${SOURCE_URL}" } }
target: { type: sqlite, path: target.sqlite }
entities: { customers: { from: customer, to: customers, on_error: quarantine, fields: { id: id, name: name } } }
`,
    )
    const etl = (args: string[], env: Record<string, string> = {}): Promise<EtlResult> =>
      runEtl(args, { cwd: place.dir, env: { SOURCE_URL: String(source.config.url), ...env } })
    const run = await etl(['run', 'pipeline.yaml', '--yes', '--json'])
    expect(run.code, run.stderr).toBe(3)
    const retry = ['quarantine', 'retry', 'pipeline.yaml', String(resultOf(run.stdout).runId), '--json']
    const failed = await etl(retry, { ETL_FAILPOINTS: 'after-commit:fail@2' })
    expect([failed.code, resultOf(failed.stdout).error?.code]).toEqual([1, 'E308'])
    await source.exec(`update customer set name = 'ada'`)
    // Its only row is loaded, and it still ends badly: nothing is left to retry, and no run unfinished.
    expect((await etl(retry, { ETL_FAILPOINTS: 'entity-complete:fail' })).code).toBe(1)
    expect((await etl(['quarantine', 'retry', 'last'])).code).toBe(0)
    expect(place.rows('select * from customers')).toEqual([[1, 'ada']])
    expect(place.rows('select state from etl_run order by started_at')).toEqual([
      ['completed'],
      ['abandoned'],
      ['completed'],
    ])
  } finally {
    await source.drop()
  }
})

test('a row that the source does not have any more stays until it is loaded as it was kept', async () => {
  const place = new Workspace()
  place.write(
    'pipeline.yaml',
    `
version: 1
name: kept
sources: { shop: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  items: { from: ITEM, to: items, fields: { id: ID, big: BIG, price: { from: PRICE, type: "decimal(8,2)" }, data: DATA } }
`,
  )
  place.source(
    `create table ITEM (ID integer primary key, BIG integer, PRICE numeric, DATA blob);
     insert into ITEM values (1, 9007199254740993, 'much', x'00ff10'), (2, 1, 2, x'01');`,
  )
  place.target('create table items (id integer primary key, big integer, price decimal(8,2), data blob)')
  const run = resultOf((await place.run('--json')).stdout).runId ?? ''
  const rows = await place.etl('quarantine', run, '--rows')
  expect(JSON.parse(rows.stdout)).toMatchObject({
    key: '1',
    values: { ID: 1, PRICE: 'much', DATA: { $bytes: 'AP8Q' } },
  })
  expect(statSync(place.path('.etl/kept/runs', run, 'quarantine/items.ndjson')).mode & 0o777).toBe(0o600)
  place.source('delete from ITEM where ID = 1')
  const gone = await place.etl('quarantine', 'retry', run, '--json')
  expect(gone.code).toBe(3)
  expect(resultOf(gone.stdout).entities[0]?.rejects).toEqual([
    { code: 'E424', message: 'the source has no such row any more', rows: 1 },
  ])
  place.write(
    'pipeline.yaml',
    (await import('node:fs'))
      .readFileSync(place.path('pipeline.yaml'), 'utf8')
      .replace('"decimal(8,2)"', '"decimal(8,2)", on_invalid: null'),
  )
  const kept = await place.etl('quarantine', 'retry', run, '--from', 'kept', '--json')
  expect(kept.code, kept.stderr).toBe(0)
  expect(place.rows('select id, cast(big as text), price, hex(data) from items order by id')).toEqual([
    [1, '9007199254740993', null, '00FF10'],
    [2, '1', 2, '01'],
  ])
})

test('an unfinished run is to be finished first; a run of nobody is refused; an unreachable target is told', async () => {
  const schema = await sqlite.create('refused')
  const shop = new Shop(schema, 'integer primary key autoincrement')
  await shop.create()
  const options = { cwd: shop.dir, env: { ETL_FAILPOINTS: 'entity-complete:kill' } }
  expect((await runEtl(['run', 'pipeline.yaml', '--yes'], options)).signal).toBe('SIGKILL')
  const run = shop.runFolders('shop')[0]?.split('/').at(-1) ?? ''
  const early = await shop.retry(run)
  expect(early.code).toBe(1)
  expect(early.stderr).toMatch(new RegExp(`^✖ E504 unfinished run exists\\n  what   run ${run} of shop`))
  const unknown = await shop.retry('00000000')
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toContain('shop has no run 00000000 in this target')
  await schema.drop()
  const listed = await shop.etl('quarantine', 'pipeline.yaml')
  expect(listed.code, listed.stderr).toBe(0)
  expect(listed.stderr).toMatch(/the target cannot be asked \(E303 .*this is what the run's folder holds/)
  expect(listed.stdout).toContain('E401 customers.name   2 rows')
})

test('text that is no UTF-8 puts its row aside and no other; without keep_rows nothing of it is kept', async () => {
  const place = new Workspace()
  const file = (keep: boolean): string => `
version: 1
name: bytes
sources: { shop: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
quarantine: { keep_rows: ${keep} }
entities:
  items: { from: ITEM, to: items, load: ignore, fields: { id: ID, name: NAME } }
`
  place.source(
    `create table ITEM (ID integer primary key, NAME text);
     insert into ITEM values (1, 'one'), (2, cast(x'61ff62' as text)), (3, 'three �');`,
  )
  place.target('create table items (id integer primary key, name text)')
  place.write('pipeline.yaml', file(true))
  const first = await place.run('--json')
  expect(first.code, first.stderr).toBe(3)
  expect(countsOf(resultOf(first.stdout))).toEqual({
    items: '3 read, 2 written, 0 skipped, 0 filtered, 1 quarantined',
  })
  expect(place.quarantine('bytes', 'items')).toEqual([
    expect.objectContaining({
      key: '2',
      stage: 'read',
      code: 'E409',
      message: 'column NAME holds text that is not valid UTF-8',
      values: { ID: 2, NAME: { $bytes: Buffer.from([0x61, 0xff, 0x62]).toString('base64') } },
    }),
  ])
  place.write('pipeline.yaml', file(false))
  const second = resultOf((await place.run('--json')).stdout)
  expect(quarantineOf(second.runDir ?? '', 'items')[0]).not.toHaveProperty('values')
  place.source("update ITEM set NAME = 'two' where ID = 2")
  const retry = await place.etl('quarantine', 'retry', second.runId ?? '')
  expect(retry.code, retry.stderr).toBe(0)
  expect(place.rows('select id, name from items order by id')).toEqual([
    [1, 'one'],
    [2, 'two'],
    [3, 'three �'],
  ])
})
