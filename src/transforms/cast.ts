import { RowError } from '../core/errors.js'
import type { LogicalType } from '../core/types.js'
import { toDecimal, toFloat, toInteger } from './casts/numbers.js'
import type { Cast, CastOptions, LossPolicy } from './casts/options.js'
import { lossPolicy } from './casts/options.js'
import { castRefusal, conversionRisk } from './casts/risk.js'
import { toTemporal } from './casts/temporals.js'
import { canonicalText, checkText, toBoolean, toBytes, toEnum, toJson, toText, toUuid } from './casts/texts.js'

export type { CastOptions } from './casts/options.js'
export { castRefusal, conversionRisk } from './casts/risk.js'

/**
 * The cast of one column's values, never called with null; undefined where there is provably nothing to do.
 * Nothing is lost silently: overflow, long text, lost digits, invalid dates, NUL and lone surrogates are row errors
 * (E402 to E409, E421), unless `onLossy` allows the loss, which is then counted by `onLoss`.
 */
export function compileCast(from: LogicalType, to: LogicalType, options: CastOptions): Cast | undefined {
  const cast = castOf(from, to, options)
  return options.emptyIsNull === true && MAY_BE_EMPTY.has(to.kind) ? withoutEmpty(cast, lossPolicy(options)) : cast
}

const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['text', 'bytes', 'enum', 'any', 'other'])

function withoutEmpty(cast: Cast | undefined, loss: LossPolicy): Cast {
  return value => {
    const result = cast === undefined ? value : cast(value)
    if (result !== '' && !(Buffer.isBuffer(result) && result.length === 0)) return result
    if (loss.allowed === undefined)
      throw new RowError('E404', 'this database keeps the empty value as null; `empty_to_null` or `on_lossy` allows it')
    loss.onLoss()
    return null
  }
}

function castOf(from: LogicalType, to: LogicalType, options: CastOptions): Cast | undefined {
  const allowed = lossPolicy(options)
  const refusal = options.looseSource === true ? undefined : castRefusal(from, to, { onLossy: options.onLossy })
  if (refusal !== undefined)
    return () => {
      throw new RowError('E421', refusal)
    }
  if (options.looseSource !== true && provable(from, to, options.nulInText)) return undefined
  switch (to.kind) {
    case 'boolean':
      return toBoolean
    case 'integer':
      return toInteger(to, allowed)
    case 'decimal':
      return toDecimal(to, allowed)
    case 'float':
      return toFloat(to, from, allowed)
    case 'text':
    case 'interval':
    case 'other':
      return toText(to, options, allowed)
    case 'enum':
      return toEnum(to)
    case 'bytes':
      return toBytes(to, allowed)
    case 'date':
    case 'time':
    case 'timestamp':
      return toTemporal(to, options.looseSource !== true && sameShape(from, to), allowed)
    case 'json':
      return toJson(from, options)
    case 'uuid':
      return toUuid
    case 'any':
      return toAny(from, options)
  }
}

/** Pairs whose values have one form in both types. */
const SAME_FORM: ReadonlySet<string> = new Set(['integer decimal', 'integer float', 'uuid text', 'enum text'])

function provable(from: LogicalType, to: LogicalType, nulInText: boolean): boolean {
  if (from.kind === 'any' || conversionRisk(from, to).risk !== 'lossless') return false
  if (from.kind !== to.kind) return SAME_FORM.has(`${from.kind} ${to.kind}`)
  return nulInText || to.kind !== 'text'
}

/** Values of this very type pass with what only the server understands. */
function sameShape(from: LogicalType, to: LogicalType): boolean {
  if (from.kind === 'timestamp' && to.kind === 'timestamp') return from.zoned === to.zoned
  return from.kind === to.kind
}

/** A column without a type takes every value; only text can be wrong there. */
function toAny(from: LogicalType, options: CastOptions): Cast | undefined {
  if (options.looseSource !== true && ['boolean', 'integer', 'decimal', 'float', 'bytes'].includes(from.kind))
    return undefined
  return value =>
    typeof value === 'string' ? checkText(canonicalText(value, 'text'), options.nulInText, 'text') : value
}
