/** How two texts of one value are compared; see compare.ts. */
export type Form =
  | 'number'
  | 'float64'
  | 'float32'
  | 'boolean'
  | 'text'
  | 'bytes'
  | 'moment'
  | 'instant'
  | 'interval'
  | 'json'

export interface Kind {
  /** Also the column's name in every table of the matrix. */
  readonly name: string
  /** What the page calls it. */
  readonly title: string
  readonly form: Form
  /** Label of the value to its text: numbers in digits, bytes in hexadecimal, dates as ISO 8601. */
  readonly cases: Readonly<Record<string, string>>
}

function kind(name: string, title: string, form: Form, cases: Kind['cases']): Kind {
  return { name, title, form, cases }
}

const range = (lowest: string, highest: string): Kind['cases'] => ({ lowest, highest, zero: '0' })

const TEXTS: Kind['cases'] = {
  empty: '',
  blank: ' ',
  'trailing blanks': 'ab   ',
  'the word NULL': 'NULL',
  'COPY escapes': '\\N\t\\.\n\\\\',
  quotes: `it's "quoted" \`so\``,
  'line ends': 'a\nb\r\nc\rd',
  'leading zeros': '00123',
  'looks like a decimal': '1.10',
  'looks like an exponent': '1e5',
  combining: 'e\u0301 ≠ é',
  emoji: '😀👩‍👩‍👧‍👦',
  'last code point': '\u{10ffff}',
  'U+FFFD': 'a\ufffdb',
  'byte order mark': '\ufeffa',
  control: '\u0001\u001f\u007f\u0085',
  long: 'äb€😀'.repeat(3000),
}

/** Every kind of value that a source may hold; a place says which of them it has. */
export const KINDS = [
  kind('int8', '8-bit integer', 'number', range('-128', '127')),
  kind('uint8', '8-bit unsigned', 'number', range('0', '255')),
  kind('int16', '16-bit integer', 'number', range('-32768', '32767')),
  kind('uint16', '16-bit unsigned', 'number', range('0', '65535')),
  kind('int24', '24-bit integer', 'number', range('-8388608', '8388607')),
  kind('uint24', '24-bit unsigned', 'number', range('0', '16777215')),
  kind('int32', '32-bit integer', 'number', range('-2147483648', '2147483647')),
  kind('uint32', '32-bit unsigned', 'number', range('0', '4294967295')),
  kind('int64', '64-bit integer', 'number', {
    ...range('-9223372036854775808', '9223372036854775807'),
    '2^53 - 1': '9007199254740991',
    '2^53 + 1': '9007199254740993',
    '-(2^53) - 1': '-9007199254740993',
  }),
  kind('uint64', '64-bit unsigned', 'number', {
    ...range('0', '18446744073709551615'),
    '2^63': '9223372036854775808',
  }),
  kind('decimal12', 'decimal(12,2)', 'number', {
    'trailing zero': '1.10',
    highest: '9999999999.99',
    lowest: '-9999999999.99',
    'negative zero': '-0.00',
    small: '0.01',
  }),
  kind('decimal38', 'decimal(38,10)', 'number', {
    '38 digits': '1234567890123456789012345678.0123456789',
    'all nines': '-9999999999999999999999999999.9999999999',
    smallest: '0.0000000001',
    'trailing zeros': '1.1000000000',
    '20 digits': '12345678901234567890',
  }),
  kind('decimal', 'decimal without limits', 'number', {
    'trailing zero': '1.10',
    '27 digits': '123456789.123456789123456789',
    'half without zero': '0.5',
    negative: '-0.05',
    large: '100000000000000000000000000',
  }),
  kind('float64', '64-bit float', 'float64', {
    zero: '0',
    'negative zero': '-0',
    'a third': '0.3333333333333333',
    '0.1 + 0.2': '0.30000000000000004',
    '2^53 + 2': '9007199254740994',
    largest: '1.7976931348623157e+308',
    'smallest normal': '2.2250738585072014e-308',
    denormal: '5e-324',
    NaN: 'NaN',
    Infinity: 'Infinity',
    '-Infinity': '-Infinity',
  }),
  kind('float32', '32-bit float', 'float32', {
    tenth: '0.1',
    '2^24': '16777216',
    '123456.79': '123456.79',
    largest: '3.4028235e+38',
    'smallest normal': '1.1754944e-38',
    denormal: '1e-45',
    'negative zero': '-0',
    NaN: 'NaN',
    Infinity: 'Infinity',
  }),
  kind('boolean', 'boolean', 'boolean', { true: 'true', false: 'false' }),
  kind('text', 'text', 'text', TEXTS),
  kind('varchar', 'varchar(5)', 'text', { full: 'abcde', 'trailing blanks': 'ab   ', 'four-byte': '😀😀😀😀😀' }),
  kind('char', 'char(5), padded', 'text', { full: 'abcde', padded: 'ab   ', 'four-byte': '😀😀😀😀😀' }),
  kind('bytes', 'bytes', 'bytes', {
    empty: '',
    'zero bytes': '000000',
    '0xff': 'ffffff',
    'not UTF-8': 'c328a0a1',
    'every byte': Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('hex'),
  }),
  kind('binary', 'binary(4)', 'bytes', { 'trailing zero': '61620000', zeros: '00000000', '0xff': 'ffffffff' }),
  kind('date', 'date', 'moment', {
    '0001-01-01': '0001-01-01',
    'before 1582': '1582-10-10',
    epoch: '1970-01-01',
    'leap day': '2024-02-29',
    '9999-12-31': '9999-12-31',
    'skipped in Apia': '2011-12-30',
  }),
  kind('time', 'time of day', 'moment', {
    midnight: '00:00:00',
    microseconds: '03:04:05.000001',
    last: '23:59:59.999999',
  }),
  kind('timetz', 'time with zone', 'moment', { microseconds: '03:04:05.000001+05:30', west: '23:59:59-11' }),
  kind('timestamp', 'timestamp(6)', 'moment', {
    first: '0001-01-01 00:00:00',
    microseconds: '2024-02-29 03:04:05.000001',
    'gap in New York': '2024-03-10 02:30:00',
    'overlap in New York': '2024-11-03 01:30:00.123456',
    'day skipped in Apia': '2011-12-30 12:00:00',
    last: '9999-12-31 23:59:59.999999',
  }),
  kind('timestamp9', 'timestamp(9)', 'moment', {
    nanoseconds: '2024-02-29 03:04:05.123456789',
    'one nanosecond': '0001-01-01 00:00:00.000000001',
    last: '9999-12-31 23:59:59.999999999',
    microseconds: '2024-02-29 03:04:05.000001',
  }),
  kind('date_time', 'date with a time (Oracle)', 'moment', {
    midnight: '2024-02-29 00:00:00',
    time: '2024-02-29 23:59:59',
    'gap in New York': '2024-03-10 02:30:00',
    first: '0001-01-01 00:00:00',
    last: '9999-12-31 23:59:59',
  }),
  kind('timestamptz', 'timestamp with zone', 'instant', {
    microseconds: '2024-02-29 03:04:05.000001+00:00',
    'before the gap': '2024-03-10 06:59:59.999999+00:00',
    'after the gap': '2024-03-10 07:00:00+00:00',
    'first of the overlap': '2024-11-03 05:30:00+00:00',
    'second of the overlap': '2024-11-03 06:30:00+00:00',
    'half-hour offset': '2024-02-29 08:34:05.5+05:30',
    'day skipped in Apia': '2011-12-30 12:00:00+00:00',
  }),
  kind('timestamptz9', 'timestamp(9) with zone', 'instant', {
    nanoseconds: '2024-11-03 05:30:00.123456789+00:00',
    offset: '2024-02-29 03:04:05.5-11:00',
  }),
  kind('interval', 'interval', 'interval', {}),
  kind('json', 'json', 'json', {
    '20-digit integer': '{"a":12345678901234567890}',
    'duplicate keys': '{ "a" : 1.10, "a" : 2 }',
    'trailing zero': '[1.10]',
    exponent: '[1e400]',
    escapes: '{"q":"\\"\\\\\\u00e4ä😀"}',
    'empty array': '[]',
    'empty object': '{}',
    'JSON null': 'null',
    'only a text': '"text"',
    'spaces kept': ' [1,  2] ',
  }),
  kind('jsonb', 'jsonb', 'text', {
    '20-digit integer': '{"a": 12345678901234567890}',
    'trailing zero': '[1.10]',
    'JSON null': 'null',
    'empty array': '[]',
  }),
  kind('uuid', 'uuid', 'text', {
    nil: '00000000-0000-0000-0000-000000000000',
    random: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  }),
  kind('enum', 'enum', 'text', { 'first by name': 'alpha', 'first by position': 'zeta', quote: "it's" }),
  kind('set', 'set', 'text', { empty: '', two: 'x,z' }),
  kind('bits', 'bit(64)', 'number', { lowest: '0', highest: '18446744073709551615' }),
  kind('bit_string', 'bit(8) as text', 'text', { '00000101': '00000101', '11111111': '11111111' }),
  kind('bit', 'bit(1)', 'boolean', { true: 'true', false: 'false' }),
  kind('year', 'year', 'number', { zero: '0', first: '1901', last: '2155' }),
  kind('money', 'money', 'text', { cents: '$1,234.56', negative: '-$0.01' }),
  kind('int_array', 'array of integers', 'text', { values: '{1,-2,NULL}', empty: '{}', bounds: '[0:1]={5,6}' }),
  kind('text_array', 'array of texts', 'text', { quoting: '{NULL,"NULL","","a,b","\\"q\\\\"}' }),
  kind('enum_array', 'array of enums', 'text', { values: `{zeta,it's}` }),
  kind('range', 'range', 'text', { 'half open': '[1,9223372036854775807)', empty: 'empty' }),
  kind('composite', 'composite', 'text', { values: '(1,"a ""b""",)' }),
  kind('inet', 'inet', 'text', { v4: '10.0.0.1/8', v6: '::1' }),
  kind('any', 'no declared type', 'text', {}),
] as const satisfies readonly Kind[]

export function kindNamed(name: string): Kind {
  const found = KINDS.find(one => one.name === name)
  if (found === undefined) throw new Error(`kinds.ts has no ${name}`)
  return found
}
