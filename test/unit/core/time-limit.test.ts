import { expect, test } from 'vitest'
import { withinTime } from '../../../src/core/time-limit.js'

test('work that does not end is ended; what it did until then is done', () => {
  let began = 0
  const endless = (): void => {
    began++
    for (;;) {}
  }
  expect(withinTime(20, endless)).toBe(false)
  expect(began).toBe(1)
})

test('work that ends is done, and its errors are its own', () => {
  let done = 0
  expect(withinTime(1000, () => void done++)).toBe(true)
  expect(done).toBe(1)
  const failing = (): void => {
    throw new RangeError('mine')
  }
  expect(() => withinTime(1000, failing)).toThrow(RangeError)
})
