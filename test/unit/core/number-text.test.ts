import { expect, test } from 'vitest'
import { textOfNumber } from '../../../src/core/number-text.js'

test.each([
  0,
  -0,
  0.1,
  -0.1,
  0.01,
  0.001,
  0.0001,
  0.25,
  0.125,
  0.005,
  0.05,
  0.5,
  7,
  -7.25,
  1.005,
  100.1,
  999999999.999,
  1e9,
  1e12,
  1e21,
  -1e21,
  1e-7,
  123456789.123,
  -123456789.12,
  4294967296.5,
  0.1 + 0.2,
  1.1 * 3,
  5e-324,
  2 ** 53,
  2 ** 53 + 2,
  Number.MAX_VALUE,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
])('%d has the text that the language gives it', value => {
  expect(textOfNumber(value)).toBe(String(value))
})

test('so have numbers around short decimals of every size', () => {
  const nearby = new Float64Array(1)
  const bits = new BigInt64Array(nearby.buffer)
  const wrong: number[] = []
  for (let power = 1; power <= 1e13; power *= 10) {
    for (let i = 1; i <= 1000; i++) {
      const decimal = Number(`${Math.floor(power / 7) * i}.${i % 10 === 0 ? i / 10 : i}`)
      for (const step of [0n, 1n, -1n]) {
        nearby[0] = i % 2 === 0 ? decimal : -decimal
        bits[0] = (bits[0] ?? 0n) + step
        const value = nearby[0] ?? 0
        if (textOfNumber(value) !== String(value)) wrong.push(value)
      }
    }
  }
  expect(wrong).toEqual([])
})
