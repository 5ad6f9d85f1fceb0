import { expect, test } from 'vitest'
import { closest } from '../../../src/transforms/suggest.js'

test.each([
  ['upsrt', ['insert', 'ignore', 'upsert', 'update', 'replace'], 'upsert'],
  ['nmae', ['id', 'name'], 'name'],
  ['CUSTOMERS', ['customer', 'orders'], 'customer'],
  ['feilds', ['fields', 'filter'], 'fields'],
  ['idd', ['id', 'name'], 'id'],
])('%s among %j means %s', (name, names, meant) => {
  expect(closest(name, names)).toBe(meant)
})

test.each([
  ['id', ['pk', 'no']],
  ['cat', ['dog', 'cow']],
  ['total', ['amount', 'placed']],
  ['customers', ['invoices', 'products']],
  ['x', []],
])('%s is near nothing of %j', (name, names) => {
  expect(closest(name, names)).toBeUndefined()
})
