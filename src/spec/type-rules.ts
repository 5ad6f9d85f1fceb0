import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { nameOrNames } from './short-form.js'

const EXAMPLES = [[{ when: { source: 'NUMBER(1,0)' }, to: 'boolean' }]]

/** Rules for the types of columns in tables that are created; `scope` says which columns. */
export function typeRules(scope: string): TSchema {
  return Type.Array(
    Type.Object(
      {
        when: Type.Object(
          {
            source: Type.Optional(
              pattern("The source column's type in its database's own words. Default: any type.", [
                'NUMBER(*,0)',
                ['tinyint(1)', 'bit(1)'],
              ]),
            ),
            column: Type.Optional(pattern('The name of the source column. Default: any column.', ['IS_*'])),
            table: Type.Optional(
              pattern('The source table, `table` or `schema.table`. Default: any table, query or file.', ['AB_*']),
            ),
          },
          {
            additionalProperties: false,
            minProperties: 1,
            description:
              'Which columns the rule is for; all that is said must hold. `*` stands for any characters, case does not ' +
              'matter, and of several patterns one must fit.',
          },
        ),
        to: Type.String({
          minLength: 1,
          description: 'The type of the new column, and of the cast of its values.',
          examples: ['boolean', 'decimal(12,2)'],
        }),
      },
      { additionalProperties: false, description: 'A rule that gives created columns a type.' },
    ),
    {
      description: `Types of the columns that \`to.create\` makes from source columns ${scope}; the first rule that fits decides. \`etl plan\` says which did.`,
      default: [],
      examples: EXAMPLES,
    },
  )
}

function pattern(description: string, examples: readonly unknown[]): TSchema {
  return nameOrNames({ description, examples })
}
