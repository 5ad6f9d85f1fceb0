import type { ErrorCode } from '../../core/codes.js'
import type { ErrorKind, EtlErrorOptions } from '../../core/errors.js'
import { EtlError } from '../../core/errors.js'

export interface ErrorContext {
  /** `mysql host:port/database`. */
  readonly where: string
  readonly connecting?: boolean
  /** While rows are written: columns in their order, and the payload's row that is the statement's first. */
  readonly rows?: { readonly columns: readonly string[]; readonly from: number }
  /** Keys whose violation means that the row exists already. */
  readonly exists?: ReadonlySet<string>
}

/** What the driver throws, seen as data. */
interface Native {
  readonly errno?: number
  readonly code?: string
  readonly sqlState?: string
  readonly message: string
}

type Class = readonly [ErrorCode, ErrorKind, hint?: string]

/** `SIGNAL` */
const SIGNALLED = 1644
const RIGHTS = 'grant the login what it needs, or use another one'
const READ_ONLY = 'connect to the primary server, and as a login that may write'
const CONNECTIONS = 'raise the limit of connections, or lower `--concurrency`'
const TOO_LONG = 'raise `statement_timeout`, or look for what blocks the statement'
const REFERENCE = 'load the referenced rows first, or check the reference in the source'

const BY_NUMBER: Readonly<Record<number, Class>> = {
  1062: ['E417', 'row'],
  1586: ['E417', 'row'],
  1216: ['E418', 'row', REFERENCE],
  1217: ['E418', 'row'],
  1451: ['E418', 'row'],
  1452: ['E418', 'row', REFERENCE],
  1048: ['E401', 'row'],
  1263: ['E401', 'row'],
  1364: ['E401', 'row'],
  1406: ['E405', 'row'],
  1264: ['E403', 'row'],
  1690: ['E403', 'row'],
  1265: ['E420', 'row'],
  1292: ['E420', 'row'],
  1300: ['E420', 'row'],
  1366: ['E420', 'row'],
  1367: ['E420', 'row'],
  1411: ['E420', 'row'],
  1416: ['E420', 'row'],
  3140: ['E420', 'row'],
  3141: ['E420', 'row'],
  4079: ['E420', 'row'],
  3819: ['E419', 'row'],
  4025: ['E419', 'row'],
  1369: ['E419', 'row'],
  1644: ['E419', 'row', 'the trigger or procedure has its words'],
  1205: ['E307', 'transient', 'raise `lock_timeout`, or look for what holds the lock'],
  1213: ['E307', 'transient'],
  1020: ['E307', 'transient'],
  1040: ['E307', 'transient', CONNECTIONS],
  1203: ['E307', 'transient', CONNECTIONS],
  1226: ['E307', 'transient', CONNECTIONS],
  1615: ['E307', 'transient'],
  1969: ['E307', 'transient', TOO_LONG],
  3024: ['E307', 'transient', TOO_LONG],
  3572: ['E307', 'transient'],
  1053: ['E306', 'transient'],
  1080: ['E306', 'transient'],
  1152: ['E306', 'transient'],
  1158: ['E306', 'transient'],
  1159: ['E306', 'transient'],
  1160: ['E306', 'transient'],
  1161: ['E306', 'transient'],
  1184: ['E306', 'transient'],
  1317: ['E306', 'transient'],
  1927: ['E306', 'transient'],
  2006: ['E306', 'transient'],
  2013: ['E306', 'transient'],
  4031: ['E306', 'transient'],
  1045: ['E302', 'connection', 'check `user` and `password`; a login that must use TLS needs `sslmode: require`'],
  1130: ['E302', 'connection', 'the server lets this login in from other hosts only'],
  1251: ['E302', 'connection'],
  1698: ['E302', 'connection', 'check `user`; this login may ask for the Unix socket'],
  1820: ['E302', 'connection', 'the password has expired'],
  1862: ['E302', 'connection', 'the password has expired'],
  1049: ['E303', 'connection', 'check `database`'],
  1044: ['E304', 'connection', RIGHTS],
  1142: ['E304', 'connection', RIGHTS],
  1143: ['E304', 'connection', RIGHTS],
  1227: ['E304', 'connection', RIGHTS],
  1370: ['E304', 'connection', RIGHTS],
  1290: ['E305', 'connection', READ_ONLY],
  1792: ['E305', 'connection', READ_ONLY],
  1836: ['E305', 'connection', READ_ONLY],
  3159: ['E309', 'connection', 'set `sslmode: require`'],
  1146: ['E208', 'usage'],
  1054: ['E207', 'usage'],
  1412: ['E522', 'failed', 'the table was altered while it was read: start again'],
  1021: ['E513', 'failed', 'the disk of the server is full'],
  1114: ['E513', 'failed', 'the disk of the server, or its space for temporary tables, is full'],
}

const UNREACHABLE = new Set(
  'ECONNREFUSED ENOTFOUND ETIMEDOUT EHOSTUNREACH ENETUNREACH EAI_AGAIN ENOENT EACCES ENOTSOCK'.split(' '),
)
const LOST = new Set(
  'ECONNRESET EPIPE ETIMEDOUT ERR_STREAM_DESTROYED ECONNABORTED EHOSTUNREACH PROTOCOL_CONNECTION_LOST'.split(' '),
)

/** Any error of the driver as one of ours. What the server quotes of a row is left out. */
export function toEtlError(error: unknown, context: ErrorContext): EtlError {
  if (error instanceof EtlError) return error
  const native: Native = error instanceof Error ? (error as Error & Native) : { message: String(error) }
  const code = native.code ?? ''
  const make = (errorCode: ErrorCode, message: string, options: EtlErrorOptions): EtlError =>
    new EtlError(errorCode, message, { where: context.where, ...options })
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return make('E309', 'the server takes no TLS', { kind: 'connection', hint: 'check `sslmode`' })
  }
  if (native.errno !== undefined && native.errno > 0 && native.sqlState !== undefined) {
    // Class 45 is a procedure's or trigger's own, with any number and any words.
    return fromServer(native.sqlState.startsWith('45') ? SIGNALLED : native.errno, native.message, context)
  }
  if (code === 'HANDSHAKE_SSL_ERROR' || /CERT|ERR_TLS|ERR_SSL|EPROTO|VERIFY|ISSUER/.test(code)) {
    const options = { kind: 'connection', hint: 'check `sslmode` and `ssl_ca`' } as const
    // The driver puts a code of its own over the reason's.
    const reason = code === 'HANDSHAKE_SSL_ERROR' ? native.message : code
    return make('E309', `TLS failed: ${reason}`, options)
  }
  if (context.connecting === true && (UNREACHABLE.has(code) || /timeout/i.test(native.message))) {
    const reason = code || 'no answer in time'
    const hint = 'check `host` and `port`, and that the server runs'
    return make('E301', `cannot reach the server: ${reason}`, { kind: 'connection', hint })
  }
  if (LOST.has(code) || /closed state|connection is (already )?closed|Connection lost/i.test(native.message)) {
    return make('E306', 'the connection to the server is lost', { kind: 'transient' })
  }
  return make('E308', native.message, { kind: 'failed', cause: error })
}

/** An error, or a warning, that the server gave a number. */
export function fromServer(number: number, message: string, context: ErrorContext): EtlError {
  const [code, kind, hint] = BY_NUMBER[number] ?? (['E308', 'failed'] as const)
  const key = number === 1062 || number === 1586 ? duplicateKey(message) : undefined
  const exists = key !== undefined && context.exists?.has(key) === true
  return new EtlError(
    exists ? 'E415' : code,
    key === undefined ? safeMessage(number, message, context) : duplicate(key),
    {
      kind,
      where: context.where,
      native: String(number),
      ...(hint === undefined ? {} : { hint }),
      ...(kind === 'row' ? placeOf(message, context) : {}),
    },
  )
}

/** Does the server's number stand for a value that was stored as another one? */
export function isValueWarning(number: number): boolean {
  return BY_NUMBER[number]?.[1] === 'row'
}

/** `… for key 'name'`; MySQL writes `table.name`. */
function duplicateKey(message: string): string | undefined {
  const name = /' for key '([\s\S]*)'$/.exec(message)?.[1]
  return name?.replace(/^[\s\S]*\.(?=[^.]+$)/, '')
}

function duplicate(key: string): string {
  return key === 'PRIMARY' ? 'a row with this primary key exists' : `a row with the same value of key ${key} exists`
}

/** Column and row, as far as `… for column 'x' at row 3` tells. */
function placeOf(message: string, context: ErrorContext): { row?: number; column?: string } {
  const { rows } = context
  if (rows === undefined) return {}
  const line = /at row (\d+)$/.exec(message)?.[1]
  const lower = message.toLowerCase()
  const column = rows.columns.find(name =>
    [`column '${name}'`, `\`.\`${name}\``, `field '${name}'`].some(text => lower.includes(text.toLowerCase())),
  )
  return {
    ...(line === undefined || Number(line) < 1 ? {} : { row: rows.from + Number(line) - 1 }),
    ...(column === undefined ? {} : { column }),
  }
}

/** The server's message without what it quotes of the row. */
function safeMessage(number: number, message: string, context: ErrorContext): string {
  if (number === SIGNALLED) return 'a trigger or procedure of the database raised an exception'
  if (number === 1062 || number === 1586) return 'a row with the same key exists'
  // Our bulk statements hold rows; the user's own SQL may be quoted back.
  if (number === 1064 && context.rows !== undefined) return 'the server does not understand the statement'
  return message
    .replace(/: '[\s\S]*'(?= for )/, '')
    .replace(/: '[\s\S]*'$/, '')
    .replace(/(?<=out of range) in '[\s\S]*'$/, '')
    .replace(/ at row \d+$/, '')
}
