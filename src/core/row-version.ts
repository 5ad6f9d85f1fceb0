/** What tells whether a row was changed, and by which transaction. */
export interface RowVersion {
  /** Readable in every table, as text; never written. */
  readonly column: string
  /** The column as text, in SQL. */
  readonly text: string
  /** SQL for the version of the rows that the transaction at hand writes outside of savepoints, as text. */
  readonly current: string
}
