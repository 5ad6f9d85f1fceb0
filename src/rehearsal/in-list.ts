import type { Dialect } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import { quoteName } from '../core/sql.js'
import type { LogicalType } from '../core/types.js'

/** What one list may hold in every database. */
const LIST = 500

export interface ListColumn {
  readonly name: string
  readonly type: LogicalType
}

/** "The columns have one of these values" as SQL. A row of values with a null is none. */
export function inList(dialect: Dialect, columns: readonly ListColumn[], rows: readonly (readonly Value[])[]): string {
  const [only] = columns
  const told = rows
    .filter(row => !row.includes(null))
    .map(row => row.map((value, i) => literal(dialect, value, columns[i])))
  if (only === undefined || told.length === 0) return '1 = 0'
  const names = columns.map(column => quoteName(dialect, column.name))
  if (columns.length > 1)
    return either(told.map(row => `(${row.map((value, i) => `${names[i]} = ${value}`).join(' and ')})`))
  const lists: string[] = []
  for (let from = 0; from < told.length; from += LIST)
    lists.push(`${names[0]} in (${told.slice(from, from + LIST).join(', ')})`)
  return either(lists)
}

/** In halves of halves: databases limit how deep an expression may be. */
export function either(terms: readonly string[]): string {
  if (terms.length <= 1) return terms[0] ?? '1 = 0'
  const middle = terms.length >> 1
  return `(${either(terms.slice(0, middle))} or ${either(terms.slice(middle))})`
}

function literal(dialect: Dialect, value: Value, column: ListColumn | undefined): string {
  if (Buffer.isBuffer(value) || value === null || column?.type.kind === 'bytes') {
    throw new EtlError('E547', `rows cannot be chosen by ${column?.name}: it holds bytes`, {
      kind: 'usage',
      hint: 'name another `key` for the entity',
    })
  }
  if (typeof value === 'bigint') return value.toString()
  const { kind } = column?.type ?? {}
  const digits = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)
  return digits && (kind === 'integer' || kind === 'decimal') ? value : dialect.literal(value)
}
