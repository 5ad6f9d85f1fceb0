import { ENCODINGS } from '../../core/files/text-stream.js'
import { Type } from '../../core/schema.js'

/** Bytes of one record (or line) before it counts as a mistake: an unclosed quote would swallow the rest of the file. */
export const DEFAULT_MAX_RECORD = 128 * 1024 * 1024

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
  delimiter: Type.Optional(
    Type.String({
      minLength: 1,
      default: ',',
      description: 'What stands between two values; a tab is written "\\t" in double quotes.',
      examples: [';', '\t'],
    }),
  ),
  quote: Type.Optional(
    Type.Unsafe<string | false>({
      oneOf: [{ type: 'string', minLength: 1, maxLength: 1, pattern: '^[!-~]$' }, { const: false }],
      default: '"',
      description:
        'The character around values that hold delimiters, quotes or line ends; `false` where quotes are ordinary characters.',
      examples: ["'", false],
    }),
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
  null: Type.Optional(
    Type.String({
      default: '',
      description:
        'The text that stands for null where it is not quoted. With the default an empty value is null and `""` is empty text.',
      examples: ['NULL', '\\N'],
    }),
  ),
  skip_lines: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description: 'Lines to leave out at the beginning of a file, before the header.',
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
      description:
        'The longest record in bytes; a longer one ends the run with E523, as a quote is then likely not closed.',
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
