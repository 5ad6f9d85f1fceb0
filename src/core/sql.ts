import type { TableRef } from './catalog.js'
import type { Dialect, ReadWindow } from './connector.js'
import { EtlError } from './errors.js'
import type { Value } from './row.js'

/** Quotes one identifier; a name with U+0000 is refused because no database can hold it. */
export function quoteName(dialect: Pick<Dialect, 'quote'>, name: string): string {
  if (name.length === 0 || name.includes('\u0000'))
    throw new EtlError('E208', 'a name is empty or holds a NUL character', { kind: 'usage' })
  return dialect.quote + name.replaceAll(dialect.quote, dialect.quote + dialect.quote) + dialect.quote
}

export function quoteTable(dialect: Dialect, ref: TableRef): string {
  return ref.schema === undefined
    ? quoteName(dialect, ref.table)
    : `${quoteName(dialect, ref.schema)}.${quoteName(dialect, ref.table)}`
}

/** A constant as the standard writes it. */
export function standardLiteral(value: string | number | boolean): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
}

export function quoteNames(dialect: Dialect, names: readonly string[]): string {
  return names.map(name => quoteName(dialect, name)).join(', ')
}

/** `?, ?, ?` or `$3, $4, $5`: `count` bind variables from the 1-based `start`. */
export function placeholders(dialect: Dialect, count: number, start = 1): string {
  return Array.from({ length: count }, (_, i) => dialect.placeholder(start + i)).join(', ')
}

/** One column of an order, ready for SQL: quoted expression, whether it may be null, and how a bind variable is made its type. */
export interface KeyColumn {
  readonly sql: string
  readonly nullable: boolean
  /** Wraps a placeholder in what makes it the column's type: `$1::timestamptz`. Identity where the database needs nothing. */
  readonly bind: (placeholder: string) => string
}

/**
 * "Strictly after this position in this order", nulls included, as a predicate and the bind values it uses.
 * Row comparison where the database has it and nulls do not matter; otherwise the spelled-out OR form
 * (`a > ? or (a = ? and b > ?)`).
 *
 * @param first 1-based number of the first bind variable
 * @param inclusive `until` bounds: "not after the position" instead
 */
export function keysetPredicate<V>(
  dialect: Dialect,
  columns: readonly KeyColumn[],
  position: readonly V[],
  first: number,
  inclusive = false,
): { readonly sql: string; readonly params: V[] } {
  const params: V[] = []
  const bind = (column: KeyColumn, value: V): string => {
    params.push(value)
    return column.bind(dialect.placeholder(first + params.length - 1))
  }
  const anyNull = position.some(value => value === null)
  // Where nulls come first, those that a row comparison leaves out are before the position anyway. It matters: one
  // search in the index, while the OR form may be a scan from its beginning.
  const nullsAreBefore = dialect.nullsFirst && !inclusive
  if (dialect.rowComparison && !anyNull && (nullsAreBefore || columns.every(column => !column.nullable))) {
    const left = columns.map(column => column.sql).join(', ')
    const right = columns.map((column, i) => bind(column, position[i] as V)).join(', ')
    const operator = inclusive ? '<=' : '>'
    return { sql: columns.length === 1 ? `${left} ${operator} ${right}` : `(${left}) ${operator} (${right})`, params }
  }
  const terms: string[] = []
  for (let last = 0; last < columns.length; last++) {
    const parts: string[] = []
    const used = params.length
    for (let i = 0; i < last; i++) parts.push(same(columns[i] as KeyColumn, position[i] as V))
    const column = columns[last] as KeyColumn
    const step = beyond(column, position[last] as V, inclusive)
    if (step === undefined) {
      // A bind variable that the text does not use is an error to some databases.
      params.length = used
      continue
    }
    terms.push([...parts, step].map(part => `(${part})`).join(' and '))
  }
  if (inclusive) terms.push(columns.map((column, i) => `(${same(column, position[i] as V)})`).join(' and '))
  return { sql: terms.length === 0 ? '1 = 0' : terms.map(term => `(${term})`).join(' or '), params }

  function same(column: KeyColumn, value: V): string {
    return value === null ? `${column.sql} is null` : `${column.sql} = ${bind(column, value)}`
  }

  /** After the value in ascending order (or before it, for `inclusive`); undefined where nothing can be. */
  function beyond(column: KeyColumn, value: V, before: boolean): string | undefined {
    const nullsOnThatSide = before === dialect.nullsFirst
    if (value === null) return nullsOnThatSide ? undefined : `${column.sql} is not null`
    const compare = `${column.sql} ${before ? '<' : '>'} ${bind(column, value)}`
    return column.nullable && nullsOnThatSide ? `${compare} or ${column.sql} is null` : compare
  }
}

/** "One of these positions", none of which holds a null, as a predicate and the bind values it uses. */
export function anyOfPredicate<V>(
  dialect: Dialect,
  columns: readonly KeyColumn[],
  positions: readonly (readonly V[])[],
  first: number,
): { readonly sql: string; readonly params: V[] } {
  const params: V[] = []
  const bind = (column: KeyColumn, value: V): string => {
    params.push(value)
    return column.bind(dialect.placeholder(first + params.length - 1))
  }
  const [only] = columns
  if (positions.length === 0 || only === undefined) return { sql: '1 = 0', params }
  const sql =
    columns.length === 1
      ? `${only.sql} in (${positions.map(position => bind(only, position[0] as V)).join(', ')})`
      : positions
          .map(position => `(${columns.map((c, i) => `${c.sql} = ${bind(c, position[i] as V)}`).join(' and ')})`)
          .join(' or ')
  return { sql, params }
}

/**
 * "Within the window" as a predicate and the bind values it uses.
 *
 * @param bound makes a value of the window what is bound
 */
export function windowPredicate<V>(
  dialect: Dialect,
  column: KeyColumn,
  window: ReadWindow,
  bound: (value: Value) => V,
  first: number,
): { readonly sql: string; readonly params: V[] } {
  const { after, inclusive, until } = window
  if (until === null) return { sql: after === undefined ? `${column.sql} is null` : '1 = 0', params: [] }
  const params: V[] = []
  const compare = (operator: string, value: Value): string => {
    params.push(bound(value))
    return `${column.sql} ${operator} ${column.bind(dialect.placeholder(first + params.length - 1))}`
  }
  const parts: string[] = []
  if (after !== undefined) parts.push(compare(inclusive ? '>=' : '>', after))
  if (until !== undefined) parts.push(compare('<=', until))
  if (parts.length === 0) return { sql: '1 = 1', params }
  const sql = parts.join(' and ')
  return { sql: after === undefined && column.nullable ? `${sql} or ${column.sql} is null` : sql, params }
}
