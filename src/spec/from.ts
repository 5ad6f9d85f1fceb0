import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { place } from './place.js'
import { forms } from './short-form.js'
import { member } from './union.js'

/** Where an entity's rows come from. Which keys go together is checked with the references, for one clear error. */
export function from(): TSchema {
  return forms(
    {
      description:
        'Where the rows come from: a table of the only source (`table` or `schema.table`), or one of the long forms ' +
        '`{ source, table, columns }`, `{ source, file }`, `{ query, source }`, `{ rows }`, `{ target: true, table }` or `{ target: true, query }`, `{ union: [...] }`.',
      examples: [
        'AB_COIL',
        { source: 'abis', table: 'AB_COIL', columns: ['COIL_ID', 'WEIGHT'] },
        { file: 'data/people.csv' },
        { query: 'select id, name from people where active = 1' },
        { rows: [{ code: 'A', name: 'Active' }] },
        { target: true, table: 'users' },
      ],
    },
    Type.String({ minLength: 1 }),
    Type.Object(
      {
        ...place(),
        union: Type.Optional(
          Type.Array(member(), {
            minItems: 1,
            description:
              'Several places, read one after the other as if they were one table. It has the columns of all members by their ' +
              'new names, null where a member has none, and `$member` with the name of the member. Columns of one name must have ' +
              'types with a common one. A row is identified by `key`, by default `$member` and the key of its member: what a `ref` to the entity gives, in this order. ' +
              '`order_by` sorts within a member, `chunks` splits each. Default: none.',
            examples: [
              [
                { table: 'sessions' },
                { table: 'training_sessions', rename: { session_dt: 'session_date' }, set: { origin: 'legacy' } },
              ],
            ],
          }),
        ),
      },
      { additionalProperties: false },
    ),
  )
}
