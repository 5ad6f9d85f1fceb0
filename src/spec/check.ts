import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { forms, mapping, nameOrNames, oneWordOf, scalar } from './short-form.js'

/** The kinds of checks: each check has exactly one of these keys. */
export const CHECK_KINDS = [
  'unique',
  'not_null',
  'accepted',
  'range',
  'matches',
  'references',
  'consistent',
  'row_count',
  'sql',
] as const

const column = Type.String({ minLength: 1, description: 'The column.', examples: ['status'] })

const bound = (description: string) =>
  Type.Optional(forms({ description, examples: [0, '2000-01-01'] }, Type.Number(), Type.String({ minLength: 1 })))

const DOTTED = '^.+\\..+$'

/**
 * Rules that data must keep.
 *
 * @param of whose columns they name
 */
export function checks(of: 'entity' | 'pipeline'): TSchema {
  return Type.Array(check(of), {
    description:
      of === 'entity'
        ? 'Rules for the rows of this entity, in the target or, with `on: source`, where they come from.'
        : 'Rules for any tables of the target or a source, mostly SQL over several of them.',
    default: [],
    examples: [[of === 'entity' ? { unique: ['email'] } : { sql: 'select id from orders where total < 0' }]],
  })
}

function check(of: 'entity' | 'pipeline'): TSchema {
  const table =
    of === 'entity'
      ? {}
      : {
          table: Type.Optional(
            Type.String({
              minLength: 1,
              description:
                'The table that the rule is for, `table` or `schema.table`. Default: none; needed unless the rule is `sql`.',
              examples: ['users'],
            }),
          ),
        }
  return Type.Object(
    { ...kinds(), ...table, ...common() },
    {
      additionalProperties: false,
      description:
        'One rule: one of `unique`, `not_null`, `accepted`, `range`, `matches`, `references`, `consistent`, `row_count`, `sql`. ' +
        'A null breaks `not_null` alone.',
      examples: [{ unique: ['email'] }],
    },
  )
}

function kinds() {
  return {
    unique: Type.Optional(
      nameOrNames({
        description: 'No two rows have the same values in these columns. Default: no such rule.',
        examples: [['email'], ['order_id', 'line']],
      }),
    ),
    not_null: Type.Optional(
      nameOrNames({ description: 'None of these columns is null. Default: no such rule.', examples: [['name']] }),
    ),
    accepted: Type.Optional(
      Type.Object(
        {
          column,
          values: Type.Array(scalar({ description: 'A value.' }), {
            minItems: 1,
            description: 'The values there may be.',
            examples: [['available', 'shipped']],
          }),
        },
        {
          additionalProperties: false,
          description: 'The column has one of these values. Default: no such rule.',
          examples: [{ column: 'status', values: ['available', 'shipped'] }],
        },
      ),
    ),
    range: Type.Optional(
      Type.Object(
        {
          column,
          min: bound('The smallest value there may be. Default: none.'),
          max: bound('The largest value there may be. Default: none.'),
        },
        {
          additionalProperties: false,
          description: 'The column lies between two values, both included. Default: no such rule.',
          examples: [{ column: 'weight', min: 0, max: 50000 }],
        },
      ),
    ),
    matches: Type.Optional(
      Type.Object(
        {
          column,
          pattern: Type.String({
            minLength: 1,
            description: 'A regular expression of JavaScript, with Unicode; it may match anywhere in the text.',
            examples: ['^[^@]+@[^@]+$'],
          }),
        },
        {
          additionalProperties: false,
          description:
            'The text of the column fits a pattern. The column is read and looked at here, so that a pattern means the ' +
            'same whatever the database. Default: no such rule.',
          examples: [{ column: 'email', pattern: '^[^@]+@[^@]+$' }],
        },
      ),
    ),
    references: Type.Optional(
      Type.Object(
        {
          column,
          to: Type.String({
            pattern: DOTTED,
            description: 'A column of the same database that has the value, `table.column`.',
            examples: ['trainers.id'],
          }),
        },
        {
          additionalProperties: false,
          description: 'The value of the column is there in another one: no orphans. Default: no such rule.',
          examples: [{ column: 'trainer_id', to: 'trainers.id' }],
        },
      ),
    ),
    consistent: Type.Optional(
      Type.Object(
        {
          column,
          with: Type.String({
            pattern: DOTTED,
            description: 'The column that must have the same value, `table.column`.',
            examples: ['parts.unit'],
          }),
          on: forms(
            {
              description:
                "What joins the two tables: a column that holds the other table's primary key, or columns here with those there.",
              examples: ['part_id', { part_id: 'id' }],
            },
            Type.String({ minLength: 1 }),
            mapping(Type.String({ minLength: 1, description: 'The column there.' }), { minProperties: 1 }),
          ),
        },
        {
          additionalProperties: false,
          description: 'The column has the same value on both sides of a join. Default: no such rule.',
          examples: [{ column: 'unit', with: 'parts.unit', on: 'part_id' }],
        },
      ),
    ),
    row_count: Type.Optional(
      forms(
        {
          description:
            'How many rows there are: a number, bounds, or `equals: source`, as many as the entity reads. Default: no such rule.',
          examples: [5, { min: 1 }, { equals: 'source' }],
        },
        Type.Integer({ minimum: 0 }),
        Type.Object(
          {
            equals: Type.Optional(
              forms(
                { description: 'A number, or `source`. Default: any.', examples: ['source', 12] },
                Type.Integer({ minimum: 0 }),
                Type.String({ pattern: '^source$' }),
              ),
            ),
            min: Type.Optional(Type.Integer({ minimum: 0, description: 'At least. Default: any.', examples: [1] })),
            max: Type.Optional(Type.Integer({ minimum: 0, description: 'At most. Default: any.', examples: [100] })),
          },
          { additionalProperties: false, minProperties: 1 },
        ),
      ),
    ),
    sql: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A query. With `expect` it gives one value; without, it gives what breaks the rule, and no row may come: its first ' +
          'columns then name the offenders. Default: no such rule.',
        examples: ['select id from machines where owner_id is null'],
      }),
    ),
  }
}

function common() {
  return {
    expect: Type.Optional(
      forms(
        {
          description: 'What the one value of `sql` must be: a value, or bounds. Default: no row may come.',
          examples: [1, { max: 1 }],
        },
        scalar({}),
        Type.Object(
          {
            min: Type.Optional(Type.Number({ description: 'At least. Default: any.', examples: [1] })),
            max: Type.Optional(Type.Number({ description: 'At most. Default: any.', examples: [1] })),
          },
          { additionalProperties: false, minProperties: 1 },
        ),
      ),
    ),
    where: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'SQL condition: only these rows are looked at. Default: all.',
        examples: ["type = 'supplier'"],
      }),
    ),
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 120,
        description: 'What the rule is called in reports. Default: the rule in words.',
        examples: ['every supplier has a parent'],
      }),
    ),
    on: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          '`target`, `source` (what the entity reads; in the checks of the file the only source), or the name of a source.',
        default: 'target',
        examples: ['source'],
      }),
    ),
    when: Type.Optional(
      oneWordOf(['before', 'after', 'both'], {
        description:
          'Whether the rule must hold before anything is written, when the run has ended, or both times. Default: `before` on a source, `after` on the target.',
        examples: ['both'],
      }),
    ),
    severity: Type.Optional(
      oneWordOf(['info', 'warning', 'error', 'critical'], {
        description:
          'What a broken rule means: `info` and `warning` are shown; `error` stops the run before anything is written, or makes ' +
          'it fail at its end, unless `--force` is given; `critical` does so in any case.',
        default: 'error',
        examples: ['critical'],
      }),
    ),
  }
}
