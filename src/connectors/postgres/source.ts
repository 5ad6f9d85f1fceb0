import type { TableRef } from '../../core/catalog.js'
import type { ReadColumn, ReadSpec, SourceBatch } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import type { KeyColumn } from '../../core/sql.js'
import { anyOfPredicate, keysetPredicate, windowPredicate } from '../../core/sql.js'
import type { LogicalType } from '../../core/types.js'
import type { PgConnection } from './connection.js'
import { dialect, quote, quoteAll, quoteRef } from './dialect.js'
import { endOfRow, rowOf } from './row-page.js'
import type { RowPage } from './row-tap.js'
import { decoderOf } from './types.js'

/** The first fetch, before anything is known of the rows' size. */
const FIRST_FETCH = 1

export function fromSql(from: ReadSpec['from']): string {
  return 'table' in from ? quoteRef(from.table) : `(\n${from.query}\n) as source`
}

/** The whole statement. A bind variable takes the type of the column beside it, so key values travel as text. */
export function selectSql(spec: ReadSpec): { sql: string; params: Value[] } {
  const params: Value[] = []
  const where = spec.where === undefined ? [] : [`(\n${spec.where}\n)`]
  const keys = spec.order.map(
    (order): KeyColumn => ({ sql: nameOf(spec, order.index), nullable: order.nullable, bind: text => text }),
  )
  const bounds: readonly (readonly [readonly Value[] | undefined, boolean])[] = [
    [spec.after, false],
    [spec.until, true],
  ]
  for (const [position, inclusive] of bounds) {
    if (position === undefined) continue
    const predicate = keysetPredicate(dialect, keys, position, params.length + 1, inclusive)
    where.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  if (spec.keys !== undefined) {
    const columns = spec.order.map(({ index }) => spec.columns[index] as ReadColumn)
    const predicate = oneOf('table' in spec.from ? spec.from.table : undefined, columns, spec.keys, params.length + 1)
    where.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  if (spec.window !== undefined) {
    const column: KeyColumn = { sql: nameOf(spec, spec.window.index), nullable: true, bind: text => text }
    const predicate = windowPredicate(dialect, column, spec.window, value => value, params.length + 1)
    where.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  const sql =
    `select ${spec.columns.map(column => quote(column.name)).join(', ')} from ${fromSql(spec.from)}` +
    (where.length === 0 ? '' : ` where ${where.join(' and ')}`) +
    (keys.length === 0 ? '' : ` order by ${keys.map(key => key.sql).join(', ')}`) +
    (spec.limit === undefined ? '' : ` limit ${spec.limit}`) +
    (spec.lock === true ? ' for update' : '')
  return { sql, params }
}

/** Types whose texts JSON carries as they are. */
const AS_TEXT: ReadonlySet<LogicalType['kind']> = new Set([
  'boolean',
  'integer',
  'decimal',
  'float',
  'text',
  'bytes',
  'date',
  'time',
  'timestamp',
  'uuid',
])

/**
 * Rows that have one of the keys, as a predicate and its bind values. The keys are joined, as a table of the table's own
 * types: compared one after the other with each row, many of them would cost the product of both.
 */
export function oneOf(
  table: TableRef | undefined,
  columns: readonly ReadColumn[],
  keys: readonly (readonly Value[])[],
  first: number,
): { readonly sql: string; readonly params: Value[] } {
  if (table === undefined || keys.length < 2 || columns.some(({ type }) => !AS_TEXT.has(type.kind))) {
    const compared = columns.map(({ name }): KeyColumn => ({ sql: quote(name), nullable: false, bind: text => text }))
    return anyOfPredicate(dialect, compared, keys, first)
  }
  const names = quoteAll(columns.map(column => column.name))
  const rows = keys.map(key => Object.fromEntries(columns.map(({ name }, i) => [name, jsonText(key[i] ?? null)])))
  const from = `json_populate_recordset(null::${quoteRef(table)}, ${dialect.placeholder(first)})`
  return { sql: `(${names}) in (select ${names} from ${from})`, params: [JSON.stringify(rows)] }
}

function jsonText(value: Value): string | null {
  if (value === null) return null
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  return Object.is(value, -0) ? '-0' : String(value)
}

function nameOf(spec: ReadSpec, index: number): string {
  return quote(spec.columns[index]?.name ?? '')
}

/** Fetches from a cursor of the surrounding transaction: several readers may take turns on one connection. */
export async function* readCursor(
  connection: PgConnection,
  name: string,
  spec: ReadSpec,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const { sql, params } = selectSql(spec)
  stopIfAborted(signal)
  await connection.run(`declare ${name} no scroll cursor for ${sql}`, params)
  const decoders = spec.columns.map(column => decoderOf(column.type, column.decode))
  const batch = (rows: Row[]): SourceBatch => {
    const last = rows[rows.length - 1] as Row
    return { rows, cursor: spec.order.map(order => last[order.index] as Value) }
  }
  let rows: Row[] = []
  let bytes = 0
  let size = 0
  let seen = 0
  let wanted = Math.min(spec.keys === undefined ? FIRST_FETCH : spec.keys.length + 1, spec.batchRows)
  const ask = (): Promise<RowPage> => {
    const page = connection.fetch(`fetch forward ${wanted} from ${name}`)
    // Whoever leaves early never looks at it.
    page.catch(() => {})
    return page
  }
  let asked: Promise<RowPage> | undefined = ask()
  while (asked !== undefined) {
    stopIfAborted(signal)
    const page: RowPage = await asked
    seen += page.rows
    size += page.bytes.length
    const more = page.rows === wanted
    const room = Math.ceil(spec.batchBytes / Math.max(1, size / seen))
    // A page that ends with its batch leaves no rows behind that outlive it.
    const missing = spec.batchRows - ((rows.length + page.rows) % spec.batchRows)
    wanted = Math.max(1, Math.min(missing, room, wanted * 8))
    asked = more ? ask() : undefined
    let end = 0
    for (let at = 0; at < page.bytes.length; at = end) {
      end = endOfRow(page.bytes, at)
      rows.push(rowOf(page.bytes, at, decoders))
      bytes += end - at
      if (rows.length < spec.batchRows && bytes < spec.batchBytes) continue
      yield batch(rows)
      rows = []
      bytes = 0
    }
  }
  if (rows.length > 0) yield batch(rows)
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new EtlError('E515', 'reading was stopped', { kind: 'interrupted' })
}
