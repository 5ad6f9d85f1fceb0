import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { nameOrNames, oneWordOf } from './short-form.js'

/** Of rows that are equal in some columns, one is loaded. */
export function dedupe(): TSchema {
  return Type.Object(
    {
      by: nameOrNames({
        description:
          'Source columns or `let` names; rows with equal values in all of them are duplicates. Values are compared exactly ' +
          '(`A` is not `a`; use a `let` with `lower` or `trim` for that), and two nulls are equal.',
        examples: [['NAME', 'CREATED_AT']],
      }),
      keep: Type.Optional(
        oneWordOf(['first', 'last'], {
          description: 'Which of them is loaded, in read order: by `order_by`, in a union member after member.',
          default: 'first',
          examples: ['last'],
        }),
      ),
    },
    {
      additionalProperties: false,
      description:
        'Loads one of the rows that are equal in some columns. The others are counted as deduped and listed in the quarantine ' +
        'file with the key of the row that was kept (E425), without their values. It looks at rows that pass `where` and `filter`; ' +
        'a kept row that fails later takes its duplicates with it. The entity is read in one piece, without `chunks`; ' +
        '`keep: last` reads the rows once more beforehand. Default: every row is loaded.',
      examples: [{ by: ['NAME', 'CREATED_AT'], keep: 'first' }],
    },
  )
}
