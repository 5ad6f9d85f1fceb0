import { expect, test } from 'vitest'
import { paceFor } from '../../../src/ui/live.js'

test('six frames a second where drawing costs little, fewer where it costs much, never less than one', () => {
  expect(paceFor(0)).toBe(1000 / 6)
  expect(paceFor(3)).toBe(1000 / 6)
  expect(paceFor(10)).toBe(500)
  expect(paceFor(300)).toBe(1000)
})
