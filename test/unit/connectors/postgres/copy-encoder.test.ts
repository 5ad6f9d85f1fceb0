import { describe, expect, test } from 'vitest'
import { type CopyData, copyEncoder, sliceOf, slicePrefixed } from '../../../../src/connectors/postgres/copy-encoder.js'
import type { Column } from '../../../../src/core/catalog.js'
import type { WriteMode } from '../../../../src/core/connector.js'
import { EtlError } from '../../../../src/core/errors.js'
import type { Row, Value } from '../../../../src/core/row.js'
import { parseType } from '../../../../src/core/types.js'

function column(name: string, type: string): Column {
  return { name, type: parseType(type) ?? { kind: 'text' }, native: type, nullable: true, hasDefault: false }
}

function encoderFor(types: readonly string[], mode: WriteMode = 'insert') {
  return copyEncoder({ table: { table: 't' }, columns: types.map((type, i) => column(`c${i}`, type)), mode, match: [] })
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

test('a payload survives a structured clone with its buffers transferred', () => {
  const payload = encoderFor(['int32']).encode([[1], [22], [333]])
  const data = payload.data as CopyData
  const clone = structuredClone(payload, {
    transfer: [data.bytes.buffer as ArrayBuffer, data.ends.buffer as ArrayBuffer],
  })
  expect(sliceOf(clone, 1, 3).toString()).toBe('22\n333\n')
  expect(sliceOf(clone, 0, 1).toString()).toBe('1\n')
  expect(slicePrefixed(clone, 1, 3, ['7', 'a\tb']).toString()).toBe('7\t22\na\\tb\t333\n')
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
