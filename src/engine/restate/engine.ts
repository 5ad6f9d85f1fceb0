import { EtlError } from '../../core/errors.js'
import { errorOf } from '../error-data.js'
import { cancelled, givenUp, LOOK_MS, stopped } from '../outcome.js'
import type { EngineFacts, Handlers, RemoteEngine, Served, ServeOptions, Task, TaskKind, TaskStatus } from '../port.js'
import { Slots } from '../slots.js'
import { type Answer, type Client, refused } from './client.js'
import type { Payload } from './deliver.js'
import { boardName, serviceName } from './names.js'
import { registeredAt } from './register.js'
import { Store } from './store.js'
import { serve } from './worker.js'

/** Chunks that one run has with Restate at a time: it pushes all it has, and holds a call open for each. */
const WINDOW = 200

/** A service that has just been registered may be known a moment later only. */
const LOOKS = 50

const TELL_MS = 5000

/** A batch in work is finished first, however long that takes; so long a cancel waits for it. */
const CANCELLED_MS = 10_000

/** Tasks as invocations that a Restate server keeps, and calls workers for. */
export class RestateEngine implements RemoteEngine {
  readonly #client: Client
  readonly #version: string
  readonly #store: Store
  readonly #window = new Slots(WINDOW)
  /** What this process handed over, by the ids of tasks. */
  readonly #sent = new Map<string, string>()
  #label: string | undefined

  constructor(client: Client, version: string) {
    this.#client = client
    this.#version = version
    this.#store = new Store(client)
  }

  execute(task: Task, signal: AbortSignal): Promise<unknown> {
    return this.#window.use(async () => {
      if (signal.aborted) throw stopped()
      const id = await this.#send(task)
      try {
        return await this.#outcome(id, signal)
      } catch (error) {
        if (signal.aborted) await this.#cancel(id).catch(() => undefined)
        throw error
      }
    })
  }

  async submit(task: Task): Promise<void> {
    this.#sent.set(task.id, await this.#send(task))
  }

  async ended(task: Pick<Task, 'id' | 'kind' | 'label'>, signal: AbortSignal): Promise<unknown> {
    const id = this.#sent.get(task.id) ?? (await this.#store.invocation(task.id))
    if (id === undefined) throw new EtlError('E564', `the engine has no task ${task.id}`, { kind: 'usage' })
    return this.#outcome(id, signal)
  }

  async cancel(run: string): Promise<number> {
    const cancelled: string[] = []
    // What keeps others going comes first.
    for (const kind of ['run', 'chunk'] as const) {
      const ids = await this.#store.unfinished(kind, run)
      await Promise.all(ids.map(id => this.#cancel(id)))
      cancelled.push(...ids)
    }
    await this.#over(cancelled)
    return cancelled.length
  }

  tasks(kind: TaskKind, run?: string): Promise<readonly TaskStatus[]> {
    return this.#store.tasks(kind, run)
  }

  async tell(run: string, lines: readonly string[]): Promise<void> {
    // It is kept from the moment that it is sent; a worker that can take it down may come later.
    await this.#client.ask('ingress', `/${boardName(this.#label)}/${encodeURIComponent(run)}/tell`, {
      method: 'POST',
      body: lines,
      signal: AbortSignal.timeout(TELL_MS),
    })
  }

  told(run: string, after: number): Promise<readonly { readonly seq: number; readonly line: string }[]> {
    return this.#store.told(run, after)
  }

  async serve(handlers: Handlers, options: ServeOptions): Promise<Served> {
    this.#label = options.label
    return serve(this.#client, this.#store, handlers, options)
  }

  async facts(): Promise<EngineFacts> {
    const { label } = this.#client.address
    return { label, version: `Restate ${this.#version}`, ...(await this.#store.counts()) }
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  /** Gives its id there; of a task that it has, the one it has. */
  async #send({ id, run, data, kind, label, limits }: Task): Promise<string> {
    const payload: Payload = { id, run, data, ...(limits === undefined ? {} : { limits }) }
    for (let looks = 1; ; looks++) {
      const { status, body } = await this.#client.patiently('ingress', `/${serviceName(kind, label)}/task/send`, {
        method: 'POST',
        body: payload,
        headers: { 'idempotency-key': id },
      })
      const { invocationId } = (body ?? {}) as { readonly invocationId?: unknown }
      if (typeof invocationId === 'string') return invocationId
      if (status !== 404 || looks === LOOKS) throw refused('a task', status, body)
      if ((await registeredAt(this.#client, label)) === undefined) throw nobody(label)
      await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    }
  }

  async #outcome(id: string, signal: AbortSignal): Promise<unknown> {
    return outcome(await this.#client.patiently('ingress', `/restate/invocation/${id}/attach`, { signal }))
  }

  /** Whoever cancels a run may resume it at once; Restate only takes notice, and tells the worker. */
  async #over(ids: readonly string[]): Promise<void> {
    for (const end = Date.now() + CANCELLED_MS; Date.now() < end; ) {
      if ((await this.#store.alive(ids)).length === 0) return
      await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    }
  }

  async #cancel(id: string): Promise<void> {
    await this.#client.patiently('admin', `/invocations/${id}/cancel`, { method: 'PATCH' })
  }
}

function outcome({ status, body }: Answer): unknown {
  if (status === 200) return body
  const { source, metadata } = (body ?? {}) as { readonly source?: unknown; readonly metadata?: { error?: string } }
  if (source !== 'invocation') throw refused('to tell the end of a task', status, body)
  if (metadata?.error !== undefined) throw errorOf(JSON.parse(metadata.error)) ?? givenUp()
  if (status === 409) throw cancelled()
  throw givenUp()
}

function nobody(label: string | undefined): EtlError {
  const which = label === undefined ? 'no worker' : `no worker with the label ${label}`
  return new EtlError('E560', `${which} has registered at this engine yet`, {
    kind: 'usage',
    hint: `etl worker --engine …${label === undefined ? '' : ` --label ${label}`}`,
  })
}
