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
import type { Metadata, OracleConnection } from './connection.js'
import { quote, quoteAll, quoteRef } from './dialect.js'
import { decoderOf, nativeOf, needsSelectForm, selectForm } from './fetch.js'
import { fromSql, readRows, removeRows } from './source.js'
import { createWriter } from './target.js'
import { logicalType, nativeType } from './types.js'

export interface SessionOptions {
  readonly readOnly: boolean
  /** Schema of tables named without one. */
  readonly schema: string
  /** The system change number that everything is read by. */
  readonly snapshot?: string
}

export class OracleSession implements Session {
  readonly #connection: OracleConnection
  readonly #options: SessionOptions

  constructor(connection: OracleConnection, options: SessionOptions) {
    this.#connection = connection
    this.#options = options
    connection.scn = options.snapshot
  }

  async query(sql: string, params: readonly Value[] = []): Promise<Row[]> {
    this.#refuseWriting(sql)
    const { driver } = this.#connection
    const { scn } = this.#connection
    const first = await this.#connection.run(
      scn === undefined ? sql : `select * from ${fromSql({ query: sql }, undefined, scn)}`,
      params,
    )
    const decode = (metadata: readonly Metadata[], rows: typeof first.rows, types: readonly Metadata[]): Row[] => {
      const decoders = metadata.map((column, i) =>
        decoderOf(driver, column, logicalType(nativeOf(driver, types[i] ?? column)), true),
      )
      return rows.map(cells => cells.map((cell, i): Value => (cell === null ? null : (decoders[i]?.(cell) ?? null))))
    }
    if (!first.metadata.some(column => needsSelectForm(driver, column)))
      return decode(first.metadata, first.rows, first.metadata)
    // The driver's dates lose digits and zones: the same once more, with dates as the server's text.
    const list = first.metadata.map(
      (column, i) => `${selectForm(driver, column, `source.${quote(column.name)}`)} as c${i}`,
    )
    const again = await this.#connection.run(
      `select ${list.join(', ')} from ${fromSql({ query: sql }, undefined, scn)}`,
      params,
    )
    return decode(first.metadata, again.rows, first.metadata)
  }

  async execute(sql: string, params: readonly Value[] = []): Promise<number> {
    this.#refuseWriting(sql)
    const changed = await this.#connection.change(sql, params)
    if (!this.#inTransaction) await this.#connection.commit()
    return changed
  }

  #inTransaction = false

  async begin(): Promise<void> {
    // What is read by a number is one state whatever the transaction.
    if (this.#options.readOnly && this.#connection.scn === undefined) {
      await this.#connection.rollback()
      await this.#connection.change('set transaction read only')
    }
    this.#inTransaction = true
  }

  async commit(): Promise<void> {
    await this.#connection.commit()
    this.#inTransaction = false
  }

  async rollback(): Promise<void> {
    this.#inTransaction = false
    await this.#connection.rollback()
  }

  async constraintsNow(): Promise<void> {
    await this.#connection.change('set constraints all immediate')
  }

  async savepoint(name: string): Promise<void> {
    await this.#connection.change(`savepoint ${quote(name)}`)
  }

  async rollbackTo(name: string): Promise<void> {
    await this.#connection.change(`rollback to savepoint ${quote(name)}`)
  }

  /** Oracle frees savepoints at the end of the transaction; one of the same name moves. */
  async releaseSavepoint(): Promise<void> {}

  read(spec: ReadSpec, signal: AbortSignal): AsyncIterable<SourceBatch> {
    const from = 'table' in spec.from ? { table: this.#resolve(spec.from.table) } : spec.from
    return readRows(this.#connection, { ...spec, from }, signal)
  }

  async count(spec: Pick<ReadSpec, 'from' | 'where'>): Promise<number> {
    const from = 'table' in spec.from ? { table: this.#resolve(spec.from.table) } : spec.from
    const sql = `select count(*) from ${fromSql(from, spec.where, this.#connection.scn)}`
    return Number((await this.#connection.run(sql)).rows[0]?.[0])
  }

  async remove(ref: TableRef, key: readonly ReadColumn[], keys: readonly (readonly Value[])[]): Promise<number> {
    return removeRows(this.#connection, quoteRef(this.#resolve(ref)), key, keys)
  }

  async writer(spec: WriteSpec): Promise<TableWriter> {
    return await createWriter(this.#connection, { ...spec, table: this.#resolve(spec.table) })
  }

  async createTable(ref: TableRef, columns: readonly NewColumn[], primaryKey: readonly string[]): Promise<void> {
    const lines = columns.map(column => {
      const inKey = primaryKey.includes(column.name)
      const notNull = column.nullable && !inKey ? '' : ' not null'
      return `${quote(column.name)} ${nativeType(column.type, inKey)}${notNull}`
    })
    if (primaryKey.length > 0) lines.push(`primary key (${quoteAll(primaryKey)})`)
    await this.#connection.change(`create table ${quoteRef(this.#resolve(ref))} (${lines.join(', ')})`)
  }

  async addColumns(ref: TableRef, columns: readonly NewColumn[]): Promise<void> {
    const added = columns.map(
      ({ name, type, nullable }) => `${quote(name)} ${nativeType(type, false)}${nullable ? '' : ' not null'}`,
    )
    await this.#connection.change(`alter table ${quoteRef(this.#resolve(ref))} add (${added.join(', ')})`)
  }

  /** Data definition, which commits: what the transaction did before is then safe, and what comes is a new one. */
  async advanceSequences(ref: TableRef, columns: readonly string[]): Promise<void> {
    const resolved = this.#resolve(ref)
    for (const column of columns) {
      const { rows } = await this.#connection.run(
        `select generation_type from all_tab_identity_cols where owner = :1 and table_name = :2 and column_name = :3`,
        [resolved.schema, resolved.table, column],
      )
      const kind = rows[0]?.[0]
      if (kind === undefined)
        throw new EtlError('E217', `${formatTable(ref)}.${column} is no identity column`, { kind: 'usage' })
      await this.#connection.change(
        `alter table ${quoteRef(resolved)} modify (${quote(column)} generated ${kind === 'ALWAYS' ? 'always' : 'by default'} as identity (start with limit value))`,
      )
    }
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  /** A transaction that only reads still lets data definition through, so nothing but a query is sent at all. */
  #refuseWriting(sql: string): void {
    if (!this.#options.readOnly) return
    const start = sql.replace(/^(?:\s+|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()+/, '')
    if (/^(?:select|with)\b/i.test(start) && !/\bfor\s+update\b/i.test(sql)) return
    throw new EtlError('E305', 'the session only reads, and the statement is no query', {
      kind: 'connection',
      where: this.#connection.where,
      native: 'ORA-01456',
    })
  }

  #resolve(ref: TableRef): Required<TableRef> {
    return { schema: ref.schema ?? this.#options.schema, table: ref.table }
  }
}
