import type { ErrorCode } from '../core/codes.js'
import type { Explanation } from './explanation.js'

const SEE = 'See the rows and what to write: `etl quarantine`'
const RETRY = 'Then load just those rows: `etl quarantine retry pipeline.yaml RUN`'
const INVALID =
  'Or decide what such values become: `on_invalid: null`, `on_invalid: default` with a `default`, or `on_invalid: quarantine`'

/** E4xx: one row that cannot go on. */
export const ROWS = {
  E401: {
    means: 'A value is null where one is needed.',
    why: 'The source has none, or a step on the way (`empty_to_null`, a map, a look-up) made null of it, and the target column is NOT NULL or the field is `required`.',
    example: { rejected: { entity: 'customers', field: 'email' }, what: 'required value is missing' },
    mend: [SEE, 'Give the field a `default`, or mend the source.', RETRY],
  },
  E402: {
    means: 'A value is not a number, and a number is needed.',
    why: 'Words such as `N/A`, a thousands separator, a currency sign or a decimal comma.',
    example: {
      rejected: { entity: 'orders', field: 'total' },
      what: 'the text is not a number, decimal(12,2) needs one',
    },
    mend: [
      SEE,
      'Read it with a function that knows the form: `apply: [ { to_decimal: { thousands: ".", decimal: "," } } ]`',
      INVALID,
      RETRY,
    ],
  },
  E403: {
    means: 'A number is too large or too small for the target column.',
    why: 'The target type is narrower than that of the source, or the value is wrong.',
    example: {
      rejected: { entity: 'orders', field: 'quantity' },
      what: 'the number is outside the range of int16 (-32768 to 32767)',
    },
    mend: [SEE, 'Widen the target column, or mend the value.', INVALID, RETRY],
  },
  E404: {
    means: 'The value would fit only by losing something: digits after the point, a time of day, an empty text.',
    why: 'The target column keeps less than the source. Nothing is rounded or cut unless the file says so.',
    example: {
      rejected: { entity: 'orders', field: 'total' },
      what: 'decimal(12,2) keeps 2 digits after the point, the value has more',
    },
    mend: [
      SEE,
      'Allow it for this field: `on_lossy: round` or `on_lossy: truncate`',
      'Or widen the target column.',
      RETRY,
    ],
  },
  E405: {
    means: 'A text, or bytes, are longer than the target column.',
    why: 'The target is narrower, or the value is wrong (two values in one).',
    example: { rejected: { entity: 'customers', field: 'city' }, what: 'the text is longer than varchar(20)' },
    mend: [SEE, 'Widen the column, or allow cutting for this field: `on_lossy: truncate`', RETRY],
  },
  E406: {
    means: 'A text is not a date or time, or not in the form that was asked for.',
    why: 'The source keeps dates as text in another form, or holds days that do not exist (`0000-00-00`, 30 February).',
    example: { rejected: { entity: 'orders', field: 'ordered_at' }, what: 'the value is not written as MM/dd/yyyy' },
    mend: [
      SEE,
      'See which forms occur: `etl inspect crm`',
      'Name them: `apply: [ { parse_date: { format: "MM/dd/yyyy", or: ["yyyy-MM-dd"] } } ]`',
      INVALID,
      RETRY,
    ],
  },
  E407: {
    means: 'A value is neither true nor false.',
    why: 'The source writes it in words or letters of its own (`Y`, `oui`, `2`).',
    example: {
      rejected: { entity: 'customers', field: 'active' },
      what: 'the text is not a boolean; to_boolean reads other words',
    },
    mend: [SEE, 'Say which words mean what: `apply: [ { to_boolean: { true: [Y], false: [N] } } ]`', INVALID, RETRY],
  },
  E408: {
    means: 'A text holds the character U+0000, which the target cannot keep.',
    why: 'Text of fixed width from C programs or Oracle; PostgreSQL refuses it.',
    example: { rejected: { entity: 'notes', field: 'body' }, what: 'text of this database cannot hold NUL' },
    mend: [SEE, 'Take it out: `apply: [strip_nul]`', RETRY],
  },
  E409: {
    means: 'A text is damaged: its bytes are no characters.',
    why: 'It was written in another encoding than declared, or cut in the middle of a character.',
    example: { rejected: { entity: 'notes', field: 'body' }, what: 'the text holds half of a surrogate pair' },
    mend: [SEE, 'Repair it in the source. A file in another encoding: `encoding: latin1` of its source', RETRY],
  },
  E410: {
    means: 'A code is not in the value map of the field.',
    why: 'The source has a code that nobody listed, or the same in other letters or with spaces.',
    example: { rejected: { entity: 'customers', field: 'country' }, what: 'value is not in the map countries' },
    mend: [
      'See all codes that are missing, before a run: `etl plan`',
      'Add them to the map, tidy the value first (`apply: [trim, upper]`), or decide: `unmapped: null`, `keep` or `quarantine`',
      RETRY,
    ],
  },
  E411: {
    means: 'A look-up has no row for the key of this row.',
    why: 'The row is missing in the table that is looked up, or the key is written otherwise there.',
    example: { rejected: { entity: 'customers', field: 'region_id' }, what: 'look-up regions has no row for this key' },
    mend: [
      'See how many: `etl plan`',
      'Add the row there, or decide: `on_missing: null`, `keep` or `quarantine`',
      RETRY,
    ],
  },
  E412: {
    means: 'The row that a `ref` points to is not in the target.',
    why: 'An orphan in the source, or the referenced row was itself rejected, filtered, or is not loaded yet.',
    example: { rejected: { entity: 'orders', field: 'customer_id' }, what: 'customers has no row for this key' },
    mend: [
      'Look first whether the referenced rows were rejected: `etl quarantine`',
      'Follow one row: `etl trace orders KEY`',
      'Decide what becomes of orphans: `on_missing: null` or `quarantine`',
      RETRY,
    ],
  },
  E413: {
    means: 'A function cannot do anything with the value.',
    why: 'The value is not what the function reads: a phone number that is none, text that is no JSON, damaged base64.',
    example: { rejected: { entity: 'contacts', field: 'phone' }, what: 'phone: it failed on the value' },
    mend: [SEE, 'Follow one row through every step: `etl trace contacts KEY`', INVALID, RETRY],
  },
  E414: {
    means: 'An expression gave something that no column can hold, or met a value that its operator cannot use.',
    why: 'A list or object where one value is needed, NaN, or text where a number is compared.',
    example: {
      rejected: { entity: 'orders', field: 'total' },
      what: 'the operands do not suit an operator',
    },
    mend: [
      'Follow one row through every step: `etl trace orders KEY`',
      'Guard the expression: `{ if: [ …, …, null ] }`',
      INVALID,
      RETRY,
    ],
  },
  E415: {
    means: 'The target has a row with this key already, and `load: insert` only adds.',
    why: 'The rows were loaded before, or by other means.',
    example: {
      rejected: { entity: 'customers' },
      what: 'a row with this key (id) exists already in customers',
    },
    mend: [
      'Choose what becomes of rows that are there: `load: upsert` changes them, `load: ignore` leaves them',
      'Who wrote it: `etl trace customers KEY`',
    ],
  },
  E416: {
    means: 'The target has no row with this key, and `load: update` only changes rows.',
    why: 'The row was never loaded, was deleted, or has another key there.',
    example: { rejected: { entity: 'customers' }, what: 'no row of the target has this id' },
    mend: ['`load: upsert` adds such rows. Or load them first.', RETRY],
  },
  E417: {
    means: 'Another row has the same value in a column that must be unique.',
    why: 'Duplicates in the source, or values that only the target takes for equal (upper and lower case).',
    example: {
      rejected: { entity: 'customers', field: 'email' },
      what: 'another row of customers has the same value (email)',
    },
    mend: [
      'Keep one of them: `dedupe: { by: EMAIL, keep: last }`',
      'Or find rows by that column: `match: [email]` with `load: upsert`',
      'Duplicates in the source: `etl inspect crm`',
    ],
  },
  E418: {
    means: 'A foreign key of the target points to a row that is not there; or a row that is pointed to would go.',
    why: 'The referenced rows are loaded later, were rejected, or are not loaded by this pipeline.',
    example: {
      rejected: { entity: 'orders' },
      what: 'orders refers to a row that does not exist',
    },
    mend: [
      'Use `ref: customers` for the column: the order of the entities follows from it.',
      'Or name the order: `depends_on: [customers]`. What waits for what: `etl graph`',
      RETRY,
    ],
  },
  E419: {
    means: 'A check constraint, an exclusion constraint or a trigger of the target refused the row.',
    why: 'The target has a rule that the source does not keep.',
    example: { rejected: { entity: 'orders' }, what: 'a check of orders failed: total_positive' },
    mend: [SEE, 'Mend the value, or leave such rows out: `where: TOTAL >= 0`', RETRY],
  },
  E420: {
    means: 'The database refused a value for another reason.',
    why: 'A label that an enum does not have, NaN where the server has none, a row longer than the server takes, a trigger.',
    example: {
      rejected: { entity: 'users', field: 'status' },
      what: 'the value is none of the labels of the column',
    },
    mend: [SEE, 'Turn the values into those of the target with a `map`.', RETRY],
  },
  E421: {
    means: 'A value of this kind cannot become one of the target’s type.',
    why: 'For example bytes where a date is needed. It is a matter of the mapping, not of single values.',
    example: { rejected: { entity: 'files', field: 'size' }, what: 'bytes cannot be converted to int32' },
    mend: [
      'Convert it on the way: the functions are in `etl reference`',
      'Or choose another source column or target type.',
    ],
  },
  E422: {
    means: 'A column of the source key is null, so the row cannot be told from others.',
    why: 'The key that was chosen is no key, or the row is damaged.',
    example: { rejected: { entity: 'customers' }, what: 'key is null' },
    mend: [
      'Count them: `etl check`',
      'Name other columns: `key: [ID]`',
      'Or leave such rows out: `where: ID is not null`',
    ],
  },
  E423: {
    means: 'A line of a file could not be understood. The rest of the file is read.',
    why: 'A delimiter within an unquoted value, a quote that is never closed, a line that is no JSON.',
    example: { rejected: { entity: 'imports' }, what: 'the row has 7 fields where the file has 6 columns' },
    mend: [SEE, 'Mend the line, or the settings of the source: `delimiter`, `quote`, `encoding`.', RETRY],
  },
  E424: {
    means: 'A rejected row is not in the source any more, so it cannot be tried again from there.',
    why: 'It was deleted or its key was changed, or several rows have that key now.',
    example: { rejected: { entity: 'orders' }, what: 'the source has no such row any more' },
    mend: ['Load it as it was when it was rejected: `etl quarantine retry pipeline.yaml RUN --from kept`'],
  },
  E425: {
    means:
      'The row has the same values as another in the columns of `dedupe`, and the other is kept. It is counted, not an error.',
    why: 'The file asks for it.',
    example: { rejected: { entity: 'customers' }, what: 'another row has the same EMAIL and is kept' },
    mend: [
      'Nothing to do. Which row is kept instead: `etl trace customers KEY`',
      'To keep another one: `keep: last` of `dedupe`, and `order_by` of the entity.',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>
