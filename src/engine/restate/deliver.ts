import type { Context } from '@restatedev/restate-sdk'
import { errorData } from '../error-data.js'
import { givenUp } from '../outcome.js'
import { isPassing } from '../passing.js'
import type { Delivery, Handler, Json, Task, TaskKind } from '../port.js'
import type { Sdk } from './driver.js'
import { turnAway } from './endpoint.js'
import type { Room } from './room.js'
import type { Turns } from './turns.js'

export type Payload = Pick<Task, 'id' | 'run' | 'data' | 'limits'>

/** Deliveries of a task, at most: whatever happens to those who have it, a run is to come to its end. */
const MOST: Readonly<Record<TaskKind, number>> = { run: 1000, chunk: 20 }

const LONGEST_WAIT_MS = 60_000

export interface TaskHost {
  readonly sdk: Sdk
  readonly room: Room
  readonly turns: Turns
  /** Aborts where the worker is to leave. */
  readonly leaving: AbortSignal
}

/** What a task came to: the last step of its journal. */
type End = { readonly result: Json } | { readonly error: Readonly<Record<string, Json>> }

/**
 * The journal of a task is a list of steps: one without a value for each delivery that began, and the end. A delivery goes
 * through those that are there, which gives its number, adds its own, and does the work as the next one. Died it meanwhile,
 * that step stays open, and becomes the one that the next delivery adds.
 */
export async function deliver(
  { sdk, room, leaving }: TaskHost,
  ctx: Context,
  kind: TaskKind,
  handler: Handler,
  task: Payload,
): Promise<unknown> {
  const cancelled = new AbortController()
  const signal = AbortSignal.any([ctx.request().attemptCompletedSignal, leaving, cancelled.signal])
  const place = new Place(room, signal)
  let open: Promise<End | null> | undefined
  const step = (work: () => Promise<End | null>) =>
    ctx.run(kind, () => {
      open = work()
      return open
    })
  try {
    for (let attempt = 1; ; attempt++) {
      const known = await step(async () => {
        if (await place.take()) return null
        turnAway()
        throw new sdk.RetryableError('no place is free here', { retryAfter: 100 })
      })
      if (known !== null) return ended(sdk, known)
      if (open === undefined) continue
      const end = await step(() => place.use(() => perform(sdk, kind, handler, task, { signal, attempt }, leaving)))
      return ended(sdk, end as End)
    }
  } catch (error) {
    // Cancelled: it is over when the batch in work is.
    cancelled.abort()
    await open?.catch(() => undefined)
    throw error
  }
}

/** The place of one delivery in the room of a worker, which it has until its work is over, or never begins. */
class Place {
  readonly #room: Room
  readonly #signal: AbortSignal
  #leave: (() => void) | undefined
  #used = false

  constructor(room: Room, signal: AbortSignal) {
    this.#room = room
    this.#signal = signal
    signal.addEventListener('abort', () => {
      if (!this.#used) this.#free()
    })
  }

  async take(): Promise<boolean> {
    this.#leave = await this.#room.enter(this.#signal)
    if (this.#signal.aborted) this.#free()
    return this.#leave !== undefined
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#used = true
    try {
      return await work()
    } finally {
      this.#free()
    }
  }

  #free(): void {
    this.#leave?.()
    this.#leave = undefined
  }
}

async function perform(
  sdk: Sdk,
  kind: TaskKind,
  handler: Handler,
  task: Payload,
  delivery: Delivery,
  leaving: AbortSignal,
): Promise<End> {
  const { attempt, signal } = delivery
  if (signal.aborted) throw new sdk.RetryableError('it was not begun', { retryAfter: 50 })
  if (attempt > MOST[kind]) return { error: errorData(givenUp()) }
  try {
    return { result: ((await handler({ kind, ...task }, delivery)) ?? null) as Json }
  } catch (error) {
    if (!isPassing(error) || attempt >= MOST[kind]) return { error: errorData(error) }
    const retryAfter = leaving.aborted ? 50 : Math.min(500 * 2 ** (attempt - 1), LONGEST_WAIT_MS)
    throw new sdk.RetryableError(shown(errorData(error)), { retryAfter })
  }
}

function ended(sdk: Sdk, end: End): unknown {
  if ('result' in end) return end.result
  throw new sdk.TerminalError(shown(end.error), { errorCode: 500, metadata: { error: JSON.stringify(end.error) } })
}

function shown({ code, message }: Readonly<Record<string, Json>>): string {
  return `${String(code)} ${String(message)}`
}
