import { expect, test } from 'vitest'
import { loadPipeline, type RunEvent, type RunOptions, startRun } from '../../src/index.js'
import { Workspace } from '../support/etl.js'
import { faulty } from './behaviours/faulty.js'
import { pipeline } from './behaviours/pipeline.js'

async function run(place: Workspace, more: RunOptions = {}) {
  const handle = await startRun(await loadPipeline(place.path('pipeline.yaml')), more)
  return handle.result
}

test('max_errors counts rows that are skipped, also those of before a resume', async () => {
  const place = faulty('max_errors: 4\n    on_error: skip')
  const tooMany = { code: 'E501', message: '5 rows failed; max_errors is 4' }
  expect(await run(place)).toMatchObject({ error: tooMany, counts: { read: 250, skipped: 2 } })
  const resumed = await run(place, { resume: true })
  expect(resumed).toMatchObject({ error: tooMany, counts: { read: 250, skipped: 2 } })
  expect(resumed.entities[0]?.rejects).toMatchObject([{ code: 'E402', field: 'n', rows: 2 }])
  expect(place.rows('select count(*) from t')).toEqual([[248]])
  expect(place.rows('select source_key, policy from etl_reject order by row_no')).toEqual([
    ['100', 'skip'],
    ['200', 'skip'],
  ])
  const one = await run(faulty('max_errors: 0'), { batchSize: 150 })
  expect(one.error).toMatchObject({ code: 'E501', message: '1 row failed; max_errors is 0' })
})

test('a cause that rows of both passes have is one, also of a run that goes on', async () => {
  const place = new Workspace()
  place.source(`create table E (ID integer primary key, BOSS integer);
    insert into E values (1, null), (2, 1), (3, 9), (13, null)`)
  place.target(
    `create table emp (id integer primary key, boss integer, constraint small check (id + coalesce(boss, 0) < 12))`,
  )
  place.write('pipeline.yaml', pipeline('\n  emp: { from: E, to: emp, defer: [boss], fields: { id: ID, boss: BOSS } }'))
  const first = await run(place)
  const causes = [{ code: 'E419', rows: 2 }]
  expect(first).toMatchObject({ status: 'quarantined', entities: [{ unresolved: 1, rejects: causes }] })
  expect(await run(place, { resume: true })).toMatchObject({ entities: [{ unresolved: 1, rejects: causes }] })
})

test('a retry says that dedupe does not look at its rows', async () => {
  const place = new Workspace()
  place.source('create table T (ID integer primary key, N text); insert into T values (1, null), (2, 4)')
  place.target('create table t (id integer primary key, n integer not null)')
  place.write(
    'pipeline.yaml',
    pipeline('\n  t: { from: T, to: t, dedupe: { by: ID }, fields: { id: ID, n: { from: N, apply: [to_integer] } } }'),
  )
  const { runId } = await run(place)
  place.source('update T set N = 5 where ID = 1')
  const told: RunEvent[] = []
  expect(await run(place, { retry: { run: runId }, onEvent: event => told.push(event) })).toMatchObject({
    status: 'ok',
  })
  expect(told).toContainEqual(
    expect.objectContaining({ type: 'info', message: 't: dedupe does not look at the rows that are retried' }),
  )
})

test('rejected rows of a target of files are loaded with everything else', async () => {
  const place = new Workspace()
  place.source("create table T (ID integer primary key, N text); insert into T values (1, 'none'), (2, 4)")
  place.write(
    'pipeline.yaml',
    pipeline('\n  t: { from: T, to: t, fields: { id: ID, n: { from: N, apply: [to_integer] } } }').replace(
      'target: { type: sqlite, path: target.sqlite }',
      'target: { type: csv, path: out }',
    ),
  )
  const { runId, status } = await run(place)
  expect(status).toBe('quarantined')
  const listed = await place.etl('quarantine', 'pipeline.yaml', runId)
  expect(listed.stdout).toMatch(
    / {3}next {3}etl run pipeline\.yaml {3}once the cause is removed, which loads everything again\n$/,
  )
})
