import type { TProperties } from 'typebox'
import { Type } from '../core/schema.js'
import { mapping, names, scalar } from './short-form.js'

/** The keys that name one place where rows are: a table, a file, a query, rows of the file itself. */
export function place(): TProperties {
  return {
    source: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'A name of `sources`. Default: the only source there is.',
        examples: ['abis'],
      }),
    ),
    table: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A table or view, `table` or `schema.table`. Default: none; needed unless `file`, `query` or `rows` is there.',
        examples: ['AB_COIL'],
      }),
    ),
    file: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A file of a `csv` or `jsonl` source, relative to the folder of the pipeline file. Its rows are read in their own order and need no key; `$row` is the number of a row. Default: none, a table is read.',
        examples: ['data/people.csv'],
      }),
    ),
    schema: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "The table's schema, for names that hold a dot themselves. Default: what stands before the dot in `table`, else the connection's own.",
        examples: ['CRM'],
      }),
    ),
    columns: Type.Optional(
      names({
        minItems: 1,
        description: 'The only columns of the table that are read. Default: all that the fields need.',
        examples: [['COIL_ID', 'WEIGHT']],
      }),
    ),
    query: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'A select statement; the entity then needs `key`. Default: none, a table is read.',
        examples: ['select id, name from people where active = 1'],
      }),
    ),
    rows: Type.Optional(
      Type.Array(mapping(scalar({ description: 'The value of a column.' }), { minProperties: 1 }), {
        minItems: 1,
        description: 'The rows themselves, for small tables of constants. Default: none, a table is read.',
        examples: [[{ code: 'A', name: 'Active' }]],
      }),
    ),
    target: Type.Optional(
      Type.Literal(true, {
        description:
          'Reads the target itself: work in place, mostly with `load: update`. It sees what entities before it have written; with `query`, name those in `depends_on`. Default: a source is read.',
        examples: [true],
      }),
    ),
  }
}
