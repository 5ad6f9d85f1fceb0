import type { Context } from '@restatedev/restate-sdk'
import { EtlError } from '../../core/errors.js'
import { errorData } from '../error-data.js'
import { isPassing } from '../passing.js'
import type { Delivery, Handler, Task, TaskKind } from '../port.js'
import { KEEP } from './board.js'
import type { Sdk } from './driver.js'
import { within } from './limits.js'
import { serviceName } from './names.js'
import type { Room } from './room.js'

export type Payload = Pick<Task, 'id' | 'run' | 'data' | 'limits'>

/** Deliveries of a task, at most: whatever happens to those who have it, a run is to come to its end. */
const MOST: Readonly<Record<TaskKind, number>> = { run: 1000, chunk: 20 }

const LONGEST_WAIT_MS = 60_000

/** Restate would take a handler that says nothing for dead; a chunk may take hours. */
const SILENCE = { days: 365 } as const

export interface TaskHost {
  readonly sdk: Sdk
  readonly room: Room
  /** Aborts where the worker is to leave. */
  readonly leaving: AbortSignal
  /** Counts a delivery that begins. */
  attempt(kind: TaskKind, task: Payload, signal: AbortSignal): Promise<number>
}

/** Tasks of a kind as invocations of a service. The handler is one step: what is done in it only the ledger knows. */
export function taskService(host: TaskHost, kind: TaskKind, handler: Handler, label: string | undefined) {
  const { sdk, leaving } = host
  return sdk.service({
    name: serviceName(kind, label),
    handlers: {
      task: (ctx: Context, task: Payload) =>
        within(sdk, ctx, task.limits, async () => {
          const cancelled = new AbortController()
          const signal = AbortSignal.any([ctx.request().attemptCompletedSignal, leaving, cancelled.signal])
          let work: Promise<unknown> | undefined
          try {
            return await ctx.run(kind, () => {
              work = deliver(host, kind, handler, task, signal)
              return work
            })
          } catch (error) {
            // Cancelled: it is over when the batch in work is.
            cancelled.abort()
            await work?.catch(() => undefined)
            throw error
          }
        }),
    },
    options: {
      idempotencyRetention: KEEP,
      journalRetention: KEEP,
      inactivityTimeout: SILENCE,
      abortTimeout: SILENCE,
      retryPolicy: { initialInterval: 50, exponentiationFactor: 2, maxInterval: 2000, maxAttempts: 1_000_000_000 },
    },
  })
}

async function deliver(
  { sdk, room, leaving, attempt: count }: TaskHost,
  kind: TaskKind,
  handler: Handler,
  task: Payload,
  signal: AbortSignal,
): Promise<unknown> {
  const leave = await room.enter(signal)
  if (leave === undefined) throw new sdk.RetryableError('no place is free here', { retryAfter: 100 })
  try {
    const attempt = await count(kind, task, signal).catch(() => undefined)
    if (attempt === undefined) throw new sdk.RetryableError('the delivery could not be counted', { retryAfter: 100 })
    if (attempt > MOST[kind]) throw terminal(sdk, givenUp())
    return await perform(sdk, kind, handler, task, { signal, attempt }, leaving)
  } finally {
    leave()
  }
}

async function perform(
  sdk: Sdk,
  kind: TaskKind,
  handler: Handler,
  task: Payload,
  delivery: Delivery,
  leaving: AbortSignal,
): Promise<unknown> {
  const { attempt } = delivery
  try {
    return (await handler({ kind, ...task }, delivery)) ?? null
  } catch (error) {
    if (!isPassing(error) || attempt >= MOST[kind]) throw terminal(sdk, error)
    const retryAfter = leaving.aborted ? 50 : Math.min(500 * 2 ** (attempt - 1), LONGEST_WAIT_MS)
    throw new sdk.RetryableError(shown(error), { retryAfter })
  }
}

function terminal(sdk: Sdk, error: unknown): Error {
  return new sdk.TerminalError(shown(error), {
    errorCode: 500,
    metadata: { error: JSON.stringify(errorData(error)) },
  })
}

function shown(error: unknown): string {
  const { code, message } = errorData(error)
  return `${String(code)} ${String(message)}`
}

export function givenUp(): EtlError {
  return new EtlError('E561', 'no worker finished it: each that began was lost', {
    hint: 'look at the logs of the workers (memory, evictions), then `etl resume RUN`',
  })
}
