import { EtlError } from '../core/errors.js'

/** Whoever waits for an engine looks so often. */
export const LOOK_MS = 200
/** So many looks in a row that say nothing, a minute at least, are no outage of a moment. */
export const MOST_FAILED = 300

/** How waiting for a task may end, whichever engine has it. */
export function givenUp(): EtlError {
  return new EtlError('E561', 'no worker finished it: each that began was lost', {
    hint: 'look at the logs of the workers (memory, evictions), then `etl resume RUN`',
  })
}

export function cancelled(): EtlError {
  return new EtlError('E515', 'the run was cancelled', { kind: 'interrupted' })
}

export function stopped(): EtlError {
  return new EtlError('E515', 'stopped while waiting for a worker', { kind: 'interrupted' })
}
