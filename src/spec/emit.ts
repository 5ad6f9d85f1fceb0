import type { LanguageParts } from './pipeline.js'
import { pipeline } from './pipeline.js'
import { reference } from './reference.js'
import type { JsonSchema } from './short-form.js'

/** The JSON Schema of the language as editors and the loader read it. */
export function schemaText(parts: LanguageParts): string {
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...pipeline(parts) }
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** The language reference in Markdown. */
export function referenceText(parts: LanguageParts): string {
  return reference(JSON.parse(JSON.stringify(pipeline(parts))) as JsonSchema, parts.functions)
}
