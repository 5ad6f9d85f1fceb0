import Big from 'big.js'
import { RowError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import { numberText } from './text-value.js'

/** Exponents past this are refused: their plain notation would be absurdly long text. */
const MAX_EXPONENT = 1000

/** Is this a number in plain notation: optional sign, digits, optional fraction with digits? No spaces, no exponent. */
export function isPlain(text: string): boolean {
  let i = text.charCodeAt(0) === 45 ? 1 : 0
  const start = i
  while (isDigit(text.charCodeAt(i))) i++
  if (i === start) return false
  if (i === text.length) return true
  if (text.charCodeAt(i) !== 46) return false
  const fraction = ++i
  while (isDigit(text.charCodeAt(i))) i++
  return i > fraction && i === text.length
}

/** Is this an integer in canonical form but for leading zeros: optional minus, digits? */
export function isInteger(text: string): boolean {
  const start = text.charCodeAt(0) === 45 ? 1 : 0
  for (let i = start; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return false
  return text.length > start
}

/** Digits of which every number has a double of its own. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power)

/**
 * What the runtime makes of a plain number of at most 15 digits, in less time; NaN for any other text. Both parts of the
 * quotient are exact, so that it is the nearest double (W. D. Clinger, How to Read Floating Point Numbers Accurately, 1990).
 */
export function shortNumber(text: string): number {
  const { length } = text
  const start = text.charCodeAt(0) === 45 ? 1 : 0
  let number = 0
  let digits = 0
  let point = -1
  for (let i = start; i < length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      if (++digits > EXACT_DIGITS) return Number.NaN
      number = number * 10 + digit
    } else if (digit === -2 && point < 0 && i > start) point = i
    else return Number.NaN
  }
  if (digits === 0 || point === length - 1) return Number.NaN
  if (point >= 0) number /= POWERS[length - point - 1] as number
  return start === 1 ? -number : number
}

/** Is this a plain number without leading zeros, with so many digits before and after the point at most? */
export function isDecimal(text: string, whole: number, scale: number): boolean {
  const { length } = text
  const start = text.charCodeAt(0) === 45 ? 1 : 0
  let i = start
  while (i < length && isDigit(text.charCodeAt(i))) i++
  if (i === start || i - start > whole || (i > start + 1 && text.charCodeAt(start) === 48)) return false
  if (i === length) return true
  const point = i++
  if (text.charCodeAt(point) !== 46) return false
  while (i < length && isDigit(text.charCodeAt(i))) i++
  return i === length && i - point > 1 && i - point - 1 <= scale
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57
}

const LOOSE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e([+-]?\d{1,9}))?$/i

/**
 * Text of a number in plain notation, exactly; spaces around it, a plus sign and an exponent are understood.
 * Undefined where the text is no number (`NaN` and `Infinity` are none).
 */
export function plainText(text: string): string | undefined {
  if (isPlain(text)) return text
  const trimmed = text.trim()
  const match = LOOSE.exec(trimmed)
  if (match === null) return undefined
  if (match[1] !== undefined && Math.abs(Number(match[1])) > MAX_EXPONENT) return undefined
  const bare = trimmed.startsWith('+') ? trimmed.slice(1) : trimmed
  return isPlain(bare) ? bare : new Big(bare.replace(/\.(?=e|$)/i, '').replace(/^(-?)\./, '$10.')).toFixed()
}

/** The value as plain decimal text; E402 where it is no number. Booleans and bytes are none. */
function decimalText(value: Value | undefined): string {
  if (typeof value === 'string') {
    const plain = plainText(value)
    if (plain !== undefined) return plain
  } else if (typeof value === 'bigint') return value.toString()
  else if (typeof value === 'number' && Number.isFinite(value)) return numberText(value)
  throw new RowError('E402', 'the value is not a number')
}

/** The value as an exact number; E402 where it is none. */
export function toBig(value: Value | undefined): Big {
  return new Big(typeof value === 'number' && Number.isFinite(value) ? value : decimalText(value))
}

/** An exact number as canonical text; `-0` does not exist. */
export function bigText(value: Big): string {
  const text = value.toFixed()
  return value.c[0] === 0 && text.startsWith('-') ? text.slice(1) : text
}

export type Rounding = 'half_up' | 'half_even' | 'down' | 'up' | 'floor' | 'ceil'

/** Rounds to a number of fractional digits, exactly. */
export function roundBig(value: Big, scale: number, rounding: Rounding): Big {
  switch (rounding) {
    case 'half_up':
      return value.round(scale, 1)
    case 'half_even':
      return value.round(scale, 2)
    case 'down':
      return value.round(scale, 0)
    case 'up':
      return value.round(scale, 3)
    case 'floor':
      return value.round(scale, value.s < 0 ? 3 : 0)
    case 'ceil':
      return value.round(scale, value.s < 0 ? 0 : 3)
  }
}

/** How a plain number sits against a precision and scale. Powers of ten: 1 is power 0, 0.1 is power -1. */
export interface Extent {
  /** Power of the leading non-zero digit; -Infinity for zero. */
  readonly top: number
  /** Power of the last non-zero digit; Infinity for zero. */
  readonly bottom: number
}

/** Where the significant digits of a plain number begin and end. */
export function extent(text: string): Extent {
  let point = text.indexOf('.')
  if (point < 0) point = text.length
  let top = Number.NEGATIVE_INFINITY
  let bottom = Number.POSITIVE_INFINITY
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 49 || unit > 57) continue
    const power = i < point ? point - i - 1 : point - i
    if (top === Number.NEGATIVE_INFINITY) top = power
    bottom = power
  }
  return { top, bottom }
}
