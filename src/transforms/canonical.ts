import { textOfNumber } from '../core/number-text.js'
import type { Value } from '../core/row.js'
import type { LogicalType } from '../core/types.js'
import { readMoment, timestampText } from './temporal.js'
import { numberText } from './text-value.js'

/** One text for one value of a column: equal values give equal texts, different ones different texts. Never called with null. */
export type Canonical = (value: Exclude<Value, null>) => string

/**
 * The text by which a value that a cast made and one that a server wrote are compared, as the type of their column says.
 *
 * @param signedZero the column keeps the sign of zero
 */
export function canonicalOf(type: LogicalType, signedZero: boolean): Canonical {
  switch (type.kind) {
    case 'boolean':
      return truth
    case 'integer':
    case 'decimal':
      // A database without booleans keeps them as 1 and 0.
      return value =>
        typeof value === 'string' ? decimal(value) : number(typeof value === 'boolean' ? Number(value) : value, false)
    case 'float':
      return value => float(value, type.bits === 32, signedZero)
    case 'text':
      return type.fixed === true ? value => unpadded(text(value)) : text
    case 'uuid':
      return value => text(value).toLowerCase()
    case 'bytes':
      return value => (value instanceof Uint8Array ? hex(value) : alien(value))
    case 'time':
      return value => shortFraction(text(value))
    case 'timestamp':
      return type.zoned ? value => instant(text(value)) : value => shortFraction(midnight(text(value)))
    case 'any':
      return anything
    default:
      return text
  }
}

/** What a column of the type does not hold (SQLite stores anything anywhere): never the same as what it does. */
function alien(value: Exclude<Value, null>): string {
  if (value instanceof Uint8Array) return `\u0000bytes ${hex(value)}`
  return `\u0000${typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'boolean' : 'number'} ${String(value)}`
}

function text(value: Exclude<Value, null>): string {
  return typeof value === 'string' ? value : alien(value)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

const WORDS: ReadonlyMap<Value, string> = new Map<Value, string>([
  ...([1, 1n, 't', 'true', '1'] as const).map(value => [value, 'true'] as const),
  ...([0, 0n, 'f', 'false', '0'] as const).map(value => [value, 'false'] as const),
])

function truth(value: Exclude<Value, null>): string {
  if (value === true) return 'true'
  if (value === false) return 'false'
  return WORDS.get(value) ?? alien(value)
}

function number(value: Exclude<Value, null>, signedZero: boolean): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'number') return alien(value)
  if (value === 0) return signedZero && Object.is(value, -0) ? '-0' : '0'
  return Number.isFinite(value) ? numberText(value) : String(value)
}

const DECIMAL = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/

/** No leading or trailing zeros, no plus; the scale of a decimal is its column's. What is none stays as it is. */
function decimal(value: string): string {
  const first = value.charCodeAt(0)
  const last = value.charCodeAt(value.length - 1)
  // Most numbers: no zero to take away in front, and none at the end or no point before it.
  if (first > 48 && first <= 57 && ((last > 48 && last <= 57) || !value.includes('.'))) return value
  const match = DECIMAL.exec(value)
  if (match === null || value.length === (match[1] ?? '').length) return value
  const whole = match[2] || '0'
  const magnitude = match[3] ? `${whole}.${match[3]}` : whole
  return match[1] === '-' && magnitude !== '0' ? `-${magnitude}` : magnitude
}

function float(value: Exclude<Value, null>, single: boolean, signedZero: boolean): string {
  if (typeof value === 'boolean' || value instanceof Uint8Array || value === '') return alien(value)
  if (!single && typeof value === 'string' && isShortest(value)) return value
  const exact = Number(value)
  if (Number.isNaN(exact) && value !== 'NaN' && typeof value === 'string') return alien(value)
  const kept = single ? Math.fround(exact) : exact
  if (kept === 0) return signedZero && Object.is(kept, -0) ? '-0' : '0'
  return textOfNumber(kept)
}

/** No two decimals of so many digits are one double. */
const EXACT_DIGITS = 15

/** Is it what the runtime writes of its number: few digits, no zero too many, not so small that it has an exponent? */
function isShortest(value: string): boolean {
  const from = value.charCodeAt(0) === 45 ? 1 : 0
  let point = -1
  for (let i = from; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code === 46 && point < 0) point = i
    else if (code < 48 || code > 57) return false
  }
  const length = value.length - from
  if (length > EXACT_DIGITS + (point < 0 ? 0 : 1)) return false
  if (point >= 0 && (point === from || value.charCodeAt(value.length - 1) < 49)) return false
  return value.charCodeAt(from) > 48 || (point === from + 1 && value.charCodeAt(point + 1) > 48)
}

/** A fixed column is padded by its database, or trimmed: the spaces at its end are no one's. */
function unpadded(value: string): string {
  return value.endsWith(' ') ? value.replace(/ +$/, '') : value
}

function spaced(value: string): string {
  return value.charCodeAt(10) === 84 ? `${value.slice(0, 10)} ${value.slice(11)}` : value
}

/** A day in a column of timestamps is its first moment. */
function midnight(value: string): string {
  return value.length === 10 && /^\d{4}-\d\d-\d\d$/.test(value) ? `${value} 00:00:00` : spaced(value)
}

function shortFraction(value: string): string {
  if (!value.includes('.')) return value
  return value.replace(/(:\d\d)(?:\.0+|(\.\d*[1-9])0+)(?!\d)/, '$1$2')
}

/** In UTC, whatever the offset. */
function instant(value: string): string {
  const clock = utcClock(value)
  if (clock !== undefined) return `${shortFraction(spaced(clock))}Z`
  const moment = readMoment(value)
  if (moment?.shape !== 'timestamptz') return spaced(value)
  return `${shortFraction(spaced(timestampText(moment.wall - moment.offset * 1000, moment.fraction)))}Z`
}

function utcClock(value: string): string | undefined {
  if (value.endsWith('Z')) return value.slice(0, -1)
  if (value.endsWith('+00')) return value.slice(0, -3)
  return value.endsWith('+00:00') ? value.slice(0, -6) : undefined
}

/** A column without a type: the class of a value is part of it, but for whole numbers, which have two. */
function anything(value: Exclude<Value, null>): string {
  if (typeof value === 'string') return `'${value}`
  if (value instanceof Uint8Array) return `x${hex(value)}`
  return number(typeof value === 'boolean' ? Number(value) : value, false)
}
