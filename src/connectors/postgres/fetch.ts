import type { Connection, Submittable } from 'pg'
import type { RowPage, RowTap } from './row-tap.js'

/** One `fetch` from a cursor, a simple query: text without parameters, as a cursor of ours is asked. */
export class Fetch implements Submittable {
  readonly done: Promise<RowPage>
  readonly #sql: string
  readonly #tap: RowTap
  #resolve!: (page: RowPage) => void
  #reject!: (error: unknown) => void

  constructor(sql: string, tap: RowTap) {
    this.#sql = sql
    this.#tap = tap
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: Connection): void {
    this.#tap.begin()
    connection.query(this.#sql)
  }

  handleRowDescription(): void {}

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#resolve(this.#tap.end())
  }

  handleError(error: unknown): void {
    this.#tap.end()
    this.#reject(error)
  }
}
