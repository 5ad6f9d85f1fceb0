import type { ReadColumn, ReadSpec, SourceBatch } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import type { KeyColumn } from '../../core/sql.js'
import { anyOfPredicate, keysetPredicate, windowPredicate } from '../../core/sql.js'
import { bindForm, bindValue, wrapped } from './binds.js'
import type { Metadata, OracleConnection } from './connection.js'
import { dialect, quote, quoteAll, quoteRef } from './dialect.js'
import { decoderOf, nativeOf, selectForm } from './fetch.js'

export type From = ReadSpec['from']

/**
 * What rows come from, with the user's condition. As of a system change number, all that the user wrote is inside of what
 * is read by it: a subquery of the condition must see the same state.
 */
export function fromSql(from: From, where: string | undefined, scn: string | undefined): string {
  const condition = where === undefined ? '' : ` where (\n${where}\n)`
  if (scn === undefined) return `${'table' in from ? quoteRef(from.table) : `(\n${from.query}\n)`} source${condition}`
  if ('table' in from && where === undefined) return `${quoteRef(from.table)} as of scn ${scn} source`
  return `(select * from ${fromSql(from, where, undefined)}) as of scn ${scn} source`
}

export interface Statement {
  readonly sql: string
  readonly params: readonly Value[]
}

/** The whole statement, from what a describe of the columns has told. */
export function selectSql(
  connection: Pick<OracleConnection, 'driver'>,
  spec: ReadSpec,
  metadata: readonly Metadata[],
  scn?: string,
): Statement {
  const params: Value[] = []
  const where: string[] = []
  const column = (index: number): string => `source.${quote(spec.columns[index]?.name ?? '')}`
  const forms = spec.columns.map((one, i) =>
    bindForm(nativeOf(connection.driver, metadata[i] as Metadata).name, one.type),
  )
  const keys = spec.order.map(
    (order): KeyColumn => ({
      sql: column(order.index),
      nullable: order.nullable,
      bind: placeholder => wrapped(forms[order.index] ?? 'text', placeholder),
    }),
  )
  const bound = (position: readonly Value[]): Value[] =>
    position.map((value, i) => bindValue(forms[spec.order[i]?.index ?? 0] ?? 'text', value) as Value)
  for (const [position, inclusive] of [
    [spec.after, false],
    [spec.until, true],
  ] as const) {
    if (position === undefined) continue
    const predicate = keysetPredicate(dialect, keys, bound(position), params.length + 1, inclusive)
    where.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  if (spec.keys !== undefined) {
    const predicate = anyOfPredicate(dialect, keys, spec.keys.map(bound), params.length + 1)
    where.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  if (spec.window !== undefined) {
    const { index } = spec.window
    const form = forms[index] ?? 'text'
    const key: KeyColumn = { sql: column(index), nullable: true, bind: placeholder => wrapped(form, placeholder) }
    const value = (one: Value): Value => bindValue(form, one) as Value
    const predicate = windowPredicate(dialect, key, spec.window, value, params.length + 1)
    where.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  const list = spec.columns.map(
    (_, i) => `${selectForm(connection.driver, metadata[i] as Metadata, column(i))} as c${i}`,
  )
  const sql =
    `select ${list.join(', ')} from ${fromSql(spec.from, spec.where, scn)}` +
    (where.length === 0 ? '' : ` ${within(spec, scn)} ${where.join(' and ')}`) +
    (keys.length === 0 ? '' : ` order by ${keys.map(key => key.sql).join(', ')}`) +
    (spec.lock === true ? ' for update' : '')
  // ROWNUM is known to every version, FETCH FIRST only from 12.1 on.
  return { sql: spec.limit === undefined ? sql : `select * from (${sql}) where rownum <= ${spec.limit}`, params }
}

/** Deletes the rows that have one of the keys. */
export async function removeRows(
  connection: OracleConnection,
  table: string,
  key: readonly ReadColumn[],
  keys: readonly (readonly Value[])[],
): Promise<number> {
  const metadata = await connection.describe(`select ${quoteAll(key.map(({ name }) => name))} from ${table}`)
  const forms = key.map(({ type }, i) => bindForm(nativeOf(connection.driver, metadata[i] as Metadata).name, type))
  const columns = key.map(
    ({ name }, i): KeyColumn => ({
      sql: quote(name),
      nullable: false,
      bind: placeholder => wrapped(forms[i] ?? 'text', placeholder),
    }),
  )
  const bound = keys.map(values => values.map((value, i) => bindValue(forms[i] ?? 'text', value) as Value))
  const { sql, params } = anyOfPredicate(dialect, columns, bound, 1)
  return connection.change(`delete from ${table} where ${sql}`, params)
}

/** The word before a further condition. */
function within(spec: ReadSpec, scn: string | undefined): string {
  return spec.where !== undefined && scn === undefined ? 'and' : 'where'
}

/** Streams one statement; the driver asks for a bounded number of rows at a time. */
export async function* readRows(
  connection: OracleConnection,
  spec: ReadSpec,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  stopIfAborted(signal)
  const columns = spec.columns.map(column => column.name)
  const { scn } = connection
  const metadata = await connection.describe(`select ${quoteAll(columns)} from ${fromSql(spec.from, undefined, scn)}`)
  const { sql, params } = selectSql(connection, spec, metadata, scn)
  const decoders = spec.columns.map((column, i) =>
    decoderOf(connection.driver, metadata[i] as Metadata, column.type, column.decode),
  )
  const size = fetchSize(connection, metadata, spec)
  const set = await connection.open(sql, params, size)
  let rows: Row[] = []
  let bytes = 0
  const batch = (): SourceBatch => {
    const last = rows[rows.length - 1] as Row
    const done = { rows, cursor: spec.order.map(order => last[order.index] as Value) }
    rows = []
    bytes = 0
    return done
  }
  try {
    for (;;) {
      stopIfAborted(signal)
      const fetched = await connection.fetch(set, size)
      for (const cells of fetched) {
        const row = cells.map((cell, i): Value => (cell === null ? null : (decoders[i]?.(cell) ?? null)))
        for (const value of row) bytes += typeof value === 'string' || Buffer.isBuffer(value) ? value.length : 8
        rows.push(row)
        if (rows.length >= spec.batchRows || bytes >= spec.batchBytes) {
          yield batch()
          stopIfAborted(signal)
        }
      }
      if (fetched.length < size) break
    }
    if (rows.length > 0) yield batch()
  } finally {
    await set.close().catch(() => {})
  }
}

const MAX_FETCH_ROWS = 2000
const MAX_FETCH_BYTES = 8 * 1024 * 1024
/** What a large object is taken to be before it is seen. */
const LOB_BYTES = 64 * 1024

/** Rows per exchange, so that one answer stays within memory whatever the columns hold. */
function fetchSize(connection: OracleConnection, metadata: readonly Metadata[], spec: ReadSpec): number {
  const { driver } = connection
  let width = 0
  for (const column of metadata) {
    const isLob =
      column.dbType === driver.DB_TYPE_CLOB ||
      column.dbType === driver.DB_TYPE_BLOB ||
      column.dbType === driver.DB_TYPE_NCLOB
    width += isLob ? LOB_BYTES : (column.byteSize ?? 32)
  }
  const room = Math.floor(Math.min(MAX_FETCH_BYTES, 4 * spec.batchBytes) / Math.max(1, width))
  return Math.max(10, Math.min(MAX_FETCH_ROWS, room, Math.max(spec.batchRows, 100)))
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new EtlError('E515', 'reading was stopped', { kind: 'interrupted' })
}
