import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'
import { quoteText } from './dialect.js'

/** Makes what the driver gives a canonical value. */
export type Decode = (value: Exclude<Value, null>) => Value

export const asGiven: Decode = value => value

/** Booleans, bits and instants look like nobody else's here, so they are decoded in any case. */
export function decoderOf(type: LogicalType, decode: boolean): Decode {
  switch (type.kind) {
    case 'boolean':
      return asBoolean
    case 'integer':
      return type.bits === 64 && !decode ? asBits : asInteger
    case 'float':
      return decode ? Number : asGiven
    case 'timestamp':
      return type.zoned ? asInstant : decode ? asTimestamp : asGiven
    default:
      return asGiven
  }
}

/** What is neither 0 nor 1 is handed on, for the cast to refuse by name. */
function asBoolean(value: Value): Value {
  const number = Buffer.isBuffer(value) ? value[0] : value
  return number === 1 ? true : number === 0 ? false : (number ?? null)
}

/** `BIT(n)` comes as its bytes. */
function asBits(value: Value): Value {
  return Buffer.isBuffer(value) ? BigInt(`0x${value.toString('hex') || '0'}`).toString() : value
}

export function asInteger(value: Value): Value {
  const given = asBits(value)
  if (typeof given !== 'string') return given
  const number = Number(given)
  return Number.isSafeInteger(number) ? number : given
}

function asTimestamp(value: Value): Value {
  return typeof value === 'string' ? `${value.slice(0, 10)}T${value.slice(11)}` : value
}

/** The session's time zone is UTC. Zero dates stay as they are: they are no instants. */
function asInstant(value: Value): Value {
  if (typeof value !== 'string' || value.startsWith('0000') || value.includes('-00')) return value
  return `${asTimestamp(value)}Z`
}

/** A value as SQL, for the bounds of a read: compared in the column's own type and collation. */
export function literal(type: LogicalType, value: Exclude<Value, null>): string {
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`
  if (typeof value === 'boolean') return value ? '1' : '0'
  const text = Object.is(value, -0) ? '-0' : String(value)
  switch (type.kind) {
    case 'integer':
    case 'decimal':
    case 'boolean':
      return /^-?\d+(?:\.\d+)?$/.test(text) ? text : quoteText(text)
    case 'float':
      return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? (/e/i.test(text) ? text : `${text}e0`) : quoteText(text)
    case 'timestamp':
      return quoteText(utcText(text) ?? text)
    default:
      return quoteText(text)
  }
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d(?::?\d\d)?)?$/

/** `2024-02-29T03:04:05.5+05:30` as the server takes it: in UTC, without a zone. Undefined where it is no timestamp. */
export function utcText(text: string): string | undefined {
  const zoned = text.indexOf('-', 10) >= 0 || text.indexOf('+', 10) >= 0
  if (!zoned && text.length >= 19) {
    return `${text.slice(0, 10)} ${text.endsWith('Z') ? text.slice(11, -1) : text.slice(11)}`
  }
  const match = TIMESTAMP.exec(text)
  if (match === null) return undefined
  const [, date = '', time = '', fraction = '', zone = 'Z'] = match
  if (zone === 'Z' || /^[+-]00(?::?00)?$/.test(zone)) return `${date} ${time}${fraction}`
  const offset = `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  const moved = new Date(`${date}T${time}${offset}`)
  if (Number.isNaN(moved.getTime())) return undefined
  const iso = moved.toISOString()
  return iso.length === 24 ? `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}` : undefined
}
