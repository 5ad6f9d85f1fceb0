import { readFileSync } from 'node:fs'

export interface LanguageSchema {
  readonly [keyword: string]: unknown
}

/** What the committed schema says of a function, so that checking a file loads no function. */
export interface FunctionSchema {
  /** The parameter that the scalar short form sets. */
  readonly short: string | undefined
  readonly required: readonly string[]
  readonly parameters: readonly string[]
  readonly values: { readonly min: number; readonly max: number }
}

let cached: LanguageSchema | undefined

/** The committed schema of the language. The path is the same from `src/load` and from `dist/load`. */
export function languageSchema(): LanguageSchema {
  cached ??= JSON.parse(
    readFileSync(new URL('../../schemas/pipeline.schema.json', import.meta.url), 'utf8'),
  ) as LanguageSchema
  return cached
}

/** The functions that `apply` takes, by name. */
export function functionSchemas(schema: LanguageSchema = languageSchema()): ReadonlyMap<string, FunctionSchema> {
  const step = at(schema, 'properties', 'entities', 'additionalProperties', 'properties', 'fields')
  const items = at(step, 'additionalProperties', 'properties', 'apply', 'items', 'properties')
  return new Map(Object.entries(items).map(([name, fn]) => [name, functionSchema(fn as LanguageSchema)]))
}

function functionSchema(fn: LanguageSchema): FunctionSchema {
  const object = 'x-short' in fn ? at(fn, 'then') : fn
  const values = fn['x-values'] as { min: number; max?: number } | undefined
  return {
    short: fn['x-short'] as string | undefined,
    required: (object.required ?? []) as readonly string[],
    parameters: Object.keys((object.properties ?? {}) as object),
    values: { min: values?.min ?? 1, max: values?.max ?? Number.POSITIVE_INFINITY },
  }
}

function at(schema: LanguageSchema, ...keys: readonly string[]): LanguageSchema {
  let node: LanguageSchema = schema
  for (const key of keys) node = (node[key] ?? {}) as LanguageSchema
  return node
}
