import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { resultOf, Workspace } from '../support/etl.js'
import { type Pooler, startPgbouncer } from '../support/pgbouncer.js'

const ROWS = 300
const IGNORED = { ignore_startup_parameters: 'options,extra_float_digits' }

let target: TestSchema
const place = new Workspace()
const poolers: Pooler[] = []

beforeAll(async () => {
  target = await postgres.create('pooler')
  await target.exec('create table t (id integer not null, v varchar(20))')
  place.source(`create table T (ID integer primary key, V text);
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
    insert into T select i, 'row ' || i from n`)
})
// With it end its sessions, one of which may still hold the lock that another one was given.
afterEach(async () => {
  for (const pooler of poolers.splice(0)) await pooler.stop()
})
afterAll(() => target.drop())

async function through(settings: Readonly<Record<string, string>>): Promise<string> {
  const pooler = await startPgbouncer(String(target.config.url), settings)
  poolers.push(pooler)
  const { url } = pooler
  place.write(
    'pipeline.yaml',
    `version: 1
name: pooled
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "${url}" }
entities:
  t: { from: T, to: t, batch_size: 50, fields: { id: ID, v: V } }
`,
  )
  return `postgres ${new URL(url).host}${new URL(url).pathname}`
}

const made = (): Promise<unknown[][]> =>
  target.rows("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1")

test.each([
  ['transaction', {}],
  ['transaction', { server_round_robin: '1', min_pool_size: '3' }],
  ['transaction', { default_pool_size: '1' }],
  ['statement', {}],
])('a pooler in %s mode %o is refused before anything is written', async (pool_mode, more) => {
  const where = await through({ ...IGNORED, ...more, pool_mode })
  const result = await place.run('--json')
  expect([result.code, resultOf(result.stdout).error]).toEqual([
    5,
    {
      code: 'E312',
      title: 'pooler shares sessions',
      message: 'a pooler is in between that gives each transaction another session',
      where,
      hint: 'connect to the server itself, or to a pooler in session mode (pgbouncer: `pool_mode = session`)',
    },
  ])
  expect(await made()).toEqual([['t']])
  expect(await target.rows('select count(*) from t')).toEqual([['0']])
})

test('one that takes no startup options is told of', async () => {
  const where = await through({ pool_mode: 'session' })
  const result = await place.run('--json')
  expect([result.code, resultOf(result.stdout).error]).toMatchObject([
    5,
    {
      code: 'E308',
      message: 'unsupported startup parameter: options',
      where,
      hint: 'a pooler is in between: let it pass over that parameter (pgbouncer: `ignore_startup_parameters = options`), or connect to the server itself',
    },
  ])
  expect(await made()).toEqual([['t']])
})

test('one in session mode is as good as the server', async () => {
  await through({ ...IGNORED, pool_mode: 'session' })
  const result = await place.run('--json')
  expect(result.code, result.stderr + result.stdout).toBe(0)
  expect(resultOf(result.stdout).counts).toMatchObject({ read: ROWS, written: ROWS })
  expect(await target.rows('select count(*), count(distinct id), sum(id) from t')).toEqual([
    [String(ROWS), String(ROWS), String((ROWS * (ROWS + 1)) / 2)],
  ])
})
