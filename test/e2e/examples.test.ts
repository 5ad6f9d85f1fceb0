import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type EtlResult,
  quarantineOf,
  ROOT,
  runEtl,
  sqliteRows,
  startProcess,
  temporaryFolder,
} from '../support/etl.js'

/** `examples/` in a folder of its own, beside the built program: the demo leaves nothing in the checkout. */
function copyOfExamples(): string {
  const root = temporaryFolder()
  for (const name of ['dist', 'node_modules', 'package.json']) symlinkSync(join(ROOT, name), join(root, name))
  const skip = (path: string): boolean => !path.includes('.etl')
  cpSync(join(ROOT, 'examples'), join(root, 'examples'), { recursive: true, filter: skip })
  mkdirSync(join(root, 'examples/first/.etl'), { recursive: true })
  return root
}

function script(root: string, ...args: string[]) {
  return startProcess(process.execPath, args, { cwd: root }).result
}

describe('the demo', () => {
  const root = copyOfExamples()
  let demo: EtlResult
  let seconds = 0
  beforeAll(async () => {
    const started = Date.now()
    demo = await script(root, 'examples/crm/demo.mjs')
    seconds = (Date.now() - started) / 1000
  })
  const legacy = join(root, 'examples/crm/.etl/legacy.sqlite')
  const clean = join(root, 'examples/crm/.etl/clean.sqlite')
  const count = (file: string, sql: string): unknown => sqliteRows(file, `select count(*) from ${sql}`)[0]?.[0]

  test('ends well, in well under a minute, and says where to look and what to try', () => {
    expect(demo.code, demo.stderr).toBe(0)
    expect(seconds).toBeLessThan(60)
    expect(demo.stdout).toContain('examples/crm/.etl/legacy.sqlite: 211,042 rows in 6 tables, as old as they look\n')
    expect(demo.stdout).toContain('Exit code 3: everything is loaded but the rows in quarantine. One of them:\n')
    expect(demo.stdout).toMatch(
      /\n {2}head -n 3 examples\/crm\/\.etl\/crm\/runs\/[0-9a-f]{8}\/quarantine\/order_items\.ndjson\n/,
    )
    expect(demo.stdout).toContain('\n  node dist/cli.js plan examples/crm/pipeline.yaml\n')
    expect(demo.stderr).not.toMatch(/^\s+at /m)
  })

  test('accounts for every row', () => {
    const [run] = readdirSync(join(root, 'examples/crm/.etl/crm/runs'))
    const report = JSON.parse(
      readFileSync(join(root, 'examples/crm/.etl/crm/runs', run ?? '', 'report.json'), 'utf8'),
    ) as {
      entities: { name: string; counts: { read: number; written: number; filtered: number; quarantined: number } }[]
    }
    const counts = report.entities.map(({ name, counts: c }) => [name, c.read, c.written, c.filtered, c.quarantined])
    expect(counts).toEqual([
      ['countries', 12, 12, 0, 0],
      ['customers', 20_000, 19_894, 0, 106],
      ['contacts', 30_030, 29_741, 99, 190],
      ['products', 1_000, 1_000, 0, 0],
      ['orders', 40_000, 39_744, 0, 256],
      ['order_items', 120_000, 119_160, 0, 840],
    ])
    for (const [name, , written] of counts) expect(count(clean, String(name)), String(name)).toBe(written)
  })

  test('quarantines exactly the rows that are wrong, each with its cause', () => {
    const [run] = readdirSync(join(root, 'examples/crm/.etl/crm/runs'))
    const dir = join(root, 'examples/crm/.etl/crm/runs', run ?? '')
    const causes = (entity: string): Record<string, number> => {
      const found: Record<string, number> = {}
      for (const { code, field = '', stage } of quarantineOf(dir, entity)) {
        const cause = `${code} ${stage} ${field}`.trim()
        found[cause] = (found[cause] ?? 0) + 1
      }
      return found
    }
    expect(causes('customers')).toEqual({
      'E401 required name': count(legacy, `CUST where CUST_NM is null`),
      'E410 map country_code': count(legacy, `CUST where CTRY_CD = 'SUN' and CUST_NM is not null`),
      'E410 map status': 15,
      'E406 transform since': count(legacy, `CUST where SINCE_DT like '31-FEB%'`),
      'E417 constraint email': 40,
    })
    expect(causes('contacts')).toEqual({ 'E412 ref customer_id': 190 })
    expect(causes('orders')).toEqual({ 'E412 ref customer_id': 256 })
    expect(causes('order_items')).toEqual({
      'E402 let': count(legacy, `ORD_LINE where QTY = 'two'`),
      'E412 ref order_id': 256 * 3,
      'E412 ref product_id': 20,
      'E419 constraint': 12,
    })
    expect(quarantineOf(dir, 'order_items').find(line => line.stage === 'let')).toMatchObject({
      key: '["100999","3"]',
      message: 'let quantity: to_integer: the value is not a number',
    })
    // Whoever is in quarantine is not in the target, and nobody else is missing.
    const keys = quarantineOf(dir, 'customers').map(line => line.key)
    const missing = sqliteRows(
      legacy,
      `select CUST_NO from CUST where CUST_NO not in (select value from json_each(?))`,
      JSON.stringify(sqliteRows(clean, 'select legacy_no from customers').flat()),
    )
    expect(new Set(missing.flat())).toEqual(new Set(keys))
    expect(keys).toHaveLength(106)
  })

  test('cleans customers', () => {
    const columns = 'legacy_no, name, email, country_code, region, status, vip, since, credit_limit'
    const sql = `select ${columns} from customers where legacy_no in (?, ?, ?, ?, ?) order by 1`
    expect(sqliteRows(clean, sql, 'C0000001', 'C0000011', 'C0000498', 'C0000499', 'C0000701')).toEqual([
      ['C0000001', 'Lovelace Steel Llc', 'office1@example.net', 'FR', 'Europe', 'active', 0, '2016-07-07', 25781.55],
      ['C0000011', 'Liskov Coils Ltd', 'office11@example.com', 'JP', 'Asia', 'prospect', 0, '2013-12-19', null],
      ['C0000498', 'Lovelace Optics Sa', 'office498@example.com', 'GB', 'Europe', 'inactive', 0, '2019-09-24', 12096.8],
      // C0000499 has the e-mail address of C0000498.
      ['C0000701', "O'brien Foods Gmbh", null, 'DE', 'Europe', 'prospect', 0, '2019-11-06', 5013.74],
    ])
  })

  test('keeps every relation, through generated keys and the second pass', () => {
    expect(sqliteRows(clean, 'pragma foreign_key_check')).toEqual([])
    const parents = sqliteRows(
      clean,
      'select c.legacy_no, p.legacy_no from customers c join customers p on p.id = c.parent_id order by 1',
    )
    const loaded = new Set(sqliteRows(clean, 'select legacy_no from customers').flat())
    const expected = sqliteRows(legacy, 'select CUST_NO, PARENT_NO from CUST where PARENT_NO is not null order by 1')
    expect(parents).toEqual(expected.filter(([child, parent]) => loaded.has(child) && loaded.has(parent)))
    expect(parents.length).toBe(2_482)
    const amounts = sqliteRows(
      clean,
      'select count(*) from order_items where round(quantity * unit_price, 2) <> amount',
    )
    expect(amounts).toEqual([[0]])
    expect(sqliteRows(clean, 'select quantity, unit_price, amount from order_items where order_id = 100001')).toEqual([
      [5, 4943.35, 24716.75],
      [8, 1682.08, 13456.64],
      [18, 3104.87, 55887.66],
    ])
  })

  test('makes the same legacy data every time', async () => {
    const again = await script(root, 'examples/crm/generate.mjs', 'again.sqlite')
    expect(again.stdout).toBe('again.sqlite: 211,042 rows\n')
    const sum = (file: string) =>
      sqliteRows(file, 'select sum(length(CUST_NM)), max(SINCE_DT), min(CRDT_LMT) from CUST')
    expect(sum(join(root, 'again.sqlite'))).toEqual(sum(legacy))
  })
})

test('the smallest pipeline loads two people and quarantines the third', async () => {
  const root = copyOfExamples()
  expect((await script(root, 'examples/first/data.mjs')).code).toBe(0)
  const run = await runEtl(['run', 'examples/first/pipeline.yaml', '--yes'], { cwd: root })
  expect(run.code, run.stderr).toBe(3)
  expect(sqliteRows(join(root, 'examples/first/.etl/new.sqlite'), 'select * from people order by 1')).toEqual([
    [1, 'Ada Lovelace', 'ada@example.com', 'active'],
    [2, 'Grace Hopper', 'grace@example.com', 'inactive'],
  ])
})

test('the programming interface runs the same pipeline', async () => {
  const root = copyOfExamples()
  expect((await script(root, 'examples/first/data.mjs')).code).toBe(0)
  const run = await script(root, 'examples/api/run.mjs')
  expect(run).toEqual({
    code: 0,
    signal: undefined,
    stdout:
      'people goes to people, load: insert\n' +
      'people: 1 rejected, E413 email\n' +
      'quarantined: 3 read, 2 written, 1 quarantined\n',
    stderr: '',
  })
  expect(existsSync(join(root, 'examples/first/.etl/new.sqlite'))).toBe(true)
})
