import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { textOf } from '../text-value.js'

/** More are not remembered. */
const SPELLINGS = 100

const YES = ['true', 't', 'yes', 'y', '1', 'on']
const NO = ['false', 'f', 'no', 'n', '0', 'off']

const words = (what: string, defaults: readonly string[]) =>
  Type.Optional(
    Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      description: `What counts as ${what}; upper and lower case are the same`,
      default: [...defaults],
    }),
  )

const fold = (value: Value | undefined): string => textOf(value).trim().toLowerCase()

const toBoolean = defineFunction({
  name: 'to_boolean',
  family: 'boolean',
  summary: 'Reads a yes or no.',
  params: { true: words('true', YES), false: words('false', NO) },
  examples: [
    { in: 'Y', out: true },
    { in: ' no ', out: false },
    { in: 1, out: true },
    { in: true, out: true },
    { in: 'A', params: { true: ['A'], false: ['I'] }, out: true },
    { in: 'maybe', error: 'E407' },
    { in: '', error: 'E407', note: 'empty_to_null first' },
  ],
  prepare: params => {
    const meaning = new Map<string, boolean>()
    for (const word of params.false ?? NO) meaning.set(fold(word), false)
    for (const word of params.true ?? YES) meaning.set(fold(word), true)
    /** Spellings that came before. */
    const known = new Map<Value | undefined, boolean>()
    return ([value]) => {
      if (typeof value === 'boolean') return value
      const before = known.get(value)
      if (before !== undefined) return before
      const answer = meaning.get(fold(value))
      if (answer === undefined) throw new RowError('E407', 'the value is neither a yes nor a no')
      if (known.size < SPELLINGS) known.set(value, answer)
      return answer
    }
  },
})

const not = defineFunction({
  name: 'not',
  family: 'boolean',
  summary: 'The other boolean.',
  examples: [
    { in: true, out: false },
    { in: 0, out: true },
    { in: 'yes', error: 'E407', note: 'to_boolean first' },
  ],
  prepare:
    () =>
    ([value]) => {
      if (typeof value === 'boolean') return !value
      if (value === 0 || value === 1) return value === 0
      throw new RowError('E407', 'the value is not a boolean')
    },
})

export const booleanFunctions = [toBoolean, not] as const
