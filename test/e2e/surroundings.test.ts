import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedEtl, startEtl, Workspace, withSqlite } from '../support/etl.js'

const ROWS = 400
const INSTANT = '2024-03-10T02:30:00.000001+05:30'
let place: Workspace
let started: StartedEtl | undefined

beforeAll(() => {
  place = new Workspace()
  place.source('create table T (ID integer primary key, AT text)')
  withSqlite(place.path('source.sqlite'), db => {
    const row = db.prepare('insert into T values (?, ?)')
    // An hour that clocks in New York jump over.
    db.transaction(() => {
      for (let id = 1; id <= ROWS; id++) row.run(id, '2024-03-10 02:30:00.000001')
    })()
  })
  place.target('create table t (id integer not null, at text, instant text)')
  place.write(
    'pipeline.yaml',
    `
version: 1
name: p
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  t:
    from: T
    to: t
    batch_size: 10
    fields:
      id: ID
      at: { from: AT, type: timestamp }
      instant: { from: AT, apply: [{ zone: Asia/Kolkata }] }
`,
  )
})
afterAll(() => {
  if (started?.child.exitCode === null) started.child.kill('SIGKILL')
})

function run(env: Record<string, string>, ...args: string[]): StartedEtl {
  started = startEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], { cwd: place.dir, env })
  return started
}

test('a run resumed in another time zone writes the same, and nobody has to read what it tells', async () => {
  const killed = await run({ TZ: 'America/New_York', ETL_FAILPOINTS: 'after-commit:kill@20' }).result
  expect(killed.signal, killed.stderr).toBe('SIGKILL')
  const resumed = run({ TZ: 'Pacific/Apia' }, '--resume')
  // Whoever reads the events goes away: `| head -1`.
  resumed.child.stdout?.once('data', () => resumed.child.stdout?.destroy())
  const { code, stderr } = await resumed.result
  expect([code, stderr]).toEqual([0, ''])
  expect(
    place.rows('select count(*), count(distinct id), min(at), max(at), min(instant), max(instant) from t'),
  ).toEqual([[ROWS, ROWS, '2024-03-10 02:30:00.000001', '2024-03-10 02:30:00.000001', INSTANT, INSTANT]])
  expect(place.rows('select state from etl_run')).toEqual([['completed']])
})
