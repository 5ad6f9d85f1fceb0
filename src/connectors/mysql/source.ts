import type { Dialect, ReadColumn, ReadSpec, ReadWindow, SourceBatch } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import type { KeyColumn } from '../../core/sql.js'
import { anyOfPredicate, keysetPredicate, windowPredicate } from '../../core/sql.js'
import type { MyConnection, Result } from './connection.js'
import { dialect, quote, quoteRef, selectExpression } from './dialect.js'
import type { Decode } from './values.js'
import { asGiven, decoderOf, literal } from './values.js'

/** The first page, before anything is known of the rows' size. */
const FIRST_PAGE = 1

export function fromSql(from: ReadSpec['from']): string {
  return 'table' in from ? quoteRef(from.table) : `(\n${from.query}\n) as source`
}

/** Every column under a name of ours: the driver drops the connection over some names, `__proto__` for one. */
export function selectSql(spec: ReadSpec, limit: number | undefined): string {
  const where = spec.where === undefined ? [] : [`(\n${spec.where}\n)`]
  const keys = spec.order.map(
    (order): KeyColumn => ({
      sql: orderExpression(columnOf(spec, order.index)),
      nullable: order.nullable,
      bind: sql => sql,
    }),
  )
  if (spec.after !== undefined) where.push(bound(spec, keys, spec.after, false))
  if (spec.until !== undefined) where.push(bound(spec, keys, spec.until, true))
  if (spec.keys !== undefined)
    where.push(
      oneOf(
        spec.order.map(({ index }) => columnOf(spec, index)),
        spec.keys,
      ),
    )
  if (spec.window !== undefined) where.push(within(columnOf(spec, spec.window.index), spec.window))
  return (
    `select ${spec.columns.map(({ name, type }, i) => `${selectExpression(name, type)} as c${i}`).join(', ')} ` +
    `from ${fromSql(spec.from)}` +
    (where.length === 0 ? '' : ` where ${where.join(' and ')}`) +
    (keys.length === 0 ? '' : ` order by ${keys.map(key => key.sql).join(', ')}`) +
    (limit === undefined ? '' : ` limit ${limit}`) +
    (spec.lock === true ? ' for update' : '')
  )
}

/** Rows that have one of the keys. */
export function oneOf(columns: readonly ReadColumn[], keys: readonly (readonly Value[])[]): string {
  const names = columns.map(
    (column): KeyColumn => ({ sql: orderExpression(column), nullable: false, bind: sql => sql }),
  )
  const literals = keys.map(key =>
    columns.map(({ type }, i) => {
      const value = key[i] ?? null
      return value === null ? null : literal(type, value)
    }),
  )
  return inlined(anyOfPredicate(places, names, literals, 1))
}

/** Literals instead of binds: a bind would turn to the binary protocol, which writes times another way. */
function bound(spec: ReadSpec, keys: readonly KeyColumn[], position: readonly Value[], inclusive: boolean): string {
  return inlined(keysetPredicate(places, keys, literalsOf(spec, position), 1, inclusive))
}

function literalsOf(spec: ReadSpec, position: readonly Value[]): (string | null)[] {
  return position.map((value, i) =>
    value === null ? null : literal(columnOf(spec, spec.order[i]?.index ?? 0).type, value),
  )
}

function within(column: ReadColumn, window: ReadWindow): string {
  const key: KeyColumn = { sql: orderExpression(column), nullable: true, bind: sql => sql }
  return inlined(
    windowPredicate(places, key, window, value => (value === null ? null : literal(column.type, value)), 1),
  )
}

/** No name and no literal holds U+0000, so nothing else is taken for a place. */
const places: Dialect = { ...dialect, placeholder: index => `\u0000${index}\u0000` }

function inlined({ sql, params }: { readonly sql: string; readonly params: readonly (string | null)[] }): string {
  const parts = sql.split('\0').map((part, i) => (i % 2 === 0 ? part : (params[Number(part) - 1] ?? 'null')))
  return `(${parts.join('')})`
}

/** An enum is ordered by position and compared by name: made text, both go by name. */
function orderExpression({ name, type }: ReadColumn): string {
  return type.kind === 'enum' ? `cast(${quote(name)} as char)` : quote(name)
}

function columnOf(spec: ReadSpec, index: number): ReadColumn {
  const column = spec.columns[index]
  if (column === undefined) throw new EtlError('E901', 'the order names a column that is not read')
  return column
}

/** Cuts rows into batches and makes their values canonical. */
class Batches {
  #rows: Row[] = []
  #bytes = 0
  readonly #spec: ReadSpec
  readonly #decoded: readonly { readonly decode: Decode; readonly index: number }[]

  constructor(spec: ReadSpec) {
    this.#spec = spec
    this.#decoded = spec.columns
      .map((column, index) => ({ decode: decoderOf(column.type, column.decode), index }))
      .filter(({ decode }) => decode !== asGiven)
  }

  /** The batch that the row fills. */
  add(row: Row): SourceBatch | undefined {
    this.#bytes += sizeOf(row)
    for (const { decode, index } of this.#decoded) {
      const value = row[index] as Value
      if (value !== null) row[index] = decode(value)
    }
    this.#rows.push(row)
    const full = this.#rows.length >= this.#spec.batchRows || this.#bytes >= this.#spec.batchBytes
    return full ? this.take() : undefined
  }

  /** Where a row that has not been added stands in the order. */
  cursorOf(row: Row): Value[] {
    return this.#spec.order.map(({ index }) => {
      const value = row[index] as Value
      const decoder = this.#decoded.find(one => one.index === index)
      return value === null || decoder === undefined ? value : decoder.decode(value)
    })
  }

  take(): SourceBatch | undefined {
    const last = this.#rows[this.#rows.length - 1]
    if (last === undefined) return undefined
    const batch = { rows: this.#rows, cursor: this.#spec.order.map(order => last[order.index] as Value) }
    this.#rows = []
    this.#bytes = 0
    return batch
  }
}

function sizeOf(row: Row): number {
  let size = 0
  for (const value of row) size += typeof value === 'string' || Buffer.isBuffer(value) ? value.length : 4
  return size
}

/**
 * One statement after the other, each going on behind the last row: where an index has the order, that costs nothing.
 * The next page is asked for while this one is used; more than one is never waiting.
 */
export async function* readPages(
  connection: MyConnection,
  spec: ReadSpec,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch> {
  const batches = new Batches(spec)
  let left = spec.limit ?? Number.POSITIVE_INFINITY
  let wanted = Math.min(spec.keys === undefined ? FIRST_PAGE : spec.keys.length + 1, spec.batchRows, left)
  if (wanted === 0) return
  let size = 0
  let seen = 0
  const ask = (after: readonly Value[] | undefined): Promise<Result> => {
    const page = connection.run(selectSql(after === undefined ? spec : { ...spec, after }, wanted))
    // Whoever leaves early never looks at it.
    page.catch(() => {})
    return page
  }
  let asked: Promise<Result> | undefined = ask(spec.after)
  try {
    while (asked !== undefined) {
      stopIfAborted(signal)
      const rows: Row[] = (await asked).rows
      left -= rows.length
      seen += rows.length
      for (const row of rows) size += sizeOf(row)
      const last: Row | undefined = rows[rows.length - 1]
      const more = rows.length === wanted && left > 0 && last !== undefined
      const room = Math.ceil(spec.batchBytes / Math.max(1, size / seen))
      wanted = Math.max(1, Math.min(spec.batchRows, room, wanted * 8, left))
      asked = more ? ask(batches.cursorOf(last)) : undefined
      for (const row of rows) {
        const batch = batches.add(row)
        if (batch !== undefined) yield batch
      }
    }
  } finally {
    await asked?.catch(() => {})
  }
  const rest = batches.take()
  if (rest !== undefined) yield rest
}

/** One statement for everything: an order without an index is made once. Other statements of the session wait. */
export async function* readStream(
  connection: MyConnection,
  spec: ReadSpec,
  signal: AbortSignal,
  stop: () => Promise<void>,
): AsyncGenerator<SourceBatch> {
  const batches = new Batches(spec)
  stopIfAborted(signal)
  for await (const row of connection.stream(selectSql(spec, spec.limit), stop)) {
    const batch = batches.add(row)
    if (batch === undefined) continue
    yield batch
    stopIfAborted(signal)
  }
  const rest = batches.take()
  if (rest !== undefined) yield rest
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new EtlError('E515', 'reading was stopped', { kind: 'interrupted' })
}
