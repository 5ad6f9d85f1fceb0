import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { forms } from './short-form.js'

/** SQL before and after; `when` says before and after what. */
export function hooks(when: string): TSchema {
  return Type.Object(
    {
      before: Type.Optional(statements(`Statements to run before ${when}.`)),
      after: Type.Optional(statements(`Statements to run after ${when}.`)),
    },
    { additionalProperties: false, description: `SQL around ${when}. Default: none.` },
  )
}

function statements(description: string): TSchema {
  const statement = forms(
    {
      description: 'One SQL statement: text runs in the target, the long form says where.',
      examples: ['analyze customers', { on: 'abis', sql: 'delete from stage' }],
    },
    Type.String({ minLength: 1 }),
    Type.Object(
      {
        on: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'A source, or `target`.',
            default: 'target',
            examples: ['target'],
          }),
        ),
        sql: Type.String({ minLength: 1, description: 'The statement.', examples: ['analyze customers'] }),
        transaction: Type.Optional(
          Type.Boolean({
            description:
              'On the target a statement commits together with its mark, so it is done exactly once. `false` is for statements that ' +
              'no transaction may hold (`vacuum`): done again where the run is interrupted between the statement and its mark.',
            default: true,
            examples: [false],
          }),
        ),
      },
      { additionalProperties: false },
    ),
  )
  return Type.Array(statement, { description, default: [], examples: [['analyze customers']] })
}
