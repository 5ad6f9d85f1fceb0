import type { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import type { RunOptions } from './api.js'
import { newRunId } from './begin-run.js'
import { emitter } from './context.js'
import { type Attempts, type Prepared, prepare } from './prepare.js'
import { isTransient, MAX_ATTEMPTS, withRetries } from './retry.js'

/**
 * Prepares a run, and does so again while a database is starting or was lost. One that cannot be reached is worth a second
 * try only once it was reached: before that the address may be wrong.
 *
 * @param signal ends the waiting
 */
export function prepareRetried(
  pipeline: Pipeline,
  options: RunOptions,
  stateDir: string,
  now: () => number,
  signal: AbortSignal,
): Promise<Prepared> {
  const emit = emitter(options.onEvent === undefined ? [] : [options.onEvent], now)
  const attempts: Attempts = { reached: false }
  const identified = { ...options, runId: options.runId ?? newRunId() }
  return withRetries(() => prepare(pipeline, identified, stateDir, now, attempts), {
    signal,
    passes: (error): error is EtlError => isTransient(error) && (attempts.reached || error.code !== 'E301'),
    onRetry: ({ code, message }, attempt, waitMs) =>
      emit({ type: 'retry', entity: '$pipeline', attempt, attempts: MAX_ATTEMPTS, waitMs, code, message }),
  })
}
