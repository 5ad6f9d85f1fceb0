/// <reference lib="es2024.string" />
import { textOfNumber } from '../../core/number-text.js'
import type { Value } from '../../core/row.js'
import { daysFrom2000, microsFrom2000, microsOfDay, offsetOf } from './binary-time.js'
import type { WireBuffer } from './wire-buffer.js'

/**
 * Writes a value as the type's receive function takes it, behind its length. False, whatever was written by then, where it
 * is not sure that the server makes the same of the value's text.
 */
export type WriteValue = (out: WireBuffer, value: Exclude<Value, null>) => boolean

const MINUS = 45

/** An integer of any form that is safe; NaN otherwise. */
function safeInteger(value: Exclude<Value, null>): number {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : Number.NaN
  if (typeof value !== 'string') return typeof value === 'bigint' ? safeInteger(Number(value)) : Number.NaN
  const { length } = value
  const start = value.charCodeAt(0) === MINUS ? 1 : 0
  if (length === start || length > 15) return Number.NaN
  let number = 0
  for (let i = start; i < length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    number = number * 10 + digit
  }
  return start === 1 ? -number : number
}

export const int2: WriteValue = (out, value) => {
  const number = safeInteger(value)
  if (!(number >= -32_768 && number <= 32_767)) return false
  out.room(6)
  out.int32(2)
  out.int16(number)
  return true
}

export const int4: WriteValue = (out, value) => {
  const number = safeInteger(value)
  if (!(number >= -2_147_483_648 && number <= 2_147_483_647)) return false
  out.room(8)
  out.int32(4)
  out.int32(number)
  return true
}

const LARGE = /^-?\d{15,19}$/

export const int8: WriteValue = (out, value) => {
  out.room(12)
  const number = safeInteger(value)
  if (Number.isNaN(number)) {
    if (typeof value !== 'bigint' && !(typeof value === 'string' && LARGE.test(value))) return false
    const large = BigInt(value)
    if (BigInt.asIntN(64, large) !== large) return false
    out.int32(8)
    out.bigint64(large)
    return true
  }
  out.int32(8)
  out.int64(number)
  return true
}

export const bool: WriteValue = (out, value) => {
  if (typeof value !== 'boolean') return false
  out.room(5)
  out.int32(1)
  out.bytes[out.length++] = value ? 1 : 0
  return true
}

const FLOAT = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/
const NOT_ZERO = /^[^e]*[1-9]/

export const float8: WriteValue = (out, value) => {
  let number: number
  if (typeof value === 'number') number = value
  else if (typeof value === 'string' && FLOAT.test(value)) {
    number = Number(value)
    // Too large or too small: the server says so.
    if (!Number.isFinite(number) || (number === 0 && NOT_ZERO.test(value))) return false
  } else return false
  out.room(12)
  out.int32(8)
  out.float64(number)
  return true
}

/** A text with more digits is left to the server, which has limits of its own. */
const MOST_DIGITS = 1000

/** Digits in groups of four to both sides of the point; groups of zeros at either end are left out. */
export const numeric: WriteValue = (out, value) => {
  const text = typeof value === 'string' ? value : textOf(value)
  if (text === undefined) return false
  const { length } = text
  const start = text.charCodeAt(0) === MINUS ? 1 : 0
  const found = text.indexOf('.')
  const point = found < 0 ? length : found
  if (point === start || found === length - 1 || length > MOST_DIGITS) return false
  const begin = out.length
  out.room(14 + length)
  out.length += 12
  let weight = (point - start + 3) >> 2
  /** Digits that the group at hand still takes. */
  let left = point - start - 4 * (weight - 1)
  let group = 0
  let groups = 0
  let used = 0
  const end = found < 0 ? length : length + ((4 - ((length - point - 1) & 3)) & 3)
  for (let i = start; i < end; i++) {
    if (i === point) continue
    const digit = i < length ? text.charCodeAt(i) - 48 : 0
    if (digit < 0 || digit > 9) return false
    group = group * 10 + digit
    if (--left > 0) continue
    if (group === 0 && groups === 0) weight--
    else {
      groups++
      out.int16(group)
      if (group !== 0) used = groups
    }
    left = 4
    group = 0
  }
  out.length = begin
  out.int32(8 + 2 * used)
  out.int16(used)
  out.int16(used === 0 ? 0 : weight - 1)
  out.int16(used > 0 && start === 1 ? 0x4000 : 0)
  out.int16(found < 0 ? 0 : length - point - 1)
  out.length += 2 * used
  return true
}

function textOf(value: Exclude<Value, null>): string | undefined {
  if (typeof value === 'number') return textOfNumber(value)
  return value instanceof Uint8Array ? undefined : String(value)
}

/** Longer texts go through the runtime's own call. */
const SHORT = 96

export const text: WriteValue = (out, value) => {
  const chars = typeof value === 'string' ? value : textOf(value)
  return chars !== undefined && writeText(out, chars, 0)
}

export const json: WriteValue = (out, value) => typeof value === 'string' && writeText(out, value, 0)

/** With the number of the format before it. */
export const jsonb: WriteValue = (out, value) => {
  const begin = out.length
  if (typeof value !== 'string' || !writeText(out, value, 1)) return false
  out.bytes[begin + 4] = 1
  return true
}

/** @param head bytes of the value that are left free before the text */
function writeText(out: WireBuffer, chars: string, head: number): boolean {
  const { length } = chars
  const begin = out.length + 4 + head
  if (length <= SHORT) {
    out.room(4 + head + length)
    const { bytes } = out
    let i = 0
    for (; i < length; i++) {
      const code = chars.charCodeAt(i)
      if (code === 0 || code > 127) break
      bytes[begin + i] = code
    }
    if (i === length) {
      out.int32(head + length)
      out.length += head + length
      return true
    }
  }
  if (!chars.isWellFormed() || chars.includes('\0')) return false
  // Three bytes for each UTF-16 unit is the most UTF-8 takes.
  const most = length * 3
  out.room(4 + head + (most <= out.bytes.length - begin ? most : Buffer.byteLength(chars)))
  const written = out.bytes.write(chars, begin, 'utf8')
  out.int32(head + written)
  out.length += head + written
  return true
}

export const bytea: WriteValue = (out, value) => {
  if (!(value instanceof Uint8Array)) return false
  out.room(4 + value.length)
  out.int32(value.length)
  out.bytes.set(value, out.length)
  out.length += value.length
  return true
}

export const date: WriteValue = (out, value) => {
  if (typeof value !== 'string' || value.length !== 10) return false
  const days = daysFrom2000(value)
  if (days === undefined) return false
  out.room(8)
  out.int32(4)
  out.int32(days)
  return true
}

export const time: WriteValue = (out, value) =>
  typeof value === 'string' && writeMicros(out, microsOfDay(value, 0, value.length))

export const timestamp: WriteValue = (out, value) =>
  typeof value === 'string' && writeMicros(out, microsFrom2000(value, value.length))

export const timestamptz: WriteValue = (out, value) => {
  if (typeof value !== 'string') return false
  const offset = offsetOf(value)
  if (offset === undefined) return false
  const local = microsFrom2000(value, offset.at)
  if (local === undefined || offset.micros === 0) return writeMicros(out, local)
  return writeMicros(out, BigInt(local) - BigInt(offset.micros))
}

function writeMicros(out: WireBuffer, micros: number | bigint | undefined): boolean {
  if (micros === undefined) return false
  out.room(12)
  out.int32(8)
  if (typeof micros === 'number') out.int64(micros)
  else out.bigint64(micros)
  return true
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

export const uuid: WriteValue = (out, value) => {
  if (typeof value !== 'string' || !UUID.test(value)) return false
  out.room(20)
  out.int32(16)
  out.length += out.bytes.write(value.replaceAll('-', ''), out.length, 'hex')
  return true
}
