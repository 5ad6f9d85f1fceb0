import { type EtlError, exitCodeOf } from '../core/errors.js'
import type { Control } from './control.js'
import type { RunStatus } from './events.js'

/** How the process should end. */
export function exitCode(status: RunStatus, reason: Control['reason'], error: EtlError | undefined): number {
  if (status === 'failed') return exitCodeOf(error)
  if (status === 'interrupted') return reason === 'SIGTERM' ? 143 : 130
  return status === 'quarantined' ? 3 : 0
}

/** An error as events tell it. */
export function shown(error: EtlError) {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.where === undefined ? {} : { where: error.where }),
  }
}
