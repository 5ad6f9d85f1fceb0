import { EtlError } from '../core/errors.js'

/** Is the trouble of one worker or one moment, so that the task is worth another delivery? */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof EtlError && (error.kind === 'transient' || error.kind === 'interrupted' || error.code === 'E301')
  )
}
