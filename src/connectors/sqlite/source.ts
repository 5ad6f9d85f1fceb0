import { setImmediate as nextTurn } from 'node:timers/promises'
import { formatTable } from '../../core/catalog.js'
import type { MalformedRow, ReadColumn, ReadSpec, SourceBatch } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import { toJson } from '../../core/row.js'
import type { KeyColumn } from '../../core/sql.js'
import {
  anyOfPredicate,
  keysetPredicate,
  placeholders,
  quoteName,
  quoteTable,
  windowPredicate,
} from '../../core/sql.js'
import type { Connection, Statement } from './connection.js'
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
 * Rows fetched by one call of the driver. Page by page is a quarter faster than row by row, but a page is in memory
 * before anyone knows how large it is: pages start with one row, double while they stay small, and are short where a
 * column holds bytes.
 */
const PAGE_ROWS = 500
const PAGE_ROWS_WITH_BYTES = 8
const PAGE_BYTES = 1 << 20

/**
 * Streams rows in key order, one batch in memory at a time.
 *
 * @param paged keeps no statement open between batches. One left open would keep a writer of the same file from
 *   committing, for ever where that writer is this process.
 */
export async function* readRows(
  connection: Connection,
  spec: ReadSpec,
  signal: AbortSignal,
  paged: boolean,
): AsyncGenerator<SourceBatch> {
  const fetch = fetchOf(connection, spec, paged)
  const convert = converter(spec)
  let after = spec.after
  let left = spec.limit ?? Number.POSITIVE_INFINITY
  let done = 0
  const page: Page = {
    rows: 1,
    most: spec.columns.some(c => c.type.kind === 'bytes') ? PAGE_ROWS_WITH_BYTES : PAGE_ROWS,
  }
  try {
    for (;;) {
      signal.throwIfAborted()
      const { batch, cursor, suspects, ended } = connection.run(() => nextBatch(fetch, spec, convert, page, left))
      const malformed = suspects.length > 0 ? notUnicode(connection, spec, after, done, batch, suspects) : []
      left -= batch.length
      done += batch.length
      if (batch.length > 0) {
        after = spec.order.length === 0 ? undefined : cursor
        yield malformed.length === 0 ? { rows: batch, cursor } : { rows: batch, cursor, malformed }
      }
      if (ended || left <= 0) return
      await nextTurn()
    }
  } finally {
    fetch.end()
  }
}

/** Gives the next rows, at most so many; fewer mean that there are no more. */
interface Fetch {
  next(rows: number): Stored[][]
  end(): void
}

function fetchOf(connection: Connection, spec: ReadSpec, paged: boolean): Fetch {
  // Looked for page by page, the keys would be gone through for each.
  if (spec.keys !== undefined) return atOnce(connection, spec)
  return spec.order.length > 0 && (paged || isIndexed(connection, spec))
    ? pages(connection, spec)
    : stream(connection, spec)
}

/** All rows in one call of the driver. */
function atOnce(connection: Connection, spec: ReadSpec): Fetch {
  const { sql, params } = selectText(spec, columnNames(spec), spec.after, spec.limit ?? Number.POSITIVE_INFINITY)
  const rows = connection.run(() => connection.prepare(sql).all(...params))
  let given = 0
  return {
    next: count => {
      given += count
      return rows.slice(given - count, given)
    },
    end: () => {},
  }
}

/** One statement from the first row to the last. */
function stream(connection: Connection, spec: ReadSpec): Fetch {
  const { sql, params } = selectText(spec, columnNames(spec), spec.after, spec.limit ?? Number.POSITIVE_INFINITY)
  const statement = connection.prepare(sql)
  const rows: IterableIterator<Stored[]> = connection.run(() => statement.iterate(...params))
  return {
    next: count => {
      const found: Stored[][] = []
      while (found.length < count) {
        const next = rows.next()
        if (next.done === true) break
        found.push(next.value)
      }
      return found
    },
    end: () => rows.return?.(),
  }
}

/** One statement a page, each going on after the last key of the one before. */
function pages(connection: Connection, spec: ReadSpec): Fetch {
  const expressions = columnNames(spec)
  const statements = new Map<string, Statement>()
  let after: readonly Value[] | undefined = spec.after
  return {
    next: count => {
      // One row more, to see whether the key goes on beyond the edge: those rows would never be read.
      const { sql, params } = selectText(spec, expressions, after, count + 1)
      let statement = statements.get(sql)
      if (statement === undefined) {
        statement = connection.prepare(sql)
        statements.set(sql, statement)
      }
      const rows = statement.all(...params)
      const beyond = rows.length > count ? rows.pop() : undefined
      const last = rows.at(-1)
      if (last !== undefined && beyond !== undefined) checkKey(spec, last, beyond)
      if (last !== undefined) after = cursorOf(spec, last)
      return rows
    },
    end: () => statements.clear(),
  }
}

/** Can rows be had in this order without sorting them all? */
function isIndexed(connection: Connection, spec: ReadSpec): boolean {
  if (!('table' in spec.from)) return false
  const { sql, params } = selectText(spec, columnNames(spec), spec.after, 1)
  const plan = connection.prepare(`explain query plan ${sql}`)
  return connection.run(() => plan.all(...params)).every(row => !String(row[3]).includes('TEMP B-TREE'))
}

function checkKey(spec: ReadSpec, last: readonly Stored[], next: readonly Stored[]): void {
  const same = ({ index }: { readonly index: number }): boolean => {
    const a = last[index]
    const b = next[index]
    return a === b || (Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b))
  }
  if (!spec.order.every(same)) return
  const names = spec.order.map(({ index }) => spec.columns[index]?.name).join(', ')
  throw new EtlError('E518', `two rows have the same key (${names})`, {
    hint: 'name columns under `key:` that identify a row',
  })
}

function cursorOf(spec: ReadSpec, row: readonly Stored[]): Value[] {
  return spec.order.map(order => narrow(row[order.index] ?? null))
}

export function countRows(connection: Connection, spec: Pick<ReadSpec, 'from' | 'where'>): number {
  const where = spec.where === undefined ? '' : ` where (${spec.where}\n)`
  return Number(connection.query(`select count(*) from ${fromText(spec.from)}${where}`)[0]?.[0])
}

/** How many rows the next call of the driver gets. */
interface Page {
  rows: number
  readonly most: number
}

function nextBatch(fetch: Fetch, spec: ReadSpec, convert: Convert, page: Page, left: number) {
  const wanted = Math.min(spec.batchRows, left)
  const suspects: Suspect[] = []
  const batch: Row[] = []
  let cursor: Value[] = []
  let bytes = 0
  let ended = false
  while (batch.length < wanted && bytes < spec.batchBytes && !ended) {
    const count = Math.min(page.rows, wanted - batch.length)
    const rows = fetch.next(count)
    ended = rows.length < count
    const last = rows.at(-1)
    if (last !== undefined) cursor = cursorOf(spec, last)
    const before = bytes
    for (const row of rows) bytes += convert(row, batch.push(row) - 1, suspects)
    const fitting = Math.floor((Math.min(PAGE_BYTES, spec.batchBytes) * count) / Math.max(1, bytes - before))
    page.rows = Math.max(1, Math.min(page.most, 2 * page.rows, fitting))
  }
  return { batch, cursor, suspects, ended }
}

/** Makes a row's values canonical in place; gives its size in bytes. */
type Convert = (row: Stored[], index: number, suspects: Suspect[]) => number

function converter(spec: ReadSpec): Convert {
  const readers = spec.columns.map(column => {
    const reader = valueReader(column.type, column.decode)
    // Most are this one, and a call for each value has its price.
    return reader === narrow ? undefined : reader
  })
  const width = readers.length
  return (row, index, suspects) => {
    const values: Value[] = row
    let bytes = 0
    for (let i = 0; i < width; i++) {
      const value = row[i] as Stored
      if (value === null) continue
      if (typeof value === 'string') {
        bytes += value.length
        if (value.includes('\ufffd')) suspects.push({ row: index, column: i, text: value })
      } else bytes += typeof value === 'object' ? value.length : 8
      const reader = readers[i]
      if (reader !== undefined) values[i] = reader(value)
      else if (typeof value === 'bigint') values[i] = narrow(value)
    }
    return bytes
  }
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
  const bound = (position: readonly Value[]): Bound[] =>
    order.map((part, i) => bindCursor(position[i] ?? null, part.type))
  const conditions: string[] = []
  const params: Bound[] = []
  if (spec.where !== undefined) conditions.push(`(${spec.where}\n)`)
  for (const [position, inclusive] of [[after, false] as const, [spec.until, true] as const]) {
    if (position === undefined || keys.length === 0) continue
    const predicate = keysetPredicate(dialect, keys, bound(position), 1, inclusive)
    conditions.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  if (spec.keys !== undefined) {
    const predicate = oneOf(
      spec.order.map(({ index }) => spec.columns[index] as ReadColumn),
      spec.keys,
    )
    conditions.push(`(${predicate.sql})`)
    params.push(...predicate.params)
  }
  if (spec.window !== undefined) {
    const column = spec.columns[spec.window.index]
    if (column === undefined) throw new EtlError('E901', `column ${spec.window.index} is not read`)
    const key = { sql: quoteName(dialect, column.name), nullable: true, bind: same }
    const predicate = windowPredicate(dialect, key, spec.window, value => bindCursor(value, column.type), 1)
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

/** Rows that have one of the keys. */
export function oneOf(columns: readonly ReadColumn[], keys: readonly (readonly Value[])[]): Query {
  const names = columns.map(({ name }): KeyColumn => ({ sql: quoteName(dialect, name), nullable: false, bind: same }))
  const bound = keys.map(key => columns.map(({ type }, i) => bindCursor(key[i] ?? null, type)))
  if (columns.length < 2 || keys.length < 2) return anyOfPredicate(dialect, names, bound, 1)
  // Each row looks for its key in an index of them, instead of comparing one after the other.
  const row = `(${placeholders(dialect, columns.length)})`
  const list = names.map(name => name.sql).join(', ')
  return { sql: `(${list}) in (values ${bound.map(() => row).join(', ')})`, params: bound.flat() }
}

function same(placeholder: string): string {
  return placeholder
}

/**
 * Reads the bytes of suspicious texts once more, within the same snapshot, and compares; texts that are none become null
 * in their rows. In a column of the order nothing can be gone on from: that ends the reading.
 */
function notUnicode(
  connection: Connection,
  spec: ReadSpec,
  after: readonly Value[] | undefined,
  done: number,
  batch: readonly Row[],
  suspects: readonly Suspect[],
): MalformedRow[] {
  const columns = [...new Set(suspects.map(suspect => suspect.column))]
  const bytes = columns.map(index => `cast(${columnNames(spec)[index]} as blob)`)
  const { sql, params } = selectText(spec, bytes, after, batch.length, spec.order.length === 0 ? done : 0)
  const statement = connection.prepare(sql)
  const rows = connection.run(() => statement.all(...params))
  const found = new Map<number, { name: string; values: Record<string, unknown> }>()
  for (const { row, column, text } of suspects) {
    const stored = rows[row]?.[columns.indexOf(column)] ?? null
    if (Buffer.isBuffer(stored) && stored.equals(Buffer.from(text, 'utf8'))) continue
    const name = spec.columns[column]?.name ?? ''
    if (spec.order.some(({ index }) => index === column)) throw keyNotUnicode(connection, spec, name)
    const values = batch[row] as Row
    values[column] = null
    const bad = found.get(row) ?? { name, values: {} }
    bad.values[name] = toJson(Buffer.isBuffer(stored) ? stored : null)
    found.set(row, bad)
  }
  return [...found].map(([row, { name, values }]) => ({
    row,
    code: 'E409',
    message: `column ${name} holds text that is not valid UTF-8`,
    values: {
      ...Object.fromEntries(spec.columns.map((column, i) => [column.name, toJson(batch[row]?.[i] ?? null)])),
      ...values,
    },
  }))
}

function keyNotUnicode(connection: Connection, spec: ReadSpec, name: string): EtlError {
  const table = 'table' in spec.from ? ` of ${formatTable(spec.from.table)}` : ''
  return new EtlError('E409', `column ${name}${table}, by which rows are ordered, holds text that is not valid UTF-8`, {
    where: connection.file.path,
    column: name,
    hint: 'repair the text in the source, or leave such rows out with where',
  })
}
