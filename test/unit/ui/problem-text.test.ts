import { expect, test } from 'vitest'
import { problemText } from '../../../src/ui/problem-text.js'

const retry = { kind: 'retry', code: 'E307', text: 'locked, attempt 2 of 8', rows: 0 } as const

test('the entity stands before what happened to it, and nothing before what happened to the run', () => {
  expect(problemText({ ...retry, entity: 'orders' }, 8)).toBe('orders    E307 locked, attempt 2 of 8')
  expect(problemText({ ...retry, entity: '$pipeline' }, 8)).toBe('E307 locked, attempt 2 of 8')
  expect(problemText({ ...retry, entity: undefined }, 8)).toBe('E307 locked, attempt 2 of 8')
})
