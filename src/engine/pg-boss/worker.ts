import type { Job, JobResult, PgBoss } from 'pg-boss'
import type { Database } from '../../core/connector.js'
import { errorData } from '../error-data.js'
import { isPassing } from '../passing.js'
import type { Handler, Handlers, Served, ServeOptions, Task, TaskKind } from '../port.js'
import { Limits } from './limits.js'
import { queueName } from './queues.js'

type Payload = Pick<Task, 'id' | 'run' | 'data' | 'limits'>

/** How soon a worker finds out that a task was cancelled, or is somebody else's by now. */
const REFRESH_SECONDS = 1

/** Takes jobs as long as there are any; between them pg-boss would wait for its next look. */
const POLLING = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 1, burstWhenReadyExceeds: 1 } as const

export async function serve(
  boss: PgBoss,
  database: Database,
  handlers: Handlers,
  { concurrency, label }: ServeOptions,
): Promise<Served> {
  const leaving = new AbortController()
  const limits = new Limits(database)
  const queues: string[] = []
  for (const kind of ['run', 'chunk'] as const) {
    const handler = handlers[kind]
    if (handler === undefined || concurrency[kind] === 0) continue
    const queue = queueName(kind, label)
    queues.push(queue)
    const options = {
      ...POLLING,
      localConcurrency: concurrency[kind],
      batchSize: 1,
      heartbeatRefreshSeconds: REFRESH_SECONDS,
      perJobResults: true as const,
    }
    await boss.work<Payload, unknown, typeof options>(queue, options, jobs =>
      Promise.all(jobs.map(job => deliver(kind, handler, job, limits, leaving.signal))),
    )
  }
  return {
    drain: async () => {
      leaving.abort()
      await Promise.all(queues.map(queue => boss.offWork(queue, { wait: true })))
      await limits.close()
    },
  }
}

async function deliver(
  kind: TaskKind,
  handler: Handler,
  job: Job<Payload>,
  limits: Limits,
  leaving: AbortSignal,
): Promise<JobResult> {
  const { id } = job
  const signal = AbortSignal.any([job.signal, leaving])
  const task: Task = { kind, ...job.data }
  try {
    const work = (): Promise<unknown> => handler(task, { signal, attempt: job.retryCount + 1 })
    const result = (await limits.within(task.limits ?? {}, signal, work)) ?? null
    return { id, status: 'completed', output: { result } }
  } catch (error) {
    // What cannot get better is not tried again.
    return { id, status: isPassing(error) ? 'failed' : 'deadletter', output: { error: errorData(error) } }
  }
}
