import type { Job, PgBoss } from 'pg-boss'
import type { Database } from '../../core/connector.js'
import { errorData } from '../error-data.js'
import { isPassing } from '../passing.js'
import type { Handler, Handlers, Served, ServeOptions, Task, TaskKind } from '../port.js'
import { Consumer, type Ended } from './consumer.js'
import { Limits } from './limits.js'
import { queueName } from './queues.js'
import { CANCELLED, CHANNEL, type Store } from './store.js'

type Payload = Pick<Task, 'id' | 'run' | 'data' | 'limits'>

export async function serve(
  boss: PgBoss,
  store: Store,
  database: Database,
  handlers: Handlers,
  { concurrency, label }: ServeOptions,
): Promise<Served> {
  const leaving = new AbortController()
  const limits = new Limits(database)
  const consumers = new Map<string, Consumer<Payload>>()
  for (const kind of ['run', 'chunk'] as const) {
    const handler = handlers[kind]
    if (handler === undefined || concurrency[kind] === 0) continue
    const queue = queueName(kind, label)
    const work = (job: Job<Payload>, claim: AbortSignal): Promise<Ended> =>
      deliver(kind, handler, job, limits, AbortSignal.any([claim, leaving.signal]))
    consumers.set(queue, new Consumer({ boss, store, queue, slots: concurrency[kind], work }))
  }
  const all = (what: (consumer: Consumer<Payload>) => unknown): void => [...consumers.values()].forEach(what)
  const listening = await boss.getDb().listen?.(
    CHANNEL,
    told => {
      if (told === CANCELLED) all(consumer => consumer.touch())
      else consumers.get(told)?.wake()
    },
    () => all(consumer => consumer.wake()),
  )
  return {
    drain: async () => {
      leaving.abort()
      await listening?.close()
      await Promise.all([...consumers.values()].map(consumer => consumer.stop()))
      await limits.close()
    },
  }
}

async function deliver(
  kind: TaskKind,
  handler: Handler,
  job: Job<Payload>,
  limits: Limits,
  signal: AbortSignal,
): Promise<Ended> {
  const task: Task = { kind, ...job.data }
  try {
    const work = (): Promise<unknown> => handler(task, { signal, attempt: job.retryCount + 1 })
    const result = (await limits.within(task.limits ?? {}, signal, work)) ?? null
    return { state: 'completed', output: { result } }
  } catch (error) {
    // What cannot get better is not tried again.
    return { state: isPassing(error) ? 'retry' : 'failed', output: { error: errorData(error) } }
  }
}
