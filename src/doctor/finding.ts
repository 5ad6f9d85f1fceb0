import type { ErrorCode } from '../core/codes.js'
import { EtlError } from '../core/errors.js'

/** One thing that was looked at. */
export interface Finding {
  /** `machine`, `pipeline`, `source NAME` or `target`. */
  readonly where: string
  readonly what: string
  /** `warning`: works, though not as well as it could. */
  readonly state: 'ok' | 'warning' | 'failed'
  readonly detail: string
  readonly code?: ErrorCode
  /** What to do. */
  readonly hint?: string
}

/** An error as what was found; what is no {@link EtlError} is a bug and goes on. */
export function failedFinding(where: string, what: string, error: unknown): Finding {
  if (!(error instanceof EtlError)) throw error
  const { code, message, hint, native } = error
  const detail = native === undefined ? message : `${message} (${native})`
  return { where, what, state: 'failed', detail, code, ...(hint === undefined ? {} : { hint }) }
}
