import type { TableRef } from '../../core/catalog.js'
import { formatTable } from '../../core/catalog.js'
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
import { readIndexes } from './catalog.js'
import type { MyConnection } from './connection.js'
import { quote, quoteAll, quoteRef } from './dialect.js'
import { sessionId } from './sessions.js'
import { fromSql, oneOf, readPages, readStream } from './source.js'
import { createWriter } from './target.js'
import { columnLines, exactCollation } from './types.js'
import { asInteger } from './values.js'

export interface SessionOptions {
  readonly readOnly: boolean
  /** Schema of tables named without one. */
  readonly schema: string
  /** Ends the statement that the connection with this id runs. */
  readonly kill: (id: number) => Promise<void>
  /** The connection is lent, in a transaction that others go on with: where it goes when the session ends. */
  readonly giveBack?: () => Promise<void>
}

const LONGLONG = 8

export class MySession implements Session {
  readonly #connection: MyConnection
  readonly #options: SessionOptions
  #names = 0
  #inTransaction: boolean = false
  /** Readers that share a transaction opened for them alone. */
  #readers: number = 0

  constructor(connection: MyConnection, options: SessionOptions) {
    this.#connection = connection
    this.#options = options
  }

  id(): Promise<string> {
    return sessionId(this.#connection)
  }

  async query(sql: string, params: readonly Value[] = []): Promise<Row[]> {
    const { rows, fields } = await this.#connection.run(sql, params)
    const integers = fields.flatMap((field, i) => (field.columnType === LONGLONG ? [i] : []))
    for (const row of rows) for (const i of integers) row[i] = asInteger(row[i] ?? null)
    return rows
  }

  async execute(sql: string, params: readonly Value[] = []): Promise<number> {
    return (await this.#connection.run(sql, params)).affected
  }

  async begin(): Promise<void> {
    const snapshot = this.#options.readOnly ? ' with consistent snapshot, read only' : ''
    if (this.#options.giveBack === undefined) await this.#connection.begin(`start transaction${snapshot}`)
    this.#inTransaction = true
  }

  async commit(): Promise<void> {
    if (this.#options.giveBack === undefined) await this.#connection.commit()
    this.#inTransaction = false
  }

  async rollback(): Promise<void> {
    this.#inTransaction = false
    if (this.#options.giveBack === undefined) await this.#connection.rollback()
  }

  async savepoint(name: string): Promise<void> {
    await this.#connection.run(`savepoint ${quote(name)}`)
  }

  async rollbackTo(name: string): Promise<void> {
    await this.#connection.run(`rollback to savepoint ${quote(name)}`)
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#connection.run(`release savepoint ${quote(name)}`)
  }

  async *read(spec: ReadSpec, signal: AbortSignal): AsyncGenerator<SourceBatch> {
    const resolved = { ...spec, from: this.#from(spec.from) }
    const leave = await this.#enterTransaction()
    let failed = true
    try {
      if (await this.#indexed(resolved)) yield* readPages(this.#connection, resolved, signal)
      else {
        const stop = (): Promise<void> => this.#options.kill(this.#connection.id)
        yield* readStream(this.#connection, resolved, signal, stop)
      }
      failed = false
    } finally {
      await leave(failed)
    }
  }

  async count(spec: Pick<ReadSpec, 'from' | 'where'>): Promise<number> {
    const where = spec.where === undefined ? '' : ` where (\n${spec.where}\n)`
    const { rows } = await this.#connection.run(`select count(*) from ${fromSql(this.#from(spec.from))}${where}`)
    return Number(rows[0]?.[0])
  }

  async remove(ref: TableRef, key: readonly ReadColumn[], keys: readonly (readonly Value[])[]): Promise<number> {
    return this.execute(`delete from ${quoteRef(this.#resolve(ref))} where ${oneOf(key, keys)}`)
  }

  async writer(spec: WriteSpec): Promise<TableWriter> {
    const resolved = { ...spec, table: this.#resolve(spec.table) }
    return await createWriter(this.#connection, resolved, `etl_stage_${++this.#names}`)
  }

  async createTable(ref: TableRef, columns: readonly NewColumn[], primaryKey: readonly string[]): Promise<void> {
    const { server } = this.#connection
    const lines = columnLines(columns, primaryKey, server)
    if (primaryKey.length > 0) lines.push(`primary key (${quoteAll(primaryKey)})`)
    await this.#connection.run(
      `create table ${quoteRef(this.#resolve(ref))} (${lines.join(', ')}) ` +
        `engine = InnoDB, character set utf8mb4, collate ${exactCollation(server)}`,
    )
  }

  async addColumns(ref: TableRef, columns: readonly NewColumn[]): Promise<void> {
    const lines = columnLines(columns, [], this.#connection.server)
    const added = lines.map(line => `add column ${line}`).join(', ')
    await this.#connection.run(`alter table ${quoteRef(this.#resolve(ref))} ${added}`)
  }

  /** Nothing to move: the engine's counter follows explicit keys by itself. */
  async advanceSequences(ref: TableRef, columns: readonly string[]): Promise<void> {
    const { schema, table } = this.#resolve(ref)
    for (const column of columns) {
      const { rows } = await this.#connection.run(
        'select extra from information_schema.columns where table_schema = ? and table_name = ? and column_name = ?',
        [schema, table, column],
      )
      if (/auto_increment/i.test(String(rows[0]?.[0]))) continue
      throw new EtlError('E217', `${formatTable(ref)}.${column} is no AUTO_INCREMENT`, { kind: 'usage' })
    }
  }

  /** The server looks at nothing afterwards either: whoever asks has to. */
  async deferForeignKeys(): Promise<() => Promise<void>> {
    await this.#connection.run('set session foreign_key_checks = 0')
    return async () => {
      await this.#connection.run('set session foreign_key_checks = 1')
    }
  }

  async close(): Promise<void> {
    await (this.#options.giveBack?.() ?? this.#connection.close())
  }

  #resolve(ref: TableRef): Required<TableRef> {
    return { schema: ref.schema ?? this.#options.schema, table: ref.table }
  }

  #from(from: ReadSpec['from']): ReadSpec['from'] {
    return 'table' in from ? { table: this.#resolve(from.table) } : from
  }

  /** Does an index have the order, so that every page starts where the last one ended? */
  async #indexed(spec: ReadSpec): Promise<boolean> {
    if (!('table' in spec.from) || spec.order.length === 0) return false
    const names = spec.order.map(order => spec.columns[order.index]?.name ?? '')
    if (spec.order.some(order => spec.columns[order.index]?.type.kind === 'enum')) return false
    const indexes = await readIndexes(this.#connection, this.#resolve(spec.from.table))
    return indexes.some(index => names.every((name, i) => index.columns[i] === name))
  }

  /** Pages see one state only within a transaction; where there is none, the first reader opens one and the last ends it. */
  async #enterTransaction(): Promise<(failed: boolean) => Promise<void>> {
    if (this.#inTransaction && this.#readers === 0) return async () => {}
    this.#readers++
    if (this.#readers === 1) await this.begin()
    return async failed => {
      this.#readers--
      if (this.#readers > 0) return
      if (failed) await this.rollback()
      else await this.commit()
    }
  }
}
