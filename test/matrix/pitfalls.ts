/** A way in which drivers and databases change values or rows by default, and the tests that would fail then. */
export interface Pitfall {
  readonly id: string
  readonly what: string
  /** File below `test/`, and the test's name as the file has it. */
  readonly tests: readonly (readonly [file: string, name: string])[]
}

const MATRIX: Pitfall['tests'][number] = ['matrix/matrix.test.ts', 'no value from %s changes without a word']
const ZONES: Pitfall['tests'][number] = ['matrix/matrix.test.ts', 'the same in TZ=%s']
const REFUSED_BY_MYSQL: Pitfall['tests'][number] = ['unit/connectors/mysql/target.test.ts', '%s: %j']
const REFUSED_BY_SQLITE: Pitfall['tests'][number] = [
  'unit/connectors/sqlite/target.test.ts',
  'column %s refuses %s: %s',
]
const READ_BY_MYSQL: Pitfall['tests'][number] = ['unit/connectors/mysql/values.test.ts', 'dates do not depend on TZ=%s']
const GOES_ON: Pitfall['tests'][number] = ['conformance/read.test.ts', 'goes on after any row with exactly the rest']

export const PITFALLS: readonly Pitfall[] = [
  {
    id: 'K1',
    what: 'a key of microseconds loses them in a Date, and paging stands still',
    tests: [
      ['unit/connectors/mysql/source.test.ts', 'microseconds'],
      ['unit/connectors/postgres/session.test.ts', 'any key goes on after any row'],
    ],
  },
  {
    id: 'K2',
    what: 'text keys are ordered by the database, not as JavaScript sorts',
    tests: [
      ['unit/connectors/mysql/source.test.ts', 'text: in the order of its collation'],
      ['unit/connectors/postgres/session.test.ts', 'any key goes on after any row'],
    ],
  },
  {
    id: 'K3',
    what: 'texts that a collation holds for equal',
    tests: [
      ['unit/connectors/mysql/target.test.ts', 'rows are the same when the key says so, in its own collation'],
      ['e2e/regressions.test.ts', 'a key that is not unique is found wherever the two rows stand'],
    ],
  },
  {
    id: 'K4',
    what: 'rows with null in a key are left out or come twice',
    tests: [GOES_ON, ['unit/plan/compile.test.ts', 'keys that cannot be used']],
  },
  {
    id: 'K5',
    what: 'SQLite keys of mixed kinds, and primary keys that are null',
    tests: [
      ['unit/connectors/sqlite/source.test.ts', 'keys of mixed kinds are all read, across batches'],
      ['unit/connectors/sqlite/catalog.test.ts', 'a primary key that is no rowid lets nulls in'],
    ],
  },
  {
    id: 'K6',
    what: 'composite keys: a row comparison reads too much, or is not known',
    tests: [['unit/connectors/mysql/source.test.ts', 'an index page reads its rows and no more'], GOES_ON],
  },
  {
    id: 'K7',
    what: 'an enum is ordered by position and compared by name',
    tests: [['unit/connectors/mysql/source.test.ts', 'enum: by its name, not by its position']],
  },
  {
    id: 'K8',
    what: 'a float key is not found again',
    tests: [['unit/plan/compile.test.ts', 'keys that cannot be used']],
  },
  {
    id: 'K9',
    what: 'trailing zero bytes of a binary key are lost as text',
    tests: [['unit/connectors/mysql/source.test.ts', 'bytes: trailing zeros count'], MATRIX],
  },
  {
    id: 'K10',
    what: 'integer keys past 2^53',
    tests: [['conformance/read.test.ts', 'exact 64-bit integers'], GOES_ON],
  },
  {
    id: 'K11',
    what: 'a table without a key would be paged by offset',
    tests: [['unit/plan/compile.test.ts', 'all of them are told at once']],
  },
  {
    id: 'K12',
    what: 'Oracle: CHAR keys are padded with blanks',
    tests: [
      ['unit/connectors/oracle/connector.test.ts', 'goes on after a cursor of dates, times and blank-padded text'],
    ],
  },
  {
    id: 'K13',
    what: 'a key that the pipeline changes',
    tests: [
      ['unit/plan/compile.test.ts', 'a key made from anything else is refused'],
      ['e2e/relations.test.ts', 'ref gives the generated key, across runs, by composite keys too'],
    ],
  },
  { id: 'N1', what: 'unsigned 64-bit integers as floats', tests: [MATRIX] },
  {
    id: 'N2',
    what: 'decimals as floats',
    tests: [
      MATRIX,
      [
        'unit/connectors/sqlite/types.test.ts',
        'a new decimal column holds text where a double would not hold every digit',
      ],
    ],
  },
  { id: 'N3', what: 'SQLite: 7 in a text column becomes 7.0', tests: [MATRIX, REFUSED_BY_SQLITE] },
  {
    id: 'N4',
    what: 'MySQL: numbers are bound as doubles',
    tests: [['unit/connectors/mysql/values.test.ts', 'binds are exact: numbers travel as text']],
  },
  { id: 'N5', what: 'MySQL: a FLOAT shows six digits', tests: [MATRIX] },
  { id: 'N6', what: 'NaN, infinity and minus zero', tests: [MATRIX, REFUSED_BY_SQLITE] },
  {
    id: 'N7',
    what: 'a decimal is rounded to the scale of its column with no more than a note',
    tests: [
      REFUSED_BY_MYSQL,
      ['unit/plan/compile.test.ts', 'casts to the column too where it holds less than the type that the file gives'],
      [
        'matrix/matrix.test.ts',
        'what types narrower than the source would lose is refused, or counted where the file allows it',
      ],
    ],
  },
  { id: 'N8', what: 'bit and tinyint(1): 2 becomes true, bits become bytes', tests: [MATRIX] },
  {
    id: 'N9',
    what: 'money is written as the locale says',
    tests: [MATRIX, ['unit/connectors/postgres/connection.test.ts', 'settings that decide how values look are pinned']],
  },
  { id: 'D1', what: 'timestamps are read in the zone of the process', tests: [ZONES, READ_BY_MYSQL] },
  { id: 'D2', what: 'a date becomes midnight of the process, and the day before', tests: [ZONES, READ_BY_MYSQL] },
  { id: 'D3', what: 'MySQL: zero dates become other dates', tests: [MATRIX, REFUSED_BY_MYSQL] },
  {
    id: 'D4',
    what: 'MySQL: the binary protocol drops the fraction of times',
    tests: [
      ['unit/connectors/mysql/source.test.ts', 'bounds are spelled out, as literals of the column’s own type'],
      MATRIX,
    ],
  },
  { id: 'D5', what: 'two instants of the hour that comes twice are one text', tests: [MATRIX, ZONES] },
  { id: 'D6', what: 'infinity, years before Christ and after 9999', tests: [MATRIX] },
  {
    id: 'D7',
    what: 'PostgreSQL: another DateStyle makes every date null',
    tests: [['unit/connectors/postgres/connection.test.ts', 'settings that decide how values look are pinned']],
  },
  { id: 'D8', what: 'times past 24 h, 24:00, and times with a zone', tests: [MATRIX] },
  {
    id: 'D9',
    what: 'intervals become objects, with fractions as floats; a sign stands for all parts or for one',
    tests: [MATRIX],
  },
  {
    id: 'D10',
    what: 'Oracle: a DATE has a time, TIMESTAMP(9) has nanoseconds',
    tests: [
      MATRIX,
      ['unit/connectors/oracle/connector.test.ts', 'exact text of every type, whatever the time zone of this process'],
    ],
  },
  { id: 'D11', what: 'MySQL drops the offset of an instant', tests: [MATRIX] },
  {
    id: 'D12',
    what: 'SQLite: dates are texts or numbers by habit',
    tests: [
      ['unit/connectors/sqlite/source.test.ts', 'dates: the separator when somebody looks, numbers as numbers'],
      ['unit/connectors/sqlite/source.test.ts', 'a cursor is the stored value, so dates with a space are found again'],
      MATRIX,
    ],
  },
  {
    id: 'T1',
    what: 'U+0000 in text',
    tests: [
      MATRIX,
      [
        'e2e/bad-input.test.ts',
        'values that PostgreSQL cannot hold are quarantined, each with its cause; the others are written',
      ],
    ],
  },
  {
    id: 'T2',
    what: 'text that is not UTF-8 is replaced',
    tests: [
      ['unit/connectors/sqlite/source.test.ts', 'is one malformed row with its bytes, not a replaced character'],
      ['unit/connectors/csv/bad-files.test.ts', 'bytes that are no text say where they are and in which row'],
    ],
  },
  {
    id: 'T3',
    what: 'half of a surrogate pair',
    tests: [
      MATRIX,
      [
        'unit/connectors/postgres/copy-text.test.ts',
        'half of a surrogate pair is refused by row and column, never replaced',
      ],
      REFUSED_BY_MYSQL,
      REFUSED_BY_SQLITE,
    ],
  },
  {
    id: 'T4',
    what: 'MySQL: a character set that lacks a character',
    tests: [
      ['unit/connectors/mysql/target.test.ts', 'a character that the character set of its column lacks is refused'],
    ],
  },
  {
    id: 'T5',
    what: 'MySQL: without strict mode values are cut',
    tests: [
      ['unit/connectors/mysql/connection.test.ts', 'has the settings that keep values, whatever the server’s are'],
      ['unit/connectors/mysql/target.test.ts', 'LOAD DATA only warns of a bad %s: the row is found all the same'],
    ],
  },
  { id: 'T6', what: 'CHAR(n) comes padded, or trimmed', tests: [MATRIX] },
  {
    id: 'T7',
    what: 'Oracle: the empty text is null',
    tests: [MATRIX, ['unit/transforms/cast.test.ts', 'the empty value is a loss where the target keeps it as null']],
  },
  { id: 'T8', what: 'JSON is parsed: digits, duplicate keys and JSON null are lost', tests: [MATRIX] },
  { id: 'T9', what: 'PostgreSQL: [] is stored as {}', tests: [MATRIX] },
  { id: 'T10', what: 'arrays, ranges and composites become objects', tests: [MATRIX] },
  { id: 'T11', what: 'MySQL: a label that is none is stored as empty, 2 is the second one', tests: [REFUSED_BY_MYSQL] },
  {
    id: 'T12',
    what: 'bytes pass through text, large objects are streams',
    tests: [MATRIX, ['unit/connectors/oracle/wire/lobs.test.ts', 'inline, as text and bytes']],
  },
  {
    id: 'T13',
    what: 'columns called __proto__, or by one name twice',
    tests: [
      ['conformance/session.test.ts', 'of columns'],
      ['unit/connectors/jsonl/members.test.ts', 'names and texts are unescaped; any name is a name'],
      ['unit/connectors/csv/bad-files.test.ts', 'a file without a usable header says so'],
    ],
  },
  {
    id: 'T14',
    what: 'objects as parameters',
    tests: [['conformance/session.test.ts', 'query and execute with bind variables']],
  },
  {
    id: 'T15',
    what: 'too many parameters, packets that are too large',
    tests: [
      ['unit/connectors/mysql/encoder.test.ts', 'a statement takes as many rows as fit, and one that does not'],
      [
        'unit/connectors/postgres/errors.test.ts',
        'a value refused in the first of very many rows leaves the connection usable',
      ],
      ['unit/connectors/mysql/target.test.ts', 'and is refused by name where that is not allowed'],
    ],
  },
  {
    id: 'T16',
    what: 'identity columns: explicit keys, and the next generated one',
    tests: [
      ['conformance/write.test.ts', 'explicit keys move what the database generates next'],
      ['unit/connectors/postgres/target.test.ts', 'upsert writes explicit values of an "always" identity'],
    ],
  },
  {
    id: 'T17',
    what: 'CSV: byte order mark, quoted line ends, leading zeros, empty and null, split characters',
    tests: [
      MATRIX,
      ['e2e/files.test.ts', 'csv to SQLite: values, the number of the row, and every kind of row that fails'],
      ['unit/connectors/csv/values.test.ts', 'an empty value is null, a quoted one is empty text'],
      [
        'unit/connectors/csv/positions.test.ts',
        'a piece may end anywhere: in a character, a line end, an escaped quote',
      ],
    ],
  },
  {
    id: 'T18',
    what: 'tables that refer to each other or to themselves',
    tests: [['e2e/relations.test.ts', 'defer breaks a cycle of two tables and a self reference']],
  },
  {
    id: 'T19',
    what: 'a connection that is lost ends the process, one that is silent hangs for ever',
    tests: [
      [
        'unit/connectors/postgres/connection.test.ts',
        'while nobody uses it: the next statement says so, and the process goes on',
      ],
      ['unit/connectors/postgres/connection.test.ts', 'a server that answers nothing'],
      ['unit/connectors/mysql/connection.test.ts', 'a server that never answers'],
      ['e2e/lost-connection.test.ts', 'connections cut again and again cost nothing but time'],
    ],
  },
]
