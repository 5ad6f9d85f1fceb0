import Big from 'big.js'
import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { bigText, isInteger, plainText, roundBig, toBig } from '../decimal.js'
import { textOf } from '../text-value.js'

const BY = 'The other number: a number, or text where it has more digits than a number keeps'
const other = Type.Union([Type.Number(), Type.String()], { description: BY })
const optionalOther = Type.Optional(
  Type.Union([Type.Number(), Type.String()], { description: `${BY}. Default: none, the values alone count` }),
)
export const rounding = Type.Optional(
  Type.Enum(['half_up', 'half_even', 'down', 'up', 'floor', 'ceil'], {
    description: 'half_up: halves away from zero; half_even: to the even digit; down: towards zero; up: away from it',
    default: 'half_up',
  }),
)
/** Sums and products take any number of values; a parameter `by` joins them. */
const many = { min: 1, max: Number.POSITIVE_INFINITY }

const marks = {
  decimal: Type.Optional(Type.String({ description: 'Mark before the fraction', default: '.', minLength: 1 })),
  thousands: Type.Optional(Type.String({ description: 'Mark between groups of three digits, removed', default: '' })),
}

function readMarked(value: Value | undefined, decimal: string, thousands: string): string {
  if (typeof value !== 'string') return bigText(toBig(value))
  let text = value.trim()
  if (thousands !== '') {
    const [whole = '', ...fraction] = text.split(decimal)
    const groups = whole.split(thousands)
    const wellGrouped = groups.every((group, i) => (i === 0 ? /^[+-]?\d{1,3}$/ : /^\d{3}$/).test(group))
    if (groups.length > 1 && !wellGrouped) throw new RowError('E402', 'the digits are not in groups of three')
    text = [groups.join(''), ...fraction].join(decimal)
  }
  if (decimal !== '.') {
    if (text.includes('.')) throw new RowError('E402', 'the value is not a number')
    text = text.replace(decimal, '.')
  }
  const plain = plainText(text)
  if (plain === undefined) throw new RowError('E402', 'the value is not a number')
  return plain
}

const toDecimal = defineFunction({
  name: 'to_decimal',
  family: 'number',
  summary: 'Reads a number from text, exactly.',
  params: marks,
  examples: [
    { in: '1.250,00', params: { thousands: '.', decimal: ',' }, out: '1250.00' },
    { in: ' +12.50 ', out: '12.50' },
    { in: '1,250.5', params: { thousands: ',' }, out: '1250.5' },
    { in: 0.1, out: '0.1' },
    { in: '1,25,0', params: { thousands: ',' }, error: 'E402' },
    { in: '12 apples', error: 'E402' },
    { in: 'NaN', error: 'E402' },
  ],
  prepare:
    ({ decimal = '.', thousands = '' }) =>
    ([value]) =>
      readMarked(value, decimal, thousands),
})

/** An integer in its cheapest canonical form. */
function integer(text: string): Value {
  const canonical = isInteger(text) ? text : bigText(new Big(text))
  const number = Number(canonical)
  return Number.isSafeInteger(number) ? number + 0 : BigInt(canonical)
}

const toInteger = defineFunction({
  name: 'to_integer',
  family: 'number',
  summary: 'Reads a whole number from text; true is 1 and false is 0.',
  params: marks,
  examples: [
    { in: '0042', out: 42 },
    { in: '9007199254740993', out: 9007199254740993n },
    { in: '12.0', out: 12 },
    { in: true, out: 1 },
    { in: '12.5', error: 'E404', note: 'round first' },
    { in: 'x', error: 'E402' },
  ],
  prepare:
    ({ decimal = '.', thousands = '' }) =>
    ([value]) => {
      if (typeof value === 'boolean') return value ? 1 : 0
      const number = new Big(readMarked(value, decimal, thousands))
      if (!number.eq(number.round(0, 0))) throw new RowError('E404', 'the value has a fraction; round it first')
      return integer(bigText(number))
    },
})

const add = defineFunction({
  name: 'add',
  family: 'number',
  summary: 'Exact sum of the values, and of `by` where given.',
  params: { by: optionalOther },
  short: 'by',
  values: many,
  examples: [
    { in: ['0.1', '0.2'], out: '0.3' },
    { in: '99999999999999999999.01', params: { by: '0.99' }, out: '100000000000000000000' },
    { in: ['1', null], out: null },
    { in: ['1', 'x'], error: 'E402' },
  ],
  prepare: ({ by }) => {
    const start = by === undefined ? new Big(0) : toBig(by)
    return values => bigText(values.reduce<Big>((sum, value) => sum.plus(toBig(value)), start))
  },
})

const multiply = defineFunction({
  name: 'multiply',
  family: 'number',
  summary: 'Exact product of the values, and of `by` where given.',
  params: { by: optionalOther },
  short: 'by',
  values: many,
  examples: [
    { in: ['1.1', 3], out: '3.3' },
    { in: '19.99', params: { by: '0.035' }, out: '0.69965' },
  ],
  prepare: ({ by }) => {
    const start = by === undefined ? new Big(1) : toBig(by)
    return values => bigText(values.reduce<Big>((product, value) => product.times(toBig(value)), start))
  },
})

const subtract = defineFunction({
  name: 'subtract',
  family: 'number',
  summary: 'The first value less all others, and less `by` where given; exact.',
  params: { by: optionalOther },
  short: 'by',
  values: many,
  examples: [
    { in: ['100', '10', '3.5'], out: '86.5' },
    { in: 5, params: { by: 7 }, out: '-2' },
  ],
  prepare: ({ by }) => {
    const last = by === undefined ? undefined : toBig(by)
    return ([first, ...others]) => {
      const rest = others.reduce<Big>((left, value) => left.minus(toBig(value)), toBig(first))
      return bigText(last === undefined ? rest : rest.minus(last))
    }
  },
})

const divide = defineFunction({
  name: 'divide',
  family: 'number',
  summary: 'The first value divided by the second, or by `by`, rounded once to a number of digits.',
  params: {
    by: optionalOther,
    scale: Type.Optional(Type.Integer({ description: 'Digits after the point', minimum: 0, maximum: 100, default: 6 })),
    rounding,
  },
  short: 'by',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  examples: [
    { in: ['10', '3'], params: { scale: 2 }, out: '3.33' },
    { in: 11000, params: { by: '1.1', scale: 0 }, out: '10000' },
    { in: ['1', '8'], params: { scale: 2, rounding: 'half_even' }, out: '0.12' },
    { in: ['2', '3'], params: { scale: 1, rounding: 'floor' }, out: '0.6' },
    { in: ['1', 0], error: 'E403', note: 'division by zero' },
  ],
  prepare: ({ by, scale: digits = 6, rounding: how = 'half_up' }) => {
    const fixed = by === undefined ? [] : [toBig(by)]
    return values => {
      const [first, ...divisors] = [...values.map(toBig), ...fixed] as [Big, ...Big[]]
      if (divisors.length !== 1) throw new RowError('E413', 'it takes one number and one divisor')
      return bigText(quotient(first, divisors[0] as Big, digits, how))
    }
  },
})

type How = Parameters<typeof roundBig>[2]

/** Rounded once: a cut quotient and a sticky digit for what was cut, so that a half is a half only when it is exact. */
function quotient(left: Big, right: Big, digits: number, how: How): Big {
  if (right.eq(0)) throw new RowError('E403', 'division by zero')
  const Exact = Big()
  Exact.DP = digits + 2
  Exact.RM = 0
  const cut = new Exact(left).div(right)
  const exact = cut.times(right).eq(left)
  const negative = left.s * right.s < 0
  const sticky = new Big(`${negative ? '-' : ''}1e-${digits + 3}`)
  return roundBig(exact ? new Big(cut) : new Big(cut).plus(sticky), digits, how)
}

const percentOf = defineFunction({
  name: 'percent_of',
  family: 'number',
  summary: 'So many per cent of the value, rounded.',
  params: {
    percent: other,
    scale: Type.Optional(
      Type.Integer({
        description: 'Digits after the point. Default: none, nothing is rounded',
        minimum: 0,
        maximum: 100,
      }),
    ),
    rounding,
  },
  short: 'percent',
  examples: [
    { in: 55000, params: { percent: 10, scale: 0 }, out: '5500' },
    { in: '19999', params: { percent: '3.5', scale: 0, rounding: 'floor' }, out: '699' },
    { in: '12.34', params: { percent: 10 }, out: '1.234', note: 'without a scale nothing is rounded' },
  ],
  prepare: ({ percent, scale: digits, rounding: how = 'half_up' }) => {
    const share = toBig(percent).times('0.01')
    return ([value]) => {
      const part = toBig(value).times(share)
      return bigText(digits === undefined ? part : roundBig(part, digits, how))
    }
  },
})

const modulo = defineFunction({
  name: 'modulo',
  family: 'number',
  summary: 'What is left after dividing by a number; it has the sign of the value.',
  params: { by: other },
  short: 'by',
  examples: [
    { in: 17, params: { by: 5 }, out: '2' },
    { in: '-5.5', params: { by: 2 }, out: '-1.5' },
    { in: 1, params: { by: 0 }, error: 'E403' },
  ],
  prepare: ({ by }) => {
    const divisor = toBig(by)
    return ([value]) => {
      if (divisor.eq(0)) throw new RowError('E403', 'division by zero')
      return bigText(toBig(value).mod(divisor))
    }
  },
})

const numberToText = defineFunction({
  name: 'to_text',
  family: 'text',
  summary: 'The value as text; numbers in plain notation, booleans as true and false.',
  examples: [
    { in: 12345678901234567890n, out: '12345678901234567890' },
    { in: 1e21, out: '1000000000000000000000' },
    { in: false, out: 'false' },
  ],
  prepare:
    () =>
    ([value]) =>
      textOf(value),
})

export const numberFunctions = [
  toInteger,
  toDecimal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  percentOf,
  numberToText,
] as const
