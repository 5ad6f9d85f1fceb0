import type { ErrorKind, EtlErrorOptions } from '../../core/errors.js'
import { EtlError } from '../../core/errors.js'
import { snapshotGone } from '../../core/snapshot-pool.js'
import { BY_DRIVER, BY_NUMBER, type Class, SNAPSHOT_GONE } from './error-classes.js'

export interface ErrorContext {
  /** `oracle host:port/service`. */
  readonly where: string
  readonly connecting?: boolean
  /** The session reads by a system change number. */
  readonly snapshot?: boolean
  /** The payload's row that is at fault. */
  readonly row?: number
  /** Constraints whose violation means that the row exists already. */
  readonly exists?: ReadonlySet<string>
}

/** Any error of the driver as one of ours. */
export function toEtlError(error: unknown, context: ErrorContext): EtlError {
  if (error instanceof EtlError) return error
  const native = error as { message?: string; code?: string; errorNum?: number; cause?: { code?: string } }
  const message = String(native.message ?? error)
  const njs = /^(NJS|DPI)-\d+/.exec(message)?.[0]
  const ora = numberOf(message)
  const gone = context.snapshot === true ? SNAPSHOT_GONE[ora] : undefined
  if (gone !== undefined)
    return snapshotGone(undefined, gone, { where: context.where, native: `ORA-${String(ora).padStart(5, '0')}` })
  // A lost connection is what matters, whatever the server said before.
  const byDriver = njs === undefined ? undefined : BY_DRIVER[njs]
  const known = context.connecting === true && closed(njs) ? CLOSED_EARLY : (byDriver ?? BY_NUMBER[ora])
  const code = ora > 0 && byDriver === undefined ? `ORA-${String(ora).padStart(5, '0')}` : (njs ?? native.code)
  const options = (kind: ErrorKind, hint?: string): EtlErrorOptions => ({
    kind,
    where: context.where,
    ...(hint === undefined ? {} : { hint }),
    ...(code === undefined ? {} : { native: code }),
  })
  if (known === undefined) return unknown(message, ora, context, options)
  const [etl, kind, text, hint] = known
  if (kind !== 'row') return new EtlError(etl, text ?? firstLine(message), options(kind, hint))
  const place = placeOf(message)
  const exists = ora === 1 && context.exists?.has(place.constraint ?? '') === true
  const name = place.column ?? place.constraint
  return new EtlError(exists ? 'E415' : etl, `${text}${name === undefined ? '' : ` (${name})`}`, {
    ...options('row', hint),
    ...(context.row === undefined ? {} : { row: context.row }),
    ...(place.column === undefined ? {} : { column: place.column }),
  })
}

const CLOSED_EARLY: Class = [
  'E301',
  'connection',
  'the server closed the connection before the login',
  'where the listener wants TLS, connect by `tcps://host:port/service`',
]

function closed(njs: string | undefined): boolean {
  return njs === 'NJS-500' || njs === 'NJS-501' || njs === 'NJS-521'
}

const ROLLED_BACK = '02091'

/** The number that says why: what a commit found is behind the one that says only that it was undone. */
function numberOf(message: string): number {
  const numbers = [...message.matchAll(/ORA-(\d{5})/g)].map(match => match[1])
  return Number((numbers[0] === ROLLED_BACK ? numbers[1] : undefined) ?? numbers[0] ?? 0)
}

function unknown(
  message: string,
  ora: number,
  context: ErrorContext,
  options: (kind: ErrorKind, hint?: string) => EtlErrorOptions,
): EtlError {
  // User-defined errors of triggers speak of rows.
  if (ora >= 20000 && ora <= 20999) {
    if (context.row === undefined)
      return new EtlError('E308', 'a trigger or procedure of the database raised an error', options('failed'))
    return new EtlError('E419', 'a trigger of the database refused the row', { ...options('row'), row: context.row })
  }
  if (context.row !== undefined)
    return new EtlError('E420', `the database refused the row: ORA-${ora}`, { ...options('row'), row: context.row })
  if (context.connecting === true)
    return new EtlError('E301', `cannot connect: ${firstLine(message)}`, options('connection'))
  return new EtlError('E308', firstLine(message), options('failed'))
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? message
}

/** Names, and names only: `("O"."T"."C")`, `column "O"."T"."C"`, `constraint (O.NAME)`. */
function placeOf(message: string): { column?: string; constraint?: string } {
  const column = /"[^"]+"\."[^"]+"\."([^"]+)"/.exec(message)?.[1]
  const constraint = /constraint \((?:[^.)]+\.)?([^)]+)\)/.exec(message)?.[1]
  return { ...(column === undefined ? {} : { column }), ...(constraint === undefined ? {} : { constraint }) }
}
