import { afterEach, beforeEach, expect, test } from 'vitest'
import { initEngine } from '../../src/engine/open.js'
import { createBoss, SCHEMA } from '../../src/engine/pg-boss/driver.js'
import { DEAD, queueName } from '../../src/engine/pg-boss/queues.js'
import { Store } from '../../src/engine/pg-boss/store.js'
import { Waiting } from '../../src/engine/pg-boss/waiting.js'
import { database } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'

const JOB = { id: '00000000-0000-4000-8000-000000000001', queue: queueName('chunk', undefined) }
const AWAY = `alter table ${SCHEMA}.job rename to away`
const BACK = `alter table ${SCHEMA}.away rename to job`

let schema: TestSchema
let boss: Awaited<ReturnType<typeof createBoss>>
beforeEach(async () => {
  schema = await database.create('waiting')
  const url = String(schema.config.url)
  await initEngine(url)
  boss = await createBoss(url, { supervise: false, max: 2 })
  await boss.start()
})
afterEach(async () => {
  await boss.stop({ graceful: false })
  await schema.drop()
})

test('an engine that does not answer any more is not waited for without end', async () => {
  const waiting = new Waiting(new Store(boss), 3)
  const signal = new AbortController().signal
  const both = [waiting.for(JOB, signal), waiting.for(JOB, signal)]
  const ended = Promise.allSettled(both)
  await schema.exec(AWAY)
  expect(await ended).toMatchObject([
    { status: 'rejected', reason: { code: 'E560', message: 'the engine does not answer any more' } },
    { status: 'rejected', reason: { code: 'E560' } },
  ])
})

test('one that is away for a moment is', async () => {
  const waiting = new Waiting(new Store(boss), 1000)
  const ended = waiting.for(JOB, new AbortController().signal)
  await schema.exec(AWAY)
  await new Promise(resolve => setTimeout(resolve, 700))
  await schema.exec(BACK)
  await boss.insert(JOB.queue, [{ id: JOB.id, data: {} }])
  await boss.fetch(JOB.queue)
  await boss.complete(JOB.queue, JOB.id, { result: 17 })
  expect(await ended).toBe(17)
})

test('who waits for work that each worker lost is told so, and it lies among the dead letters', async () => {
  const ended = new Waiting(new Store(boss)).for(JOB, new AbortController().signal)
  const told = expect(ended).rejects.toMatchObject({
    code: 'E561',
    message: 'no worker finished it: each that began was lost',
    hint: 'look at the logs of the workers (memory, evictions), then `etl resume RUN`',
  })
  await boss.insert(JOB.queue, [{ id: JOB.id, data: {}, retryLimit: 0 }])
  await boss.fetch(JOB.queue)
  await schema.exec(`update ${SCHEMA}.job set heartbeat_on = heartbeat_on - interval '1 minute'`)
  await boss.supervise(JOB.queue)
  await told
  expect(await boss.fetch(DEAD)).toHaveLength(1)
})
