import type { Type as TypeBox } from 'typebox'

type Builders = Pick<
  typeof TypeBox,
  | 'String'
  | 'Number'
  | 'Integer'
  | 'Boolean'
  | 'Literal'
  | 'Enum'
  | 'Array'
  | 'Union'
  | 'Object'
  | 'Optional'
  | 'Unsafe'
>

type Options = Readonly<Record<string, unknown>> | undefined

/** The mark TypeBox puts on an optional property; not enumerable, so that it is not part of the schema's JSON. */
const OPTIONAL = '~optional'

/**
 * TypeBox's builders: its types, and the same JSON Schema objects, made without loading TypeBox, which would take longer
 * than everything else `etl validate` does.
 */
export const Type = {
  String: (options: Options) => ({ type: 'string', ...options }),
  Number: (options: Options) => ({ type: 'number', ...options }),
  Integer: (options: Options) => ({ type: 'integer', ...options }),
  Boolean: (options: Options) => ({ type: 'boolean', ...options }),
  Literal: (value: string | number | boolean, options: Options) => ({ type: typeof value, const: value, ...options }),
  Enum: (values: readonly unknown[], options: Options) => ({ enum: values, ...options }),
  Array: (items: object, options: Options) => ({ type: 'array', items, ...options }),
  Union: (anyOf: readonly object[], options: Options) => ({ anyOf, ...options }),
  Unsafe: (schema: object) => ({ ...schema }),
  Optional: (schema: object) => Object.defineProperty({ ...schema }, OPTIONAL, { value: true }),
  Object: (properties: Readonly<Record<string, object>>, options: Options) => {
    const required = Object.keys(properties).filter(name => !(OPTIONAL in (properties[name] as object)))
    return { type: 'object', ...(required.length === 0 ? {} : { required }), properties, ...options }
  },
} as unknown as Builders
