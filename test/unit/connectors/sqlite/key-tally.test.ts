import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openKeyTally } from '../../../../src/connectors/sqlite/key-tally.js'

const folder = mkdtempSync(join(tmpdir(), 'etl-tally-'))
afterAll(() => rmSync(folder, { recursive: true }))

const KEYS = 2000
const key = (i: number): string => (i === 0 ? '' : `key ${i}\u0000${i % 7}`)

// In memory, moved to a file in the middle, in a file from the first key on.
const places = [KEYS, 600, 0]

test.each(places)('with room for %d keys: the first owner stays', async inMemory => {
  const tally = await openKeyTally(folder, inMemory)
  for (let i = 0; i < KEYS; i++) {
    expect(tally.first(key(i), `row ${i}`)).toBeUndefined()
    expect(tally.first(key(i >> 1), 'later')).toBe(`row ${i >> 1}`)
  }
  for (let i = 0; i < KEYS; i++) expect(tally.first(key(i), 'again')).toBe(`row ${i}`)
  tally.close()
})

test.each(places)('with room for %d keys: counts down to the last owner', async inMemory => {
  const tally = await openKeyTally(folder, inMemory)
  for (let turn = 1; turn <= 3; turn++)
    for (let i = 0; i < KEYS; i++) if (i % 3 < turn) tally.note(key(i), `row ${i}, turn ${turn}`)
  for (let i = 0; i < KEYS; i++) {
    const owner = `row ${i}, turn 3`
    for (let left = 2 - (i % 3); left >= 0; left--) expect(tally.take(key(i))).toEqual({ left, owner })
  }
  tally.close()
})

test('what memory does not hold leaves no file behind', async () => {
  const tally = await openKeyTally(folder, 10)
  for (let i = 0; i < KEYS; i++) tally.first(key(i), 'row')
  expect(readdirSync(folder)).toEqual([])
  tally.close()
})
