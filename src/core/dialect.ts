import type { Column } from './catalog.js'

/** A column by what decides how its values look. */
export type HashedColumn = Pick<Column, 'name' | 'type' | 'native'>

/** The few differences of SQL text that `core/sql.ts` and the ledger need. */
export interface Dialect {
  readonly quote: '"' | '`'
  /** Bind variable of the 1-based position. */
  placeholder(index: number): string
  /** `(a, b) > (x, y)` is understood and uses the index. */
  readonly rowComparison: boolean
  readonly nullsFirst: boolean
  /** The function that counts the characters of a text. */
  readonly textLength: 'char_length' | 'length'
  /** A constant as SQL text; text takes the type of what it is compared with. Never for values of rows, which are bound. */
  literal(value: string | number | boolean): string
  /** Expression for the server's clock, giving text in UTC, `2024-02-29T03:04:05.678Z`. */
  readonly nowText: string
  /** Suffix that makes a select block until no other transaction changes the row; empty where the writer lock does. */
  readonly shareLock: string
  /** What an insert says, before its values, to give identity columns the values that they had; empty where it needs nothing. */
  readonly keepIdentity: string
  /**
   * An aggregate over rows, by the texts of some columns. Where two databases of this dialect give the same for as many
   * rows, the rows are the same, text by text; where they do not, the rows may still mean the same. Null: a value is not
   * what its column says. Undefined for columns that it does not hash. Absent: no rows can be hashed.
   *
   * @param seed a whole number from 0 to 2^31 - 1; with each the same rows give something else
   */
  rowsHash?(columns: readonly HashedColumn[], seed: number): string | undefined
}
