import type { ErrorCode } from '../../core/codes.js'
import type { ErrorKind, EtlErrorOptions } from '../../core/errors.js'
import { EtlError } from '../../core/errors.js'

export interface ErrorContext {
  /** `postgres host:port/database`. */
  readonly where: string
  readonly connecting?: boolean
  /** While rows are copied: columns in their order, and the payload's row that is the first line. */
  readonly copy?: { readonly columns: readonly string[]; readonly from: number }
  /** Constraints whose violation means that the row exists already. */
  readonly exists?: ReadonlySet<string>
}

/** What the driver throws, seen as data. */
interface Native {
  readonly code?: string
  readonly message: string
  readonly where?: string
  readonly column?: string
  readonly table?: string
  readonly constraint?: string
  /** The server's own function that reported the error. */
  readonly routine?: string
}

type Class = readonly [ErrorCode, ErrorKind, hint?: string]

const BY_STATE: Readonly<Record<string, Class>> = {
  '23505': ['E417', 'row'],
  '23503': ['E418', 'row', 'load the referenced rows first, or check the reference in the source'],
  '23001': ['E418', 'row'],
  '23502': ['E401', 'row'],
  '23514': ['E419', 'row'],
  '23P01': ['E419', 'row'],
  '44000': ['E419', 'row'],
  '22001': ['E405', 'row'],
  '22003': ['E403', 'row'],
  '22021': ['E408', 'row'],
  '22P05': ['E408', 'row'],
  P0001: ['E419', 'row', 'the server log has its words'],
  '54000': ['E420', 'row'],
  '40001': ['E307', 'transient'],
  '40P01': ['E307', 'transient'],
  '55P03': ['E307', 'transient'],
  '53300': ['E307', 'transient', 'raise the limit of connections, or lower `--concurrency`'],
  '57014': ['E307', 'transient', 'raise `statement_timeout`, or look for what blocks the statement'],
  '57P03': ['E307', 'transient'],
  '57P01': ['E306', 'transient'],
  '57P02': ['E306', 'transient'],
  '57P05': ['E306', 'transient'],
  '25P03': ['E306', 'transient'],
  '28P01': ['E302', 'connection', 'check `user` and `password`'],
  '28000': ['E302', 'connection', 'check `user`, and the server’s pg_hba.conf'],
  '3D000': ['E303', 'connection', 'check `database`'],
  '57P04': ['E303', 'connection'],
  '42501': ['E304', 'connection', 'grant the login what it needs, or use another one'],
  '25006': ['E305', 'connection', 'connect to the primary server, and as a role that may write'],
  '42P01': ['E208', 'usage'],
  '3F000': ['E208', 'usage'],
  '42703': ['E207', 'usage'],
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOENT',
  'EACCES',
])
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_DESTROYED', 'ECONNABORTED', 'EHOSTUNREACH'])

/** Any error of the driver as one of ours. The server's `detail` and quoted input are left out: they carry rows. */
export function toEtlError(error: unknown, context: ErrorContext): EtlError {
  if (error instanceof EtlError) return error
  const native: Native = error instanceof Error ? (error as Error & Native) : { message: String(error) }
  if (isState(native)) return fromState(native, context)
  const make = (code: ErrorCode, message: string, options: EtlErrorOptions): EtlError =>
    new EtlError(code, message, { where: context.where, ...options })
  const code = native.code ?? ''
  const text = native.message
  if (/SSL|TLS|certificate/i.test(text) || /CERT|ERR_TLS|ERR_SSL|EPROTO|VERIFY|ISSUER/.test(code)) {
    const message = /does not support SSL/.test(text) ? 'the server takes no TLS' : `TLS failed: ${code || text}`
    return make('E309', message, { kind: 'connection', hint: 'check `sslmode` and `ssl_ca`' })
  }
  if (context.connecting === true) {
    if (UNREACHABLE.has(code) || /timeout/i.test(text)) {
      const reason = code || 'no answer in time'
      const hint = 'check `host` and `port`, and that the server runs'
      return make('E301', `cannot reach the server: ${reason}`, { kind: 'connection', hint })
    }
    if (LOST.has(code) || /^Connection terminated/.test(text)) {
      const hint = 'check `host` and `port`, and that a PostgreSQL server runs there'
      return make('E301', 'the server closed the connection before the login', { kind: 'connection', hint })
    }
    if (/^SASL/.test(text)) {
      return make('E302', 'the server asks for a password', { kind: 'connection', hint: 'check `password`' })
    }
  }
  if (LOST.has(code) || /^Connection terminated|not queryable|Client was closed/i.test(text)) {
    return make('E306', 'the connection to the server is lost', { kind: 'transient' })
  }
  return make('E308', text, { kind: 'failed', cause: error })
}

function isState(native: Native): native is Native & { code: string } {
  // Node's own codes look alike (EPIPE); the server's errors have a severity.
  return native.code !== undefined && /^[0-9A-Z]{5}$/.test(native.code) && 'severity' in native
}

const WANTS_TLS: Class = ['E309', 'connection', 'the server takes this login with TLS only: set `sslmode: require`']

const TAKES_NO_OPTIONS: Class = [
  'E308',
  'connection',
  'a pooler is in between: let it pass over that parameter (pgbouncer: `ignore_startup_parameters = options`), or connect to the server itself',
]

/** `pg_hba.conf` has no line for a connection as it came: without encryption. */
function wantsTls({ code, message }: Native): boolean {
  return code === '28000' && message.endsWith(', no encryption')
}

function classify(native: Native & { code: string }): Class {
  const state = native.code
  const known = BY_STATE[state]
  if (known !== undefined) return known
  if (state === '08P01' && native.message.startsWith('unsupported startup parameter')) return TAKES_NO_OPTIONS
  if (state.startsWith('08')) return ['E306', 'transient']
  if (state.startsWith('22')) return ['E420', 'row']
  if (state.startsWith('23')) return ['E419', 'row']
  return isRaised(native) ? ['E419', 'row', 'the server log has its words'] : ['E308', 'failed']
}

function fromState(native: Native & { code: string }, context: ErrorContext): EtlError {
  const [code, kind, hint] = wantsTls(native) ? WANTS_TLS : classify(native)
  const exists = native.constraint !== undefined && context.exists?.has(native.constraint) === true
  const place = kind === 'row' ? placeOf(native, context) : {}
  return new EtlError(code === 'E417' && exists ? 'E415' : code, safeMessage(native), {
    kind,
    where: context.where,
    native: native.code,
    ...(hint === undefined ? {} : { hint }),
    ...place,
  })
}

/** Row and column, as far as `COPY t, line 12, column x: …` tells. */
function placeOf(native: Native, context: ErrorContext): { row?: number; column?: string } {
  const match = /COPY [\s\S]*?, line (\d+)([\s\S]*)/.exec(native.where ?? '')
  const rest = match?.[2] ?? ''
  const copied = context.copy?.columns.find(name => rest.startsWith(`, column ${name}:`) || rest === `, column ${name}`)
  const column = native.column ?? copied
  return {
    ...(match === null || context.copy === undefined ? {} : { row: context.copy.from + Number(match[1]) - 1 }),
    ...(column === undefined ? {} : { column }),
  }
}

/** A function's own `raise`, whatever code it gives; its message is the user's and may quote the row. */
function isRaised(native: Native): boolean {
  return (
    native.code === 'P0001' ||
    native.routine === 'exec_stmt_raise' ||
    /^(?:PLy|plperl|pltcl)_/.test(native.routine ?? '')
  )
}

/** The server's message without what it quotes of the row. */
function safeMessage(native: Native & { code: string }): string {
  if (isRaised(native)) {
    const routine = /^(?:PL\/\w+|SQL) function [^\s(]+/.exec(native.where ?? '')?.[0]
    return `${routine ?? 'a function of the database'} raised an exception`
  }
  if (!native.code.startsWith('22')) return native.message
  if (native.code === '22021' || native.code === '22P05') {
    return native.message.replace(/: 0x[\s\S]*$/, '').replace(/ with byte sequence(?: 0x[\da-f]{2})+/, '')
  }
  return native.message
    .replace(/: "[\s\S]*$/, '')
    .replace(/"[\s\S]*"/, '…')
    .replace('value … is', 'value is')
}
