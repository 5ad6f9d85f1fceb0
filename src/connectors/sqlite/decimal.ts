import { textOfNumber } from '../../core/number-text.js'

/** Plain notation of a finite double's shortest exact form: `1e21` is `1000000000000000000000`, never an exponent. */
export function plainNumber(value: number): string {
  const text = textOfNumber(value)
  const e = text.indexOf('e')
  if (e < 0) return text
  const exponent = Number(text.slice(e + 1))
  const negative = text.startsWith('-')
  const [whole = '', fraction = ''] = text.slice(negative ? 1 : 0, e).split('.')
  const digits = whole + fraction
  const point = whole.length + exponent
  const plain =
    point <= 0
      ? `0.${'0'.repeat(-point)}${digits}`
      : point >= digits.length
        ? digits + '0'.repeat(point - digits.length)
        : `${digits.slice(0, point)}.${digits.slice(point)}`
  return negative ? `-${plain}` : plain
}

const DECIMAL = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/

/** The one way to write a plain decimal: no leading or trailing zeros, no `+`, no `-0`. Undefined when it is none. */
export function normalDecimal(text: string): string | undefined {
  const match = DECIMAL.exec(text)
  if (match === null || !/\d/.test(text)) return undefined
  const whole = match[2] || '0'
  const magnitude = match[3] ? `${whole}.${match[3]}` : whole
  return match[1] === '-' && magnitude !== '0' ? `-${magnitude}` : magnitude
}

/** A double holds every decimal of so many digits as no other: it reads back as the same one. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => 10 ** i)

/**
 * The number of a plain decimal of a few digits, without expressions and the runtime's search for the nearest: the digits and
 * the power of ten are exact, so their quotient is the nearest double. Undefined for all others.
 */
export function shortDecimal(text: string): number | undefined {
  const negative = text.charCodeAt(0) === 45
  let at = negative ? 1 : 0
  const first = at
  if (text.length - at > EXACT_DIGITS + 1) return undefined
  let digits = 0
  let point = -1
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0 && digit <= 9) digits = 10 * digits + digit
    else if (digit === -2 && point < 0) point = at
    else return undefined
  }
  const count = text.length - first - (point < 0 ? 0 : 1)
  if (count === 0 || count > EXACT_DIGITS) return undefined
  const number = point < 0 ? digits : digits / (POWERS[text.length - point - 1] as number)
  return negative && number !== 0 ? -number : number
}

const NUMERIC_LITERAL = /^[ \t\n\v\f\r]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\v\f\r]*$/

/** Would a column of numeric affinity turn this text into a number? */
export function looksNumeric(text: string): boolean {
  return NUMERIC_LITERAL.test(text)
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX
}
