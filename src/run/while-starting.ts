import type { EtlError } from '../core/errors.js'
import type { Happening } from './context.js'
import { isTransient, MAX_ATTEMPTS, withRetries } from './retry.js'

/**
 * Does what comes before a run's first batch, and does it again while a database is starting or was lost. One that cannot
 * be reached is worth a second try only once it was reached: before that the address may be wrong.
 *
 * @param options `signal` ends the waiting; `reached` says that the databases were there
 */
export function whileStarting<T>(
  work: () => Promise<T>,
  options: {
    readonly signal: AbortSignal
    readonly reached?: () => boolean
    readonly emit: (event: Happening) => void
  },
): Promise<T> {
  let answered = false
  return withRetries(work, {
    signal: options.signal,
    passes: (error): error is EtlError => {
      if (!isTransient(error)) return false
      answered ||= error.code !== 'E301' || options.reached?.() === true
      return answered
    },
    onRetry: ({ code, message }, attempt, waitMs) =>
      options.emit({ type: 'retry', entity: '$pipeline', attempt, attempts: MAX_ATTEMPTS, waitMs, code, message }),
  })
}
