import type { JobInsert, PgBoss } from 'pg-boss'
import type { Database } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { EngineFacts, Handlers, RemoteEngine, Served, ServeOptions, Task, TaskKind, TaskStatus } from '../port.js'
import { PG_BOSS } from './driver.js'
import { createQueues, jobId, queueName } from './queues.js'
import { CANCELLED, Store } from './store.js'
import { Waiting } from './waiting.js'
import { serve } from './worker.js'

/** Jobs in one statement: with the first of them workers begin while the others follow. */
const MOST = 500
/** Jobs handed over at once that change how the server is to look for one. */
const MANY = 200

/** Tasks as jobs of pg-boss, in a PostgreSQL that all workers reach. */
export class PgBossEngine implements RemoteEngine {
  readonly #boss: PgBoss
  readonly #database: Database
  readonly #store: Store
  readonly #waiting: Waiting
  readonly #known = new Set<string>()
  #batch: { readonly tasks: Map<string, Task>; readonly sent: Promise<void> } | undefined

  constructor(boss: PgBoss, database: Database) {
    this.#boss = boss
    this.#database = database
    this.#store = new Store(boss)
    this.#waiting = new Waiting(this.#store)
  }

  async execute(task: Task, signal: AbortSignal): Promise<unknown> {
    await this.submit(task)
    try {
      return await this.ended(task, signal)
    } catch (error) {
      if (signal.aborted) await this.#cancel(queueName(task.kind, task.label), [jobId(task)]).catch(() => undefined)
      throw error
    }
  }

  /** What is handed over in one go is sent in one go. */
  async submit(task: Task): Promise<void> {
    if (this.#batch === undefined) {
      const tasks = new Map<string, Task>()
      const sent = new Promise<void>(resolve => setImmediate(resolve)).then(() => {
        this.#batch = undefined
        return this.#send([...tasks.values()])
      })
      this.#batch = { tasks, sent }
    }
    const { tasks, sent } = this.#batch
    tasks.set(task.id, task)
    await sent
  }

  ended(task: Pick<Task, 'id' | 'kind' | 'label'>, signal: AbortSignal): Promise<unknown> {
    return this.#waiting.for({ id: jobId(task), queue: queueName(task.kind, task.label) }, signal)
  }

  async cancel(run: string): Promise<number> {
    let cancelled = 0
    for (const [queue, ids] of await this.#store.unfinished(run)) {
      await this.#cancel(queue, ids)
      cancelled += ids.length
    }
    return cancelled
  }

  tasks(kind: TaskKind, run?: string): Promise<readonly TaskStatus[]> {
    return this.#store.tasks(kind, run)
  }

  tell(run: string, lines: readonly string[]): Promise<void> {
    return this.#store.tell(run, lines)
  }

  told(run: string, after: number): Promise<readonly { readonly seq: number; readonly line: string }[]> {
    return this.#store.told(run, after)
  }

  async serve(handlers: Handlers, options: ServeOptions): Promise<Served> {
    await this.#queues(options.label)
    return serve(this.#boss, this.#store, this.#database, handlers, options)
  }

  async facts(): Promise<EngineFacts> {
    const { label } = this.#database.identity
    return { label, version: `pg-boss ${PG_BOSS}`, ...(await this.#store.counts()) }
  }

  async close(): Promise<void> {
    this.#waiting.close()
    await this.#boss.stop({ graceful: false })
    await this.#database.close()
  }

  async #cancel(queue: string, ids: string[]): Promise<void> {
    await this.#boss.cancel(queue, ids)
    await this.#store.notify(CANCELLED)
  }

  async #queues(label: string | undefined): Promise<void> {
    const name = queueName('chunk', label)
    if (this.#known.has(name)) return
    await createQueues(this.#boss, label)
    this.#known.add(name)
  }

  async #send(tasks: readonly Task[]): Promise<void> {
    for (const [queue, all] of byQueue(tasks)) {
      await this.#queues(all[0]?.label)
      for (let from = 0; from < all.length; from += MOST) {
        await this.#boss.insert(queue, all.slice(from, from + MOST).map(jobOf))
        await this.#store.notify(queue)
      }
    }
    if (tasks.length >= MANY) await this.#store.analyze()
  }
}

function jobOf(task: Task): JobInsert {
  const { id, run, data, limits } = task
  return { id: jobId(task), singletonKey: run, data: { id, run, data, ...(limits === undefined ? {} : { limits }) } }
}

function byQueue(tasks: readonly Task[]): Map<string, Task[]> {
  const found = new Map<string, Task[]>()
  for (const task of tasks) {
    const queue = queueName(task.kind, task.label)
    found.set(queue, [...(found.get(queue) ?? []), task])
  }
  return found
}

export function notPrepared(): EtlError {
  return new EtlError('E560', 'the engine is not set up in this database, or was set up by another version', {
    kind: 'usage',
    hint: 'etl engine init --engine …',
  })
}
