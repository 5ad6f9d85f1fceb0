import { expect, test } from 'vitest'
import {
  fitText,
  formatClock,
  formatCount,
  formatDuration,
  formatRate,
  plural,
  printable,
} from '../../../src/ui/format.js'
import { formatEta, formatTaken, justify } from '../../../src/ui/view.js'

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [12_345_678, '12,345,678'],
])('count %i is %s', (count, text) => expect(formatCount(count)).toBe(text))

test('plural counts one and many', () => {
  expect([plural(1, 'row'), plural(2000, 'row'), plural(2, 'entity', 'entities')]).toEqual([
    '1 row',
    '2,000 rows',
    '2 entities',
  ])
})

test.each([
  [0, '0.0s'],
  [449, '0.4s'],
  [9_949, '9.9s'],
  [9_950, '10s'],
  [59_499, '59s'],
  [59_500, '01:00'],
  [97_000, '01:37'],
  [11_109_000, '3:05:09'],
])('duration %i is %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test.each([
  [400, '00:00'],
  [83_000, '01:23'],
  [3_600_000, '1:00:00'],
])('clock %i is %s', (ms, text) => expect(formatClock(ms)).toBe(text))

test.each([
  [0.44, '0.4/s'],
  [949.6, '950/s'],
  [999.4, '999/s'],
  [999.6, '1.0k/s'],
  [40_600, '40.6k/s'],
  [999_949, '999.9k/s'],
  [1_234_567, '1.2M/s'],
])('rate %d is %s', (rate, text) => expect(formatRate(rate)).toBe(text))

test.each([
  [283_000, '04:43'],
  [3_599_499, '59:59'],
  [3_599_500, '1h00m'],
  [356_400_000, '99h00m'],
  [360_000_000, '4d'],
])('estimate %i is %s', (ms, text) => expect(formatEta(ms)).toBe(text))

test('time taken stays within its column', () => {
  expect([400, 18_000, 97_000, 11_109_000].map(formatTaken)).toEqual(['0.4s', '18s', '01:37', '3h05m'])
})

test('text is padded or cut to a width', () => {
  expect(fitText('ab', 4)).toBe('ab  ')
  expect(fitText('abcdef', 4)).toBe('abc…')
  expect(fitText('abcdef', 4, '..')).toBe('ab..')
  expect(fitText('abcdef', 0)).toBe('')
})

test('the end of a justified row gives way', () => {
  expect(justify('left', 'end', 10)).toBe('left   end')
  expect(justify('left', 'end', 7)).toBe('left')
})

test('control characters, escapes and direction marks are shown, not obeyed', () => {
  expect(printable('a\u001b[31mred\u0007\r\n\tb\u009b\u202ec')).toBe('a\\u001b[31mred\\u0007\\r\\n\\tb\\u009b\\u202ec')
  expect(printable('Zoë 東京 👍')).toBe('Zoë 東京 👍')
})
