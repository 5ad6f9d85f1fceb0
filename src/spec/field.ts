import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { forms, mapping, nameOrNames, oneWordOf, rule, scalar } from './short-form.js'

/** How a target column is made: a source column's name, or the long form. */
export function field(step: TSchema): TSchema {
  return forms(
    {
      description: 'How a target column is made. A string is short for `{ from: … }`.',
      examples: ['CUST_NAME', { from: 'CUST_NAME', apply: ['trim'], required: true }],
    },
    Type.String({ minLength: 1 }),
    Type.Object(
      {
        from: Type.Optional(
          nameOrNames({
            description:
              'The source column or the `let` name the value comes from; a list gives several values to the first function, ' +
              'look-up or ref. Exactly one of `from`, `value` and `expr` is needed; default: none.',
            examples: ['CUST_NAME', ['FIRST', 'LAST']],
          }),
        ),
        value: Type.Optional(
          scalar({
            description: 'The same value for every row. Default: none, the value comes from `from` or `expr`.',
            examples: ['legacy', 1, true],
          }),
        ),
        expr: Type.Optional(
          rule({
            description: 'A JSON Logic expression over the row. Default: none, the value comes from `from` or `value`.',
            examples: [{ '>': [{ var: 'WEIGHT' }, 10000] }],
          }),
        ),
        apply: Type.Optional(
          Type.Array(step, {
            description: 'Functions, run from left to right.',
            default: [],
            examples: [['trim']],
          }),
        ),
        map: Type.Optional(
          forms(
            {
              description:
                'A named map of `maps`, or codes with their values right here. Default: values stay as they are.',
              examples: ['coil_status', { A: 'available', I: 'in_use' }],
            },
            Type.String({ minLength: 1 }),
            mapping(scalar({ description: 'What the code becomes.' }), { minProperties: 1 }),
          ),
        ),
        unmapped: Type.Optional(
          oneWordOf(['fail', 'quarantine', 'null', 'keep'], {
            description:
              'What a value that the map does not hold means: `fail` ends the entity, `keep` leaves the value as it is. ' +
              "Default: the entity's `on_error` (`skip` counts as `quarantine` here).",
            examples: ['keep'],
          }),
        ),
        lookup: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'A look-up of `lookups`: the value becomes what the table holds for it. Default: no look-up.',
            examples: ['region_name'],
          }),
        ),
        ref: Type.Optional(
          Type.String({
            minLength: 1,
            description:
              'An entity: the value is its source key and becomes the key that its row got in the target. ' +
              'That entity is loaded first. Default: no reference.',
            examples: ['customer'],
          }),
        ),
        on_missing: Type.Optional(
          oneWordOf(['fail', 'quarantine', 'null', 'keep'], {
            description:
              "What `lookup` or `ref` finding nothing means. Default: the entity's `on_error` (`skip` counts as `quarantine` here).",
            examples: [null],
          }),
        ),
        default: Type.Optional(
          scalar({
            description: 'Takes the place of null after functions, map and look-up. Default: null stays null.',
            examples: ['unknown'],
          }),
        ),
        type: Type.Optional(
          Type.String({
            minLength: 1,
            description:
              'The type to cast to. Default: the type of the target column, or of the source column where the table is created.',
            examples: ['decimal(12,2)', 'timestamptz'],
          }),
        ),
        on_lossy: Type.Optional(
          oneWordOf(['fail', 'quarantine', 'round', 'truncate'], {
            description:
              'What a cast that would lose digits or characters means; allowed losses are counted in the report. ' +
              "Default: an error of the row, so the entity's `on_error`.",
            examples: ['round'],
          }),
        ),
        required: Type.Optional(
          Type.Boolean({
            description: 'Null is an error of the row, also where the target column would take it.',
            default: false,
            examples: [true],
          }),
        ),
        on_invalid: Type.Optional(
          oneWordOf(['null', 'default', 'quarantine', 'fail'], {
            description:
              "What a failing function or cast of this field means; each use is counted in the report. Default: the entity's `on_error`.",
            examples: ['default'],
          }),
        ),
      },
      { additionalProperties: false },
    ),
  )
}
