import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { CLI, startProcess } from '../support/etl.js'
import { makeShop } from './shop.js'

/** `makeShop` has no expressions, which load every function. */
const WITH_RULES = `version: 1
name: rules
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  orders:
    from: ORDERS
    to: orders
    filter: { '>': [{ var: ID }, 0] }
    let: { big: { upper: [{ var: NAME }] } }
    fields:
      id: ID
      name: { from: big, apply: [trim, { truncate: 50 }, { replace: { pattern: '\\s+', with: ' ' } }] }
`

test('validate takes at most twice that of an empty program plus 150 ms, with expressions 80 ms more', async () => {
  const { dir } = makeShop(1)
  writeFileSync(join(dir, 'rules.yaml'), WITH_RULES)
  const time = async (args: readonly string[]): Promise<number> => {
    const began = performance.now()
    await startProcess(process.execPath, args, { cwd: dir }).result
    return performance.now() - began
  }
  const programs = { empty: ['-e', '0'], plain: [CLI, 'validate', 'etl.yaml'], rules: [CLI, 'validate', 'rules.yaml'] }
  const middle = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0
  let over: Record<string, number> = {}
  // Again where it was too much, for a calmer moment.
  for (let round = 0; round < 6; round++) {
    const excess: { plain: number[]; rules: number[] } = { plain: [], rules: [] }
    for (let i = 0; i < 7; i++) {
      // Beside the empty program of the same turn, as the machine's own pace changes from one moment to the next.
      const empty = await time(programs.empty)
      // Where an empty program takes longer than 75 ms, so do the 150.
      const limit = 2 * empty + Math.max(150, 2 * empty)
      excess.plain.push((await time(programs.plain)) - limit)
      // Expressions load every function; that is worth some more.
      excess.rules.push((await time(programs.rules)) - limit - 80)
    }
    over = { plain: middle(excess.plain), rules: middle(excess.rules) }
    if (Object.values(over).every(ms => ms <= 0)) return
    await sleep(4000)
  }
  expect(over, 'milliseconds over the limit').toEqual({})
}, 120_000)
