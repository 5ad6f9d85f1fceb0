import { stringify } from 'yaml'
import type { JsonSchema } from './short-form.js'

/** A section with a row for every key of an object's schema; nothing where it has no keys. */
export function keyTable(title: string | undefined, schema: JsonSchema): string[] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
  if (properties.length === 0) return []
  const required = (schema.required ?? []) as readonly string[]
  return [
    ...(title === undefined
      ? []
      : [`## ${title}`, '', ...(schema.description ? [String(schema.description), ''] : [])]),
    '| key | type | default | | example |',
    '| --- | --- | --- | --- | --- |',
    ...properties.map(([name, property]) => {
      const fallback =
        property.default === undefined ? (required.includes(name) ? 'required' : '') : block(property.default)
      const examples = ((property.examples ?? []) as unknown[]).map(block).join(' · ')
      return `| \`${name}\` | ${cell(typeOf(property))} | ${fallback} | ${cell(String(property.description ?? ''))} | ${examples} |`
    }),
    '',
  ]
}

/** The schema found by going down the keys; empty where there is none. */
export function at(schema: JsonSchema, ...keys: readonly string[]): JsonSchema {
  let node = schema
  for (const key of keys) node = (node[key] ?? {}) as JsonSchema
  return node
}

export function code(text: string): string {
  return `\`${text}\``
}

/** A value as YAML in one line of code. */
export function block(value: unknown): string {
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : stringify(plain(value), { collectionStyle: 'flow', lineWidth: 0, defaultStringType: 'PLAIN' }).trim()
  return code(cell(text.replaceAll('`', "'")))
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Buffer.isBuffer(value)) return `bytes ${value.toString('hex')}`
  return Array.isArray(value) ? value.map(plain) : value
}

function typeOf(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return schema.enum.map(String).join(' · ')
  if ('const' in schema) return String(schema.const)
  if ('x-short' in schema) return `${typeOf(schema.else as JsonSchema)} or object`
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.type === undefined && Array.isArray(schema.oneOf)) return schema.oneOf.map(typeOf).join(' or ')
  const types = schema.type === undefined ? ['JSON Logic'] : [schema.type].flat().map(String)
  const item = schema.items === undefined ? '' : ` of ${typeOf(schema.items as JsonSchema)}`
  return types.map(type => (type === 'array' ? `list${item}` : type === 'object' ? 'block' : type)).join(' or ')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')
}
