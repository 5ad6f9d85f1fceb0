import { setTimeout as sleep } from 'node:timers/promises'
import { EtlError } from '../core/errors.js'
import { failpoint } from '../core/failpoint.js'

/** With the waits between them: about half a minute, time enough for a server to start again. */
export const MAX_ATTEMPTS = 8
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 15_000

/** Milliseconds to wait before the attempt after `attempt` (1-based): doubled each time, capped, half of it random. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1))
  return Math.round(full / 2 + (full / 2) * random())
}

/** A host that was reached before and cannot be reached now is a passing trouble too. */
export function isTransient(error: unknown): error is EtlError {
  return error instanceof EtlError && (error.kind === 'transient' || error.code === 'E301')
}

/**
 * Runs `work` until it succeeds, fails for good, or so many attempts without progress failed in passing.
 * Only errors that a connector calls transient are tried again; `work` says through `progressed` that the count may start anew.
 */
export async function withRetries<T>(
  work: (attempt: number, progressed: () => void) => Promise<T>,
  options: {
    readonly signal: AbortSignal
    /** Milliseconds before the next attempt. Default: {@link backoff}. */
    readonly backoff?: (attempt: number) => number
    /** Is the error worth another attempt? Default: {@link isTransient}. */
    readonly passes?: (error: unknown) => error is EtlError
    readonly onRetry: (error: EtlError, attempt: number, waitMs: number) => void
  },
): Promise<T> {
  const { passes = isTransient } = options
  let attempt = 1
  for (;;) {
    try {
      return await work(attempt, () => {
        attempt = 1
      })
    } catch (error) {
      if (!passes(error) || attempt >= MAX_ATTEMPTS || options.signal.aborted) throw error
      const waitMs = (options.backoff ?? backoff)(attempt)
      attempt++
      failpoint('retry')
      options.onRetry(error, attempt, waitMs)
      await sleep(waitMs, undefined, { signal: options.signal }).catch(() => undefined)
      if (options.signal.aborted) throw error
    }
  }
}
