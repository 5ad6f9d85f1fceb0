/// <reference lib="es2024.string" />
import type { Column } from '../../core/catalog.js'
import type { ErrorCode } from '../../core/codes.js'
import type { Value } from '../../core/row.js'
import { labelsOf } from './types.js'

export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
  readonly native?: string
}

type Check = (value: Value) => Refusal | undefined

/** What the server would take, and store as something else, with no more than a note. Undefined where nothing is to check. */
export function refusalOf(column: Column): Check | undefined {
  const check = checkOf(column)
  const required = !column.nullable
  if (check === undefined && !required) return undefined
  const missing: Refusal = { code: 'E401', message: `${column.name} must not be null`, native: '1048' }
  return value => {
    // A null key would be made up, a null TIMESTAMP would be now.
    if (value === null) return required ? missing : undefined
    return check?.(value)
  }
}

function checkOf(column: Column): Check | undefined {
  const native = column.native.toLowerCase()
  const { type } = column
  switch (type.kind) {
    case 'enum':
      return oneOf(type.labels)
    case 'float':
      return notFinite
    case 'decimal':
      return tooManyDigits(type.scale ?? 0, 'decimal places')
    case 'time':
    case 'timestamp':
      return tooManyDigits(type.precision ?? 0, 'digits of the second')
    case 'integer':
      return native.startsWith('year') ? notAYear : undefined
    case 'bytes': {
      const padded = /^binary\((\d+)\)/.exec(native)?.[1]
      return padded === undefined ? undefined : shorterThan(Number(padded))
    }
    case 'text':
      return native.startsWith('set(') ? membersOf(labelsOf(column.native)) : wellFormed
    case 'json':
    case 'any':
    case 'other':
      return wellFormed
    default:
      return undefined
  }
}

const HALF: Refusal = { code: 'E409', message: 'text holds half of a surrogate pair, which UTF-8 cannot hold' }
const wellFormed: Check = value => (typeof value === 'string' && !value.isWellFormed() ? HALF : undefined)

const NOT_FINITE: Refusal = { code: 'E420', message: 'the server has neither infinity nor NaN' }
const notFinite: Check = value => (Number.isFinite(Number(value)) ? undefined : NOT_FINITE)

/** `'2'` that is no label would be taken for the second one. */
function oneOf(labels: readonly string[]): Check {
  const known = new Set(labels)
  const refusal: Refusal = { code: 'E420', message: 'the value is none of the labels of the column', native: '1265' }
  return value => (typeof value === 'string' && known.has(value) ? undefined : refusal)
}

function membersOf(labels: readonly string[]): Check {
  const known = new Set(labels)
  const refusal: Refusal = {
    code: 'E420',
    message: 'the value is no list of the members of the column',
    native: '1265',
  }
  return value =>
    value === '' ||
    String(value)
      .split(',')
      .every(member => known.has(member))
      ? undefined
      : refusal
}

/** The server rounds, or cuts, and says nothing. */
function tooManyDigits(scale: number, what: string): Check {
  const refusal: Refusal = { code: 'E404', message: `the column keeps ${scale} ${what}` }
  return value => {
    if (typeof value !== 'string') return undefined
    const point = value.indexOf('.')
    if (point < 0 || value.length - point - 1 <= scale) return undefined
    const digits = /\.(\d*?)0*(?=$|[^\d])/.exec(value)?.[1]
    return digits !== undefined && digits.length > scale ? refusal : undefined
  }
}

/** 70 would become 1970. */
const YEAR: Refusal = { code: 'E403', message: 'a YEAR is 0 or from 1901 to 2155', native: '1264' }
const notAYear: Check = value => {
  const year = Number(value)
  return year === 0 || (year >= 1901 && year <= 2155) ? undefined : YEAR
}

/** BINARY(n) is filled with zero bytes, and gives them back. */
function shorterThan(length: number): Check {
  const refusal: Refusal = { code: 'E420', message: `the column fills what is shorter than ${length} bytes with zeros` }
  return value => (value instanceof Uint8Array && value.length < length ? refusal : undefined)
}
