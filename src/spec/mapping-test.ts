import type { TSchema } from 'typebox'
import type { ErrorCode } from '../core/codes.js'
import { Type } from '../core/schema.js'
import { mapping, oneWordOf } from './short-form.js'

/** What `expect_error` may call a rejection by, beside its code. */
export const ERROR_NAMES = {
  REQUIRED: 'E401',
  NOT_A_NUMBER: 'E402',
  OUT_OF_RANGE: 'E403',
  LOSSY: 'E404',
  TOO_LONG: 'E405',
  NOT_A_DATE: 'E406',
  NOT_A_BOOLEAN: 'E407',
  NUL: 'E408',
  NOT_UNICODE: 'E409',
  UNMAPPED: 'E410',
  LOOKUP_MISSING: 'E411',
  REF_MISSING: 'E412',
  FUNCTION_FAILED: 'E413',
  EXPRESSION_FAILED: 'E414',
  NOT_CONVERTIBLE: 'E421',
  KEY_IS_NULL: 'E422',
} as const satisfies Record<string, ErrorCode>

const row = (description: string, examples: readonly unknown[]) =>
  mapping(Type.Unsafe<unknown>({ description: 'The value.' }), { description, examples })

/** `tests`: rows that go through the mapping of an entity without any database. */
export function mappingTests(): TSchema {
  return Type.Array(
    Type.Object(
      {
        entity: Type.String({ minLength: 1, description: 'The entity whose mapping it is.', examples: ['customer'] }),
        name: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'What is shown. Default: the entity and the number of the test.',
            examples: ['trims and normalises'],
          }),
        ),
        given: row('A source row, by column. Columns not named are null.', [{ CUST_NAME: '  acme ', STATUS: 'A' }]),
        lookups: Type.Optional(
          mapping(
            row('Value by key. Several key columns are joined by a comma; several values are a mapping.', [
              { EU: 'Europe' },
            ]),
            {
              description: 'What the look-ups find, by their name; anything else is missing.',
              default: {},
              examples: [{ region_name: { EU: 'Europe' } }],
            },
          ),
        ),
        refs: Type.Optional(
          mapping(
            row('Key in the target by key in the source. Several columns are joined by a comma.', [{ 17: 4711 }]),
            {
              description:
                'The rows of other entities that are there, by the name of the entity; anything else is missing.',
              default: {},
              examples: [{ customer: { 17: 4711 } }],
            },
          ),
        ),
        expect: Type.Optional(
          row(
            'The target row, by column. Columns not named are not compared. Default: none; one of the three must be there.',
            [{ name: 'ACME', status: 'active' }],
          ),
        ),
        expect_error: Type.Optional(
          Type.Object(
            {
              field: Type.Optional(
                Type.String({
                  minLength: 1,
                  description: 'The target column that it is in. Default: any.',
                  examples: ['name'],
                }),
              ),
              code: Type.Optional(
                oneWordOf([...Object.keys(ERROR_NAMES), ...Object.values(ERROR_NAMES)], {
                  description: 'Its code, or what that means in a word. Default: any.',
                  examples: ['REQUIRED', 'E401'],
                }),
              ),
            },
            {
              additionalProperties: false,
              description: 'The row must be rejected. Default: it must not.',
              examples: [{ field: 'name', code: 'REQUIRED' }],
            },
          ),
        ),
        expect_filtered: Type.Optional(
          Type.Boolean({ description: 'The row must be dropped by `filter`.', default: false, examples: [true] }),
        ),
      },
      { additionalProperties: false, description: 'A row and what becomes of it.' },
    ),
    {
      description: 'Rows that `etl test` puts through the mappings, without any database.',
      default: [],
      examples: [[{ entity: 'customer', given: { CUST_NAME: ' acme ' }, expect: { name: 'ACME' } }]],
    },
  )
}
