import type { TableRef } from '../../core/catalog.js'
import type {
  NewColumn,
  ReadColumn,
  ReadSpec,
  Session,
  SourceBatch,
  TableWriter,
  WriteSpec,
} from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import { quoteName, quoteNames, quoteTable } from '../../core/sql.js'
import { readTable } from './catalog.js'
import type { Connection } from './connection.js'
import { dialect } from './dialect.js'
import { beginReading } from './snapshot.js'
import { countRows, oneOf, readRows } from './source.js'
import { createWriter } from './target.js'
import type { Turn } from './turn.js'
import { declaredType } from './types.js'

export interface SessionOptions {
  readonly readOnly: boolean
  /** Reads in one statement per batch and takes no snapshot, so that a writer of the same file can commit meanwhile. */
  readonly paged: boolean
  readonly turn: Turn
  /** The connection is lent, in a transaction that others go on with: where it goes when the session ends. */
  readonly giveBack?: () => Promise<void>
}

/** One connection to the file. Writing sessions of one database take turns, a transaction or a statement each. */
export class SqliteSession implements Session {
  readonly #connection: Connection
  readonly #options: SessionOptions
  #endTurn: (() => void) | undefined

  constructor(connection: Connection, options: SessionOptions) {
    this.#connection = connection
    this.#options = options
  }

  async query(sql: string, params: readonly Value[] = []): Promise<Row[]> {
    return this.#connection.query(sql, params)
  }

  execute(sql: string, params: readonly Value[] = []): Promise<number> {
    return this.#inTurn(() => this.#connection.execute(sql, params))
  }

  async begin(): Promise<void> {
    if (this.#options.readOnly) {
      if (!this.#options.paged && this.#options.giveBack === undefined) beginReading(this.#connection)
      return
    }
    if (this.#connection.db.inTransaction) throw new EtlError('E901', 'the session is in a transaction already')
    const endTurn = await this.#options.turn.take()
    try {
      this.#connection.execute('begin immediate')
      this.#endTurn = endTurn
    } catch (error) {
      endTurn()
      throw error
    }
  }

  async commit(): Promise<void> {
    if (this.#options.giveBack !== undefined || (this.#options.readOnly && this.#options.paged)) return
    this.#connection.execute('commit')
    this.#passTurn()
  }

  async rollback(): Promise<void> {
    if (this.#options.giveBack !== undefined) return
    try {
      if (this.#connection.db.inTransaction) this.#connection.execute('rollback')
    } catch {
      // SQLite has rolled back by itself where it cannot do it on demand.
    }
    this.#passTurn()
  }

  async savepoint(name: string): Promise<void> {
    this.#connection.execute(`savepoint ${quoteName(dialect, name)}`)
  }

  async rollbackTo(name: string): Promise<void> {
    this.#connection.execute(`rollback to ${quoteName(dialect, name)}`)
  }

  async releaseSavepoint(name: string): Promise<void> {
    this.#connection.execute(`release ${quoteName(dialect, name)}`)
  }

  read(spec: ReadSpec, signal: AbortSignal): AsyncIterable<SourceBatch> {
    return readRows(this.#connection, spec, signal, this.#options.paged)
  }

  async count(spec: Pick<ReadSpec, 'from' | 'where'>): Promise<number> {
    return countRows(this.#connection, spec)
  }

  remove(ref: TableRef, key: readonly ReadColumn[], keys: readonly (readonly Value[])[]): Promise<number> {
    const { sql, params } = oneOf(key, keys)
    return this.#inTurn(() =>
      this.#connection.run(
        () => this.#connection.prepare(`delete from ${quoteTable(dialect, ref)} where ${sql}`).run(...params).changes,
      ),
    )
  }

  async writer(spec: WriteSpec): Promise<TableWriter> {
    return createWriter(this.#connection, spec, readTable(this.#connection, spec.table)?.primaryKey ?? [])
  }

  async createTable(ref: TableRef, columns: readonly NewColumn[], primaryKey: readonly string[]): Promise<void> {
    const lines = columns.map(column => {
      const required = !column.nullable || primaryKey.includes(column.name)
      return `${quoteName(dialect, column.name)} ${declaredType(column.type)}${required ? ' not null' : ''}`
    })
    if (primaryKey.length > 0) lines.push(`primary key (${quoteNames(dialect, primaryKey)})`)
    await this.execute(`create table ${quoteTable(dialect, ref)} (${lines.join(', ')})`)
  }

  async addColumns(ref: TableRef, columns: readonly NewColumn[]): Promise<void> {
    for (const { name, type, nullable } of columns) {
      const column = `${quoteName(dialect, name)} ${declaredType(type)}${nullable ? '' : ' not null'}`
      await this.execute(`alter table ${quoteTable(dialect, ref)} add column ${column}`)
    }
  }

  /** Nothing to do: SQLite moves its counters, with and without AUTOINCREMENT, whenever an explicit key is stored. */
  async advanceSequences(): Promise<void> {}

  /** The commit looks at them, and takes itself for the end. */
  async deferForeignKeys(): Promise<() => Promise<void>> {
    this.#connection.execute('pragma defer_foreign_keys = on')
    return async () => {}
  }

  async close(): Promise<void> {
    if (this.#options.giveBack !== undefined) return this.#options.giveBack()
    if (!this.#connection.db.open) return
    await this.rollback()
    this.#connection.close()
  }

  async #inTurn<T>(work: () => T): Promise<T> {
    if (this.#options.readOnly || this.#endTurn !== undefined) return work()
    const endTurn = await this.#options.turn.take()
    try {
      return work()
    } finally {
      endTurn()
    }
  }

  #passTurn(): void {
    this.#endTurn?.()
    this.#endTurn = undefined
  }
}
