const [DASH, COLON, POINT] = [45, 58, 46]
const DAY = 86_400_000_000

/** Below all that is valid, and an integer as those are. */
const INVALID = -1_000_000_000

/** Two digits as a number; below zero where they are none. */
function two(text: string, at: number): number {
  const ten = text.charCodeAt(at) - 48
  const one = text.charCodeAt(at + 1) - 48
  return ten >= 0 && ten <= 9 && one >= 0 && one <= 9 ? ten * 10 + one : INVALID
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function daysOf(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return (DAYS[month - 1] as number) + (leap ? 1 : 0)
}

/** Days from 2000-01-01 to the date that the text begins with; undefined where it is not `YYYY-MM-DD` of the years 1 to 9999. */
export function daysFrom2000(text: string): number | undefined {
  const year = two(text, 0) * 100 + two(text, 2)
  const month = two(text, 5)
  const day = two(text, 8)
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month))) return undefined
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined
  // Years that begin in March have their leap day at the end.
  const early = month <= 2
  const y = early ? year - 1 : year
  const century = Math.floor(y / 100)
  const dayOfYear = Math.floor((153 * (early ? month + 9 : month - 3) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - century + Math.floor(century / 4) + dayOfYear - 730_425
}

/** Microseconds from midnight of `HH:MM:SS[.ffffff]` between two places; undefined where it is not that, also for 24:00:00. */
export function microsOfDay(text: string, from: number, to: number): number | undefined {
  const hour = two(text, from)
  const minute = two(text, from + 3)
  const second = two(text, from + 6)
  if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59)) return undefined
  if (text.charCodeAt(from + 2) !== COLON || text.charCodeAt(from + 5) !== COLON) return undefined
  const whole = ((hour * 60 + minute) * 60 + second) * 1_000_000
  const end = from + 8
  if (to === end) return whole
  // The server rounds what has more digits.
  if (text.charCodeAt(end) !== POINT || to - end < 2 || to - end > 7) return undefined
  let fraction = 0
  for (let i = end + 1; i < end + 7; i++) {
    const digit = i < to ? text.charCodeAt(i) - 48 : 0
    if (digit < 0 || digit > 9) return undefined
    fraction = fraction * 10 + digit
  }
  return whole + fraction
}

/** Microseconds from 2000-01-01 of `YYYY-MM-DD HH:MM:SS[.ffffff]`, with a space or a T, that ends at `to`; undefined where it is not that. */
export function microsFrom2000(text: string, to: number): number | bigint | undefined {
  const between = text.charCodeAt(10)
  if (between !== 32 && between !== 84) return undefined
  const days = daysFrom2000(text)
  const time = microsOfDay(text, 11, to)
  if (days === undefined || time === undefined) return undefined
  const micros = days * DAY + time
  return Number.isSafeInteger(micros) ? micros : BigInt(days) * BigInt(DAY) + BigInt(time)
}

/** Where the offset begins that the text ends with, and how many microseconds it is east; undefined where it is not `Z`, `±HH` or `±HH:MM`. */
export function offsetOf(text: string): { readonly at: number; readonly micros: number } | undefined {
  const { length } = text
  if (text.charCodeAt(length - 1) === 90) return { at: length - 1, micros: 0 }
  const long = text.charCodeAt(length - 3) === COLON
  const at = length - (long ? 6 : 3)
  const sign = text[at]
  const hours = two(text, at + 1)
  const minutes = long ? two(text, length - 2) : 0
  if (!((sign === '+' || sign === '-') && hours >= 0 && hours <= 14 && minutes >= 0 && minutes <= 59)) return undefined
  const micros = (hours * 60 + minutes) * 60_000_000
  return { at, micros: sign === '-' ? -micros : micros }
}
