import { expect, test } from 'vitest'
import type { Value } from '../../../src/core/row.js'
import { type LogicalType, parseType } from '../../../src/core/types.js'
import { type CanonicalData, canonicalEncoder, textsOf } from '../../../src/run/canonical-rows.js'
import { canonicalOf } from '../../../src/transforms/canonical.js'
import { allowedBy } from '../../../src/verify/allow.js'
import { draw } from '../../../src/verify/sample.js'

type Given = Exclude<Value, null>

/** Values of a type: those of one group are the same, those of two are not. */
const GROUPS: Readonly<Record<string, readonly (readonly Given[])[]>> = {
  boolean: [[true, 't', 1, '1', 1n], [false, 'f', 0, 'false'], ['2'], [2]],
  int64: [
    [7, '7', 7n, '007', '+7'],
    [-7, '-7'],
    [0, '0', '-0', -0],
    ['9007199254740993', 9007199254740993n],
    [true, 1],
  ],
  'decimal(12,2)': [['1.10', '1.1', '01.1'], ['1.11'], ['100', 100], ['-0.00', '0'], ['0.1', '.1'], ['NaN']],
  float64: [
    [0.1, '0.1', '1e-1'],
    [0.30000000000000004],
    [0.3],
    [-0, '-0'],
    [0, '0.0'],
    ['NaN', Number.NaN],
    ['Infinity'],
  ],
  float32: [['0.1', Math.fround(0.1)], [0.2]],
  text: [['a'], ['a '], [''], ['A'], ['á'], ['a\u0301']],
  'char(5)': [['a', 'a    '], [' a']],
  bytes: [
    [Buffer.from('00ff', 'hex'), new Uint8Array([0, 255]) as Buffer],
    [Buffer.from('00fe', 'hex')],
    [Buffer.alloc(0)],
    ['00ff'],
  ],
  time: [['03:04:05', '03:04:05.000'], ['03:04:05.1', '03:04:05.100000'], ['03:04:05.000001']],
  timestamp: [
    ['2024-02-29T03:04:05', '2024-02-29 03:04:05.000000'],
    ['2024-02-29 03:04:05.000001'],
    ['2024-02-29', '2024-02-29T00:00:00'],
    ['infinity'],
  ],
  timestamptz: [
    ['2024-02-29T03:04:05Z', '2024-02-29 03:04:05+00', '2024-02-29 08:34:05.0+05:30', '2024-02-29 03:04:05+00:00'],
    ['2024-02-29T03:04:05.1Z', '2024-02-29 03:04:05.100+00'],
  ],
  uuid: [['0D8F8A54-55EE-4BB0-A2E4-1A7A3B0B8B3A', '0d8f8a54-55ee-4bb0-a2e4-1a7a3b0b8b3a']],
}

test.each(Object.entries(GROUPS))('%s: equal values have one text, others another', (name, groups) => {
  const text = canonicalOf(parseType(name) as LogicalType, true)
  const texts = groups.map(group => [...new Set(group.map(value => text(value)))])
  expect(texts.map(group => group.length)).toEqual(groups.map(() => 1))
  expect(new Set(texts.flat()).size).toBe(groups.length)
})

test('a line tells null from text, and holds any text', () => {
  const columns = [0, 1, 2].map(index => ({ index, type: { kind: 'text' } as const, signedZero: true }))
  const rows = [
    ['a', null, '\\N'],
    ['a\t', '\\t\n', ''],
    ['\u0000', 'ü😀', '\\'],
  ]
  const { bytes, ends } = canonicalEncoder({ columns }).encode(rows).data as CanonicalData
  const lines = [...ends].map((end, i) => Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)))
  expect(lines.map(textsOf)).toEqual(rows)
  expect(lines.map(line => line.indexOf(10))).toEqual(lines.map(line => line.length - 1))
})

test('rows that are written together are as they are one by one', () => {
  const columns = [0, 1, 2].map(index => ({ index, type: { kind: 'text' } as const, signedZero: true }))
  const texts = [
    '',
    'a',
    'ü',
    '😀',
    'x'.repeat(40_000),
    'ö'.repeat(5000),
    null,
    'b\t',
    '\\',
    '\n',
    '\u0001',
    '\u0000',
    '\\N',
  ]
  const rows = Array.from({ length: 3000 }, (_, i) =>
    // Some hundred rows with nothing to escape, some hundred with any text.
    [7, 5, 3].map(step => texts[(i * step) % (i % 700 < 400 ? 5 : texts.length)] ?? null),
  )
  const together = canonicalEncoder({ columns }).encode(rows).data as CanonicalData
  const alone = canonicalEncoder({ columns })
  const one = rows.map(row => alone.encode([row]).data as CanonicalData)
  const all = Buffer.concat(one.map(({ bytes }) => bytes))
  expect(Buffer.compare(together.bytes, all)).toBe(0)
  let end = 0
  expect([...together.ends]).toEqual(one.map(({ bytes }) => (end += bytes.length)))
  const found = rows.map((_, i) =>
    textsOf(Buffer.from(together.bytes.subarray(i === 0 ? 0 : together.ends[i - 1], together.ends[i]))),
  )
  expect(found).toEqual(rows)
})

test('a float that comes as text is the text of its number', () => {
  const text = canonicalOf({ kind: 'float', bits: 64 }, true)
  const given = [
    '0',
    '0.0',
    '0.5',
    '-0.5',
    '00.5',
    '.5',
    '5.',
    '5.0',
    '5.10',
    '1e5',
    '1.5e300',
    '0.05',
    '0.000001',
    '0.0000001',
  ]
  given.push(
    '123456789012345',
    '1234567890123456',
    '12345678901234567890',
    '0.12345678901234',
    '1234567.12345678',
    '9007199254740993',
  )
  given.push(
    '0.1234567890123456789',
    '999999999999999.9',
    '100000',
    '-7',
    '+7',
    '5e-324',
    '1.7976931348623157e308',
    '-0.001',
  )
  expect(given.map(text)).toEqual(given.map(value => String(Number(value))))
})

test('allowed differences are those that the rule names, and no others', () => {
  const none = { emptyIsNull: false, charPad: false, zeroSign: false, floatUlp: 0 }
  const all = { emptyIsNull: true, charPad: true, zeroSign: true, floatUlp: 1, tsPrecision: 3 }
  const cases: readonly [string, string | null, string | null, string | undefined][] = [
    ['text', '', null, 'empty_is_null'],
    ['text', 'a', null, undefined],
    ['text', 'a ', 'a', 'char_pad'],
    ['text', ' a', 'a', undefined],
    ['float64', '-0', '0', 'zero_sign'],
    ['float64', '0.1', '0.10000000000000002', 'float_ulp'],
    ['float64', '0.1', '0.10000000000000003', undefined],
    ['float64', '5e-324', '-5e-324', undefined],
    ['timestamp', '2024-01-01 00:00:00.1239', '2024-01-01 00:00:00.123', 'ts_precision'],
    ['timestamp', '2024-01-01 00:00:00.9996', '2024-01-01 00:00:01', 'ts_precision'],
    ['timestamp', '2024-01-01 00:00:00.125', '2024-01-01 00:00:00.123', undefined],
    ['timestamp', '2024-01-01 00:01:00', '2024-01-01 00:00:00', undefined],
  ]
  for (const [name, expected, actual, rule] of cases) {
    const type = parseType(name) as LogicalType
    expect([name, expected, actual, allowedBy(type, expected, actual, all)]).toEqual([name, expected, actual, rule])
    expect(allowedBy(type, expected, actual, none)).toBeUndefined()
  }
  const json = { kind: 'json' } as const
  expect(allowedBy(json, '{"a":1.50,"b":[1,2]}', '{ "b": [1, 2], "a": 15e-1 }', none)).toBe('json_form')
  expect(allowedBy(json, '{"a":12345678901234567890}', '{"a":12345678901234567891}', none)).toBeUndefined()
})

test('numbers are drawn without repetition, each as likely as any other', () => {
  expect(draw(5, 5)).toEqual([0, 1, 2, 3, 4])
  expect(draw(0, 5)).toEqual([])
  const counts = new Array(10).fill(0) as number[]
  for (let i = 0; i < 5000; i++) {
    const drawn = draw(3, 10)
    expect(new Set(drawn).size).toBe(3)
    for (const number of drawn) counts[number] = (counts[number] ?? 0) + 1
  }
  // 1,500 each; one further than 250 away (more than seven deviations) is no chance.
  expect(counts.filter(count => Math.abs(count - 1500) > 250)).toEqual([])
})
