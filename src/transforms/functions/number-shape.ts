import { RowError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { bigText, roundBig, toBig } from '../decimal.js'
import { rounding } from './number.js'

const round = defineFunction({
  name: 'round',
  family: 'number',
  summary: 'Rounds to a number of digits after the point, exactly.',
  params: {
    scale: Type.Optional(Type.Integer({ description: 'Digits after the point', minimum: 0, maximum: 100, default: 0 })),
    rounding,
  },
  short: 'scale',
  examples: [
    { in: '2.345', params: { scale: 2 }, out: '2.35' },
    { in: '1.005', params: { scale: 2 }, out: '1.01', note: 'a float would give 1.00' },
    { in: '-2.5', out: '-3', note: 'halves go away from zero' },
    { in: '2.5', params: { rounding: 'half_even' }, out: '2' },
    { in: 'abc', error: 'E402' },
  ],
  prepare:
    ({ scale = 0, rounding: how = 'half_up' }) =>
    ([value]) =>
      bigText(roundBig(toBig(value), scale, how)),
})

const scale = defineFunction({
  name: 'scale',
  family: 'number',
  summary: 'Rounds to a number of digits after the point and writes exactly that many.',
  params: { digits: Type.Integer({ description: 'Digits after the point', minimum: 0, maximum: 100 }), rounding },
  short: 'digits',
  examples: [
    { in: 5, params: { digits: 2 }, out: '5.00' },
    { in: '1.239', params: { digits: 2, rounding: 'down' }, out: '1.23' },
  ],
  prepare:
    ({ digits, rounding: how = 'half_up' }) =>
    ([value]) =>
      roundBig(toBig(value), digits, how)
        .toFixed(digits)
        .replace(/^-(?=[0.]+$)/, ''),
})

const floor = defineFunction({
  name: 'floor',
  family: 'number',
  summary: 'The next whole number down.',
  examples: [
    { in: '2.9', out: '2' },
    { in: '-2.1', out: '-3' },
  ],
  prepare:
    () =>
    ([value]) =>
      bigText(roundBig(toBig(value), 0, 'floor')),
})

const ceil = defineFunction({
  name: 'ceil',
  family: 'number',
  summary: 'The next whole number up.',
  examples: [
    { in: '2.1', out: '3' },
    { in: '-2.9', out: '-2' },
  ],
  prepare:
    () =>
    ([value]) =>
      bigText(roundBig(toBig(value), 0, 'ceil')),
})

const abs = defineFunction({
  name: 'abs',
  family: 'number',
  summary: 'The value without its sign.',
  examples: [{ in: '-12.50', out: '12.5' }],
  prepare:
    () =>
    ([value]) =>
      bigText(toBig(value).abs()),
})

const negate = defineFunction({
  name: 'negate',
  family: 'number',
  summary: 'The value with the other sign.',
  examples: [
    { in: '12.5', out: '-12.5' },
    { in: 0, out: '0' },
  ],
  prepare:
    () =>
    ([value]) =>
      bigText(toBig(value).times(-1)),
})

const limit = (description: string) => Type.Optional(Type.Union([Type.Number(), Type.String()], { description }))

const clamp = defineFunction({
  name: 'clamp',
  family: 'number',
  summary: 'Brings a number into a range; the loss is not counted, so use it where it is meant.',
  params: { min: limit('The least value. Default: no least'), max: limit('The greatest value. Default: no greatest') },
  examples: [
    { in: 120, params: { min: 0, max: 100 }, out: '100' },
    { in: '-0.5', params: { min: 0 }, out: '0' },
    { in: '7.25', params: { min: 0, max: 100 }, out: '7.25' },
  ],
  prepare: ({ min, max }) => {
    const least = min === undefined ? undefined : toBig(min)
    const greatest = max === undefined ? undefined : toBig(max)
    return ([value]) => {
      const number = toBig(value)
      if (least?.gt(number)) return bigText(least)
      return bigText(greatest?.lt(number) ? greatest : number)
    }
  },
})

const between = defineFunction({
  name: 'between',
  family: 'number',
  summary: 'Is the number in a range, its ends included? Compares exactly, whatever form the number has.',
  params: { min: limit('The least value. Default: no least'), max: limit('The greatest value. Default: no greatest') },
  examples: [
    { in: '9', params: { min: 1, max: '10' }, out: true },
    { in: '10.01', params: { max: 10 }, out: false },
    { in: 'x', params: { max: 10 }, error: 'E402' },
  ],
  prepare: ({ min, max }) => {
    const least = min === undefined ? undefined : toBig(min)
    const greatest = max === undefined ? undefined : toBig(max)
    return ([value]) => {
      const number = toBig(value)
      return !(least?.gt(number) ?? false) && !(greatest?.lt(number) ?? false)
    }
  },
})

const compare = defineFunction({
  name: 'compare',
  family: 'number',
  summary: 'Exact comparison of two numbers: -1, 0 or 1. JSON Logic compares two decimals as text.',
  values: { min: 2, max: 2 },
  examples: [
    { in: ['9', '10'], out: -1 },
    { in: ['1.50', '1.5'], out: 0 },
    { in: [9007199254740993n, 9007199254740992n], out: 1 },
  ],
  prepare: () => values => {
    if (values.length !== 2) throw new RowError('E413', 'it takes two numbers')
    return toBig(values[0]).cmp(toBig(values[1]))
  },
})

export const numberShapeFunctions = [round, scale, floor, ceil, abs, negate, clamp, between, compare] as const
