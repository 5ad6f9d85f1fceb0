import Big from 'big.js'
import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'
import { formatType } from '../../core/types.js'
import { bigText, extent, isDecimal, isInteger, isPlain, plainText, roundBig, shortNumber } from '../decimal.js'
import { numberText } from '../text-value.js'
import type { Cast, LossPolicy } from './options.js'
import { refused } from './options.js'

type IntegerType = Extract<LogicalType, { kind: 'integer' }>
type DecimalType = Extract<LogicalType, { kind: 'decimal' }>
type FloatType = Extract<LogicalType, { kind: 'float' }>

export function integerRange(type: IntegerType): { readonly min: bigint; readonly max: bigint } {
  const bits = BigInt(type.bits)
  return type.unsigned === true
    ? { min: 0n, max: 2n ** bits - 1n }
    : { min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }
}

/** Numeric text of a value, in plain notation; E402 for text that is no number, E421 for what is no number at all. */
function numeric(value: Value, target: string): string {
  if (typeof value === 'string') {
    const plain = plainText(value)
    if (plain === undefined) throw new RowError('E402', `the text is not a number, ${target} needs one`)
    return plain
  }
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value !== 'number') return refused(value, target)
  if (!Number.isFinite(value)) throw new RowError('E402', `NaN and infinity do not exist in ${target}`)
  return numberText(value)
}

/** Drops a fraction the way the field allows; E404 where it does not. */
function rescaled(text: string, scale: number, target: string, loss: LossPolicy): string {
  if (loss.allowed === undefined) {
    const digits = scale > 0 ? `${scale} digits after the point` : 'no fraction'
    throw new RowError('E404', `${target} keeps ${digits}, the value has more`)
  }
  loss.onLoss()
  return bigText(roundBig(new Big(text), scale, loss.allowed === 'round' ? 'half_up' : 'down'))
}

export function toInteger(type: IntegerType, loss: LossPolicy): Cast {
  const target = formatType(type)
  const { min, max } = integerRange(type)
  const least = Number(min)
  const greatest = Number(max)
  const outside = (): never => {
    throw new RowError('E403', `the number is outside the range of ${target} (${min} to ${max})`)
  }
  return value => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      if (value < least || value > greatest) outside()
      return value + 0
    }
    if (typeof value === 'bigint') return value < min || value > max ? outside() : value
    const short = typeof value === 'string' ? shortNumber(value) : Number.NaN
    if (Number.isInteger(short)) return short < least || short > greatest ? outside() : short + 0
    let text = numeric(value, target)
    if (!isInteger(text)) text = extent(text).bottom >= 0 ? bigText(new Big(text)) : rescaled(text, 0, target, loss)
    if (text.length < 16) {
      const number = Number(text)
      return number < least || number > greatest ? outside() : number + 0
    }
    const exact = BigInt(text)
    return exact < min || exact > max ? outside() : exact
  }
}

export function toDecimal(type: DecimalType, loss: LossPolicy): Cast {
  const target = formatType(type)
  const { precision } = type
  if (precision === undefined) {
    return value => decimal(value, target)
  }
  const scale = type.scale ?? 0
  const wholeDigits = precision - scale
  return value => {
    // Nothing to mend and nothing to measure, which is nearly every value.
    if (typeof value === 'string' && scale >= 0 && isDecimal(value, wholeDigits, scale)) return value
    let text = decimal(value, target)
    let { top, bottom } = extent(text)
    if (bottom < -scale) {
      if (top >= wholeDigits) tooLarge(target)
      text = rescaled(text, scale, target, loss)
      top = extent(text).top
      bottom = -scale
    }
    if (top >= wholeDigits) tooLarge(target)
    return text
  }
}

/** Plain text without leading zeros; trailing zeros stay, because they are how the source writes its scale. */
function decimal(value: Value, target: string): string {
  const text = typeof value === 'string' && isPlain(value) ? value : numeric(value, target)
  const first = text.charCodeAt(0) === 45 ? 1 : 0
  const padded = text.charCodeAt(first) === 48 && text.length > first + 1 && text.charCodeAt(first + 1) !== 46
  return padded ? text.replace(/^(-?)0+(?=\d)/, '$1') : text
}

function tooLarge(target: string): never {
  throw new RowError('E403', `the number has more digits before the point than ${target}`)
}

/** Texts of a float that are no digits, as databases write them. */
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

/** @param from decides which digits count as lost: those of a float are only its shortest text */
export function toFloat(type: FloatType, from: LogicalType, loss: LossPolicy): Cast {
  const target = formatType(type)
  const lost = (rounded: number): number => {
    if (loss.allowed === undefined) throw new RowError('E404', `${target} cannot hold all digits of the number`)
    loss.onLoss()
    return rounded
  }
  const narrow = (number: number, digits: number): number => {
    if (type.bits === 64 || Number.isNaN(number) || !Number.isFinite(number)) return number
    const rounded = Math.fround(number)
    if (!Number.isFinite(rounded)) throw new RowError('E403', `the number is outside the range of ${target}`)
    // Nine digits tell any float32 from the next: what comes back in as many digits was not lost.
    if (rounded === number || (digits <= 9 && Number(rounded.toPrecision(Math.max(1, digits))) === number))
      return number
    return lost(rounded)
  }
  return value => {
    if (typeof value === 'number') return narrow(value, Number.POSITIVE_INFINITY)
    const short = typeof value === 'string' && type.bits === 64 ? shortNumber(value) : Number.NaN
    if (!Number.isNaN(short)) return short
    const special = typeof value === 'string' ? SPECIAL.get(value) : undefined
    if (special !== undefined) return special
    const text = numeric(value, target)
    const number = Number(text)
    if (!Number.isFinite(number)) throw new RowError('E403', `the number is outside the range of ${target}`)
    const { top, bottom } = extent(text)
    const digits = top === Number.NEGATIVE_INFINITY ? 0 : top - bottom + 1
    if (from.kind === 'float') return type.bits < from.bits ? narrow(number, digits) : number
    // Fifteen digits always survive float64.
    const exact = digits <= 15 && top < 308 && bottom > -300
    if (!exact && !new Big(numberText(number)).eq(text)) return narrow(lost(number), 0)
    return narrow(number, digits)
  }
}
