import type { Value } from '../row.js'
import type { LogicalType } from '../types.js'

type Present = Exclude<Value, null>

/**
 * The text of a column's values, the same whatever form a database gave them in: `true` and `false`, numbers with all
 * their digits, `2024-02-29T03:04:05`, bytes as base64.
 */
export function textOfType(type: LogicalType): (value: Present) => string {
  if (type.kind === 'boolean') return booleanText
  if (type.kind !== 'timestamp') return plainText
  return type.zoned ? value => zonedText(timestampText(value)) : timestampText
}

function plainText(value: Present): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return Object.is(value, -0) ? '-0' : String(value)
}

const TRUE: ReadonlySet<Value> = new Set<Value>([true, 1, 1n, '1', 't', 'true'])
const FALSE: ReadonlySet<Value> = new Set<Value>([false, 0, 0n, '0', 'f', 'false'])

function booleanText(value: Present): string {
  return TRUE.has(value) ? 'true' : FALSE.has(value) ? 'false' : plainText(value)
}

function timestampText(value: Present): string {
  const text = plainText(value)
  return text.charCodeAt(10) === 32 ? `${text.slice(0, 10)}T${text.slice(11)}` : text
}

/** PostgreSQL leaves the minutes of an offset away where they are zero. */
function zonedText(text: string): string {
  return /T.*[+-]\d\d$/.test(text) ? `${text}:00` : text
}
