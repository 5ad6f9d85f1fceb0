import type { Value } from '../../core/row.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'

const scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()])

/** Codes are compared as text, so that 0 finds both 0 and '0'. */
const same = (value: Value | undefined, code: string): boolean =>
  value !== null && value !== undefined && !Buffer.isBuffer(value) && String(value) === code

const nullIf = defineFunction({
  name: 'null_if',
  family: 'null',
  summary: 'Null where the value is one of some codes.',
  params: {
    values: Type.Union([scalar, Type.Array(scalar)], { description: 'A code or a list of them, compared as text' }),
  },
  short: 'values',
  examples: [
    { in: 'N/A', params: { values: ['N/A', '-', 'none'] }, out: null },
    { in: 0, params: { values: '0' }, out: null },
    { in: 'n/a', params: { values: 'N/A' }, out: 'n/a' },
  ],
  prepare: ({ values }) => {
    const codes = (Array.isArray(values) ? values : [values]).map(String)
    return ([value]) => (codes.some(code => same(value, code)) ? null : (value ?? null))
  },
})

const emptyToNull = defineFunction({
  name: 'empty_to_null',
  family: 'null',
  summary: 'Null where the value is empty text.',
  examples: [
    { in: '', out: null },
    { in: ' ', out: ' ', note: 'blank_to_null takes spaces too' },
    { in: 0, out: 0 },
  ],
  prepare:
    () =>
    ([value]) =>
      value === '' ? null : (value ?? null),
})

const blankToNull = defineFunction({
  name: 'blank_to_null',
  family: 'null',
  summary: 'Null where the value is empty text or nothing but white space.',
  examples: [
    { in: ' \t', out: null },
    { in: ' a ', out: ' a ' },
  ],
  prepare:
    () =>
    ([value]) =>
      typeof value === 'string' && value.trim() === '' ? null : (value ?? null),
})

const coalesce = defineFunction({
  name: 'coalesce',
  family: 'null',
  summary: 'The first value that is not null.',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  nullIn: 'call',
  examples: [
    { in: [null, 'b', 'c'], out: 'b' },
    { in: [null, ''], out: '', note: 'empty text is a value' },
    { in: [null, null], out: null },
  ],
  prepare: () => values => values.find(value => value !== null) ?? null,
})

const defaultTo = defineFunction({
  name: 'default_to',
  family: 'null',
  summary: 'A constant where the value is null.',
  params: { value: Type.Union([Type.String(), Type.Number(), Type.Boolean()], { description: 'The constant' }) },
  short: 'value',
  nullIn: 'call',
  examples: [
    { in: null, params: { value: 'unknown' }, out: 'unknown' },
    { in: 'x', params: { value: 'unknown' }, out: 'x' },
  ],
  prepare:
    params =>
    ([value]) =>
      value ?? params.value,
})

const isNull = defineFunction({
  name: 'is_null',
  family: 'null',
  summary: 'Is the value null?',
  nullIn: 'call',
  examples: [
    { in: null, out: true },
    { in: '', out: false },
  ],
  prepare:
    () =>
    ([value]) =>
      value === null,
})

export const nullFunctions = [nullIf, emptyToNull, blankToNull, coalesce, defaultTo, isNull] as const
