import type { TableRef } from '../core/catalog.js'
import type { Database, Dialect } from '../core/connector.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { LedgerTable } from './ledger-tables.js'

/** Names and fragments of the ledger's statements, in the target's dialect. */
export class LedgerSql {
  readonly database: Database
  readonly #schema: string | undefined
  readonly #texts = new Map<string, string>()

  constructor(database: Database, schema: string | undefined) {
    this.database = database
    this.#schema = schema
  }

  get dialect(): Dialect {
    return this.database.connector.capabilities.dialect
  }

  ref(table: LedgerTable): TableRef {
    return this.#schema === undefined ? { table } : { schema: this.#schema, table }
  }

  table(table: LedgerTable): string {
    return quoteTable(this.dialect, this.ref(table))
  }

  name(name: string): string {
    return quoteName(this.dialect, name)
  }

  /** `a = ? and b = ?`, binding from the 1-based `first`. */
  where(columns: readonly string[], first = 1): string {
    return columns.map((column, i) => `${this.name(column)} = ${this.dialect.placeholder(first + i)}`).join(' and ')
  }

  /** A statement of every batch: its text is made once. */
  once(key: string, make: () => string): string {
    let text = this.#texts.get(key)
    if (text === undefined) {
      text = make()
      this.#texts.set(key, text)
    }
    return text
  }
}
