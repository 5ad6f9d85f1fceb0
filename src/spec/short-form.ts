import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'

export type JsonSchema = { [keyword: string]: unknown }

/**
 * One schema for a value with several JSON types (`to: t` or `to: { table: t }`). The keywords of JSON Schema look only
 * at values of their own type, so the forms can stand side by side without `anyOf`, and a mistake gives one error.
 * `enum` and `const` look at every type; they do not go in here.
 */
export function forms(options: JsonSchema, ...schemas: readonly TSchema[]): TSchema {
  const merged: JsonSchema = {}
  const types: unknown[] = []
  for (const schema of schemas as readonly JsonSchema[]) {
    const { type, ...keywords } = schema
    types.push(...(Array.isArray(type) ? type : [type]))
    Object.assign(merged, keywords)
  }
  return Type.Unsafe<unknown>({ type: types, ...merged, ...options })
}

/** A name, or a list of names where there are several. */
export function nameOrNames(options: JsonSchema): TSchema {
  return forms(
    options,
    Type.String({ minLength: 1 }),
    Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true }),
  )
}

export function names(options: JsonSchema): TSchema {
  return Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true, ...options })
}

/** One of a few words. `null` is a word too: YAML reads it as the null value. */
export function oneWordOf(words: readonly string[], options: JsonSchema): TSchema {
  const type = words.includes('null') ? ['string', 'null'] : 'string'
  return Type.Unsafe<string>({ type, enum: words.map(word => (word === 'null' ? null : word)), ...options })
}

/** Text, number, boolean or null. */
export function scalar(options: JsonSchema): TSchema {
  return Type.Unsafe<string | number | boolean | null>({ type: ['string', 'number', 'boolean', 'null'], ...options })
}

/** A JSON Logic rule; the expression compiler checks it, not the schema. */
export function rule(options: JsonSchema): TSchema {
  return Type.Unsafe<unknown>({ ...options })
}

/** An object whose keys the user chooses. */
export function mapping(value: TSchema, options: JsonSchema): TSchema {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: value, ...options })
}
