import { EtlError } from '../core/errors.js'
import { isPassing } from './passing.js'
import type { Engine, Handlers, Task } from './port.js'
import { Slots } from './slots.js'

export interface LocalOptions {
  /** Tasks at a time. */
  readonly concurrency: number
  /** Deliveries of one task, at most. Default 1: who does a chunk is patient itself. */
  readonly attempts?: number
}

/** The engine of one process: a pool of promises. No server, nothing kept; what was not done is found in the ledger. */
export class LocalEngine implements Engine {
  readonly #handlers: Handlers
  readonly #options: LocalOptions
  readonly #slots: Slots
  readonly #limits = new Map<string, Slots>()
  readonly #tasks = new Map<string, Promise<unknown>>()

  constructor(handlers: Handlers, options: LocalOptions) {
    this.#handlers = handlers
    this.#options = options
    this.#slots = new Slots(options.concurrency)
  }

  execute(task: Task, signal: AbortSignal): Promise<unknown> {
    const known = this.#tasks.get(task.id)
    if (known !== undefined) return known
    // In one order for all, so that nobody waits for who waits for him.
    const limits = Object.entries(task.limits ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
    const within = limits.reduceRight<() => Promise<unknown>>(
      (work, [name, limit]) =>
        () =>
          this.#limit(name, limit).use(work),
      () => this.#slots.use(() => this.#deliver(task, signal)),
    )
    const ended = within()
    this.#tasks.set(task.id, ended)
    return ended
  }

  async close(): Promise<void> {}

  async #deliver(task: Task, signal: AbortSignal): Promise<unknown> {
    const handler = this.#handlers[task.kind]
    if (handler === undefined) throw new EtlError('E901', `nobody does tasks of kind ${task.kind}`)
    const { attempts = 1 } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await handler(task, { signal, attempt })
      } catch (error) {
        if (attempt >= attempts || signal.aborted || !isPassing(error)) throw error
      }
    }
  }

  #limit(name: string, limit: number): Slots {
    let slots = this.#limits.get(name)
    if (slots === undefined) {
      slots = new Slots(limit)
      this.#limits.set(name, slots)
    }
    return slots
  }
}
