import { setImmediate as nextTurn } from 'node:timers/promises'
import { formatTable } from '../../core/catalog.js'
import type { ReadSpec, SourceBatch } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import type { KeyColumn } from '../../core/sql.js'
import { keysetPredicate, quoteName, quoteTable } from '../../core/sql.js'
import type { Connection } from './connection.js'
import { dialect } from './dialect.js'
import type { Bound, Stored } from './values.js'
import { bindCursor, narrow, valueReader } from './values.js'

interface Query {
  readonly sql: string
  readonly params: readonly Bound[]
}

/** Text that holds U+FFFD: either the character itself, or what the driver made of bytes that are no UTF-8. */
interface Suspect {
  readonly row: number
  readonly column: number
  readonly text: string
}

/**
 * Streams rows in key order, one batch in memory at a time.
 *
 * @param paged ends the statement with each batch and goes on after its last key. A statement left open would keep
 *   a writer of the same file from committing, for ever where that writer is this process.
 */
export async function* readRows(
  connection: Connection,
  spec: ReadSpec,
  signal: AbortSignal,
  paged: boolean,
): AsyncGenerator<SourceBatch> {
  const readers = spec.columns.map(column => valueReader(column.type, column.decode))
  const byBatch = paged && spec.order.length > 0
  let after = spec.after
  let left = spec.limit ?? Number.POSITIVE_INFINITY
  let done = 0
  let rows = open()
  try {
    for (;;) {
      signal.throwIfAborted()
      const { batch, last, suspects, ended } = connection.run(() => nextBatch(rows, spec, readers, left))
      if (suspects.length > 0) checkUnicode(connection, spec, after, done, batch.length, suspects)
      left -= batch.length
      done += batch.length
      const cursor = last === undefined ? [] : spec.order.map(order => narrow(last[order.index] ?? null))
      if (byBatch) rows.return?.()
      if (batch.length > 0) {
        after = spec.order.length === 0 ? undefined : cursor
        yield { rows: batch, cursor }
      }
      if (ended || left <= 0) return
      await nextTurn()
      if (byBatch) rows = open()
    }
  } finally {
    rows.return?.()
  }

  function open(): IterableIterator<Stored[]> {
    const { sql, params } = selectText(spec, columnNames(spec), after, byBatch ? Math.min(left, spec.batchRows) : left)
    const statement = connection.prepare(sql)
    return connection.run(() => statement.iterate(...params))
  }
}

export function countRows(connection: Connection, spec: Pick<ReadSpec, 'from' | 'where'>): number {
  const where = spec.where === undefined ? '' : ` where (${spec.where}\n)`
  return Number(connection.query(`select count(*) from ${fromText(spec.from)}${where}`)[0]?.[0])
}

function nextBatch(
  rows: Iterator<Stored[]>,
  spec: ReadSpec,
  readers: readonly ((value: Stored) => Value)[],
  left: number,
) {
  const batch: Row[] = []
  const suspects: Suspect[] = []
  const wanted = Math.min(spec.batchRows, left)
  const width = readers.length
  let last: Stored[] | undefined
  let bytes = 0
  let ended = false
  while (batch.length < wanted && bytes < spec.batchBytes) {
    const next = rows.next()
    if (next.done === true) {
      ended = true
      break
    }
    last = next.value
    const row: Row = new Array(width)
    for (let i = 0; i < width; i++) {
      const value = last[i] as Stored
      if (value === null) {
        row[i] = null
        continue
      }
      if (typeof value === 'string') {
        bytes += value.length
        if (value.indexOf('\ufffd') >= 0) suspects.push({ row: batch.length, column: i, text: value })
      } else bytes += typeof value === 'object' ? value.length : 8
      row[i] = (readers[i] as (value: Stored) => Value)(value)
    }
    batch.push(row)
  }
  // A page that ended exactly at its limit tells nothing about what follows; only fewer rows than wanted do.
  return { batch, last, suspects, ended }
}

function columnNames(spec: ReadSpec): string[] {
  return spec.columns.map(column => quoteName(dialect, column.name))
}

function fromText(from: ReadSpec['from']): string {
  return 'table' in from ? quoteTable(dialect, from.table) : `(${from.query}\n) as q`
}

function selectText(
  spec: ReadSpec,
  expressions: readonly string[],
  after: readonly Value[] | undefined,
  limit: number,
  offset = 0,
): Query {
  const order = spec.order.map(({ index, nullable }) => {
    const column = spec.columns[index]
    if (column === undefined) throw new EtlError('E901', `order column ${index} is not read`)
    return {
      type: column.type,
      key: { sql: quoteName(dialect, column.name), nullable, bind: same } satisfies KeyColumn,
    }
  })
  const keys = order.map(part => part.key)
  const conditions: string[] = []
  const params: Bound[] = []
  if (spec.where !== undefined) conditions.push(`(${spec.where}\n)`)
  for (const [position, inclusive] of [[after, false] as const, [spec.until, true] as const]) {
    if (position === undefined || keys.length === 0) continue
    const bound = order.map((part, i) => bindCursor(position[i] ?? null, part.type))
    const predicate = keysetPredicate(dialect, keys, bound, 1, inclusive)
    conditions.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  let sql = `select ${expressions.length === 0 ? 'null' : expressions.join(', ')} from ${fromText(spec.from)}`
  if (conditions.length > 0) sql += ` where ${conditions.join(' and ')}`
  if (keys.length > 0) sql += ` order by ${keys.map(key => key.sql).join(', ')}`
  if (Number.isFinite(limit) || offset > 0) sql += ` limit ${Number.isFinite(limit) ? limit : -1}`
  if (offset > 0) sql += ` offset ${offset}`
  return { sql, params }
}

function same(placeholder: string): string {
  return placeholder
}

/** Reads the bytes of suspicious texts once more, within the same snapshot, and compares. */
function checkUnicode(
  connection: Connection,
  spec: ReadSpec,
  after: readonly Value[] | undefined,
  done: number,
  count: number,
  suspects: readonly Suspect[],
): void {
  const columns = [...new Set(suspects.map(suspect => suspect.column))]
  const bytes = columns.map(index => `cast(${columnNames(spec)[index]} as blob)`)
  const { sql, params } = selectText(spec, bytes, after, count, spec.order.length === 0 ? done : 0)
  const statement = connection.prepare(sql)
  const rows = connection.run(() => statement.all(...params))
  for (const { row, column, text } of suspects) {
    const stored = rows[row]?.[columns.indexOf(column)]
    if (Buffer.isBuffer(stored) && stored.equals(Buffer.from(text, 'utf8'))) continue
    const name = spec.columns[column]?.name ?? ''
    const table = 'table' in spec.from ? ` of ${formatTable(spec.from.table)}` : ''
    throw new EtlError('E409', `column ${name}${table} holds text that is not valid UTF-8`, {
      where: connection.file.path,
      column: name,
      hint: 'repair the text in the source, or leave such rows out with where',
    })
  }
}
