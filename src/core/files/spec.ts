import { Type } from '../schema.js'
import { ENCODINGS } from './text-stream.js'

/** Bytes of one record before it counts as a mistake: an unclosed quote would swallow the rest of the file. */
export const DEFAULT_MAX_RECORD = 128 * 1024 * 1024

/** The encoding of files that are read. */
export const readEncoding = Type.Optional(
  Type.Enum([...ENCODINGS], {
    default: 'utf8',
    description:
      'What the text is stored in. Bytes that are not valid in it end the run with E409. A byte order mark is left out.',
  }),
)

/** @param description says what a record is */
export const maxRecord = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1024, maximum: 400_000_000, default: DEFAULT_MAX_RECORD, description }))

const roots = (description: string, examples: readonly (readonly string[])[]) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: `${description}, relative to the folder of the pipeline file. Links are followed first. Default: the folder of the pipeline file.`,
      examples,
    }),
  )

export const sourceRoots = roots('Folders below which files may lie', [['../exports', '/var/data']])

/** Where a target writes, in both formats. */
export const targetPlace = (extension: string) => ({
  path: Type.String({
    minLength: 1,
    description: `The folder to write to, made where it is missing, relative to the folder of the pipeline file. Each entity writes one file: \`to: customers\` is \`customers${extension}\`, and \`to: customers${extension}.gz\` is compressed. Until it has all its rows a file is called \`….part\`; one that is there already is an error, or with \`load: replace\` gives way to it. Rows stand in the order in which they were written: \`chunks: 1\` keeps that of the source. The ledger is in \`.etl\` in the folder.`,
    examples: ['out'],
  }),
  roots: roots('Folders in which `path` may lie', [['../exports', '/var/data']]),
})
