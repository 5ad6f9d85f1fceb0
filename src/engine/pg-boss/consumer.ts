import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, PgBoss } from 'pg-boss'
import type { Settlement, Store } from './store.js'

/** Jobs that are due again, and those whose notice was lost, are found by looking. */
const LOOK_MS = 1000
/** Between two fetches, so that idle workers beside this one get some too; what ends meanwhile is fetched for, and told, at once. */
const PAUSE_MS = 5
/** How soon a worker finds out that a job is somebody else's by now, and tells that it lives. */
const TOUCH_MS = 1000
/** So many seconds without an answer, and others have the jobs anyway. */
const SETTLE_TRIES = 30
const SETTLE_PAUSE_MS = 500

export interface ConsumerOptions<T extends object> {
  readonly boss: PgBoss
  readonly store: Store
  readonly queue: string
  /** Jobs at a time. */
  readonly slots: number
  /** Does one; never rejects. `signal` aborts where the job was cancelled or given to somebody else. */
  readonly work: (job: Job<T>, signal: AbortSignal) => Promise<Ended>
}

/** How a job ended here. */
export interface Ended {
  /** `retry`: it is delivered again, as often as its queue allows. */
  readonly state: Settlement['state'] | 'retry'
  readonly output: object
}

/**
 * Takes as many jobs in one statement as there is room for, tells in one that all of them are in work, and ends in one those
 * that are done. pg-boss's own workers fetch, touch and end each job for itself.
 */
export class Consumer<T extends object> {
  readonly #options: ConsumerOptions<T>
  /** Fetched, and not ended in the engine yet. */
  readonly #held = new Map<Job<T>, AbortController>()
  /** Those of them that were there when it told last. */
  #told: ReadonlySet<Job<T>> = new Set()
  readonly #done: Settlement[] = []
  readonly #timer: NodeJS.Timeout
  readonly #taking: Promise<void>
  #settling: Promise<void> | undefined
  #working = 0
  #stopping = false
  /** The last look found all that it had room for. */
  #more = false
  #waker = new AbortController()

  constructor(options: ConsumerOptions<T>) {
    this.#options = options
    this.#timer = setInterval(() => void this.#tell(), TOUCH_MS)
    this.#taking = this.#take()
  }

  /** There may be something to take. */
  wake(): void {
    this.#waker.abort()
  }

  /** Who fetched a job has told so by that; most are done before there is more to tell. */
  #tell(): Promise<void> {
    const jobs = [...this.#held.keys()]
    const older = jobs.filter(job => this.#told.has(job))
    this.#told = new Set(jobs)
    return this.touch(older)
  }

  /** Tells that it lives, and learns which jobs are not its own any more. */
  async touch(jobs: readonly Job<T>[] = [...this.#held.keys()]): Promise<void> {
    if (jobs.length === 0) return
    const { store, queue } = this.#options
    try {
      const kept = await store.touch(queue, jobs)
      for (const job of jobs) if (!kept.has(job.id)) this.#held.get(job)?.abort()
    } catch {
      // What could not be asked says nothing.
    }
  }

  /** Takes nothing more; resolves when what it has is ended. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.wake()
    await this.#taking
    while (this.#held.size > 0) await sleep(20)
    clearInterval(this.#timer)
  }

  async #take(): Promise<void> {
    const { boss, queue, slots } = this.#options
    // Few at first: where there are few, each worker is to have some.
    let step = 1
    while (!this.#stopping) {
      this.#waker = new AbortController()
      const room = Math.min(step, slots - this.#working)
      if (room > 0) {
        // An engine that is away for a moment is asked again.
        const jobs = await boss.fetch<T>(queue, { batchSize: room }).catch(() => [])
        for (const job of jobs) void this.#work(job)
        this.#more = jobs.length === room
        step = this.#more ? Math.min(step * 2, slots) : 1
      }
      if (!this.#more || this.#working === slots)
        await sleep(LOOK_MS, undefined, { signal: this.#waker.signal }).catch(() => undefined)
      await sleep(PAUSE_MS)
    }
  }

  async #work(job: Job<T>): Promise<void> {
    const { boss, queue, work } = this.#options
    const claim = new AbortController()
    this.#held.set(job, claim)
    this.#working++
    const { state, output } = await work(job, claim.signal)
    this.#working--
    if (this.#more) this.wake()
    if (state === 'retry') {
      await patiently(() => boss.fail(queue, job, output))
      this.#held.delete(job)
      return
    }
    this.#done.push({ job, state, output })
    this.#settling ??= this.#settle()
  }

  async #settle(): Promise<void> {
    const { store, queue } = this.#options
    while (this.#done.length > 0) {
      await sleep(PAUSE_MS)
      const some = this.#done.splice(0)
      await patiently(() => store.settle(queue, some))
      for (const { job } of some) this.#held.delete(job as Job<T>)
    }
    this.#settling = undefined
  }
}

async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; tries <= SETTLE_TRIES; tries++) {
    try {
      await work()
      return
    } catch {
      await sleep(SETTLE_PAUSE_MS)
    }
  }
}
