import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { checks } from './check.js'
import { dedupe } from './dedupe.js'
import { from } from './from.js'
import { hooks } from './hooks.js'
import { incremental } from './incremental.js'
import type { JsonSchema } from './short-form.js'
import { forms, mapping, nameOrNames, names, oneWordOf, rule } from './short-form.js'
import { typeRules } from './type-rules.js'

const batchSize = (fallback: string) =>
  Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    description: `Rows in a batch, which is what commits together. Default: ${fallback}.`,
    examples: [5000],
  })

const LOAD =
  'What happens with rows that the target has already: `insert` an error of the row · `ignore` left as they are · ' +
  '`upsert` updated, others inserted · `update` updated, others are an error of the row · ' +
  '`replace` the table is emptied first.'

const load = (options: JsonSchema) =>
  oneWordOf(['insert', 'ignore', 'upsert', 'update', 'replace'], {
    description: LOAD,
    examples: ['upsert'],
    ...options,
  })

const ON_ERROR =
  'What a row that cannot be loaded means: `fail` ends the entity, `quarantine` puts the row aside with its cause, `skip` counts it.'

const onError = (options: JsonSchema) =>
  oneWordOf(['fail', 'quarantine', 'skip'], { description: ON_ERROR, examples: ['quarantine'], ...options })

export const maxErrors = (of: string, fallback: string) =>
  forms(
    {
      description: `Failed rows ${of} may have, as a number or as a share of the rows read; past it ${of.replace(/^an? /, 'the ')} fails. Default: ${fallback}.`,
      examples: [100, '1%'],
    },
    Type.Integer({ minimum: 0 }),
    Type.String({ pattern: '^\\d{1,3}(\\.\\d+)?%$' }),
  )

const REST =
  'What happens with source columns that no field, `let` or `filter` names: `copy` writes them under the same name.'

const rest = (options: JsonSchema) =>
  oneWordOf(['warn', 'ignore', 'copy', 'fail'], { description: REST, examples: ['copy'], ...options })

const orDefaults = (word: string) => ` Default: what \`defaults\` says, else \`${word}\`.`

/** What every entity does unless it says otherwise. */
export function defaults(): TSchema {
  return Type.Object(
    {
      batch_size: Type.Optional(batchSize('what suits the target')),
      load: Type.Optional(load({ default: 'insert' })),
      on_error: Type.Optional(onError({ default: 'quarantine' })),
      max_errors: Type.Optional(maxErrors('an entity', 'no limit; exit code 3 tells')),
      rest: Type.Optional(rest({ default: 'warn' })),
    },
    {
      additionalProperties: false,
      description: 'What every entity does unless it says otherwise. Default: what each key says.',
      examples: [{ batch_size: 1000, on_error: 'quarantine' }],
    },
  )
}

export function entity(field: TSchema): TSchema {
  return Type.Object(
    {
      description: Type.Optional(
        Type.String({ description: 'For people. Default: none.', examples: ['Coil inventory'] }),
      ),
      from: from(),
      to: forms(
        {
          description: 'The target table, `table` or `schema.table`; the long form can create it.',
          examples: ['inventory_coil', { schema: 'app', table: 'inventory_coil', create: 'if_missing' }],
        },
        Type.String({ minLength: 1 }),
        Type.Object(
          {
            table: Type.String({ minLength: 1, description: 'The table.', examples: ['inventory_coil'] }),
            schema: Type.Optional(
              Type.String({
                minLength: 1,
                description: "Its schema. Default: what stands before the dot in `table`, else the connection's own.",
                examples: ['app'],
              }),
            ),
            create: Type.Optional(
              oneWordOf(['never', 'if_missing'], {
                description: 'Whether the table is created where it is missing.',
                default: 'never',
                examples: ['if_missing'],
              }),
            ),
          },
          { additionalProperties: false },
        ),
      ),
      key: Type.Optional(
        nameOrNames({
          description: "Source column or columns that identify a row. Default: the source's primary key.",
          examples: ['COIL_ID', ['ORDER_ID', 'LINE']],
        }),
      ),
      depends_on: Type.Optional(
        names({
          description: 'Entities to finish first, besides those that `ref` and foreign keys of the target imply.',
          default: [],
          examples: [['carrier']],
        }),
      ),
      load: Type.Optional(load({ description: `${LOAD}${orDefaults('insert')}` })),
      match: Type.Optional(
        nameOrNames({
          description:
            "Target columns that decide which row is the same for ignore, upsert and update; a key of the table, but for `ignore`, which looks for each row itself where no constraint keeps them unique (an index on them makes that fast). Default: the target's primary key.",
          examples: ['id', ['order_id', 'line']],
        }),
      ),
      where: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'SQL condition, run by the source. Default: all rows.',
          examples: ["STATUS <> 'X'"],
        }),
      ),
      order_by: Type.Optional(
        nameOrNames({
          description: 'Source columns that give the read order; the key is appended. Default: the key.',
          examples: ['CREATED_AT', ['CREATED_AT', 'COIL_ID']],
        }),
      ),
      filter: Type.Optional(
        rule({
          description: 'JSON Logic run here; rows for which it is not true are counted as filtered. Default: all rows.',
          examples: [{ '>': [{ var: 'WEIGHT' }, 0] }],
        }),
      ),
      let: Type.Optional(
        mapping(rule({ description: 'A JSON Logic expression.', examples: [{ '/': [{ var: 'WEIGHT' }, 2000] }] }), {
          description:
            'Values computed once a row, for use as `{ var: name }` and `from: name`, each seeing those above it.',
          default: {},
          examples: [{ tons: { '/': [{ var: 'WEIGHT' }, 2000] } }],
        }),
      ),
      dedupe: Type.Optional(dedupe()),
      incremental: Type.Optional(incremental()),
      fields: Type.Optional(
        mapping(field, {
          description: 'Target columns and how each is made. Default: none, which needs `rest: copy`.',
          examples: [{ id: 'COIL_ID', weight: { from: 'WEIGHT', required: true } }],
        }),
      ),
      rest: Type.Optional(rest({ description: `${REST}${orDefaults('warn')}` })),
      types: Type.Optional(typeRules('of this entity, before those of the file')),
      defer: Type.Optional(
        names({
          description: 'Target columns left null and filled in a second pass: self references and cycles.',
          default: [],
          examples: [['parent_id']],
        }),
      ),
      batch_size: Type.Optional(batchSize('what `defaults` says, else what suits the target')),
      chunks: Type.Optional(
        forms(
          {
            description:
              'Splits the key range, or a file by its bytes: so many ranges, or ranges of about so many rows. They run side by side, as many as ' +
              "`--concurrency` lets, and resume separately. A file that is compressed or not UTF-8 is one range. Default: for a table of 200,000 rows or more whose order cannot be seen in the target, as its integer or uuid key is part of each of the target's, two where the machine has two cores (into MySQL four), three or four where it has six or eight; else one.",
            examples: [8, { rows: 250_000 }],
          },
          Type.Integer({ minimum: 1, maximum: 10_000 }),
          Type.Object(
            { rows: Type.Integer({ minimum: 1, description: 'About so many rows a range.', examples: [250_000] }) },
            { additionalProperties: false },
          ),
        ),
      ),
      on_error: Type.Optional(onError({ description: `${ON_ERROR}${orDefaults('quarantine')}` })),
      max_errors: Type.Optional(maxErrors('an entity', 'what `defaults` says, else no limit')),
      hooks: Type.Optional(hooks('the entity')),
      checks: Type.Optional(checks('entity')),
      when: Type.Optional(
        Type.Object(
          {
            source_has: Type.String({
              minLength: 1,
              description: 'A table of the source; where it is absent the entity is skipped with a warning.',
              examples: ['AB_COIL_OLD'],
            }),
          },
          { additionalProperties: false, description: 'When the entity is loaded at all. Default: always.' },
        ),
      ),
    },
    { additionalProperties: false, description: 'One table that is filled.' },
  )
}
