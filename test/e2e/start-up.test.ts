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
  // What else the machine does only adds: the least of several is what the program itself takes.
  const least = (times: readonly number[]): number => Math.min(...times)
  const times: Record<keyof typeof programs, number[]> = { empty: [], plain: [], rules: [] }
  let over: Record<string, number> = {}
  // Turn by turn, so that what else the machine does weighs on all alike; more turns where it was too much, as the pace changes.
  for (let round = 0; round < 9; round++) {
    for (let i = 0; i < 7; i++) {
      for (const name of ['empty', 'plain', 'rules'] as const) times[name].push(await time(programs[name]))
    }
    const limit = 2 * least(times.empty) + 150
    // Expressions load every function; that is worth some more.
    over = { plain: least(times.plain) - limit, rules: least(times.rules) - limit - 80 }
    if (Object.values(over).every(excess => excess <= 0)) return
    await sleep(4000)
  }
  expect(over, 'milliseconds over the limit').toEqual({})
}, 180_000)
