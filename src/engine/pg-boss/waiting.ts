import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { EtlError } from '../../core/errors.js'
import { errorOf } from '../error-data.js'
import { cancelled, givenUp, LOOK_MS, MOST_FAILED, stopped } from '../outcome.js'
import type { EndedJob, Store } from './store.js'

/** Where some have just ended and few are left: they often end together. */
const SOON_MS = 50
const FEW = 500

export interface WaitedFor {
  readonly id: string
  readonly queue: string
}

interface Waiter extends WaitedFor {
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** All who wait for the end of a job ask together, by one query at a time. */
export class Waiting {
  readonly #store: Store
  readonly #waiters = new Set<Waiter>()
  readonly #closed = new AbortController()
  readonly #mostFailed: number
  #looking = false

  constructor(store: Store, mostFailed = MOST_FAILED) {
    this.#store = store
    this.#mostFailed = mostFailed
  }

  for(job: WaitedFor, signal: AbortSignal): Promise<unknown> {
    const ended = new Promise<unknown>((resolve, reject) => {
      const stop = (): void => {
        this.#waiters.delete(waiter)
        reject(stopped())
      }
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal.removeEventListener('abort', stop)
          settle(value)
        }
      const waiter: Waiter = { ...job, resolve: settled(resolve), reject: settled(reject) }
      if (signal.aborted) return stop()
      // All chunks of a run listen to one signal.
      setMaxListeners(0, signal)
      signal.addEventListener('abort', stop, { once: true })
      this.#waiters.add(waiter)
    })
    if (!this.#looking) void this.#look()
    return ended
  }

  close(): void {
    this.#closed.abort()
  }

  async #look(): Promise<void> {
    this.#looking = true
    let failed = 0
    let some = false
    while (this.#waiters.size > 0 && !this.#closed.signal.aborted) {
      try {
        const ended = new Map((await this.#store.ended([...this.#waiters])).map(job => [job.id, job]))
        for (const waiter of ended.size === 0 ? [] : this.#waiters) this.#settle(waiter, ended.get(waiter.id))
        some = ended.size > 0
        failed = 0
      } catch (cause) {
        some = false
        // A database that cannot be reached now may be there in a moment.
        if (++failed === this.#mostFailed) this.#giveUp(cause)
      }
      const pause = some && this.#waiters.size < FEW ? SOON_MS : LOOK_MS
      await sleep(pause, undefined, { signal: this.#closed.signal }).catch(() => undefined)
    }
    this.#looking = false
  }

  #giveUp(cause: unknown): void {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter)
      waiter.reject(
        new EtlError('E560', 'the engine does not answer any more', {
          kind: 'connection',
          cause,
          hint: 'what workers have begun goes on; look with `etl engine check` and `etl status RUN`',
        }),
      )
    }
  }

  #settle(waiter: Waiter, job: EndedJob | undefined): void {
    if (job === undefined) return
    this.#waiters.delete(waiter)
    const told = job.output as { readonly result?: unknown; readonly error?: unknown } | null
    if (job.state === 'done') waiter.resolve(told?.result)
    else if (job.state === 'cancelled') waiter.reject(cancelled())
    else waiter.reject(errorOf(told?.error) ?? givenUp())
  }
}
