import type { ErrorCode } from '../../core/codes.js'
import type { EtlErrorOptions } from '../../core/errors.js'
import { EtlError } from '../../core/errors.js'

/** What was being done, for the words of the error. Names only. */
export interface ErrorContext {
  /** The file as the user wrote it. */
  readonly path: string
  readonly table?: string
  readonly columns?: readonly string[]
  /** Index within the payload of the row being written. */
  readonly row?: number
  /** `insert` mode: the columns whose clash means "the row exists already". */
  readonly keys?: readonly (readonly string[])[]
}

/** Turns an error of the driver into ours; anything that is not the database's comes back as it is. */
export function sqliteError(error: unknown, context: ErrorContext): unknown {
  if (error instanceof EtlError) return error
  if (error instanceof RangeError && /SQL string contains/.test(error.message)) {
    return fail('E308', 'exactly one SQL statement is expected', {
      hint: 'write one statement per entry',
      cause: error,
    })
  }
  const code = nativeCode(error)
  if (code === undefined) return error
  const message = (error as Error).message
  const base: EtlErrorOptions = { native: code, cause: error, where: context.path }
  if (code.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_MISMATCH' || code === 'SQLITE_TOOBIG') {
    return constraintError(code, message, context, base)
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return fail('E307', `another connection holds the lock of ${context.path}`, {
      ...base,
      kind: 'transient',
      hint: 'close the other program, or raise busy_timeout',
    })
  }
  if (code === 'SQLITE_FULL') {
    return fail('E513', `the disk is full, ${context.path} cannot grow`, {
      ...base,
      hint: 'free space, then run again with --resume',
    })
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM' || code === 'SQLITE_AUTH') {
    return fail('E305', `${context.path} cannot be written`, {
      ...base,
      kind: 'connection',
      hint: 'check the rights of the file and of its folder',
    })
  }
  if (code.startsWith('SQLITE_CANTOPEN')) {
    return fail('E303', `${context.path} cannot be opened`, {
      ...base,
      kind: 'connection',
      hint: 'check that the path is a file and that its folder can be written',
    })
  }
  if (code === 'SQLITE_NOTADB') {
    return fail('E303', `${context.path} is not an SQLite database`, {
      ...base,
      kind: 'connection',
      hint: 'check path: it must name an SQLite 3 database file',
    })
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return fail('E303', `${context.path} is damaged`, {
      ...base,
      kind: 'connection',
      hint: 'run `pragma integrity_check` on it, and restore a backup',
    })
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return fail('E308', `reading or writing ${context.path} failed`, { ...base, hint: 'check the disk' })
  }
  return fail('E308', message, base)
}

function constraintError(code: string, message: string, context: ErrorContext, base: EtlErrorOptions): EtlError {
  const table = context.table ?? 'the table'
  // The driver's own error stays behind: a trigger's words may quote the row.
  const { cause: _, ...named } = base
  const options: EtlErrorOptions = {
    ...named,
    kind: 'row',
    ...(context.row === undefined ? {} : { row: context.row }),
  }
  const tail = message.slice(message.indexOf(': ') + 2)
  switch (code) {
    case 'SQLITE_CONSTRAINT_UNIQUE':
    case 'SQLITE_CONSTRAINT_PRIMARYKEY':
    case 'SQLITE_CONSTRAINT_ROWID': {
      const names = columnsOf(tail, context)
      const on = names.length === 0 ? '' : ` (${names.join(', ')})`
      const known = (context.keys ?? []).some(key => sameSet(key, names))
      return known
        ? fail('E415', `a row with this key${on} exists already in ${table}`, options)
        : fail('E417', `another row of ${table} has the same value${on}`, withColumn(options, names))
    }
    case 'SQLITE_CONSTRAINT_FOREIGNKEY':
      return fail('E418', `${table} refers to a row that does not exist`, options)
    case 'SQLITE_CONSTRAINT_NOTNULL': {
      const names = columnsOf(tail, context)
      return fail('E401', `${names[0] ?? 'a column'} of ${table} must not be null`, withColumn(options, names))
    }
    case 'SQLITE_CONSTRAINT_CHECK':
      return fail('E419', `a check of ${table} failed: ${tail}`, options)
    case 'SQLITE_CONSTRAINT_TRIGGER':
      return fail('E420', `a trigger of ${table} refused the row`, options)
    case 'SQLITE_CONSTRAINT_DATATYPE':
    case 'SQLITE_MISMATCH':
      return fail('E420', `a value has not the type that ${table} demands`, options)
    case 'SQLITE_TOOBIG':
      return fail('E420', `a value is larger than SQLite can hold in ${table}`, options)
    default:
      return fail('E419', `a constraint of ${table} failed`, options)
  }
}

/** `t.a, t.b` as the names of columns, whatever characters they hold: only known ones are looked for. */
function columnsOf(tail: string, context: ErrorContext): string[] {
  const parts = `, ${tail}, `
  return (context.columns ?? []).filter(name => parts.includes(`, ${context.table}.${name}, `))
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(name => b.includes(name))
}

function withColumn(options: EtlErrorOptions, names: readonly string[]): EtlErrorOptions {
  const [only] = names
  return names.length === 1 && only !== undefined ? { ...options, column: only } : options
}

function nativeCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : undefined
}

function fail(code: ErrorCode, message: string, options: EtlErrorOptions): EtlError {
  return new EtlError(code, message, options)
}
