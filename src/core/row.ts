/**
 * One value on its way from a source to a target.
 *
 * Canonical forms (a connector emits nothing else, an encoder accepts all of them):
 * - boolean: `true` / `false`
 * - integer: a `number` within ±(2^53 - 1), a `bigint`, or canonical decimal digits as text (`-12`)
 * - decimal: text in plain notation (`-0.10`, never an exponent), or any integer form
 * - float: `number` or text (`1.5`, `NaN`, `Infinity`)
 * - text, enum, uuid, json, interval and `other`: text (json is the raw text, never parsed)
 * - bytes: `Buffer`
 * - date `2024-02-29` · time `03:04:05.000001` · timestamp `2024-02-29T03:04:05.000001` ·
 *   timestamptz the same with `Z` or an offset. A space for the `T` and a missing fraction are accepted everywhere.
 *
 * No JavaScript `Date` and no decimal as a float ever stands here.
 */
export type Value = null | boolean | number | bigint | string | Buffer

/** A row: values in the order of the columns that whoever passes it has agreed on. Never an object keyed by name. */
export type Row = Value[]

/** Any value as JSON that keeps what plain JSON would lose: 64-bit integers, bytes, NaN, -0. Used for cursors, keys and quarantined rows. */
export function toJson(value: Value): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $number: Object.is(value, -0) ? '-0' : String(value) }
  }
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') }
  return value
}

/** The inverse of {@link toJson}. */
export function fromJson(json: unknown): Value {
  if (json === null || typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json
  const tagged = json as { $bigint?: string; $number?: string; $bytes?: string }
  if (tagged.$bigint !== undefined) return BigInt(tagged.$bigint)
  if (tagged.$number !== undefined) return Number(tagged.$number)
  if (tagged.$bytes !== undefined) return Buffer.from(tagged.$bytes, 'base64')
  throw new TypeError('not a value written by toJson')
}

/** One text for a key of one or more values: equal keys give equal texts, different keys different ones, whatever form an integer has. */
export function keyText(values: readonly Value[]): string {
  const only = values[0]
  if (values.length === 1 && only !== undefined) return partText(only)
  return JSON.stringify(values.map(partText))
}

function partText(value: Value): string {
  if (value === null) return '\u0000null'
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  return typeof value === 'string' ? value : String(value)
}
