import { CODES, type ErrorCode } from '../core/codes.js'
import { type ErrorKind, EtlError } from '../core/errors.js'
import type { Json } from './port.js'

/** An error on its way to another process: what a person is told of it, and nothing of its causes. */
export function errorData(error: unknown): { readonly [name: string]: Json } {
  if (!(error instanceof EtlError)) return { code: 'E901', kind: 'failed', message: 'internal error of a worker' }
  const { code, kind, message, hint, where } = error
  return { code, kind, message, ...(hint === undefined ? {} : { hint }), ...(where === undefined ? {} : { where }) }
}

/** The error that {@link errorData} was made of; undefined for anything else. */
export function errorOf(data: unknown): EtlError | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const { code, kind, message, hint, where } = data as Record<string, unknown>
  if (typeof code !== 'string' || !Object.hasOwn(CODES, code)) return undefined
  return new EtlError(code as ErrorCode, String(message), {
    kind: kind as ErrorKind,
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(typeof where === 'string' ? { where } : {}),
  })
}
