import { expect, test } from 'vitest'
import { resultOf } from '../../support/etl.js'
import { type OpenSystem, openSystem } from '../open.js'
import { abis, abisRehearsal, countOf } from './abis.js'

/** 985 rows; `npm run systems` has all 98,438. */
const SCALE = 0.01
const NAMES = ['carrier', 'line', 'customer', 'coil', 'job', 'skid', 'qa', 'shipment']
const SOURCES = ['AB_CARRIER', 'AB_LINE', 'AB_CUSTOMER', 'AB_COIL', 'AB_JOB', 'AB_SKID', 'AB_QA_RESULT', 'AB_SHIPMENT']

async function load(at: OpenSystem, ...flags: string[]): Promise<void> {
  const run = await at.etl('run', '--yes', '--json', ...flags)
  expect(run.code, run.stderr).toBe(3)
  const { entities } = resultOf(run.stdout)
  expect(entities.map(({ name, counts }) => [name, counts.read])).toEqual(
    NAMES.map((name, i) => [name, countOf(SOURCES[i] ?? '', SCALE)]),
  )
  expect(entities.find(({ name }) => name === 'job')?.rejects).toMatchObject([
    { code: 'E412', field: 'customer_id', rows: 1 },
  ])
}

test('through the real driver, and from the SQLite copy: the same rows in the target', async () => {
  const [oracle, rehearsal] = await Promise.all([openSystem(abis, SCALE), openSystem(abisRehearsal, SCALE)])
  const empty = await oracle.state()
  const check = await oracle.etl('run', '--check-only')
  expect(check.code, check.stderr).toBe(0)
  expect((await oracle.etl('run', '--dry-run', '--yes')).code).toBe(3)
  expect(await oracle.state()).toBe(empty)
  await load(oracle)
  await load(rehearsal, '--profile', 'rehearsal')
  expect(await oracle.state()).toBe(await rehearsal.state())

  const rows = (sql: string): Promise<unknown[][]> => oracle.server.rows(sql)
  expect(await rows(`select code, name, state, phone from customers_customer where code = 'CU-00001'`)).toEqual([
    ['CU-00001', 'Customer 1 Inc', 'IL', null],
  ])
  expect(await rows(`select count(*) from customers_customer where phone !~ '^\\(\\d{3}\\) \\d{3}-\\d{4}$'`)).toEqual([
    ['0'],
  ])
  expect(await rows(`select count(*) from customers_customer where email <> lower(email)`)).toEqual([['0']])
  expect(await rows(`select count(*) from production_job where coil_id is null and job_number = 'J-000009'`)).toEqual([
    ['1'],
  ])
  expect(
    await rows(
      `select to_char(created_at at time zone 'America/Chicago', 'HH24:MI:SS') from shipping_carrier where code = 'C1'`,
    ),
  ).toEqual([['10:00:00']])

  const verified = await oracle.etl('verify')
  expect(verified.code, verified.stdout).toBe(0)
  const undone = await oracle.etl('undo', 'last', '--yes')
  expect(undone.code, undone.stderr).toBe(0)
  expect(await oracle.state()).toBe(empty)
}, 120_000)

test('one entity with what it depends on; an interrupted run is resumed', async () => {
  const at = await openSystem(abisRehearsal, SCALE)
  const one = await at.etl(
    'run',
    '--profile',
    'rehearsal',
    '--yes',
    '--json',
    '--entity',
    '+coil',
    '--batch-size',
    '100',
  )
  expect(one.code, one.stderr).toBe(0)
  expect(
    resultOf(one.stdout)
      .entities.filter(({ counts }) => (counts.read ?? 0) > 0)
      .map(({ name }) => name),
  ).toEqual(['customer', 'coil'])
})
