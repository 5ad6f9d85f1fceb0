import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'

/** Later runs read only what is new. */
export function incremental(): TSchema {
  return Type.Object(
    {
      column: Type.String({
        minLength: 1,
        description:
          'A source column whose value only grows when a row is added or changed: a time of change, a counter.',
        examples: ['UPDATED_AT'],
      }),
    },
    {
      additionalProperties: false,
      description:
        "The first run reads everything, each later one the rows past the high-water mark: the column's largest value when " +
        'the last run that finished the entity began to read it, in the source. Rows equal to the mark are read again, but not with ' +
        '`load: insert`, where a row that comes later with the very same value is missed. Rows committed late with a value below ' +
        'the mark, and deleted rows, are not noticed. Rows without a value are read by the first run only, with a warning. ' +
        'Needs the ledger, which keeps the mark; `--limit` does not move it. Another column or source: refused without ' +
        '`--accept-changes`, which reads everything again. Default: every run reads everything.',
      examples: [{ column: 'UPDATED_AT' }],
    },
  )
}
