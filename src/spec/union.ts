import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { place } from './place.js'
import { mapping, nameOrNames, scalar } from './short-form.js'

/** One place of `from: { union: [...] }`. */
export function member(): TSchema {
  return Type.Object(
    {
      ...place(),
      as: Type.Optional(
        Type.String({
          minLength: 1,
          description:
            "The member's name, which `$member` holds. Default: the `table` or `file` as it stands here; `query` and `rows` need it.",
          examples: ['legacy'],
        }),
      ),
      key: Type.Optional(
        nameOrNames({
          description:
            "The member's own columns that identify a row of it. Default: what `key` of the entity says, else the table's primary key.",
          examples: ['SESSION_ID'],
        }),
      ),
      where: Type.Optional(
        Type.String({
          minLength: 1,
          description: "SQL condition, run by the member's source. Default: all rows.",
          examples: ["STATUS <> 'X'"],
        }),
      ),
      rename: Type.Optional(
        mapping(Type.String({ minLength: 1, description: 'The name of the column in the union.' }), {
          description: 'Columns of the member that are called otherwise in the union: old name to new name.',
          default: {},
          examples: [{ session_dt: 'session_date' }],
        }),
      ),
      set: Type.Optional(
        mapping(scalar({ description: 'The value of every row.' }), {
          description: 'Columns that have the same value in every row of the member.',
          default: {},
          examples: [{ origin: 'legacy' }],
        }),
      ),
    },
    { additionalProperties: false, description: 'A place whose rows belong to the union.' },
  )
}
