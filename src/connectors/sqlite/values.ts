import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'
import { plainNumber } from './decimal.js'

/** A value as the driver gives it: integers are always `bigint`, reals always `number`. */
export type Stored = null | bigint | number | string | Buffer

/** A value as the driver takes it: `bigint` is stored as an integer, `number` as a real. */
export type Bound = null | bigint | number | string | Uint8Array

/** Bigints only where a number would not be exact: expressions compute with numbers. */
export function narrow(value: Stored): Value {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/**
 * How a stored value of a column of this type becomes canonical. A value that is not what the declared type says
 * (SQLite stores anything anywhere) is handed on as it is; the cast refuses it.
 */
export function valueReader(type: LogicalType, decode: boolean): (value: Stored) => Value {
  switch (type.kind) {
    case 'boolean':
      return value => (value === 1n ? true : value === 0n ? false : narrow(value))
    case 'decimal':
      return value => {
        if (typeof value === 'bigint') return value.toString()
        return typeof value === 'number' && Number.isFinite(value) ? plainNumber(value) : value
      }
    case 'json':
    case 'uuid':
    case 'interval':
      return value => (typeof value === 'bigint' || typeof value === 'number' ? String(value) : value)
    case 'timestamp':
      return decode ? value => (typeof value === 'string' ? isoSeparator(value) : narrow(value)) : narrow
    default:
      return narrow
  }
}

const SPACED = /^\d{4}-\d\d-\d\d \d\d:\d\d/

function isoSeparator(text: string): string {
  return SPACED.test(text) ? `${text.slice(0, 10)}T${text.slice(11)}` : text
}

/** A bind value that keeps the class of a canonical one: an integer must not be stored as `7.0`. */
export function bindValue(value: Value): Bound {
  if (typeof value === 'boolean') return value ? 1n : 0n
  return typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
}

/** A cursor's value as it must stand in a comparison: integers written as digits are numbers again. */
export function bindCursor(value: Value, type: LogicalType): Bound {
  if (typeof value === 'string' && type.kind === 'integer' && /^-?\d+$/.test(value)) return BigInt(value)
  return bindValue(value)
}
