import { EtlError, RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { isInteger, plainText } from '../decimal.js'
import { jsonText, numberOf, readJson, writeJson } from '../json-text.js'
import { textOf } from '../text-value.js'

function parse(value: Value | undefined): unknown {
  const document = readJson(textOf(value))
  if (document === undefined) throw new RowError('E413', 'the value is not JSON')
  return document
}

/** A part of a document as a value: whole numbers as numbers, other numbers as decimal text, lists and objects as JSON. */
function partValue(part: unknown): Value {
  const digits = numberOf(part)
  if (digits !== undefined) {
    if (isInteger(digits) && digits !== '-0') {
      const number = Number(digits)
      return Number.isSafeInteger(number) ? number : BigInt(digits)
    }
    const plain = plainText(digits)
    if (plain === undefined) throw new RowError('E403', 'a number in the JSON text is too large')
    return plain
  }
  if (part === undefined || part === null) return null
  if (typeof part === 'string' || typeof part === 'boolean') return part
  return writeJson(part)
}

/** `a.b[0]["c.d"]` as its steps. */
function steps(path: string): string[] | undefined {
  const found: string[] = []
  const step = /(?:^|\.)([^.[\]]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y
  while (step.lastIndex < path.length) {
    const match = step.exec(path)
    if (match === null) return undefined
    found.push(match[1] ?? match[2] ?? (JSON.parse(match[3] as string) as string))
  }
  return found
}

const jsonGet = defineFunction({
  name: 'json_get',
  family: 'json',
  summary: 'One value inside JSON text; null where there is none.',
  params: { path: Type.String({ description: 'Where it stands: a.b[0] or a["name with . in it"]', minLength: 1 }) },
  short: 'path',
  examples: [
    { in: '{"a":{"b":[10,20]}}', params: { path: 'a.b[1]' }, out: 20 },
    {
      in: '{"id":9007199254740993,"p":1.10}',
      params: { path: 'id' },
      out: 9007199254740993n,
      note: 'no digit is lost',
    },
    { in: '{"id":1,"p":1.10}', params: { path: 'p' }, out: '1.10' },
    { in: '{"a":{"b":1.10}}', params: { path: 'a' }, out: '{"b":1.10}' },
    { in: '{"a":1}', params: { path: 'b.c' }, out: null },
    { in: '{"a":1}', params: { path: 'constructor' }, out: null },
    { in: '{a:1}', params: { path: 'a' }, error: 'E413' },
  ],
  prepare: ({ path }) => {
    const way = steps(path)
    if (way === undefined)
      throw new EtlError('E211', 'json_get: the path cannot be read', { kind: 'usage', hint: 'write a.b[0]["c"]' })
    return ([value]) => {
      let part = parse(value)
      for (const step of way) {
        if (typeof part !== 'object' || part === null || !Object.hasOwn(part, step)) return null
        part = (part as Record<string, unknown>)[step]
      }
      return partValue(part)
    }
  },
})

const jsonTextFunction = defineFunction({
  name: 'json_text',
  family: 'json',
  summary: 'The value that a JSON text is: text without its quotes, a number, true, false, null.',
  examples: [
    { in: '"a\\nb"', out: 'a\nb' },
    { in: '1.50', out: '1.50' },
    { in: 'null', out: null },
    { in: 'abc', error: 'E413' },
  ],
  prepare:
    () =>
    ([value]) =>
      partValue(parse(value)),
})

const toJson = defineFunction({
  name: 'to_json',
  family: 'json',
  summary: 'The value as JSON text; null becomes null of JSON.',
  nullIn: 'call',
  examples: [
    { in: 'a"b', out: '"a\\"b"' },
    { in: 9007199254740993n, out: '9007199254740993' },
    { in: null, out: 'null' },
    { in: Buffer.from('x'), error: 'E414' },
  ],
  prepare:
    () =>
    ([value]) =>
      jsonText(value),
})

const jsonArray = defineFunction({
  name: 'json_array',
  family: 'json',
  summary: 'The values as a JSON list.',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  nullIn: 'call',
  examples: [{ in: ['a', 1, null], out: '["a",1,null]' }],
  prepare: () => values => jsonText(values),
})

const jsonObject = defineFunction({
  name: 'json_object',
  family: 'json',
  summary: 'The values as a JSON object with given names.',
  params: { names: Type.Array(Type.String(), { description: 'A name for each value, in their order', minItems: 1 }) },
  short: 'names',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  nullIn: 'call',
  examples: [
    { in: ['Ada', 36], params: { names: ['name', 'age'] }, out: '{"name":"Ada","age":36}' },
    { in: ['Ada'], params: { names: ['name', 'age'] }, error: 'E413', note: 'a name without a value' },
  ],
  prepare:
    ({ names }) =>
    values => {
      if (names.length !== values.length) throw new RowError('E413', 'there is not one name for each value')
      return `{${names.map((name, i) => `${JSON.stringify(name)}:${jsonText(values[i])}`).join(',')}}`
    },
})

export const jsonFunctions = [jsonGet, jsonTextFunction, toJson, jsonArray, jsonObject] as const
