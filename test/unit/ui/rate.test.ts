import { expect, test } from 'vitest'
import { NO_RATE, type Rate, rateAt, sampleRate } from '../../../src/ui/rate.js'

const START = { active: 0, read: 0 }

function feed(samples: readonly (readonly [active: number, rows: number])[]): Rate {
  return samples.reduce((rate, [active, rows]) => sampleRate(rate, rows, active, START), NO_RATE)
}

test('nothing is known before the first sample', () => {
  expect(rateAt(NO_RATE, 1000)).toBeUndefined()
})

test('a steady flow has its own rate from the first sample on', () => {
  expect(rateAt(feed([[1000, 500]]), 1000)).toBeCloseTo(500, 9)
  expect(rateAt(feed([1, 2, 3, 4].map(s => [s * 1000, s * 500] as const)), 4000)).toBeCloseTo(500, 9)
})

test('a change is followed with a time constant of 15 seconds', () => {
  const before = Array.from({ length: 200 }, (_, i) => [(i + 1) * 1000, (i + 1) * 100] as const)
  const after = Array.from({ length: 15 }, (_, i) => [(i + 201) * 1000, 20_000 + (i + 1) * 1100] as const)
  const share = (rateAt(feed([...before, ...after]), 215_000) ?? 0) - 100
  expect(share / 1000).toBeCloseTo(1 - Math.exp(-1), 4)
})

test('batches that finish within the same moment are one sample', () => {
  const together = [
    [1000, 100],
    [1001, 200],
    [1002, 300],
    [2000, 400],
  ] as const
  const alone = [
    [1000, 100],
    [2000, 400],
  ] as const
  expect(rateAt(feed(together), 2000)).toBe(rateAt(feed(alone), 2000))
})

test('the rate sinks while nothing arrives', () => {
  const rate = feed([[1000, 500]])
  expect(rateAt(rate, 4000)).toBeCloseTo(500, 9)
  expect(rateAt(rate, 19_000)).toBeCloseTo(500 * Math.exp(-1), 9)
})

test('rows loaded by an earlier process are not speed', () => {
  const rate = sampleRate(NO_RATE, 1_000_100, 61_000, { active: 60_000, read: 1_000_000 })
  expect(rateAt(rate, 61_000)).toBeCloseTo(100, 9)
})
