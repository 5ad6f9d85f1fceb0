import { expect, test } from 'vitest'
import { spread } from '../../../src/core/spread.js'

test('the first, the last, and one of each part between them', () => {
  for (const [count, size] of [
    [1000, 10],
    [11, 10],
    [3, 2],
    [1_000_000, 500],
  ] as const) {
    const drawn = spread(count, size, 'a')
    expect(drawn.length).toBe(size)
    expect([drawn[0], drawn.at(-1)]).toEqual([0, count - 1])
    expect(drawn.every((number, i) => i === 0 || number > (drawn[i - 1] ?? 0))).toBe(true)
    const widest = Math.max(...drawn.slice(1).map((number, i) => number - (drawn[i] ?? 0)))
    expect(widest).toBeLessThanOrEqual(2 * Math.ceil(count / Math.max(1, size - 2)))
  }
})

test('no more than there are, and none of nothing', () => {
  expect([spread(3, 5, 'a'), spread(0, 5, 'a'), spread(1, 1, 'a')]).toEqual([[0, 1, 2], [], [0]])
})

test('the same for the same seed, others for another', () => {
  expect(spread(10_000, 20, 'a')).toEqual(spread(10_000, 20, 'a'))
  expect(spread(10_000, 20, 'a')).not.toEqual(spread(10_000, 20, 'b'))
})
