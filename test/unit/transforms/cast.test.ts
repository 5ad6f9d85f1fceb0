import { describe, expect, it } from 'vitest'
import { RowError } from '../../../src/core/errors.js'
import type { Value } from '../../../src/core/row.js'
import type { LogicalType } from '../../../src/core/types.js'
import { formatType, parseType } from '../../../src/core/types.js'
import type { CastOptions } from '../../../src/transforms/cast.js'
import { castRefusal, compileCast, conversionRisk } from '../../../src/transforms/cast.js'

const ENUM: LogicalType = { kind: 'enum', labels: ['available', 'shipped'] }
const ANY: LogicalType = { kind: 'any' }
const TENS: LogicalType = { kind: 'decimal', precision: 3, scale: -1 }

function type(text: string): LogicalType {
  if (text === 'any') return ANY
  if (text === 'enum') return ENUM
  if (text === 'tens') return TENS
  const parsed = parseType(text)
  if (parsed === undefined) throw new Error(`no type ${text}`)
  return parsed
}

type Overrides = Partial<Omit<CastOptions, 'onLoss'>>

/** What a cast makes of a value, with the number of losses it counted. */
function cast(
  from: string,
  to: string,
  value: Value,
  options: Overrides = {},
): { value?: Value; losses: number; error?: string } {
  let losses = 0
  const run = compileCast(type(from), type(to), { nulInText: false, onLoss: () => losses++, ...options })
  try {
    return { value: run === undefined ? value : run(value), losses }
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    return { error: `${error.code} ${error.message}`, losses }
  }
}

describe('values that arrive', () => {
  it.each<[string, string, Value, Value]>([
    ['any', 'boolean', true, true],
    ['any', 'boolean', 1, true],
    ['any', 'boolean', 0n, false],
    ['text', 'boolean', 'T', true],
    ['text', 'boolean', 'false', false],
    ['boolean', 'int16', true, 1],
    ['boolean', 'text', false, 'false'],
    ['boolean', 'decimal(1,0)', true, '1'],
    ['int64', 'int8', -128, -128],
    ['int64', 'int64', '-9223372036854775808', '-9223372036854775808'],
    ['any', 'int64', '9223372036854775807', 9223372036854775807n],
    ['any', 'uint64', '18446744073709551615', 18446744073709551615n],
    ['any', 'int32', ' +12 ', 12],
    ['any', 'int32', '12.00', 12],
    ['any', 'int32', '-0', 0],
    ['any', 'int32', -0, 0],
    ['any', 'int32', '007', 7],
    ['any', 'int32', 2e3, 2000],
    ['any', 'int64', 1e18, 1000000000000000000n],
    ['any', 'int32', '1.2e3', 1200],
    ['decimal(12,2)', 'int32', '12.00', 12],
    ['float64', 'decimal', 0.1, '0.1'],
    ['float64', 'decimal', 1e21, '1000000000000000000000'],
    ['float64', 'decimal', '1e-7', '0.0000001'],
    ['any', 'decimal(5,2)', '-123.45', '-123.45'],
    ['any', 'decimal(5,2)', '123.4500', '123.4500'],
    ['any', 'decimal(5,2)', '000123.4', '123.4'],
    ['any', 'decimal(5,2)', '-0.5', '-0.5'],
    ['any', 'decimal(5,2)', '-00', '-0'],
    ['any', 'decimal(5,2)', '.5', '0.5'],
    ['any', 'decimal(5,2)', '5.', '5'],
    ['any', 'decimal(2,2)', '0.25', '0.25'],
    ['any', 'tens', '9990', '9990'],
    ['any', 'decimal(2,4)', '0.0012', '0.0012'],
    ['any', 'decimal(5,2)', 12n, '12'],
    ['any', 'decimal', '12345678901234567890.12345678901234567890', '12345678901234567890.12345678901234567890'],
    ['decimal', 'float64', '0.1', 0.1],
    ['decimal', 'float64', '9007199254740992', 9007199254740992],
    ['text', 'float64', 'NaN', Number.NaN],
    ['text', 'float64', '-Infinity', Number.NEGATIVE_INFINITY],
    ['decimal', 'float32', '1.5', 1.5],
    ['decimal', 'float32', '0.1', 0.1],
    ['decimal', 'float32', '123456.79', 123456.79],
    ['any', 'float32', '3.4028235e+38', 3.4028235e38],
    ['any', 'float32', '1e-45', 1e-45],
    ['float64', 'float32', 0.5, 0.5],
    ['int64', 'float64', 12n, 12],
    ['int64', 'text', 9007199254740993n, '9007199254740993'],
    ['float64', 'text', 1e21, '1000000000000000000000'],
    ['float64', 'text', Number.NaN, 'NaN'],
    ['text', 'varchar(3)', '😀😀😀', '😀😀😀'],
    ['text', 'varchar(3)', 'abc', 'abc'],
    ['date', 'timestamp', '2024-02-29', '2024-02-29T00:00:00'],
    ['timestamp', 'date', '2024-02-29T00:00:00', '2024-02-29'],
    ['timestamp', 'date', '2024-02-29 00:00:00.000', '2024-02-29'],
    ['text', 'timestamp', '2024-02-29 23:59:59.999999', '2024-02-29 23:59:59.999999'],
    ['text', 'timestamp(3)', '2024-02-29T23:59:59.123000', '2024-02-29T23:59:59.123000'],
    ['text', 'timestamptz', '2024-02-29 23:59:59+05:30', '2024-02-29 23:59:59+05:30'],
    ['text', 'time', '23:59:59', '23:59:59'],
    ['date', 'date', 'infinity', 'infinity'],
    ['timestamp', 'timestamp(3)', '0044-03-15 00:00:00 BC', '0044-03-15 00:00:00 BC'],
    ['text', 'enum', 'shipped', 'shipped'],
    ['text', 'uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['text', 'json', '{"a":1.10}', '{"a":1.10}'],
    ['int64', 'json', 9007199254740993n, '9007199254740993'],
    ['boolean', 'json', true, 'true'],
    ['json', 'text', '{"a":1}', '{"a":1}'],
    ['text', 'interval', '1 day', '1 day'],
    ['text', 'any', 'x', 'x'],
  ])('%s -> %s %s', (from, to, value, wanted) => {
    expect(cast(from, to, value)).toEqual({ value: wanted, losses: 0 })
  })

  it('bytes pass', () => {
    const bytes = Buffer.from([0, 255])
    expect(cast('any', 'bytes', bytes)).toEqual({ value: bytes, losses: 0 })
  })
})

describe('values that are refused', () => {
  it.each<[string, string, Value, string]>([
    ['any', 'boolean', 2, 'E407 only 0 and 1 are booleans'],
    ['text', 'boolean', 'yes', 'E407 the text is not a boolean; to_boolean reads other words'],
    ['any', 'boolean', Buffer.from('1'), 'E421 bytes cannot be converted to boolean'],
    ['any', 'int8', 128, 'E403 the number is outside the range of int8 (-128 to 127)'],
    ['any', 'uint16', -1, 'E403 the number is outside the range of uint16 (0 to 65535)'],
    ['any', 'int24', '8388608', 'E403 the number is outside the range of int24 (-8388608 to 8388607)'],
    [
      'any',
      'int64',
      2n ** 63n,
      'E403 the number is outside the range of int64 (-9223372036854775808 to 9223372036854775807)',
    ],
    [
      'any',
      'int64',
      '9223372036854775808',
      'E403 the number is outside the range of int64 (-9223372036854775808 to 9223372036854775807)',
    ],
    ['decimal', 'int32', '12.5', 'E404 int32 keeps no fraction, the value has more'],
    ['float64', 'int32', 0.5, 'E404 int32 keeps no fraction, the value has more'],
    ['float64', 'int32', Number.NaN, 'E402 NaN and infinity do not exist in int32'],
    ['text', 'int32', '12 apples', 'E402 the text is not a number, int32 needs one'],
    ['text', 'int32', '', 'E402 the text is not a number, int32 needs one'],
    ['text', 'int32', '0x10', 'E402 the text is not a number, int32 needs one'],
    ['text', 'int32', '1_000', 'E402 the text is not a number, int32 needs one'],
    ['text', 'decimal', '1e100000', 'E402 the text is not a number, decimal needs one'],
    ['any', 'decimal(5,2)', '1234.5', 'E403 the number has more digits before the point than decimal(5,2)'],
    ['any', 'decimal(2,2)', '1', 'E403 the number has more digits before the point than decimal(2,2)'],
    ['any', 'tens', '9', 'E404 decimal(3,-1) keeps no fraction, the value has more'],
    ['any', 'decimal(5,2)', '-', 'E402 the text is not a number, decimal(5,2) needs one'],
    ['any', 'decimal(5,2)', '0.001', 'E404 decimal(5,2) keeps 2 digits after the point, the value has more'],
    ['any', 'decimal(5,2)', 12345, 'E403 the number has more digits before the point than decimal(5,2)'],
    ['float64', 'decimal(5,2)', Number.POSITIVE_INFINITY, 'E402 NaN and infinity do not exist in decimal(5,2)'],
    ['decimal', 'decimal(5,2)', 'NaN', 'E402 the text is not a number, decimal(5,2) needs one'],
    ['any', 'decimal(5,2)', Buffer.from('1'), 'E421 bytes cannot be converted to decimal(5,2)'],
    ['decimal', 'float64', '9007199254740993', 'E404 float64 cannot hold all digits of the number'],
    ['decimal', 'float64', '0.1000000000000000055511151231257827', 'E404 float64 cannot hold all digits of the number'],
    ['int64', 'float64', 9007199254740993n, 'E404 float64 cannot hold all digits of the number'],
    ['float64', 'float32', 0.1, 'E404 float32 cannot hold all digits of the number'],
    ['any', 'float32', '16777217', 'E404 float32 cannot hold all digits of the number'],
    ['float64', 'float32', 1e39, 'E403 the number is outside the range of float32'],
    ['text', 'float64', '1e999', 'E403 the number is outside the range of float64'],
    ['text', 'varchar(3)', 'abcd', 'E405 the text is longer than varchar(3)'],
    ['text', 'char(2)', '😀😀😀', 'E405 the text is longer than char(2)'],
    ['int64', 'varchar(2)', 123, 'E405 the text is longer than varchar(2)'],
    ['text', 'text', 'a\u0000b', 'E408 text of this database cannot hold NUL'],
    ['any', 'text', 'a\ud800', 'E409 the text holds half of a surrogate pair'],
    ['any', 'text', '\udc00a', 'E409 the text holds half of a surrogate pair'],
    ['any', 'text', Buffer.from('x'), 'E421 bytes cannot be converted to text; to_base64 makes text of bytes'],
    ['any', 'bytes(1)', Buffer.from('xy'), 'E405 the bytes are longer than bytes(1)'],
    ['any', 'bytes', 'x', 'E421 text cannot be converted to bytes; from_base64 reads bytes from text'],
    ['text', 'date', '2023-02-29', 'E406 the text is not a date'],
    ['text', 'date', '2024-2-9', 'E406 the text is not a date'],
    ['text', 'date', '0000-01-01', 'E406 the text is not a date'],
    ['text', 'date', 'infinity', 'E406 the text is not a date'],
    ['text', 'time', '24:00:00', 'E406 the text is not a time of day'],
    ['text', 'timestamp', '2024-06-30T23:59:60', 'E406 the text is not a timestamp without zone'],
    ['text', 'timestamp', '2024-06-30T23:59', 'E406 the text is not a timestamp without zone'],
    ['text', 'timestamptz', '2024-06-30T23:59:59+16:00', 'E406 the text is not a timestamp with zone'],
    [
      'text',
      'timestamptz',
      '2024-02-29T00:00:00',
      'E421 a timestamp without zone cannot become a timestamp with zone; say where its clock stood with zone',
    ],
    [
      'text',
      'timestamptz',
      '2024-02-29',
      'E421 a date cannot become a timestamp with zone; say where its clock stood with zone',
    ],
    [
      'timestamp',
      'timestamptz',
      '2024-02-29T00:00:00',
      'E421 a timestamp without zone cannot become a timestamp with zone; say where its clock stood with zone',
    ],
    [
      'timestamptz',
      'timestamp',
      '2024-02-29T00:00:00Z',
      'E421 a timestamp with zone cannot become a timestamp without zone; choose the clock with to_zone and drop',
    ],
    [
      'timestamptz',
      'date',
      '2024-02-29T00:00:00Z',
      'E421 a timestamp with zone cannot become a date; choose the clock with to_zone, then date_only',
    ],
    [
      'timestamp',
      'time',
      '2024-02-29T00:00:00',
      'E421 a timestamp without zone cannot become a time of day; take time_only',
    ],
    ['time', 'date', '10:00:00', 'E421 a time of day cannot become a date'],
    ['timestamp', 'date', '2024-02-29T00:00:01', 'E404 a date cannot hold the time of day'],
    ['timestamp', 'date', '2024-02-29T00:00:00.000001', 'E404 a date cannot hold the time of day'],
    [
      'timestamp',
      'timestamp(3)',
      '2024-02-29T00:00:00.0001',
      'E404 timestamp(3) keeps 3 digits of the second, the value has more',
    ],
    ['any', 'timestamp', 20240229, 'E421 a number cannot be converted to timestamp'],
    ['text', 'enum', 'sold', 'E421 the text is none of the labels available, shipped'],
    ['text', 'uuid', 'a0eebc99', 'E421 the text is not a uuid'],
    ['text', 'json', '{a:1}', 'E421 the value is not JSON'],
    ['float64', 'json', Number.NaN, 'E421 the value is not JSON'],
    ['text', 'bytes', 'x', 'E421 text cannot be converted to bytes; from_base64 reads bytes from text'],
    ['bytes', 'text', Buffer.from('x'), 'E421 bytes cannot be converted to text; to_base64 makes text of bytes'],
    ['json', 'int32', '1', 'E421 json cannot be converted to int32'],
    ['date', 'int32', '2024-02-29', 'E421 date cannot be converted to int32'],
    ['int32', 'date', 1, 'E421 int32 cannot be converted to date'],
    ['int32', 'uuid', 1, 'E421 int32 cannot be converted to uuid'],
    ['float64', 'boolean', 1, 'E421 float64 cannot be converted to boolean'],
  ])('%s -> %s %s', (from, to, value, error) => {
    expect(cast(from, to, value)).toEqual({ error, losses: 0 })
  })
})

describe('losses that the field allows are counted', () => {
  it.each<[string, string, Value, 'round' | 'truncate', Value]>([
    ['decimal', 'int32', '2.5', 'round', 3],
    ['decimal', 'int32', '-2.5', 'round', -3],
    ['decimal', 'int32', '-2.9', 'truncate', -2],
    ['decimal', 'int32', '-0.4', 'round', 0],
    ['decimal', 'decimal(5,2)', '1.005', 'round', '1.01'],
    ['decimal', 'decimal(5,2)', '1.009', 'truncate', '1'],
    ['float64', 'decimal(5,2)', 0.125, 'round', '0.13'],
    ['decimal', 'float64', '9007199254740993', 'round', 9007199254740992],
    ['float64', 'float32', 0.1, 'round', 0.10000000149011612],
    ['text', 'varchar(2)', 'a😀b', 'truncate', 'a😀'],
    ['any', 'bytes(1)', Buffer.from('xy'), 'truncate', Buffer.from('x')],
    ['timestamp', 'date', '2024-02-29T23:59:59', 'truncate', '2024-02-29'],
    ['timestamp', 'timestamp(3)', '2024-02-29T23:59:59.9995', 'round', '2024-03-01T00:00:00.000'],
    ['timestamp', 'timestamp(3)', '2024-02-29T23:59:59.9995', 'truncate', '2024-02-29T23:59:59.999'],
    ['timestamp', 'timestamp(0)', '2024-02-29T23:59:58.5', 'round', '2024-02-29T23:59:59'],
    ['timestamptz', 'timestamp', '2024-02-29T01:00:00.5+09:00', 'truncate', '2024-02-28T16:00:00.5'],
    ['time', 'time(0)', '10:00:00.49', 'round', '10:00:00'],
  ])('%s -> %s %s %s', (from, to, value, onLossy, wanted) => {
    expect(cast(from, to, value, { onLossy })).toEqual({ value: wanted, losses: 1 })
  })

  it.each<[string, string, Value, 'round' | 'truncate' | 'fail' | 'quarantine', string]>([
    ['decimal', 'decimal(3,2)', '9.999', 'round', 'E403 the number has more digits before the point than decimal(3,2)'],
    ['text', 'varchar(2)', 'abc', 'round', 'E405 the text is longer than varchar(2)'],
    ['decimal', 'int32', '2.5', 'quarantine', 'E404 int32 keeps no fraction, the value has more'],
    ['time', 'time(0)', '23:59:59.5', 'round', 'E403 rounding leaves the range of time(0)'],
    ['decimal', 'int8', '127.5', 'round', 'E403 the number is outside the range of int8 (-128 to 127)'],
  ])('%s -> %s %s %s is still refused', (from, to, value, onLossy, error) => {
    expect(cast(from, to, value, { onLossy }).error).toBe(error)
  })
})

describe('what needs no cast', () => {
  const compiled = (from: string, to: string, options: Overrides = {}) =>
    compileCast(type(from), type(to), { nulInText: true, onLoss: () => {}, ...options }) !== undefined

  it.each([
    ['boolean', 'boolean'],
    ['int32', 'int64'],
    ['uint8', 'int16'],
    ['decimal(10,2)', 'decimal(12,2)'],
    ['decimal(10,2)', 'decimal'],
    ['int32', 'decimal(12,2)'],
    ['int32', 'float64'],
    ['float32', 'float64'],
    ['varchar(10)', 'varchar(20)'],
    ['char(10)', 'text'],
    ['bytes(4)', 'bytes'],
    ['date', 'date'],
    ['timestamp(3)', 'timestamp'],
    ['timestamptz', 'timestamptz(6)'],
    ['json', 'json'],
    ['uuid', 'uuid'],
    ['uuid', 'text'],
    ['enum', 'enum'],
    ['enum', 'varchar(9)'],
    ['int32', 'any'],
  ])('%s -> %s', (from, to) => {
    expect(compiled(from, to)).toBe(false)
    expect(conversionRisk(type(from), type(to)).risk).toBe('lossless')
    expect(compiled(from, to, { looseSource: true })).toBe(true)
  })

  it('text is looked through where the target cannot hold NUL', () => {
    expect(compiled('text', 'text', { nulInText: false })).toBe(true)
    expect(compiled('text', 'text')).toBe(false)
  })

  it('the empty value is a loss where the target keeps it as null', () => {
    const message = 'E404 this database keeps the empty value as null; `empty_to_null` or `on_lossy` allows it'
    const empties: readonly [string, Value][] = [
      ['text', ''],
      ['varchar(5)', ''],
      ['bytes', Buffer.alloc(0)],
      ['any', ''],
    ]
    for (const [to, value] of empties) {
      const from = to === 'any' ? 'text' : to
      expect(cast(from, to, value, { emptyIsNull: true })).toEqual({ error: message, losses: 0 })
      expect(cast(from, to, value, { emptyIsNull: true, onLossy: 'truncate' })).toEqual({ value: null, losses: 1 })
      expect(cast(from, to, value)).toEqual({ value, losses: 0 })
    }
    expect(cast('text', 'text', ' ', { emptyIsNull: true })).toEqual({ value: ' ', losses: 0 })
    expect(compiled('int32', 'int64', { emptyIsNull: true })).toBe(false)
  })

  it('values of a loose source are always checked', () => {
    expect(cast('int32', 'int32', 'abc', { looseSource: true }).error).toBe(
      'E402 the text is not a number, int32 needs one',
    )
    expect(cast('timestamp', 'timestamptz', '2024-02-29T00:00:00Z', { looseSource: true }).value).toBe(
      '2024-02-29T00:00:00Z',
    )
    expect(cast('date', 'date', 'infinity', { looseSource: true }).error).toBe('E406 the text is not a date')
    expect(cast('text', 'text', 'a\u0000', { looseSource: true, nulInText: true }).value).toBe('a\u0000')
  })
})

describe('conversionRisk', () => {
  it.each([
    ['int64', 'int32', 'checked', 'a number may be out of range'],
    ['decimal', 'decimal(12,2)', 'lossy', 'digits past decimal(12,2) would be cut off'],
    ['decimal(12,4)', 'decimal(12,2)', 'lossy', 'more than 2 digits after the point would be cut off'],
    ['decimal(12,2)', 'int32', 'lossy', 'a fraction would be cut off'],
    ['decimal', 'float64', 'lossy', 'a decimal may have more digits than a float'],
    ['int64', 'float64', 'lossy', 'a large number may have more digits than a float'],
    ['int64', 'decimal(12,2)', 'checked', 'a number may be out of range'],
    ['float64', 'decimal', 'lossy', 'NaN is refused; digits past the scale would be cut off'],
    ['text', 'varchar(40)', 'checked', 'at most 40 characters'],
    ['text', 'date', 'checked', 'text must be date'],
    ['timestamp', 'date', 'lossy', 'a time of day would be cut off'],
    ['timestamp', 'timestamp(3)', 'lossy', 'more than 3 digits of the second would be cut off'],
    [
      'timestamp',
      'timestamptz',
      'lossy',
      'refused: a timestamp without zone cannot become a timestamp with zone; say where its clock stood with zone',
    ],
    ['any', 'int32', 'checked', 'every value says itself what it is'],
    ['text', 'bytes', 'lossy', 'refused: text cannot be converted to bytes; from_base64 reads bytes from text'],
  ])('%s -> %s is %s', (from, to, risk, note) => {
    expect(conversionRisk(type(from), type(to))).toEqual({ risk, note })
  })

  it('never calls a refused pair castable, nor a compiled one refused', () => {
    const all = [
      'boolean',
      'int32',
      'uint64',
      'decimal(8,2)',
      'float64',
      'text',
      'varchar(5)',
      'enum',
      'bytes',
      'date',
      'time',
      'timestamp',
      'timestamptz',
      'interval',
      'json',
      'uuid',
      'any',
    ]
    for (const from of all)
      for (const to of all) {
        const refusal = castRefusal(type(from), type(to))
        const run = compileCast(type(from), type(to), { nulInText: true, onLoss: () => {} })
        if (refusal !== undefined) expect(() => run?.('x'), `${from} ${to}`).toThrow(new RowError('E421', refusal))
        expect(formatType(type(from))).toBeTruthy()
      }
  })
})
