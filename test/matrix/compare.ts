import type { Form } from './kinds.js'
import type { Cell } from './places/types.js'

/** `same`: another form of the provably same value. */
export type Comparison = 'exact' | 'same' | 'changed'

/** Holds what is stored against what should be. */
export function compare(form: Form, wanted: string, cell: Cell): Comparison {
  if (cell === null) return 'changed'
  switch (form) {
    case 'bytes':
      return verdict(cell.as === 'bytes' && cell.text === wanted)
    case 'text':
      return verdict(textOf(cell) === wanted)
    case 'number':
      return verdict(plainNumber(textOf(cell)) === plainNumber(wanted))
    case 'boolean':
      return verdict((BOOLEANS.get(textOf(cell)) ?? textOf(cell)) === wanted)
    case 'float64':
      return floats(Number(wanted), cell.as === 'float' ? cell.value : numberOf(cell.text))
    case 'float32': {
      const stored = cell.as === 'float' ? cell.value : numberOf(cell.text)
      return floats(Math.fround(Number(wanted)), Math.fround(stored))
    }
    case 'moment':
      return moments(momentText(wanted), momentText(textOf(cell)))
    case 'instant':
      return instants(wanted, textOf(cell))
    // Spaces around a JSON value are no part of it where it stands within another.
    case 'json':
      return textOf(cell) === wanted ? 'exact' : textOf(cell) === wanted.trim() ? 'same' : 'changed'
    case 'interval':
      return intervals(wanted, textOf(cell))
  }
}

function verdict(equal: boolean): Comparison {
  return equal ? 'exact' : 'changed'
}

const BOOLEANS: ReadonlyMap<string, string> = new Map([
  ['t', 'true'],
  ['1', 'true'],
  ['f', 'false'],
  ['0', 'false'],
])

function textOf(cell: Exclude<Cell, null>): string {
  if (cell.as === 'float') return String(cell.value)
  return cell.as === 'bytes' ? `bytes ${cell.text}` : cell.text
}

/** The one plain way to write a number; what is none stays as it is. */
function plainNumber(text: string): string {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text)
  if (match === null || !/\d/.test(text)) return text
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const shift = Number(exponent)
  const digits = whole + fraction
  const point = whole.length + shift
  const left = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0')
  const right = point >= digits.length ? '' : '0'.repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point))
  const fractionLeft = right.replace(/0+$/, '')
  const number = (left.replace(/^0+(?=\d)/, '') || '0') + (fractionLeft === '' ? '' : `.${fractionLeft}`)
  return sign === '-' && number !== '0' ? `-${number}` : number
}

function numberOf(text: string): number {
  return /^(NaN|[+-]?(Infinity|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?))$/i.test(text) ? Number(text) : Number.MIN_SAFE_INTEGER
}

/** Minus zero and zero are equal, and no database but those with IEEE 754 columns has both. */
function floats(wanted: number, stored: number): Comparison {
  if (Object.is(wanted, stored)) return 'exact'
  return wanted === stored ? 'same' : 'changed'
}

function momentText(text: string): string {
  const spaced = text.trim().replace(/^(-?\d{4,}-\d\d-\d\d)T/, '$1 ')
  return spaced.replace(/(:\d\d\.\d*?)0+(?=$|[^\d])/, '$1').replace(/(:\d\d)\.(?=$|[^\d])/, '$1')
}

function moments(wanted: string, stored: string): Comparison {
  if (wanted === stored) return 'exact'
  return `${wanted} 00:00:00` === stored ? 'same' : 'changed'
}

/** Nanoseconds since the epoch; undefined for what is no instant of the calendar. */
function nanoseconds(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)$/.exec(text)
  if (match === null) return undefined
  const [, date, time, fraction = '', zone = 'Z'] = match
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  const seconds = Date.parse(`${date}T${time}${offset}`)
  return Number.isNaN(seconds) ? undefined : BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

function instants(wanted: string, stored: string): Comparison {
  const [a, b] = [nanoseconds(wanted), nanoseconds(stored)]
  if (a === undefined || b === undefined) return verdict(momentText(wanted) === momentText(stored))
  return verdict(a === b)
}

/**
 * Months, days and microseconds, each with its sign. `+03 04:05:06.000007` is how Oracle writes it, where one sign is for
 * all; `-1 days +02:03:00` is PostgreSQL's.
 */
function intervalParts(text: string): string | undefined {
  let rest = text
  const take = (pattern: RegExp): number => {
    const match = pattern.exec(rest)
    if (match === null) return 0
    rest = rest.replace(match[0], '')
    return Number(match[1])
  }
  const months = take(/([+-]?\d+) years? ?/) * 12 + take(/([+-]?\d+) mons? ?/)
  const bare = /^([+-])(\d+) (?=[\d+-])/.exec(rest)
  const days = take(/([+-]?\d+) days? ?/) + take(/^([+-]\d+) (?=[\d+-])/)
  const time = /^([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/.exec(rest)
  if (time === null) return rest === '' ? `${months} ${days} 0` : undefined
  const [, sign, hours = '', minutes = '', seconds = '', fraction = ''] = time
  const size =
    (BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  const negative = sign === '-' || (sign === '' && bare?.[1] === '-')
  return `${months} ${days} ${negative ? -size : size}`
}

function intervals(wanted: string, stored: string): Comparison {
  if (wanted === stored) return 'exact'
  const parts = intervalParts(stored)
  return parts !== undefined && intervalParts(wanted) === parts ? 'same' : 'changed'
}
