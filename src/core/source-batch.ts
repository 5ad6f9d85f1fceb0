import type { ErrorCode } from './codes.js'
import type { Row, Value } from './row.js'

export interface SourceBatch {
  readonly rows: Row[]
  /** Where the next read may go on: `order` values of the last row (or what a file source calls a position). */
  readonly cursor: readonly Value[]
  /** Rows that cannot be understood: they have their place in `rows`, and no values there that count but the key's. */
  readonly malformed?: readonly MalformedRow[]
}

export interface MalformedRow {
  /** Index into `rows`. */
  readonly row: number
  readonly code: ErrorCode
  readonly message: string
  /** What is kept of it in place of values, as JSON. */
  readonly values: Readonly<Record<string, unknown>>
}
