import { afterEach, beforeEach, expect, test } from 'vitest'
import { coordinate } from '../../src/cluster/coordinate.js'
import { refOf } from '../../src/cluster/pipeline-ref.js'
import { lockFile } from '../../src/connectors/sqlite/lock.js'
import type { Lock } from '../../src/core/connector.js'
import { LocalEngine } from '../../src/engine/local.js'
import type { RemoteEngine } from '../../src/engine/port.js'
import { loadPipeline, type Pipeline, startRun } from '../../src/index.js'
import { pipeline as yaml } from '../e2e/behaviours/pipeline.js'
import { Workspace } from '../support/etl.js'

const never = new AbortController().signal

let place: Workspace
let pipeline: Pipeline
let lock: Lock | undefined
beforeEach(async () => {
  place = new Workspace()
  place.source('create table T (ID integer primary key); insert into T values (1), (2)')
  place.target('create table t (id integer primary key)')
  place.write('pipeline.yaml', yaml('\n  t: { from: T, to: t, rest: copy }'))
  pipeline = await loadPipeline(place.path('pipeline.yaml'))
})
afterEach(() => lock?.release())

/** Somebody who is still there has the lock of the pipeline. */
async function locked(): Promise<void> {
  const { name, target } = pipeline.spec
  lock = await lockFile(place.path(String(target.path)), 'target', `etl:${name}`)
  expect(lock).toBeDefined()
}

function leads(run: string, attempt: number, turn = 1): Promise<unknown> {
  const engine = Object.assign(new LocalEngine({}, { concurrency: 1 }), { tell: async () => undefined })
  const ref = { run, turn, pipeline: refOf(pipeline, place.dir, {}), options: {} }
  const delivery = { signal: never, attempt }
  return coordinate({ engine: engine as unknown as RemoteEngine, pipeline, ref, delivery })
}

test('who leads a run for the first time is refused by the lock of another process', async () => {
  await locked()
  await expect(leads('r1', 1)).rejects.toMatchObject({ code: 'E503', kind: 'failed' })
})

test('who leads a run on comes again while the one before him has the lock', async () => {
  await locked()
  await expect(leads('r1', 2)).rejects.toMatchObject({ code: 'E503', kind: 'transient' })
  await expect(leads('r1', 1, 2)).rejects.toMatchObject({ code: 'E503', kind: 'transient' })
})

test('the same where the ledger has the run as going on', async () => {
  const { runId, result } = await startRun(pipeline, {})
  await result
  place.target("update etl_run set state = 'running'")
  await locked()
  await expect(leads(runId, 2)).rejects.toMatchObject({ code: 'E503', kind: 'transient' })
  await expect(leads('r2', 2)).rejects.toMatchObject({ code: 'E503', kind: 'failed' })
})
