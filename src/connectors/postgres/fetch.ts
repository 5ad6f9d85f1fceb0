import type { Connection, Submittable } from 'pg'
import type { TextRow } from './connection.js'

/**
 * One `fetch` from a cursor, its rows as the driver has split them: its own query makes a second array of each. A simple
 * query: text without parameters, as a cursor of ours is asked.
 */
export class Fetch implements Submittable {
  readonly done: Promise<TextRow[]>
  readonly #sql: string
  readonly #rows: TextRow[] = []
  #resolve!: (rows: TextRow[]) => void
  #reject!: (error: unknown) => void

  constructor(sql: string) {
    this.#sql = sql
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: Connection): void {
    connection.query(this.#sql)
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { readonly fields: TextRow }): void {
    this.#rows.push(fields)
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#resolve(this.#rows)
  }

  handleError(error: unknown): void {
    this.#reject(error)
  }
}
