import type { ErrorCode } from '../core/codes.js'
import type { Explanation } from './explanation.js'

/** E2xx: what the file says does not fit together, or does not fit the databases. */
export const MEANING = {
  E201: {
    means: 'A name is used as an entity, and the file has no entity of that name.',
    why: 'A typo in `depends_on`, `ref`, a test, or `--entity`; or the entity was renamed.',
    example: { at: 'pipeline.yaml:27:20', what: 'no entity is called "custmers"', hint: 'Did you mean "customers"?' },
    mend: ['Correct the name. The entities and what they wait for: `etl graph`'],
  },
  E202: {
    means: 'A name is used as a source, and the file has none of that name; or it has several and none was named.',
    why: 'A typo in `from: { source: … }`, or a second source was added and `from` does not say which.',
    example: { at: 'pipeline.yaml:18:20', what: 'no source is called "crn"', hint: 'Did you mean "crm"?' },
    mend: ['Name one of `sources`: `from: { source: crm, table: CUSTOMERS }`'],
  },
  E203: {
    means: 'A field uses a value map that the file does not have.',
    why: 'A typo, or the map was removed.',
    example: { at: 'pipeline.yaml:24:30', what: 'no map is called "countires"', hint: 'Did you mean "countries"?' },
    mend: ['Correct the name, or add the map under `maps`.'],
  },
  E204: {
    means: 'A field uses a look-up that the file does not have.',
    why: 'A typo, or the look-up was removed.',
    example: { at: 'pipeline.yaml:25:31', what: 'no look-up is called "region"', hint: 'Did you mean "regions"?' },
    mend: ['Correct the name, or add the look-up: `lookups: { regions: { table: REGION, key: CD, value: NAME } }`'],
  },
  E205: {
    means: 'No function or operator has this name.',
    why: 'A typo, a function of SQL or JavaScript that is called otherwise here, or a value map written as an expression.',
    example: { at: 'pipeline.yaml:21:24', what: 'no function is called "uper"', hint: 'Did you mean "upper"?' },
    mend: [
      'Choose one of the functions in `etl reference`',
      'A table of codes and values belongs under `map`, not `expr`.',
    ],
  },
  E206: {
    means: 'An expression uses a name that is neither a column of the rows, nor one under `let`, nor a constant.',
    why: 'A typo, or the wrong case: names are compared exactly.',
    example: {
      at: 'pipeline.yaml:23:31',
      what: '"CUST_NAM" is no column and no let name',
      hint: 'did you mean CUST_NAME?',
    },
    mend: [
      'Correct the name. Columns of the source: `etl inspect crm`',
      'Constants are written with a dollar: `{ var: $vars.region }`',
    ],
  },
  E207: {
    means: 'A column that the file names is not in the table, the query or the file it should be in.',
    why: 'A typo, the wrong case (PostgreSQL folds unquoted names to lower case, Oracle to upper), another schema, or a table that changed.',
    example: {
      at: 'pipeline.yaml:20:18',
      what: 'CRM.CUSTOMERS has no column CUST_NAM',
      hint: 'did you mean CUST_NAME?',
    },
    mend: ['Correct the name. What the table has: `etl inspect crm`', 'Then look again: `etl check`'],
  },
  E208: {
    means: 'A table, view or schema that the file names is not in the database, or the login cannot see it.',
    why: 'A typo, the wrong case or schema, the wrong database, or a missing right.',
    example: {
      at: 'pipeline.yaml:18:11',
      what: 'postgres 16.3 localhost:5432/crm has no table custmers',
      hint: 'did you mean customers?',
    },
    mend: [
      'Correct the name; another schema is written `schema.table`. What is there: `etl inspect crm`',
      'A target table can be made: `to: { table: customers, create: if_missing }`',
    ],
  },
  E209: {
    means: 'Entities wait for each other, so none of them can be first.',
    why: 'They refer to each other by `ref`, `depends_on` or foreign keys of the target: employees to departments, departments to their head.',
    example: {
      at: 'pipeline.yaml:33:14',
      what: 'employees and departments wait for each other',
      hint: 'Fill it in a second pass: `defer: [head_id]` in entity departments.',
    },
    mend: [
      'Fill one of the columns in a second pass: `defer: [head_id]`. It must be nullable.',
      'Or take a needless name out of `depends_on`. What waits for what: `etl graph`',
    ],
  },
  E210: {
    means: 'Nothing says which columns identify a source row, so a run could neither be resumed nor verified.',
    why: 'The table has no primary key, or rows come from a query or a view; or the target has no key to find rows by.',
    example: {
      at: 'pipeline.yaml:18:11',
      what: 'CRM.AUDIT_LOG has no primary key',
      hint: 'say which columns identify a row: `key: [...]`',
    },
    mend: ['Name columns that are unique and never null: `key: [ID]`', 'What looks unique: `etl inspect crm`'],
  },
  E211: {
    means: 'A function or an operator has a parameter that it does not take, or too few or too many values.',
    why: 'A parameter is missing or misspelled, or a date format or time zone is not a known one.',
    example: { at: 'pipeline.yaml:22:20', what: 'parse_date needs `format`' },
    mend: [
      'See what the function takes: `etl reference`',
      'Try it on a value of your own with a test under `tests`: `etl test`',
    ],
  },
  E212: {
    means: 'An expression is nested deeper than it may be.',
    why: 'Generated rules, or a long chain of `if` in each other.',
    example: {
      at: 'pipeline.yaml:29:13',
      what: 'operators are nested deeper than 64',
      hint: 'compute parts of it in let',
    },
    mend: ['Name parts of it under `let`, or turn a chain of conditions into a `map`.'],
  },
  E213: {
    means: 'Two fields write the same target column, or a name under `let` is that of a column.',
    why: 'A field was copied and its name not changed.',
    example: { at: 'pipeline.yaml:26:7', what: 'target column `name` is mapped twice' },
    mend: ['Keep one of the two. To join columns: `name: { from: [FIRST, LAST], apply: [ { join: " " } ] }`'],
  },
  E214: {
    means: 'The file defines something that nothing uses. A warning: the run is not kept from beginning.',
    why: 'A map or look-up that was forgotten, or a field that was to use it and does not.',
    example: {
      at: 'pipeline.yaml:8:3',
      warning: true,
      what: 'no field uses the map "countries"',
      hint: 'Remove it, or use it.',
    },
    mend: ['Use it in a field (`map: countries`), or remove it.'],
  },
  E215: {
    means: 'Two settings stand together that cannot both hold.',
    why: 'For example `from` and `value` in one field, `url` beside `host`, or a setting that files cannot keep.',
    example: { at: 'pipeline.yaml:19:7', what: '`expect` is for `sql`', hint: 'Remove it.' },
    mend: ['Keep the one that you mean. What goes together: `etl reference`'],
  },
  E216: {
    means: 'A type is not one of those that the language knows, or it cannot be told.',
    why: 'The type of a database (`varchar2`, `int4`) was written where a logical one stands, or a column is to be created and nothing says of what type.',
    example: { at: 'pipeline.yaml:24:32', what: '"varchar" is not a type', hint: 'Did you mean "char"?' },
    mend: [
      'Write a logical type: `type: varchar(80)`, `type: decimal(12,2)`, `type: timestamp`. All of them: `etl reference`',
    ],
  },
  E217: {
    means: 'A key or setting is valid, but has no meaning at this place.',
    why: 'It needs another one that is missing (`unmapped` without `map`), or the tables do not allow it (a `ref` to an entity without a key of one column).',
    example: { at: 'pipeline.yaml:22:9', what: '`unmapped` says nothing without `map`' },
    mend: ['Add what it needs, or remove it.'],
  },
  E218: {
    means: 'A target column takes no null and has no default, and no field fills it.',
    why: 'The column is new in the target, or a field is missing or misspelled.',
    example: {
      at: 'pipeline.yaml:19:5',
      what: 'public.customers.created_at is NOT NULL without a default, and no field makes it',
      hint: 'add a field `created_at: ...`',
    },
    mend: ['Add a field: `created_at: CREATED_ON`', 'Or a constant: `created_at: { value: 2000-01-01 }`'],
  },
  E219: {
    means: 'Source columns go nowhere. With `rest: fail` an error, else a warning.',
    why: 'The source has columns that nobody thought of, perhaps new ones.',
    example: {
      at: 'pipeline.yaml:17:3',
      warning: true,
      what: 'CRM.CUSTOMERS: nothing uses FAX, OLD_ID',
      hint: 'add fields for them, or say `rest: ignore` or `rest: copy`',
    },
    mend: ['Add fields for them, or decide: `rest: ignore` leaves them out, `rest: copy` copies them by name.'],
  },
  E220: {
    means:
      'The target column cannot hold all that the source column can. A warning: only rows with such values are rejected.',
    why: 'The target is narrower: a shorter text, fewer digits, a date without its time.',
    example: {
      at: 'pipeline.yaml:23:7',
      warning: true,
      what: 'total: decimal(18,4) to decimal(12,2), more than 2 digits after the point would be cut off',
      hint: 'rows that would lose something are rejected; `on_lossy: round` or `truncate` allows it',
    },
    mend: [
      'See whether any row is concerned: `etl plan`',
      'Allow it for this field: `on_lossy: round` or `on_lossy: truncate`; each use is counted.',
    ],
  },
  E221: {
    means: 'An expression calculates with a decimal column in floating point, which is not exact. A warning.',
    why: 'The operators `+ - * /` of JSON Logic are those of JavaScript: 0.1 + 0.2 is 0.30000000000000004.',
    example: {
      at: 'pipeline.yaml:24:20',
      warning: true,
      what: 'PRICE is a decimal, and this arithmetic is done in floats',
      hint: '`add`, `subtract`, `multiply` and `divide` are exact',
    },
    mend: ['Use the exact functions: `add`, `subtract`, `multiply`, `divide`.'],
  },
  E222: {
    means: 'The target computes the column itself, so nothing can be written to it.',
    why: 'It is a generated column of the table.',
    example: { at: 'pipeline.yaml:25:7', what: 'full_name is computed by the target', hint: 'remove the field' },
    mend: ['Remove the field; the database fills the column from the others.'],
  },
  E223: {
    means: 'A map file cannot be used.',
    why: 'It is missing, empty, not UTF-8 CSV, has rows without a second column, or repeats a code.',
    example: {
      at: 'pipeline.yaml:9:14',
      what: 'row 7 of maps/country.csv repeats a code',
      hint: 'Each code may stand there once.',
    },
    mend: ['A map file is UTF-8 CSV without a header: first column the code, second the value, each code once.'],
  },
  E224: {
    means:
      'A target table keeps no transactions, so a failed batch could not be rolled back. With `ledger: false` a warning.',
    why: 'It is a table of an engine such as MyISAM, MEMORY or Aria.',
    example: {
      at: 'pipeline.yaml:19:9',
      what: 'shop.orders keeps no transactions, so its rows cannot be loaded exactly once',
      hint: '`alter table shop.orders engine=InnoDB`, or `ledger: false` for at least once',
    },
    mend: [
      'Change the table: `alter table shop.orders engine=InnoDB`',
      'Or accept that rows may come twice after a failure: `ledger: false`',
    ],
  },
  E225: {
    means:
      'A source table keeps no transactions, so its rows are not all read as of one moment. With `consistency: strict` an error, else a warning.',
    why: 'It is a table of an engine such as MyISAM.',
    example: {
      at: 'pipeline.yaml:18:11',
      warning: true,
      what: 'shop.log keeps no transactions, so its rows are not read as of one moment',
      hint: '`alter table shop.log engine=InnoDB`, or let nobody write to it while it is read',
    },
    mend: ['Let nobody write to it while it is read, or change it: `alter table shop.log engine=InnoDB`'],
  },
  E226: {
    means:
      'The target takes values for equal that the source tells apart, in a key. A warning of `plan`; `check` counts such values.',
    why: 'The collation of the target column ignores case, accents or trailing spaces: `Ada` and `ADA` would be one key.',
    example: {
      at: 'pipeline.yaml:22:7',
      warning: true,
      what: 'shop.users.email is a key that does not see case, and public.users does: values that differ only in that are one row there',
      hint: '`etl check` counts them; a binary collation keeps them apart',
    },
    mend: [
      'Count them: `etl check`',
      'Give the column a binary collation, or make the values alike first, for example with `lower`.',
    ],
  },
  E227: {
    means: 'A target column cannot hold all characters of Unicode. A warning: only rows with others are rejected.',
    why: 'Its character set is narrow: `latin1`, or `utf8mb3` that has no emoji.',
    example: {
      at: 'pipeline.yaml:23:7',
      warning: true,
      what: 'shop.users.name holds only characters of latin1; rows with others are rejected',
      hint: 'give the column a character set with all of Unicode',
    },
    mend: ['Widen it: `alter table users modify name varchar(80) character set utf8mb4`'],
  },
  E228: {
    means: 'A table, column or schema that is to be created has a name that the target cannot take.',
    why: 'It is too long (PostgreSQL: 63 bytes, MySQL: 64 characters, Oracle: 30 or 128 bytes), two names differ only in case, or it is the name of a table of the ledger.',
    example: {
      at: 'pipeline.yaml:24:7',
      what: 'the name of the column total_amount_before_taxes_and_fees_and_discounts_in_local_currency has 68 bytes, and the target takes 63',
      hint: 'give it a shorter name',
    },
    mend: ['Give it another name: the field’s key is the name of the target column.'],
  },
  E229: {
    means: 'The file uses code of its folder, and the command was not told that it may run. None of it was read.',
    why: '`module:` names a function of your own. Code can do anything, so it runs only where `--allow-code` says so.',
    example: {
      at: 'pipeline.yaml:17:40',
      what: "./functions.mjs#plate is code, and code of the file's folder runs only when asked for",
      hint: 'read ./functions.mjs, then add --allow-code',
    },
    mend: ['Read the module, then run the command again with `--allow-code`'],
  },
  E230: {
    means:
      'Nothing proves which server answers, so whoever sits in between could read and change what passes. With `insecure_tls: true` a warning.',
    why: 'The database is on another machine, and `sslmode` does not look at its certificate.',
    example: {
      where: 'source crm',
      what: '`sslmode: require` does not prove which server answers on another machine',
      hint: 'use `sslmode: verify-full`, with `ssl_ca` for a certificate of your own; or say `insecure_tls: true` where the network between is yours',
    },
    mend: [
      'Have the server prove itself: `sslmode: verify-full`, and for a private authority `ssl_ca: ca.pem`',
      'Where the network between is yours: `insecure_tls: true`',
    ],
  },
  E231: {
    means: 'A function of your own cannot be used: its module, its declaration or one of its examples is wrong.',
    why: 'Each is tried when the file is loaded, before anything else happens.',
    example: {
      at: 'pipeline.yaml:17:40',
      what: './functions.mjs#plate: example 1 gives another result than it says',
      hint: 'docs/how-to/own-functions.md shows one',
    },
    mend: [
      'Mend the function, or its example',
      'Export it with what has to be known of it: `{ arguments, result, examples, call }`',
    ],
  },
} as const satisfies Partial<Record<ErrorCode, Explanation>>
