import fc from 'fast-check'
import { expect, test } from 'vitest'
import { looksNumeric, normalDecimal, plainNumber, shortDecimal } from '../../../../src/connectors/sqlite/decimal.js'

test.each([
  [1.1, '1.1'],
  [0.1 + 0.2, '0.30000000000000004'],
  [1e21, '1000000000000000000000'],
  [-1.5e-9, '-0.0000000015'],
  [1.25e22, '12500000000000000000000'],
  [5e-7, '0.0000005'],
])('%d is written %s', (value, text) => {
  expect(plainNumber(value)).toBe(text)
})

test('plain notation never has an exponent and is the same number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
      const text = plainNumber(value)
      expect(text).toMatch(/^-?\d+(\.\d+)?$/)
      expect(Number(text)).toBe(value === 0 ? Number(text) : value)
    }),
    { seed: 1, numRuns: 2000 },
  )
})

test.each([
  ['1.10', '1.1'],
  ['-0', '0'],
  ['-0.00', '0'],
  ['007.50', '7.5'],
  ['+3', '3'],
  ['.5', '0.5'],
  ['100', '100'],
  ['1e5', undefined],
  ['', undefined],
  ['.', undefined],
  ['abc', undefined],
])('%s as a normal decimal is %s', (text, normal) => {
  expect(normalDecimal(text)).toBe(normal)
})

test('what a numeric column takes for a number', () => {
  for (const text of ['1', ' 1.5 ', '-.5', '1e5', '1.', '+3']) expect(looksNumeric(text)).toBe(true)
  for (const text of ['', ' ', '1 2', '0x10', '2024-01-01', 'e5', '.', 'null']) expect(looksNumeric(text)).toBe(false)
})

test('the number of a short decimal is the one that the runtime finds', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 17 })
  fc.assert(
    fc.property(fc.constantFrom('', '-'), digits, fc.constantFrom('', '.'), digits, (sign, whole, point, fraction) => {
      const text = `${sign}${whole}${point}${fraction}`
      const short = shortDecimal(text)
      const count = whole.length + fraction.length
      expect(short === undefined).toBe(count === 0 || count > 15)
      if (short === undefined) return
      expect(short).toBe(Number(normalDecimal(text)))
      expect(plainNumber(short)).toBe(normalDecimal(text))
    }),
    { seed: 1, numRuns: 2000 },
  )
  for (const text of ['+1', '1e5', ' 1', '1 ', '1.2.3', '--1', '1-', 'a']) expect(shortDecimal(text)).toBeUndefined()
})
