import type { Pipeline } from '../load/pipeline.js'
import { redactor } from '../load/redact.js'
import type { RunOptions } from './api.js'
import { newRunId } from './begin-run.js'
import { emitter } from './context.js'
import { type Attempts, type Prepared, prepare } from './prepare.js'
import { whileStarting } from './while-starting.js'

/** Prepares a run, as often as it takes: see {@link whileStarting}. */
export function prepareRetried(
  pipeline: Pipeline,
  options: RunOptions,
  stateDir: string,
  now: () => number,
  signal: AbortSignal,
): Promise<Prepared> {
  const emit = emitter(options.onEvent === undefined ? [] : [options.onEvent], now, redactor(pipeline.secrets))
  const attempts: Attempts = { reached: false }
  const identified = { ...options, runId: options.runId ?? newRunId() }
  const reached = (): boolean => attempts.reached
  return whileStarting(() => prepare(pipeline, identified, stateDir, now, attempts), { signal, reached, emit })
}
