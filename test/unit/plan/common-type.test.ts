import { expect, test } from 'vitest'
import { formatType, parseType } from '../../../src/core/types.js'
import { commonType } from '../../../src/plan/common-type.js'

function common(a: string, b: string): string | undefined {
  const types = [a, b].map(text => (text === 'any' ? ({ kind: 'any' } as const) : parseType(text)))
  const [first, second] = types
  if (first === undefined || second === undefined) throw new Error(`${a} or ${b} is no type`)
  const [one, other] = [commonType(first, second), commonType(second, first)]
  const texts = [one, other].map(type => (type === undefined ? undefined : formatType(type)))
  expect(texts[0], 'the order must not matter').toBe(texts[1])
  return texts[0]
}

test.each([
  ['int16', 'int64', 'int64'],
  ['uint32', 'int32', 'int64'],
  ['uint8', 'int8', 'int16'],
  ['uint64', 'int8', 'decimal(20,0)'],
  ['int32', 'decimal(12,2)', 'decimal(12,2)'],
  ['int64', 'decimal(12,2)', 'decimal(22,2)'],
  ['decimal(10,0)', 'decimal(6,4)', 'decimal(14,4)'],
  ['decimal', 'decimal(6,4)', 'decimal'],
  ['float32', 'float64', 'float64'],
  ['varchar(10)', 'varchar(20)', 'varchar(20)'],
  ['char(10)', 'char(10)', 'char(10)'],
  ['char(10)', 'varchar(5)', 'varchar(10)'],
  ['varchar(10)', 'text', 'text'],
  ['bytes(5)', 'bytes', 'bytes'],
  ['timestamp', 'timestamp', 'timestamp'],
  ['date', 'date', 'date'],
  ['any', 'date', 'any'],
])('%s and %s are %s', (a, b, expected) => {
  expect(common(a, b)).toBe(expected)
})

test.each([
  ['int64', 'float64'],
  ['decimal', 'float64'],
  ['int32', 'text'],
  ['date', 'timestamp'],
  ['timestamp', 'timestamptz'],
  ['boolean', 'int8'],
  ['bytes', 'text'],
  ['json', 'text'],
])('%s and %s have no common type', (a, b) => {
  expect(common(a, b)).toBeUndefined()
})
