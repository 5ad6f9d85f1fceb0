import type { ErrorCode } from '../../core/codes.js'
import type { ErrorKind, EtlErrorOptions } from '../../core/errors.js'
import { EtlError } from '../../core/errors.js'
import { snapshotGone } from '../../core/snapshot-pool.js'

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

/** Code, kind, message in our words (the server's quote rows in newer versions), hint. */
type Class = readonly [ErrorCode, ErrorKind, message?: string, hint?: string]

const RETRY_SNAPSHOT = 'the undo data for the read is gone; read in smaller chunks, or raise undo_retention'

const NO_UNDO = 'the server has no undo data for it any more; undo_retention says how long it tries to keep them'
const SNAPSHOT_GONE: Readonly<Record<number, string>> = {
  1555: NO_UNDO,
  8180: NO_UNDO,
  8181: 'its system change number is none of this database',
  22924: NO_UNDO,
  1466: 'a table changed its definition since',
}

const BY_NUMBER: Readonly<Record<number, Class>> = {
  1: ['E417', 'row', 'a unique constraint is violated'],
  1400: ['E401', 'row', 'the column cannot be null'],
  1407: ['E401', 'row', 'the column cannot be null'],
  1438: ['E403', 'row', 'a number is larger than its column allows'],
  1426: ['E403', 'row', 'a number is too large'],
  1722: ['E402', 'row', 'a text is not a number'],
  2290: ['E419', 'row', 'a check constraint is violated'],
  2291: [
    'E418',
    'row',
    'a foreign key is violated: the referenced row is missing',
    'load the referenced rows first, or check the reference in the source',
  ],
  2292: ['E418', 'row', 'a foreign key is violated: other rows refer to the row'],
  12899: ['E405', 'row', 'a text is longer than its column'],
  1461: ['E405', 'row', 'a text is longer than its column'],
  1401: ['E405', 'row', 'a text is longer than its column'],
  1830: ['E406', 'row', 'a text is not a date'],
  1839: ['E406', 'row', 'a date does not exist'],
  1841: ['E406', 'row', 'a year is out of range'],
  1843: ['E406', 'row', 'a month does not exist'],
  1847: ['E406', 'row', 'a day does not exist'],
  1850: ['E406', 'row', 'an hour does not exist'],
  1858: ['E406', 'row', 'a text is not a date'],
  1861: ['E406', 'row', 'a text is not a date'],
  1465: ['E420', 'row', 'a text is not hexadecimal'],
  32795: ['E420', 'row', 'the identity column takes no value: it is GENERATED ALWAYS'],
  54: ['E307', 'transient', 'a row or table is locked by someone else'],
  60: ['E307', 'transient', 'a deadlock; the statement was undone'],
  8177: ['E307', 'transient', 'the transaction cannot be serialized'],
  30006: ['E307', 'transient', 'a row or table is locked by someone else'],
  4020: ['E307', 'transient', 'a deadlock while an object was locked'],
  4021: ['E307', 'transient', 'an object is locked by someone else'],
  4061: ['E307', 'transient', 'the state of a package was discarded'],
  4068: ['E307', 'transient', 'the state of a package was discarded'],
  12516: ['E307', 'transient', 'the listener has no free handler'],
  12519: ['E307', 'transient', 'the listener has no free handler'],
  12520: ['E307', 'transient', 'the listener has no free handler'],
  18: ['E307', 'transient', 'the server has too many sessions', 'lower `pool.max`'],
  20: ['E307', 'transient', 'the server has too many processes', 'lower `pool.max`'],
  1013: ['E307', 'transient', 'the statement was cancelled'],
  1033: ['E307', 'transient', 'the database is starting or stopping'],
  1034: ['E307', 'transient', 'the database is not open'],
  1555: ['E307', 'transient', 'the snapshot is too old', RETRY_SNAPSHOT],
  8180: ['E307', 'transient', 'the snapshot does not exist', RETRY_SNAPSHOT],
  1466: ['E307', 'transient', 'the table changed after the snapshot was taken'],
  22924: ['E307', 'transient', 'the snapshot of a large object is too old', RETRY_SNAPSHOT],
  28: ['E306', 'transient', 'the session was killed'],
  1012: ['E306', 'transient', 'the session is gone'],
  1089: ['E306', 'transient', 'the database is shutting down'],
  1092: ['E306', 'transient', 'the database instance ended'],
  3113: ['E306', 'transient', 'the connection to the server is lost'],
  3114: ['E306', 'transient', 'the connection to the server is lost'],
  3135: ['E306', 'transient', 'the connection to the server is lost'],
  12170: ['E301', 'connection', 'the server does not answer in time'],
  12541: ['E301', 'connection', 'no listener at this address'],
  12505: ['E303', 'connection', 'the listener does not know the database', 'check `service` or `connect_string`'],
  12514: ['E303', 'connection', 'the listener does not know the service', 'check `service` or `connect_string`'],
  1017: [
    'E302',
    'connection',
    'the login is refused',
    'check `user` and `password`; a few more tries lock the account',
  ],
  28000: ['E302', 'connection', 'the account is locked', 'ask an administrator to unlock it'],
  28001: ['E302', 'connection', 'the password has expired', 'set a new password'],
  1045: ['E302', 'connection', 'the login lacks CREATE SESSION', 'grant it'],
  1031: ['E304', 'connection', 'the login may not do this', 'grant the login what it needs, or use another one'],
  1456: ['E305', 'connection', 'the transaction only reads'],
  16000: ['E305', 'connection', 'the database is open for reading only', 'connect to the primary database'],
  942: ['E208', 'usage', 'a table or view does not exist, or the login may not see it'],
  904: ['E207', 'usage'],
  1653: ['E308', 'failed', 'the tablespace is full', 'ask an administrator for space'],
  1950: ['E304', 'connection', 'the login has no quota on the tablespace', 'alter user … quota …'],
}

const BY_DRIVER: Readonly<Record<string, Class>> = {
  'NJS-003': ['E306', 'transient', 'the connection to the server is lost'],
  'NJS-500': ['E306', 'transient', 'the connection to the server is lost'],
  'NJS-501': ['E301', 'connection', 'the server does not answer'],
  'NJS-123': ['E307', 'transient', 'the server did not answer within `call_timeout`', 'raise `call_timeout`'],
  'NJS-040': ['E307', 'transient', 'no connection of the pool became free', 'raise `pool.max`'],
  'NJS-076': ['E307', 'transient', 'too many wait for a connection of the pool', 'raise `pool.max`'],
  'NJS-503': ['E301', 'connection', 'the server cannot be reached', 'check the address, and that the listener runs'],
  'NJS-510': [
    'E301',
    'connection',
    'the server does not answer in time',
    'check the address, and that the listener runs',
  ],
  'NJS-511': ['E301', 'connection', 'the listener refuses the connection'],
  'NJS-516': ['E301', 'connection', 'tnsnames.ora is not found', 'set `tns_admin`'],
  'NJS-517': ['E301', 'connection', 'tnsnames.ora does not have the name', 'check `connect_string`'],
  'NJS-518': ['E303', 'connection', 'the listener does not know the service', 'check `service` or `connect_string`'],
  'NJS-519': ['E303', 'connection', 'the listener does not know the database', 'check `connect_string`'],
  'NJS-530': ['E301', 'connection', 'the host name cannot be resolved', 'check the address'],
  'NJS-138': [
    'E301',
    'connection',
    'the server is older than 12.1, and thin mode cannot talk to it',
    thickHint('11g needs thick mode'),
  ],
  'NJS-116': [
    'E302',
    'connection',
    "the account's password is kept in a form that thin mode cannot use",
    `reset the password, or ${thickHint('use thick mode')}`,
  ],
  'NJS-533': ['E309', 'connection', 'the server demands Native Network Encryption', thickHint('it needs thick mode')],
  'NJS-505': ['E309', 'connection', 'TLS failed', 'check `wallet`, and the certificate of the server'],
  'NJS-118': [
    'E310',
    'connection',
    'thin mode is in use already, and one process can use only one',
    'give every oracle block the same `thick`',
  ],
  'DPI-1047': ['E310', 'connection', "Oracle's client libraries cannot be loaded", 'check `thick.lib_dir`'],
}

function thickHint(why: string): string {
  return `${why}: install Oracle Instant Client 19 and set thick: { lib_dir: "/path/to/instantclient" }`
}

/** Any error of the driver as one of ours. */
export function toEtlError(error: unknown, context: ErrorContext): EtlError {
  if (error instanceof EtlError) return error
  const native = error as { message?: string; code?: string; errorNum?: number; cause?: { code?: string } }
  const message = String(native.message ?? error)
  const njs = /^(NJS|DPI)-\d+/.exec(message)?.[0]
  const ora = Number(/ORA-(\d{5})/.exec(message)?.[1] ?? 0)
  const gone = context.snapshot === true ? SNAPSHOT_GONE[ora] : undefined
  if (gone !== undefined)
    return snapshotGone(undefined, gone, { where: context.where, native: `ORA-${String(ora).padStart(5, '0')}` })
  // A lost connection is what matters, whatever the server said before.
  const byDriver = njs === undefined ? undefined : BY_DRIVER[njs]
  const known = byDriver ?? BY_NUMBER[ora]
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

function unknown(
  message: string,
  ora: number,
  context: ErrorContext,
  options: (kind: ErrorKind, hint?: string) => EtlErrorOptions,
): EtlError {
  // User-defined errors of triggers speak of rows.
  if (ora >= 20000 && ora <= 20999 && context.row !== undefined)
    return new EtlError('E419', 'a trigger of the database refused the row', { ...options('row'), row: context.row })
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
