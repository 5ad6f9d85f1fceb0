import type { TransformFunction } from '../core/transform.js'
import { closest } from './suggest.js'

/** The part of JSON Schema that parameters use. */
interface ParamSchema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly ParamSchema[]
  readonly items?: ParamSchema
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly minItems?: number
}

/** What is wrong with the parameters of a call; undefined where they are good. */
export function paramsProblem(fn: TransformFunction, params: Readonly<Record<string, unknown>>): string | undefined {
  const declared = fn.params.properties as Readonly<Record<string, ParamSchema>>
  const names = Object.keys(declared)
  for (const [name, value] of Object.entries(params)) {
    if (!Object.hasOwn(declared, name)) {
      const near = closest(name, names)
      const known = names.length === 0 ? 'it takes none' : `it takes ${names.join(', ')}`
      return `${fn.name} has no parameter ${name}; ${near === undefined ? known : `did you mean ${near}?`}`
    }
    const wanted = mismatch(declared[name] as ParamSchema, value)
    if (wanted !== undefined) return `${fn.name}: parameter ${name} must be ${wanted}`
  }
  const required = (fn.params.required ?? []) as readonly string[]
  const absent = required.find(name => !Object.hasOwn(params, name))
  return absent === undefined ? undefined : `${fn.name} needs the parameter ${absent}`
}

/** What the schema wants, in words, where the value is something else. */
function mismatch(schema: ParamSchema, value: unknown): string | undefined {
  if (schema.anyOf !== undefined) {
    const wants = schema.anyOf.map(option => mismatch(option, value))
    return wants.includes(undefined) ? undefined : [...new Set(wants)].join(' or ')
  }
  if (schema.const !== undefined) return value === schema.const ? undefined : JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.includes(value) ? undefined : `one of ${schema.enum.join(', ')}`
  switch (schema.type) {
    case 'string':
      if (typeof value !== 'string') return 'text'
      return value.length < (schema.minLength ?? 0) ? 'text that is not empty' : undefined
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'null':
      return value === null ? undefined : 'null'
    case 'integer':
    case 'number': {
      const { minimum, maximum } = schema
      const what = schema.type === 'integer' ? 'a whole number' : 'a number'
      const words =
        minimum === undefined ? what : `${what} from ${minimum}${maximum === undefined ? '' : ` to ${maximum}`}`
      if (typeof value !== 'number' || (schema.type === 'integer' && !Number.isSafeInteger(value))) return words
      return value < (minimum ?? -Infinity) || value > (maximum ?? Infinity) ? words : undefined
    }
    case 'array': {
      if (!Array.isArray(value) || value.length < (schema.minItems ?? 0)) return 'a list'
      const { items } = schema
      const wrong =
        items === undefined ? undefined : value.map(item => mismatch(items, item)).find(w => w !== undefined)
      return wrong === undefined ? undefined : `a list, each item ${wrong}`
    }
    default:
      return undefined
  }
}
