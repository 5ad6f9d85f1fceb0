import type { LanguageSchema } from './schema.js'
import { record } from './shape.js'

/**
 * The schema without what the given values cannot reach: rules for keys that none of them has become `true`. It judges
 * these values exactly as the whole schema does, but compiles in a fraction of the time (86 functions, few in one file).
 */
export function relevant(schema: unknown, values: readonly unknown[]): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  const { properties, additionalProperties, items, oneOf, then, else: otherwise, ...rest } = schema as LanguageSchema
  const objects = values.map(record)
  const known = record(properties)
  const held = (key: string) => objects.filter(object => Object.hasOwn(object, key)).map(object => object[key])
  const others = objects.flatMap(object =>
    Object.entries(object).flatMap(([key, value]) => (Object.hasOwn(known, key) ? [] : [value])),
  )
  const part = (key: string, value: unknown) => (value === undefined ? {} : { [key]: value })
  return {
    ...rest,
    ...part('properties', properties && mapValues(known, (each, key) => reached(each, held(key)))),
    ...part('additionalProperties', reached(additionalProperties, others)),
    ...part('items', reached(items, values.filter(Array.isArray).flat())),
    ...part('oneOf', Array.isArray(oneOf) ? oneOf.map(branch => taggedBranch(branch, values)) : oneOf),
    ...part('then', relevant(then, values)),
    ...part('else', relevant(otherwise, values)),
  }
}

function reached(schema: unknown, values: readonly unknown[]): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  return values.length === 0 ? true : relevant(schema, values)
}

/** A branch needs its tag, by which the validator finds it, and what the values with that tag reach. */
function taggedBranch(branch: unknown, values: readonly unknown[]): unknown {
  const properties = record(record(branch).properties)
  const [tag, word] = Object.entries(properties).find(([, property]) => 'const' in record(property)) ?? []
  if (tag === undefined) return branch
  const mine = values.filter(value => record(value)[tag] === record(word).const)
  const kept = relevant(branch, mine) as LanguageSchema
  return { ...kept, properties: { ...record(kept.properties), [tag]: word } }
}

function mapValues(
  object: Readonly<Record<string, unknown>>,
  change: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}
