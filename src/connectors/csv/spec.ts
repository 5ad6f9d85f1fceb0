import { maxRecord, readEncoding, sourceRoots, targetPlace } from '../../core/files/spec.js'
import { ENCODINGS } from '../../core/files/text-stream.js'
import { Type } from '../../core/schema.js'

const delimiter = Type.Optional(
  Type.String({
    minLength: 1,
    default: ',',
    description: 'What stands between two values; a tab is written "\\t" in double quotes.',
    examples: [';', '\t'],
  }),
)

const quote = (description: string) =>
  Type.Optional(
    Type.Unsafe<string | false>({
      oneOf: [{ type: 'string', minLength: 1, maxLength: 1, pattern: '^[!-~]$' }, { const: false }],
      default: '"',
      description,
      examples: ["'", false],
    }),
  )

const nullText = (description: string) =>
  Type.Optional(Type.String({ default: '', description, examples: ['NULL', '\\N'] }))

export const properties = {
  columns: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      uniqueItems: true,
      description:
        'Names of the columns, in order, of files whose first record is data and no header. Default: the first record names the columns.',
      examples: [['id', 'name', 'city']],
    }),
  ),
  delimiter,
  quote: quote(
    'The character around values that hold delimiters, quotes or line ends; `false` where quotes are ordinary characters.',
  ),
  escape: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1,
      pattern: '^[!-~]$',
      description: 'The character before a quote within quotes. Default: the quote itself, `""`.',
      examples: ['\\'],
    }),
  ),
  null: nullText(
    'The text that stands for null where it is not quoted. With the default an empty value is null and `""` is empty text.',
  ),
  skip_lines: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description: 'Lines to leave out at the beginning of a file, before the header.',
    }),
  ),
  encoding: readEncoding,
  max_record: maxRecord(
    'The longest record in bytes; a longer one ends the run with E523, as a quote is then likely not closed.',
  ),
  roots: sourceRoots,
}

export const targetProperties = {
  ...targetPlace('.csv'),
  header: Type.Optional(
    Type.Boolean({ default: true, description: 'Whether the first record names the columns.', examples: [false] }),
  ),
  delimiter,
  quote: quote(
    'The character around values that hold delimiters, quotes or line ends, or read like null. With `false` nothing is quoted, and a row with such a value fails with E420.',
  ),
  null: nullText(
    'The text that stands for null, never quoted; a value of the same text is quoted. With the default null is nothing at all and empty text is `""`, so the two stay apart.',
  ),
  line_end: Type.Optional(
    Type.Enum(['lf', 'crlf'], {
      default: 'lf',
      description: 'What ends a record: `lf`, or the `crlf` of RFC 4180. Line ends within values stay as they are.',
      examples: ['crlf'],
    }),
  ),
  encoding: Type.Optional(
    Type.Enum([...ENCODINGS], {
      default: 'utf8',
      description: 'What the text is stored in. A row with a character that it does not have fails with E409.',
      examples: ['windows-1252'],
    }),
  ),
}
