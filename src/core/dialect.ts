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
}
