import type { Value } from '../../src/core/row.js'
import type { LogicalType } from '../../src/core/types.js'

/** What a database may do to a value instead of keeping it; everything not listed here must come back equal. */
export interface Exception {
  readonly type: LogicalType['kind']
  readonly label: string
  readonly database: string
  /** The code of the refusal, or the value that comes back instead. */
  readonly becomes: { readonly refused: string } | { readonly value: Value }
  readonly reason: string
}

export interface ValueCase {
  readonly label: string
  readonly value: Value
}

export interface TypeCases {
  readonly type: LogicalType
  readonly cases: readonly ValueCase[]
}

const cases = (values: Readonly<Record<string, Value>>): ValueCase[] =>
  Object.entries(values).map(([label, value]) => ({ label, value }))

/** Every value as its own label. */
const plain = (...values: readonly (string | number | bigint | boolean)[]): ValueCase[] =>
  values.map(value => ({ label: typeof value === 'string' ? value : `${typeof value} ${value}`, value }))

const TEXTS = cases({
  empty: '',
  'one space': ' ',
  'trailing spaces': 'abc   ',
  'the word NULL': 'NULL',
  'backslash N': '\\N',
  'end of COPY': '\\.',
  backslashes: 'a\\b\\\\c\\n',
  quotes: `it's "quoted" \`so\``,
  'line ends': 'a\nb\r\nc\rd',
  'tab and comma': 'a\tb,c;d|e',
  'control characters': `${Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join('')}\u007f\u0085`,
  'looks like an integer': '007',
  'looks like a decimal': '1.10',
  'looks like an exponent': '1e5',
  accents: 'ÀÉÎõü ß',
  'combining accent': 'e\u0301',
  cyrillic: 'Привет',
  chinese: '数据迁移',
  'right to left': 'שלום \u202eabc',
  'four-byte UTF-8': '😀𝒳\u{10ffff}',
  'family of joiners': '👩‍👩‍👧‍👦',
  'replacement character': 'a\ufffdb',
  'byte order mark': '\ufeffabc',
  noncharacters: '\uffff\ufdd0',
  'long text of 1 MB': 'äb€😀'.repeat(100_000),
})

/** Only databases that can hold U+0000 in text are asked to. */
export const NUL_TEXT = 'a\u0000b'

export const VALUES: readonly TypeCases[] = [
  { type: { kind: 'boolean' }, cases: plain(true, false) },
  { type: { kind: 'integer', bits: 8 }, cases: plain(-128, 127, 0) },
  { type: { kind: 'integer', bits: 16 }, cases: plain(-32768, 32767) },
  { type: { kind: 'integer', bits: 32 }, cases: plain(-2147483648, 2147483647, '-5') },
  {
    type: { kind: 'integer', bits: 64 },
    cases: plain(
      0,
      -1,
      9007199254740991,
      -9007199254740991,
      9007199254740992n,
      9007199254740993n,
      -9007199254740993n,
      9223372036854775807n,
      -9223372036854775808n,
      '9223372036854775807',
      '-9223372036854775808',
    ),
  },
  { type: { kind: 'integer', bits: 64, unsigned: true }, cases: plain('18446744073709551615', 0n) },
  {
    type: { kind: 'decimal', precision: 12, scale: 2 },
    cases: plain('0', '0.10', '1.1', '-0.01', '9999999999.99', '-9999999999.99', '100.00', 5, 12n),
  },
  {
    type: { kind: 'decimal', precision: 38, scale: 10 },
    cases: plain(
      '1234567890123456789012345678.0123456789',
      '-9999999999999999999999999999.9999999999',
      '0.0000000001',
      '0.1',
      '12345678901234567890',
    ),
  },
  { type: { kind: 'decimal', precision: 38, scale: 0 }, cases: plain('99999999999999999999999999999999999999', '-1') },
  {
    type: { kind: 'decimal' },
    cases: plain('123456789.123456789123456789', '1.10', '0.000000000000000000001', '100000000000000000000000000'),
  },
  {
    type: { kind: 'float', bits: 64 },
    cases: cases({
      zero: 0,
      'minus zero': -0,
      'a third': 1 / 3,
      '0.1 + 0.2': 0.1 + 0.2,
      'whole number': 3,
      '2^53 + 2': 9007199254740994,
      largest: Number.MAX_VALUE,
      'smallest normal': 2.2250738585072014e-308,
      denormal: 5e-324,
      '-1e-7': -1e-7,
      infinity: Number.POSITIVE_INFINITY,
      'minus infinity': Number.NEGATIVE_INFINITY,
      'not a number': Number.NaN,
    }),
  },
  {
    type: { kind: 'float', bits: 32 },
    cases: cases({
      'a third': Math.fround(1 / 3),
      'tenth as text': '0.1',
      '16777216': 16777216,
      largest: 3.4028235e38,
    }),
  },
  { type: { kind: 'text' }, cases: TEXTS },
  {
    type: { kind: 'text', length: 5 },
    cases: cases({ empty: '', full: 'abcde', 'five characters of four bytes': '😀😀😀😀😀' }),
  },
  { type: { kind: 'text', length: 5, fixed: true }, cases: cases({ full: 'abcde' }) },
  { type: { kind: 'enum', labels: ['new', "it's old"] }, cases: plain('new', "it's old") },
  {
    type: { kind: 'bytes' },
    cases: cases({
      empty: Buffer.alloc(0),
      'every byte': Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      zeros: Buffer.alloc(3),
      'text with NUL and backslash': Buffer.from('a\u0000\\x41\\'),
      '1 MB': Buffer.alloc(1_000_000, 0xa5),
    }),
  },
  { type: { kind: 'date' }, cases: plain('0001-01-01', '1582-10-10', '1970-01-01', '2024-02-29', '9999-12-31') },
  { type: { kind: 'time' }, cases: plain('00:00:00', '03:04:05', '03:04:05.000001', '23:59:59.999999') },
  {
    type: { kind: 'timestamp', zoned: false },
    cases: plain(
      '0001-01-01T00:00:00',
      '2024-02-29T03:04:05.000001',
      '2024-02-29 03:04:05',
      '2024-03-10T02:30:00',
      '2024-11-03T01:30:00.123456',
      '9999-12-31T23:59:59.999999',
    ),
  },
  {
    type: { kind: 'timestamp', zoned: true },
    cases: plain(
      '2024-02-29T03:04:05.000001Z',
      '2024-02-29T03:04:05+05:30',
      '2024-02-29 03:04:05.5-11:00',
      '2024-11-03T01:30:00-04:00',
      '0001-01-02T00:00:00Z',
      '9999-12-30T23:59:59.999999Z',
    ),
  },
  { type: { kind: 'interval' }, cases: plain('1 day', '00:00:00.000001') },
  {
    type: { kind: 'json' },
    cases: plain(
      '{"a":12345678901234567890}',
      '{ "a" : 1.10, "a" : 2 }',
      '[]',
      '{}',
      'null',
      'true',
      '"text"',
      '1.10',
      '1e400',
      '12345678901234567890',
      '{"quote":"\\"","unicode":"\\u00e4ä","slash":"\\\\"}',
      ' [1, 2] ',
    ),
  },
  {
    type: { kind: 'uuid' },
    cases: plain('00000000-0000-0000-0000-000000000000', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'),
  },
]

export const EXCEPTIONS: readonly Exception[] = [
  {
    type: 'json',
    label: ' [1, 2] ',
    database: 'jsonl',
    becomes: { value: '[1, 2]' },
    reason: 'the value stands in a line of JSON: white space around it is not its own',
  },
  {
    type: 'float',
    label: 'minus zero',
    database: 'oracle',
    becomes: { value: 0 },
    reason: 'the server makes minus zero plain zero; the two compare equal',
  },
  ...(['text', 'bytes'] as const).map(
    (type): Exception => ({
      type,
      label: 'empty',
      database: 'oracle',
      becomes: { value: null },
      reason: 'Oracle keeps an empty value as null',
    }),
  ),
  {
    type: 'float',
    label: 'minus zero',
    database: 'sqlite',
    becomes: { value: 0 },
    reason: 'a REAL column keeps whole numbers as integers, which have no minus zero; the two compare equal',
  },
  {
    type: 'float',
    label: 'not a number',
    database: 'sqlite',
    becomes: { refused: 'E420' },
    reason: 'SQLite has no NaN and would store NULL',
  },
  {
    type: 'float',
    label: 'minus zero',
    database: 'mysql',
    becomes: { value: 0 },
    reason: 'the server makes minus zero plain zero; the two compare equal',
  },
  ...['infinity', 'minus infinity', 'not a number'].map(
    (label): Exception => ({
      type: 'float',
      label,
      database: 'mysql',
      becomes: { refused: 'E420' },
      reason: 'a DOUBLE holds finite numbers only',
    }),
  ),
]

/** One form for values that are equal, whichever canonical form they stand in. */
export function normal(type: LogicalType, value: Value): string {
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  switch (type.kind) {
    case 'integer':
      return `number ${BigInt(value as number | string | bigint)}`
    case 'decimal':
      return `number ${trimZeros(String(value))}`
    case 'float': {
      const number = type.bits === 32 ? Math.fround(Number(value)) : Number(value)
      return `float ${Object.is(number, -0) ? '-0' : number}`
    }
    case 'boolean':
      // A database without booleans has 1 and 0.
      return `boolean ${value === true || value === 1 || value === '1'}`
    case 'date':
      // A DATE of Oracle always has a time.
      return `text ${String(value).replace(/[T ]00:00:00$/, '')}`
    case 'timestamp':
      return type.zoned ? instant(String(value)) : trimZeros(String(value).replace(' ', 'T'))
    case 'time':
      return trimZeros(String(value))
    default:
      return `text ${String(value)}`
  }
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Microseconds since the epoch: the same instant, whatever offset it is written with. */
function instant(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)$/.exec(text)
  if (match === null) return `not an instant: ${text}`
  const [, date, time, fraction = '', offset = 'Z'] = match
  const zone = offset === 'Z' ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`
  const seconds = BigInt(Date.parse(`${date}T${time}${zone}`)) * 1000n
  return `instant ${seconds + BigInt(fraction.padEnd(6, '0').slice(0, 6))}`
}
