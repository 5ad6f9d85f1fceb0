import type { LogicalType } from '../../core/types.js'
import { formatType } from '../../core/types.js'
import { integerRange } from './numbers.js'
import { type CastOptions, FROM_BASE64, TO_BASE64 } from './options.js'
import { MICROSECONDS, shapeOfType, temporalRefusal } from './temporals.js'

export interface ConversionRisk {
  /** `lossless`: no value can fail or change. `checked`: a value may be refused. `lossy`: digits or text may be cut off. */
  readonly risk: 'lossless' | 'checked' | 'lossy'
  readonly note?: string
}

const LOSSLESS: ConversionRisk = { risk: 'lossless' }
const checked = (note: string): ConversionRisk => ({ risk: 'checked', note })
const lossy = (note: string): ConversionRisk => ({ risk: 'lossy', note })

/** What a cast between two types can do to the values, by the declared types alone. */
export function conversionRisk(from: LogicalType, to: LogicalType): ConversionRisk {
  const refusal = castRefusal(from, to)
  if (refusal !== undefined) return lossy(`refused: ${refusal}`)
  if (to.kind === 'any') return LOSSLESS
  if (from.kind === 'any') return checked('every value says itself what it is')
  if (from.kind === to.kind) return sameKind(from, to)
  if (to.kind === 'text') return intoText(from, to)
  switch (`${from.kind} ${to.kind}`) {
    case 'integer decimal':
    case 'boolean integer':
    case 'boolean decimal':
    case 'boolean float':
    case 'date timestamp':
    case 'boolean json':
    case 'integer json':
    case 'decimal json':
      return to.kind === 'decimal' ? integerIntoDecimal(from, to) : LOSSLESS
    case 'integer float':
      return integerFits(from, to) ? LOSSLESS : lossy('a large number may have more digits than a float')
    case 'integer boolean':
    case 'decimal boolean':
      return checked('only 0 and 1')
    case 'decimal integer':
      return decimalIntoInteger(from, to)
    case 'float integer':
      return lossy('a fraction would be cut off')
    case 'decimal float':
      return lossy('a decimal may have more digits than a float')
    case 'float decimal':
      return lossy('NaN is refused; digits past the scale would be cut off')
    case 'timestamp date':
      return lossy('a time of day would be cut off')
    default:
      return checked(`text must be ${formatType(to)}`)
  }
}

function sameKind(from: LogicalType, to: LogicalType): ConversionRisk {
  if (from.kind === 'integer' && to.kind === 'integer') {
    const a = integerRange(from)
    const b = integerRange(to)
    return a.min >= b.min && a.max <= b.max ? LOSSLESS : checked('a number may be out of range')
  }
  if (from.kind === 'decimal' && to.kind === 'decimal') {
    if (to.precision === undefined) return LOSSLESS
    const scale = to.scale ?? 0
    if (from.precision === undefined) return lossy(`digits past ${formatType(to)} would be cut off`)
    const fromScale = from.scale ?? 0
    if (fromScale > scale) return lossy(`more than ${scale} digits after the point would be cut off`)
    return from.precision - fromScale <= to.precision - scale ? LOSSLESS : checked('a number may be out of range')
  }
  if (from.kind === 'float' && to.kind === 'float')
    return from.bits <= to.bits ? LOSSLESS : lossy('float32 has fewer digits')
  if (from.kind === 'text' && to.kind === 'text') return intoText(from, to)
  if (from.kind === 'bytes' && to.kind === 'bytes')
    return to.length === undefined || (from.length ?? Number.POSITIVE_INFINITY) <= to.length
      ? LOSSLESS
      : checked(`at most ${to.length} bytes`)
  if (from.kind === 'enum' && to.kind === 'enum') return labelsFit(from.labels, to.labels)
  if (from.kind === 'time' && to.kind === 'time') return secondsFit(from, to)
  if (from.kind === 'timestamp' && to.kind === 'timestamp')
    return from.zoned === to.zoned ? secondsFit(from, to) : lossy('the zone offset would be lost')
  if (from.kind === 'other' && to.kind === 'other' && from.native !== to.native)
    return checked(`the database decides whether the text is ${to.native}`)
  return LOSSLESS
}

function labelsFit(from: readonly string[], to: readonly string[]): ConversionRisk {
  const missing = from.filter(label => !to.includes(label))
  if (missing.length === 0) return LOSSLESS
  const named = missing.slice(0, 5).map(label => JSON.stringify(label))
  return checked(`the target lacks the labels ${named.join(', ')}${missing.length > 5 ? ', …' : ''}`)
}

function secondsFit(from: { readonly precision?: number }, to: { readonly precision?: number }): ConversionRisk {
  const digits = to.precision ?? MICROSECONDS
  return (from.precision ?? MICROSECONDS) <= digits
    ? LOSSLESS
    : lossy(`more than ${digits} digits of the second would be cut off`)
}

function integerFits(from: LogicalType, to: LogicalType): boolean {
  return from.kind === 'integer' && to.kind === 'float' && from.bits <= (to.bits === 64 ? 32 : 16)
}

function integerIntoDecimal(from: LogicalType, to: LogicalType): ConversionRisk {
  if (to.kind !== 'decimal' || to.precision === undefined) return LOSSLESS
  const digits = from.kind === 'integer' ? integerRange(from).max.toString().length : 1
  return digits <= to.precision - (to.scale ?? 0) ? LOSSLESS : checked('a number may be out of range')
}

function decimalIntoInteger(from: LogicalType, to: LogicalType): ConversionRisk {
  if (from.kind !== 'decimal' || from.precision === undefined || (from.scale ?? 0) > 0) {
    return lossy('a fraction would be cut off')
  }
  const most = 10n ** BigInt(from.precision - (from.scale ?? 0)) - 1n
  const { min, max } = integerRange(to as Extract<LogicalType, { kind: 'integer' }>)
  return most <= max && -most >= min ? LOSSLESS : checked('a number may be out of range')
}

/** The longest canonical text of a type; Infinity where it has no end. */
function longest(type: LogicalType): number {
  switch (type.kind) {
    case 'boolean':
      return 5
    case 'integer':
      return integerRange(type).min.toString().length + (type.unsigned === true ? 20 : 0)
    case 'decimal':
      return type.precision === undefined ? Number.POSITIVE_INFINITY : type.precision + 3
    case 'text':
      return type.length ?? Number.POSITIVE_INFINITY
    case 'enum':
      return Math.max(0, ...type.labels.map(label => label.length))
    case 'uuid':
      return 36
    case 'date':
      return 16
    case 'time':
      return 24
    case 'timestamp':
      return 40
    default:
      return Number.POSITIVE_INFINITY
  }
}

function intoText(from: LogicalType, to: Extract<LogicalType, { kind: 'text' }>): ConversionRisk {
  return to.length === undefined || longest(from) <= to.length ? LOSSLESS : checked(`at most ${to.length} characters`)
}

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'decimal', 'float'])
const TEMPORALS: ReadonlySet<string> = new Set(['date', 'time', 'timestamp'])

/** Why no value of the one type can become the other; undefined where some can. */
export function castRefusal(
  from: LogicalType,
  to: LogicalType,
  options: { readonly onLossy?: CastOptions['onLossy'] } = {},
): string | undefined {
  const no = `${formatType(from)} cannot be converted to ${formatType(to)}`
  if (from.kind === 'any' || to.kind === 'any' || to.kind === 'other') return undefined
  if (from.kind === 'bytes' || to.kind === 'bytes') {
    if (from.kind === to.kind) return undefined
    return no + (from.kind === 'text' ? FROM_BASE64 : to.kind === 'text' ? TO_BASE64 : '')
  }
  if (isTemporal(from) && isTemporal(to)) {
    const allowed = options.onLossy === 'round' || options.onLossy === 'truncate'
    return temporalRefusal(shapeOfType(from), shapeOfType(to), allowed)
  }
  if (to.kind === 'text' || from.kind === to.kind || ['text', 'enum', 'other'].includes(from.kind)) return undefined
  if (NUMBERS.has(to.kind)) return NUMBERS.has(from.kind) || from.kind === 'boolean' ? undefined : no
  if (to.kind === 'boolean') return from.kind === 'integer' || from.kind === 'decimal' ? undefined : no
  if (to.kind === 'json') return NUMBERS.has(from.kind) || from.kind === 'boolean' ? undefined : no
  return no
}

function isTemporal(type: LogicalType): type is Extract<LogicalType, { kind: 'date' | 'time' | 'timestamp' }> {
  return TEMPORALS.has(type.kind)
}
