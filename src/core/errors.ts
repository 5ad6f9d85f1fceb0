import type { ErrorCode } from './codes.js'
import { CODES } from './codes.js'
import type { Diagnostic } from './diagnostics.js'

/** What the runner may do about an error; every connector classifies its driver's errors into these in one place. */
export type ErrorKind =
  /** A row is at fault (constraint, bad value): bisect the batch, never retry. */
  | 'row'
  /** Passing trouble (deadlock, connection lost, server starting): retry with backoff. */
  | 'transient'
  /** Connection, login or rights: exit code 5. */
  | 'connection'
  /** The file or the command line is wrong: exit code 2. */
  | 'usage'
  /** Anything else: the run fails, exit code 1. */
  | 'failed'
  /** A person or a supervisor asked to stop: exit code 130 or 143. */
  | 'interrupted'

export interface EtlErrorOptions {
  readonly kind?: ErrorKind
  /** Where: an entity, a source, a file. */
  readonly where?: string
  /** What to do next, as a sentence or a command. */
  readonly hint?: string
  readonly cause?: unknown
  /** `row` errors: index of the guilty row within what was written, where the database told. */
  readonly row?: number
  /** `row` errors: the target column, where the database told. */
  readonly column?: string
  /** The database's own code, for example `23505`. */
  readonly native?: string
}

/**
 * The one error class a user meets: a code, where, what, and what to run next.
 * Messages hold names (tables, columns, hosts), never a row's value and never a secret.
 */
export class EtlError extends Error {
  override readonly name: string = 'EtlError'
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly where: string | undefined
  readonly hint: string | undefined
  readonly row: number | undefined
  readonly column: string | undefined
  readonly native: string | undefined

  constructor(code: ErrorCode, message: string, options: EtlErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.kind = options.kind ?? 'failed'
    this.where = options.where
    this.hint = options.hint
    this.row = options.row
    this.column = options.column
    this.native = options.native
  }

  get title(): string {
    return CODES[this.code]
  }
}

/** A pipeline file with problems: all of them, each with its place. No connection has been opened. */
export class PipelineError extends EtlError {
  override readonly name = 'PipelineError'
  readonly file: string
  /** The file's text, for code frames; undefined where it could not be read. */
  declare readonly text: string | undefined
  readonly diagnostics: readonly Diagnostic[]

  constructor(file: string, diagnostics: readonly Diagnostic[], text?: string) {
    const first = diagnostics[0]
    const count = diagnostics.filter(d => d.severity === 'error').length
    super(first?.code ?? 'E901', `${file} is not valid: ${count} problem${count === 1 ? '' : 's'}`, {
      kind: 'usage',
      where: file,
    })
    this.file = file
    // Whoever prints the error as an object must not print a password that stands in the file.
    Object.defineProperty(this, 'text', { value: text })
    this.diagnostics = diagnostics
  }
}

/**
 * One value of one row cannot go on. Thrown (cheaply: no stack) by functions, casts and expressions; the row program
 * turns it into the row's rejection with entity, key and field. The message never holds the value.
 */
export class RowError extends Error {
  override readonly name = 'RowError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = limit
    this.code = code
  }
}

/** Exit codes of the command line; see CLI.md and `etl help`. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof EtlError)) return 1
  if (error.kind === 'usage') return 2
  if (error.kind === 'connection') return 5
  if (error.kind === 'interrupted') return error.cause === 'SIGTERM' ? 143 : 130
  return 1
}
