import { describe, expect, test } from 'vitest'
import type { CopyData } from '../../../../src/connectors/postgres/copy-data.js'
import { sliceOf, slicePrefixed } from '../../../../src/connectors/postgres/copy-slices.js'
import { textRows } from '../../../../src/connectors/postgres/copy-text.js'
import type { Column } from '../../../../src/core/catalog.js'
import type { Payload, WriteMode } from '../../../../src/core/connector.js'
import { EtlError } from '../../../../src/core/errors.js'
import type { Row, Value } from '../../../../src/core/row.js'
import { parseType } from '../../../../src/core/types.js'

function column(name: string, type: string): Column {
  return { name, type: parseType(type) ?? { kind: 'text' }, native: type, nullable: true, hasDefault: false }
}

function encoderFor(types: readonly string[], mode: WriteMode = 'insert') {
  const columns = types.map((type, i) => column(`c${i}`, type))
  const encode = textRows({ table: { table: 't' }, columns, mode, match: [] })
  return {
    encode: (rows: readonly Row[]): Payload => {
      const data = encode(rows, 0)
      return { rows: rows.length, bytes: data.bytes.length, data }
    },
  }
}

function text(types: readonly string[], rows: readonly Row[], mode: WriteMode = 'insert'): string {
  const payload = encoderFor(types, mode).encode(rows)
  return Buffer.from((payload.data as CopyData).bytes).toString('utf8')
}

describe('values', () => {
  test.each<[string, Value, string]>([
    ['text', null, '\\N'],
    ['text', '', ''],
    ['text', '\\N', '\\\\N'],
    ['text', '\\.', '\\\\.'],
    ['text', 'a\tb\nc\rd\\e', 'a\\tb\\nc\\rd\\\\e'],
    ['text', 'käse 😀\b\f\v', 'käse 😀\b\f\v'],
    ['text', 12n, '12'],
    ['text', true, 'true'],
    ['boolean', true, 't'],
    ['boolean', false, 'f'],
    ['boolean', 't', 't'],
    ['int32', -7, '-7'],
    ['int64', 9223372036854775807n, '9223372036854775807'],
    ['int64', '-9223372036854775808', '-9223372036854775808'],
    ['int64', 9007199254740991, '9007199254740991'],
    ['int32', -0, '0'],
    ['decimal(38,2)', '123456789012345678901234567890.10', '123456789012345678901234567890.10'],
    ['float64', -0, '-0'],
    ['float64', Number.NaN, 'NaN'],
    ['float64', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['float64', 5e-324, '5e-324'],
    ['float64', 0.1, '0.1'],
    ['bytes', Buffer.from([0, 1, 0x5c, 255]), '\\\\x00015cff'],
    ['bytes', Buffer.alloc(0), '\\\\x'],
    ['timestamptz', '2024-02-29T03:04:05.000001Z', '2024-02-29T03:04:05.000001Z'],
    ['json', '{"a":"x\\ny"}', '{"a":"x\\\\ny"}'],
  ])('%s, case %#', (type, value, expected) => {
    expect(text([type], [[value]])).toBe(`${expected}\n`)
  })
})

test('columns are parted by tabs, rows by line feeds, and ends count bytes', () => {
  const payload = encoderFor(['int32', 'text']).encode([
    [1, 'ä'],
    [2, null],
  ])
  const { bytes, ends } = payload.data as CopyData
  expect(Buffer.from(bytes)).toEqual(Buffer.from('1\tä\n2\t\\N\n'))
  expect([...ends]).toEqual([5, 10])
  expect([payload.rows, payload.bytes]).toEqual([2, 10])
})

test('rows that will be merged begin with their index', () => {
  expect(text(['text'], [['a'], ['b'], ['c']], 'upsert')).toBe('0\ta\n1\tb\n2\tc\n')
})

test('rows of very different sizes keep their bytes', () => {
  const rows: Row[] = Array.from({ length: 300 }, (_, i) => [i, 'é'.repeat(i % 7 === 0 ? 20_000 : 3)])
  expect(text(['int32', 'text'], rows)).toBe(rows.map(row => `${row[0]}\t${row[1]}\n`).join(''))
})

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** The text format of COPY, written the simplest way. */
function simple(value: Value): string {
  if (value === null) return '\\N'
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`
  return String(value).replace(/[\\\t\n\r]/g, found => escapes[found] ?? found)
}

test.each<[string, readonly Value[]]>([
  ['nothing to escape', ['a', null, 7, '']],
  ['nulls and what looks like one', [null, '\\N', 'N', null]],
  ['a tab', ['a\tb', 'c', null]],
  ['line ends', ['a', 'b', 'c\nd', 'e\r']],
  ['text that takes several bytes', ['käse', '数', '😀', null, 'x']],
  ['several bytes and a backslash', ['käse', 'a', 'b\\']],
  ['bytes', [Buffer.from([9, 10, 92]), 'a', null]],
  ['long text', ['a', 'b'.repeat(5000), 'ü'.repeat(5000), '\t'.repeat(5000)]],
])('%s among rows that go together', (_, values) => {
  for (const mode of ['insert', 'upsert'] as const) {
    for (const width of [1, 3]) {
      for (const at of [0, 63, 130, 1500]) {
        const rows: Row[] = Array.from({ length: 1600 }, (_, i) => Array.from({ length: width }, (_, c) => `${i}-${c}`))
        for (const [i, value] of values.entries()) (rows[at + i] as Row)[width - 1] = value
        const lines = rows.map((row, i) => `${[...(mode === 'insert' ? [] : [i]), ...row].map(simple).join('\t')}\n`)
        const { bytes, ends } = encoderFor(Array(width).fill('text'), mode).encode(rows).data as CopyData
        expect(Buffer.from(bytes).toString('utf8')).toBe(lines.join(''))
        let end = 0
        expect([...ends]).toEqual(lines.map(line => (end += Buffer.byteLength(line))))
      }
    }
  }
})

test('half of a surrogate pair is found among rows that go together', () => {
  const rows: Row[] = Array.from({ length: 200 }, (_, i) => [i, i === 150 ? 'x\ud83d' : 'ok'])
  const encode = () => encoderFor(['int32', 'text']).encode(rows)
  expect(encode).toThrow(expect.objectContaining({ code: 'E409', kind: 'row', row: 150, column: 'c1' }))
})

test('a payload survives a structured clone with its buffers transferred', () => {
  const payload = encoderFor(['int32']).encode([[1], [22], [333]])
  const data = payload.data as CopyData
  const clone = structuredClone(payload, {
    transfer: [data.bytes.buffer as ArrayBuffer, data.ends.buffer as ArrayBuffer],
  })
  expect(sliceOf(clone, 1, 3).toString()).toBe('22\n333\n')
  expect(sliceOf(clone, 0, 1).toString()).toBe('1\n')
  expect(slicePrefixed(clone, 1, 3, ['7', 'a\tb'], column('id', 'text')).toString()).toBe('7\t22\na\\tb\t333\n')
})

test('half of a surrogate pair is refused by row and column, never replaced', () => {
  const encode = () =>
    encoderFor(['int32', 'text']).encode([
      [1, 'ok'],
      [2, 'x\ud83d'],
    ])
  expect(encode).toThrow(EtlError)
  expect(encode).toThrow(expect.objectContaining({ code: 'E409', kind: 'row', row: 1, column: 'c1' }))
})
