import { maxRecord, readEncoding, sourceRoots, targetPlace } from '../../core/files/spec.js'
import { Type } from '../../core/schema.js'

export const properties = {
  columns: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      uniqueItems: true,
      description:
        'The members of the objects that are columns; others are ignored. Default: every member of the first 1,000 objects, and an object with another one is a row that fails with E423.',
      examples: [['id', 'name', 'tags']],
    }),
  ),
  encoding: readEncoding,
  max_record: maxRecord('The longest line in bytes; a longer one ends the run with E523.'),
  roots: sourceRoots,
}

export const targetProperties = targetPlace('.jsonl')
