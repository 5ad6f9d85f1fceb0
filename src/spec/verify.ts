import type { TSchema } from 'typebox'
import { Type } from '../core/schema.js'
import { forms } from './short-form.js'

const LEVELS = '^(none|counts|sample|full)$'
const LEVEL =
  '`counts`: every row read is accounted for. `sample`: random rows, field by field. `full`: every row, field by field, and ' +
  'rows that should not be there.'

/** What a run proves at its end, and which differences are none. */
export function verification(): TSchema {
  return forms(
    {
      description: `What \`run\` proves at its end: the source is read again, put through the same fields and compared with the target. ${LEVEL} Default: none.`,
      examples: ['full', { level: 'full', allow: { float_ulp: 1 } }],
    },
    Type.String({ pattern: LEVELS }),
    Type.Object(
      {
        level: Type.Optional(
          Type.String({ pattern: LEVELS, description: LEVEL, default: 'full', examples: ['sample'] }),
        ),
        sample: Type.Optional(
          Type.Integer({
            minimum: 1,
            description: 'Rows of each entity that `sample` takes.',
            default: 10_000,
            examples: [50_000],
          }),
        ),
        allow: Type.Optional(allowed()),
      },
      { additionalProperties: false },
    ),
  )
}

function allowed(): TSchema {
  const flag = (description: string) =>
    Type.Optional(Type.Boolean({ description: `${description} Each is counted.`, default: false, examples: [true] }))
  return Type.Object(
    {
      empty_is_null: flag('An empty text or no bytes on one side and null on the other are the same.'),
      char_pad: flag('Spaces at the end of a text do not matter. (In columns of fixed length they never do.)'),
      zero_sign: flag('Minus zero and zero are the same.'),
      float_ulp: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 1024,
          description: 'Floats are the same that are at most so many representable numbers apart. Each is counted.',
          default: 0,
          examples: [1],
        }),
      ),
      ts_precision: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 9,
          description:
            'Times are the same that are so in so many digits of the second, cut or rounded. Each is counted. Default: all digits.',
          examples: [3],
        }),
      ),
    },
    {
      additionalProperties: false,
      description: 'Differences that are none. Default: every difference is one.',
      examples: [{ ts_precision: 3 }],
    },
  )
}
