/**
 * Reading of canonical dates and times. Strict: real calendar days of the years 0001 to 9999, no 24:00, no leap
 * second. Positions are fixed, so a scan costs a few char codes and no allocation.
 */
export type TemporalShape = 'date' | 'time' | 'timestamp' | 'timestamptz'

const SHAPES: readonly TemporalShape[] = ['date', 'time', 'timestamp', 'timestamptz']

/** What {@link scan} gives where the text is no date or time. */
export const NOT_TEMPORAL = -1

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (DAYS[month - 1] ?? 0)
}

/**
 * Reads a text as one of the four shapes. The number packs the shape (two low bits, see {@link shapeOf}) and the
 * count of significant fractional digits (see {@link fractionOf}); {@link NOT_TEMPORAL} where it is none.
 */
export function scan(text: string): number {
  const length = text.length
  if (length < 8) return NOT_TEMPORAL
  if (text.charCodeAt(2) === 58) {
    const end = timeEnd(text, 0)
    return end === length ? 1 | (fractionDigits(text, 8, end) << 2) : NOT_TEMPORAL
  }
  if (!isDate(text)) return NOT_TEMPORAL
  if (length === 10) return 0
  const separator = text.charCodeAt(10)
  if (separator !== 84 && separator !== 32) return NOT_TEMPORAL
  const end = timeEnd(text, 11)
  if (end < 0) return NOT_TEMPORAL
  const fraction = fractionDigits(text, 19, end) << 2
  if (end === length) return 2 | fraction
  return isOffset(text, end) ? 3 | fraction : NOT_TEMPORAL
}

export function shapeOf(scanned: number): TemporalShape {
  return SHAPES[scanned & 3] as TemporalShape
}

/** Fractional digits of the second, trailing zeros not counted. */
export function fractionOf(scanned: number): number {
  return scanned >> 2
}

function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function isDate(text: string): boolean {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false
  const century = two(text, 0)
  const rest = two(text, 2)
  const month = two(text, 5)
  const day = two(text, 8)
  if (century < 0 || rest < 0 || month < 1 || month > 12 || day < 1) return false
  const year = century * 100 + rest
  return year > 0 && (day <= 28 || day <= daysInMonth(year, month))
}

/** Index after `HH:MM:SS[.f…]`, or -1. */
function timeEnd(text: string, at: number): number {
  if (text.charCodeAt(at + 2) !== 58 || text.charCodeAt(at + 5) !== 58) return -1
  const hour = two(text, at)
  const minute = two(text, at + 3)
  const second = two(text, at + 6)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return -1
  let end = at + 8
  if (text.charCodeAt(end) !== 46) return end
  const first = ++end
  while (text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++
  return end === first ? -1 : end
}

function fractionDigits(text: string, point: number, end: number): number {
  let last = end
  while (last > point && text.charCodeAt(last - 1) === 48) last--
  return Math.max(0, last - point - 1)
}

/** `Z`, `+HH`, `+HH:MM` or `+HH:MM:SS` up to the end of the text. */
function isOffset(text: string, at: number): boolean {
  const sign = text.charCodeAt(at)
  const length = text.length - at
  if (sign === 90) return length === 1
  if (sign !== 43 && sign !== 45) return false
  if (two(text, at + 1) < 0 || two(text, at + 1) > 15) return false
  if (length === 3) return true
  if (text.charCodeAt(at + 3) !== 58 || two(text, at + 4) < 0 || two(text, at + 4) > 59) return false
  if (length === 6) return true
  return length === 9 && text.charCodeAt(at + 6) === 58 && two(text, at + 7) >= 0 && two(text, at + 7) <= 59
}

/** A date or timestamp taken apart. The fraction stays text because no number here has microseconds to spare. */
export interface Moment {
  readonly shape: TemporalShape
  /** The wall clock as milliseconds since 1970 as if it were UTC, without the fraction. For `time`: since midnight. */
  readonly wall: number
  /** Digits after the point, as written; empty where there are none. */
  readonly fraction: string
  /** Seconds east of UTC; 0 where the shape has none. */
  readonly offset: number
}

/** Undefined where the text is no date or time. */
export function readMoment(text: string): Moment | undefined {
  const scanned = scan(text)
  if (scanned === NOT_TEMPORAL) return undefined
  const shape = shapeOf(scanned)
  if (shape === 'date') return { shape, wall: wallOfDate(text), fraction: '', offset: 0 }
  const at = shape === 'time' ? 0 : 11
  const clock = ((two(text, at) * 60 + two(text, at + 3)) * 60 + two(text, at + 6)) * 1000
  let end = at + 8
  let fraction = ''
  if (text.charCodeAt(end) === 46) {
    const start = ++end
    while (text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++
    fraction = text.slice(start, end)
  }
  if (shape === 'time') return { shape, wall: clock, fraction, offset: 0 }
  return { shape, wall: wallOfDate(text) + clock, fraction, offset: shape === 'timestamptz' ? offsetAt(text, end) : 0 }
}

function offsetAt(text: string, at: number): number {
  if (text.charCodeAt(at) === 90) return 0
  const minutes = text.length > at + 3 ? two(text, at + 4) : 0
  const seconds = text.length > at + 6 ? two(text, at + 7) : 0
  const total = two(text, at + 1) * 3600 + minutes * 60 + seconds
  return text.charCodeAt(at) === 45 ? -total : total
}

function wallOfDate(text: string): number {
  return wallOf(two(text, 0) * 100 + two(text, 2), two(text, 5), two(text, 8))
}

/** Milliseconds of midnight; years below 100 are what they say. */
export function wallOf(year: number, month: number, day: number): number {
  // 400 years are a whole number of days and keep Date.UTC from reading 0..99 as 19xx.
  return Date.UTC(year + 400, month - 1, day) - 12_622_780_800_000
}

export interface WallFields {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** The inverse of {@link wallOf}, with the time of day. */
export function wallFields(wall: number): WallFields {
  const date = new Date(wall)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  }
}

const pad2 = (n: number): string => (n < 10 ? `0${n}` : String(n))

export function dateText(wall: number): string {
  const { year, month, day } = wallFields(wall)
  return `${String(year).padStart(4, '0')}-${pad2(month)}-${pad2(day)}`
}

export function timeText(wall: number, fraction: string): string {
  const { hour, minute, second } = wallFields(wall)
  return `${pad2(hour)}:${pad2(minute)}:${pad2(second)}${fraction === '' ? '' : `.${fraction}`}`
}

function offsetText(seconds: number): string {
  if (seconds === 0) return 'Z'
  const size = Math.abs(seconds)
  const rest = size % 60
  return `${seconds < 0 ? '-' : '+'}${pad2(Math.floor(size / 3600))}:${pad2(Math.floor(size / 60) % 60)}${rest === 0 ? '' : `:${pad2(rest)}`}`
}

export function timestampText(wall: number, fraction: string, offset?: number): string {
  return `${dateText(wall)}T${timeText(wall, fraction)}${offset === undefined ? '' : offsetText(offset)}`
}

/** First and last wall clock that four-digit years can write. */
export const FIRST_WALL = -62_135_596_800_000
export const LAST_WALL = 253_402_300_799_000
