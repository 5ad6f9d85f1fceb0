import { ENCODINGS } from '../../core/files/text-stream.js'
import { Type } from '../../core/schema.js'

/** Bytes of one line before it counts as a mistake. */
export const DEFAULT_MAX_RECORD = 128 * 1024 * 1024

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
  encoding: Type.Optional(
    Type.Enum([...ENCODINGS], {
      default: 'utf8',
      description:
        'What the text is stored in. Bytes that are not valid in it end the run with E409. A byte order mark is left out.',
    }),
  ),
  max_record: Type.Optional(
    Type.Integer({
      minimum: 1024,
      maximum: 400_000_000,
      default: DEFAULT_MAX_RECORD,
      description: 'The longest line in bytes; a longer one ends the run with E523.',
    }),
  ),
  roots: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description:
        'Folders below which files may lie, relative to the folder of the pipeline file. Links are followed first. Default: the folder of the pipeline file.',
      examples: [['../exports', '/var/data']],
    }),
  ),
}
