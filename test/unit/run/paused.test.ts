import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { loadPipeline, type RunHandle, startRun } from '../../../src/index.js'
import { pipeline } from '../../e2e/behaviours/pipeline.js'
import { Workspace } from '../../support/etl.js'

const ENTITIES = `
  t:
    from: T
    to: t
    batch_size: 5
    rest: copy`

test('a paused run keeps its heartbeat', { timeout: 120_000 }, async () => {
  const place = new Workspace()
  place.source(`create table T (ID integer primary key, V text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) insert into T select i, 'v' from n`)
  place.target('create table t (id integer primary key, v text)')
  place.write('pipeline.yaml', pipeline(ENTITIES))
  const handle: { run?: RunHandle } = {}
  const run = await startRun(await loadPipeline(place.path('pipeline.yaml')), {
    onEvent: ({ type }) => {
      if (type === 'batch') handle.run?.pause()
    },
  })
  handle.run = run
  run.pause()
  place.target("update etl_owner set heartbeat_at = '2020-01-01T00:00:00.000Z'")
  while (place.rows('select heartbeat_at from etl_owner')[0]?.[0] === '2020-01-01T00:00:00.000Z') await sleep(100)
  expect(place.rows('select state from etl_run')).toEqual([['running']])
  expect(Number(place.rows('select count(*) from t')[0]?.[0])).toBeLessThan(500)
  delete handle.run
  run.unpause()
  expect(await run.result).toMatchObject({ status: 'ok', counts: { read: 500, inserted: 500 } })
  expect(place.rows('select count(*) from t')).toEqual([[500]])
})
