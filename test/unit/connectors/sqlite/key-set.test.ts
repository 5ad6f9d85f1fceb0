import { expect, test } from 'vitest'
import { openKeySet } from '../../../../src/connectors/sqlite/key-set.js'

test('remembers what was added', async () => {
  const set = await openKeySet()
  expect(set.addNew('a')).toBe(true)
  expect(set.addNew('a')).toBe(false)
  expect(set.has('a')).toBe(true)
  expect(set.has('b')).toBe(false)
  set.close()
})

test('goes on the same past its place in memory', async () => {
  const set = await openKeySet(1000)
  for (let i = 0; i < 5000; i++) expect(set.addNew(`key ${i}`)).toBe(true)
  for (let i = 0; i < 5000; i++) {
    expect(set.has(`key ${i}`)).toBe(true)
    expect(set.addNew(`key ${i}`)).toBe(false)
  }
  expect(set.has('key 5000')).toBe(false)
  expect(set.addNew('')).toBe(true)
  expect(set.addNew('')).toBe(false)
  expect(set.addNew('KEY 1')).toBe(true)
  expect(set.addNew('a\u0000b')).toBe(true)
  expect(set.addNew('a\u0000c')).toBe(true)
  expect(set.addNew('a\u0000b')).toBe(false)
  set.close()
})
