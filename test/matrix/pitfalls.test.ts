import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/etl.js'
import { PITFALLS } from './pitfalls.js'

test('the list is whole: K1 to K13, N1 to N9, D1 to D12, T1 to T19', () => {
  const numbered = (letter: string, last: number): string[] =>
    Array.from({ length: last }, (_, i) => `${letter}${i + 1}`)
  const ids = [...numbered('K', 13), ...numbered('N', 9), ...numbered('D', 12), ...numbered('T', 19)]
  expect(PITFALLS.map(({ id }) => id)).toEqual(ids)
})

test.each(PITFALLS.map(({ id, tests }) => [id, tests] as const))('%s is tested where the list says', (_, tests) => {
  expect(tests).not.toEqual([])
  for (const [file, name] of tests) {
    const text = readFileSync(join(ROOT, 'test', file), 'utf8')
    const quoted = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll("'", "\\\\?'")
    // The name follows `test(`, `it(` or the table of a `.each`.
    expect([file, name, new RegExp(`\\(\\s*['"\`]${quoted}['"\`],`).test(text)]).toEqual([file, name, true])
    expect([file, /\b(test|it|describe)\.(skip|only|todo)\b/.test(text)]).toEqual([file, false])
  }
})
