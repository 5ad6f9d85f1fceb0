import type { ErrorCode } from '../core/codes.js'
import type { Explanation } from './explanation.js'

/** E1xx: keys and values of the file, one by one. */
export const SHAPE = {
  E101: {
    means: 'The language has no such key at this place.',
    why: 'A typo, a key of another block, or wrong indentation that puts it into the wrong one. Unknown keys are errors, since an ignored setting is worse.',
    example: {
      at: 'pipeline.yaml:12:5',
      what: '"feilds" is not a key of entity customers',
      hint: 'Did you mean "fields"?',
    },
    mend: [
      'Correct the key, or move it to its block. All keys: `etl reference`',
      'Let the editor check them: `etl schema > pipeline.schema.json`',
    ],
  },
  E102: {
    means: 'The value has another type than the key takes: text where a number is wanted, a list where a block is.',
    why: 'Quotes that are missing or too many, a list written as one value, or an expression where a plain value stands.',
    example: { at: 'pipeline.yaml:6:11', what: 'must be a whole number, not text' },
    mend: ['Write the value as `etl reference` shows it for this key. Quotes make a text of it, no quotes a number.'],
  },
  E103: {
    means: 'The value is not one of those that the key takes.',
    why: 'A typo, or a name with characters that names cannot have.',
    example: {
      at: 'pipeline.yaml:14:11',
      what: '"upsrt" is not one of insert, ignore, upsert, update, replace',
      hint: 'Did you mean "upsert"?',
    },
    mend: ['Choose one of the values that the message lists, then look again: `etl validate`'],
  },
  E104: {
    means: 'A key that this block cannot do without is missing.',
    why: 'It was forgotten, misspelled, or indented into another block.',
    example: { at: 'pipeline.yaml:4:3', what: 'the target needs `type`' },
    mend: ['Add the key. What each block needs: `etl reference`'],
  },
  E105: {
    means: 'A number is too small or too large, a list or text too short or too long.',
    why: 'The key has bounds, such as a batch size of at least one row.',
    example: { at: 'pipeline.yaml:9:15', what: 'must be >= 1' },
    mend: ['Stay within the bounds that the message names.'],
  },
  E106: {
    means: 'The file is written in a version of the language that this program does not know.',
    why: 'The file is of a newer program, or `version` is meant as the version of the pipeline; it is that of the language.',
    example: { at: 'pipeline.yaml:1:10', what: 'version 2 is not known', hint: 'Write `version: 1`.' },
    mend: [
      'Write `version: 1`',
      'Or install the program that the file was written for: `npm install etl-runner@latest`',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>
