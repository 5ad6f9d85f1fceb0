import type { Table, TableRef } from '../../core/catalog.js'
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
import type { PgConnection } from './connection.js'
import { deferForeignKeys } from './defer.js'
import { quote, quoteAll, quoteRef } from './dialect.js'
import { sessionId } from './sessions.js'
import { beginReading } from './snapshot.js'
import { fromSql, oneOf, readCursor } from './source.js'
import type { Writer } from './target.js'
import { createWriter } from './target.js'
import { decoderOfOid, nativeType } from './types.js'

/** They are one bind value: a batch of them is some hundred kilobytes. */
const KEYS_AT_ONCE = 10_000

export interface SessionOptions {
  readonly readOnly: boolean
  /** Schema of tables named without one. */
  readonly schema: string
  /** Exported by another session: what each transaction sees. */
  readonly snapshot?: string
}

export class PgSession implements Session {
  readonly keysAtOnce = KEYS_AT_ONCE
  readonly #connection: PgConnection
  readonly #options: SessionOptions
  readonly #writers = new Set<Writer>()
  #names = 0
  #inTransaction: boolean = false
  /** Readers that share a transaction opened for them alone. */
  #readers: number = 0

  constructor(connection: PgConnection, options: SessionOptions) {
    this.#connection = connection
    this.#options = options
  }

  id(): Promise<string> {
    return sessionId(this.#connection)
  }

  async query(sql: string, params: readonly Value[] = []): Promise<Row[]> {
    const { rows, fields } = await this.#connection.run(sql, params)
    const decoders = fields.map(field => decoderOfOid(field.dataTypeID))
    return rows.map(row => row.map((text, i) => (text === null ? null : (decoders[i]?.(text) ?? text))))
  }

  async execute(sql: string, params: readonly Value[] = []): Promise<number> {
    return (await this.#connection.run(sql, params)).count
  }

  async begin(): Promise<void> {
    if (this.#options.readOnly) await beginReading(this.#connection, this.#options.snapshot)
    else await this.#connection.run('begin')
    this.#inTransaction = true
  }

  async commit(): Promise<void> {
    const { command } = await this.#connection.run('commit')
    this.#inTransaction = false
    this.#tell(command === 'COMMIT')
    // After a failed statement the server answers a commit with ROLLBACK, and no error.
    if (command !== 'COMMIT') {
      const message = 'the server rolled back instead of committing, because a statement before had failed'
      throw new EtlError('E308', message, { where: this.#connection.where, native: command })
    }
  }

  async rollback(): Promise<void> {
    this.#inTransaction = false
    this.#tell(false)
    await this.#connection.run('rollback').catch(() => {})
  }

  async constraintsNow(): Promise<void> {
    await this.#connection.run('set constraints all immediate')
  }

  async savepoint(name: string): Promise<void> {
    await this.#connection.run(`savepoint ${quote(name)}`)
  }

  async rollbackTo(name: string): Promise<void> {
    this.#tell(false)
    await this.#connection.run(`rollback to savepoint ${quote(name)}`)
  }

  async releaseSavepoint(name: string): Promise<void> {
    await this.#connection.run(`release savepoint ${quote(name)}`)
  }

  async *read(spec: ReadSpec, signal: AbortSignal): AsyncGenerator<SourceBatch> {
    const from = 'table' in spec.from ? { table: this.#resolve(spec.from.table) } : spec.from
    const cursor = `etl_cursor_${++this.#names}`
    const leave = await this.#enterTransaction()
    let failed = true
    try {
      yield* readCursor(this.#connection, cursor, { ...spec, from }, signal)
      failed = false
    } finally {
      // Also reached, with `failed`, when the consumer leaves its loop: the cursor may or may not be open then.
      await this.#connection.run(`close ${cursor}`).catch(() => {})
      await leave(failed)
    }
  }

  async count(spec: Pick<ReadSpec, 'from' | 'where'>): Promise<number> {
    const from = 'table' in spec.from ? { table: this.#resolve(spec.from.table) } : spec.from
    const where = spec.where === undefined ? '' : ` where (\n${spec.where}\n)`
    return Number((await this.#connection.run(`select count(*) from ${fromSql(from)}${where}`)).rows[0]?.[0])
  }

  async remove(ref: TableRef, key: readonly ReadColumn[], keys: readonly (readonly Value[])[]): Promise<number> {
    const table = this.#resolve(ref)
    const { sql, params } = oneOf(table, key, keys, 1)
    return this.execute(`delete from ${quoteRef(table)} where ${sql}`, params)
  }

  async writer(spec: WriteSpec): Promise<TableWriter> {
    const resolved = { ...spec, table: this.#resolve(spec.table) }
    const writer = await createWriter(this.#connection, resolved, `etl_stage_${++this.#names}`)
    this.#writers.add(writer)
    const { transactionEnded: _ours, ...theirs } = writer
    return {
      ...theirs,
      close: async () => {
        this.#writers.delete(writer)
        await writer.close()
      },
    }
  }

  async createTable(ref: TableRef, columns: readonly NewColumn[], primaryKey: readonly string[]): Promise<void> {
    const lines = columns.map(column => {
      const notNull = column.nullable && !primaryKey.includes(column.name) ? '' : ' not null'
      return `${quote(column.name)} ${nativeType(column.type)}${notNull}`
    })
    if (primaryKey.length > 0) lines.push(`primary key (${quoteAll(primaryKey)})`)
    await this.#connection.run(`create table ${quoteRef(this.#resolve(ref))} (${lines.join(', ')})`)
  }

  async addColumns(ref: TableRef, columns: readonly NewColumn[]): Promise<void> {
    const added = columns.map(
      ({ name, type, nullable }) => `add column ${quote(name)} ${nativeType(type)}${nullable ? '' : ' not null'}`,
    )
    await this.#connection.run(`alter table ${quoteRef(this.#resolve(ref))} ${added.join(', ')}`)
  }

  async advanceSequences(ref: TableRef, columns: readonly string[]): Promise<void> {
    const table = quoteRef(this.#resolve(ref))
    for (const column of columns) {
      const found = await this.#connection.run(
        `select coalesce(pg_get_serial_sequence($1, $2), (
           select p.refobjid::regclass::text from pg_catalog.pg_attrdef d
           join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
           join pg_catalog.pg_depend p on p.classid = 'pg_attrdef'::regclass and p.objid = d.oid
           join pg_catalog.pg_class c on c.oid = p.refobjid and p.refclassid = 'pg_class'::regclass and c.relkind = 'S'
           where d.adrelid = to_regclass($1) and a.attname = $2 limit 1))`,
        [table, column],
      )
      const sequence = found.rows[0]?.[0]
      if (!sequence) {
        throw new EtlError('E217', `${formatTable(ref)}.${column} has no sequence to move`, { kind: 'usage' })
      }
      await this.#connection.run(
        `select setval($1::regclass, m.top) from (select max(${quote(column)})::int8 as top from ${table}) m, ${sequence} s
         where m.top > s.last_value or (m.top = s.last_value and not s.is_called)`,
        [sequence],
      )
    }
  }

  async deferForeignKeys(tables: readonly Table[]): Promise<() => Promise<void>> {
    return await deferForeignKeys(this.#connection, tables.map(this.#resolve.bind(this)))
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  #resolve(ref: TableRef): Required<TableRef> {
    return { schema: ref.schema ?? this.#options.schema, table: ref.table }
  }

  #tell(committed: boolean): void {
    for (const writer of this.#writers) writer.transactionEnded(committed)
  }

  /** A cursor needs a transaction; where there is none, the first reader opens one and the last ends it. */
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
