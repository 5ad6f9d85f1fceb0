/// <reference lib="es2024.string" />
import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'
import { formatType } from '../../core/types.js'
import { codePointIndex, codePoints, numberText } from '../text-value.js'
import type { Cast, CastOptions, LossPolicy } from './options.js'
import { FROM_BASE64, refused, TO_BASE64 } from './options.js'

/** Canonical text of any value but bytes. Floats keep what they are: `NaN` and `Infinity` are words in text. */
export function canonicalText(value: Value, target: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(value) : String(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  return refused(value, target, TO_BASE64)
}

/** E408 for NUL where the target cannot hold it, E409 for a lone surrogate. */
export function checkText(text: string, nulInText: boolean, target: string): string {
  if (!nulInText && text.includes('\u0000')) throw new RowError('E408', `${target} of this database cannot hold NUL`)
  if (!text.isWellFormed()) throw new RowError('E409', 'the text holds half of a surrogate pair')
  return text
}

export function toText(type: LogicalType, options: CastOptions, loss: LossPolicy): Cast {
  const target = formatType(type)
  const limit = type.kind === 'text' ? type.length : undefined
  const { nulInText } = options
  return value => {
    const text = checkText(canonicalText(value, target), nulInText, target)
    if (limit === undefined || text.length <= limit || codePoints(text) <= limit) return text
    if (loss.allowed !== 'truncate') throw new RowError('E405', `the text is longer than ${target}`)
    loss.onLoss()
    return text.slice(0, codePointIndex(text, limit))
  }
}

export function toEnum(type: Extract<LogicalType, { kind: 'enum' }>): Cast {
  const labels = new Set(type.labels)
  const shown = type.labels.length > 12 ? `${type.labels.slice(0, 12).join(', ')}, …` : type.labels.join(', ')
  return value => {
    const text = canonicalText(value, 'enum')
    if (!labels.has(text)) throw new RowError('E421', `the text is none of the labels ${shown}`)
    return text
  }
}

export function toBytes(type: Extract<LogicalType, { kind: 'bytes' }>, loss: LossPolicy): Cast {
  const target = formatType(type)
  const limit = type.length ?? Number.POSITIVE_INFINITY
  return value => {
    if (!Buffer.isBuffer(value)) return refused(value, target, typeof value === 'string' ? FROM_BASE64 : '')
    if (value.length <= limit) return value
    if (loss.allowed !== 'truncate') throw new RowError('E405', `the bytes are longer than ${target}`)
    loss.onLoss()
    return value.subarray(0, limit)
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const toUuid: Cast = value => {
  if (typeof value !== 'string') return refused(value, 'uuid')
  if (!UUID.test(value)) throw new RowError('E421', 'the text is not a uuid')
  return value.toLowerCase()
}

export function toJson(from: LogicalType, options: CastOptions): Cast {
  const isJson = from.kind === 'json' && options.looseSource !== true
  return value => {
    const text = canonicalText(value, 'json')
    if (!isJson) {
      try {
        JSON.parse(text)
      } catch {
        throw new RowError('E421', 'the value is not JSON')
      }
    }
    return checkText(text, options.nulInText, 'json')
  }
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['t', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['0', false],
])

export const toBoolean: Cast = value => {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === 1n) return true
  if (value === 0 || value === 0n) return false
  const meaning = typeof value === 'string' ? WORDS.get(value.toLowerCase()) : undefined
  if (meaning !== undefined) return meaning
  if (Buffer.isBuffer(value)) return refused(value, 'boolean')
  throw new RowError(
    'E407',
    typeof value === 'string' ? 'the text is not a boolean; to_boolean reads other words' : 'only 0 and 1 are booleans',
  )
}
