import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import type { TransformFunction } from '../core/transform.js'
import type { JsonSchema } from './short-form.js'

/**
 * One item of `apply`: a function's name, or an object with the name as its only key and the parameters as its value.
 * `x-short` and `x-values` carry what the loader needs to know of a function without importing it.
 */
export function applyStep(functions: readonly TransformFunction[]): TSchema {
  const properties = Object.fromEntries(functions.map(fn => [fn.name, parameters(fn)]))
  return Type.Unsafe<unknown>({
    description: 'A function: its name, or its name with parameters.',
    examples: functions.some(fn => fn.name === 'trim') ? ['trim'] : functions.slice(0, 1).map(fn => fn.name),
    type: ['string', 'object'],
    if: { type: 'string' },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { enum: functions.map(fn => fn.name) },
    properties,
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  })
}

function parameters(fn: TransformFunction): JsonSchema {
  const object = simplify(fn.params) as JsonSchema
  const about = {
    description: fn.summary,
    'x-values': Number.isFinite(fn.values.max) ? fn.values : { min: fn.values.min },
  }
  const short =
    fn.short === undefined ? undefined : ((object.properties as JsonSchema | undefined)?.[fn.short] as JsonSchema)
  if (short === undefined) return { ...about, ...object }
  return {
    ...about,
    'x-short': fn.short,
    if: { type: 'object' },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: object,
    else: short,
  }
}

/** Unions of words become `enum`, unions of plain types a list of types: one error instead of one per member. */
function simplify(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(simplify)
  if (typeof schema !== 'object' || schema === null) return schema
  const { anyOf, ...rest } = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === 'default' || key === 'examples' ? value : simplify(value),
    ]),
  ) as JsonSchema
  if (!Array.isArray(anyOf)) return rest
  const members = anyOf as JsonSchema[]
  if (members.every(member => 'const' in member)) {
    const values = members.map(member => member.const)
    return { ...rest, type: [...new Set(values.map(value => (value === null ? 'null' : typeof value)))], enum: values }
  }
  const types = members.flatMap(member => (Array.isArray(member.type) ? member.type : [member.type]))
  const disjoint = new Set(types).size === types.length && !types.includes(undefined)
  const shared = members.some(member => 'enum' in member || 'const' in member || 'if' in member)
  return disjoint && !shared ? Object.assign({}, ...members, rest, { type: types }) : { ...rest, anyOf }
}
