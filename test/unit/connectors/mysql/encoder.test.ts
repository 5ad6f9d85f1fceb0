import { describe, expect, test } from 'vitest'
import { rowsWithin, sliceOf } from '../../../../src/connectors/mysql/encoder.js'
import { mysql } from '../../../../src/connectors/mysql/index.js'
import { literal, utcText } from '../../../../src/connectors/mysql/values.js'
import type { Column } from '../../../../src/core/catalog.js'
import type { WriteMode } from '../../../../src/core/connector.js'
import type { Value } from '../../../../src/core/row.js'
import type { LogicalType } from '../../../../src/core/types.js'

const column = (type: LogicalType, native = 'text'): Column => ({
  name: 'c',
  type,
  native,
  nullable: true,
  hasDefault: false,
})

function encoded(type: LogicalType, value: Value, mode: WriteMode = 'insert'): string {
  const spec = { table: { table: 't' }, columns: [column(type)], mode, match: [] }
  return sliceOf(mysql.encoder(spec).encode([[value]]), 0, 1).toString()
}

describe('a row is a piece of an insert, and a line of LOAD DATA', () => {
  const cases: readonly [LogicalType, Value, string][] = [
    [{ kind: 'text' }, null, '(NULL),\n'],
    [{ kind: 'text' }, 'NULL', "('NULL'),\n"],
    [{ kind: 'text' }, `it's \\ "a"\0\n),\n(`, `('it\\'s \\\\ "a"\\0\n),\n('),\n`],
    [{ kind: 'text' }, 12n, "('12'),\n"],
    [{ kind: 'integer', bits: 64 }, -9223372036854775808n, '(-9223372036854775808),\n'],
    [{ kind: 'integer', bits: 64 }, '12', '(12),\n'],
    [{ kind: 'integer', bits: 64 }, '1); drop table t; --', "('1); drop table t; --'),\n"],
    [{ kind: 'integer', bits: 64 }, true, '(1),\n'],
    [{ kind: 'boolean' }, 'f', '(0),\n'],
    [{ kind: 'boolean' }, 2, '(2),\n'],
    [{ kind: 'decimal', precision: 10, scale: 2 }, '-0.10', "('-0.10'),\n"],
    [{ kind: 'float', bits: 64 }, -0, "('-0'),\n"],
    [{ kind: 'float', bits: 64 }, 1e308, "('1e+308'),\n"],
    [{ kind: 'bytes' }, Buffer.from([0, 39, 255]), '(0x0027ff),\n'],
    [{ kind: 'bytes' }, Buffer.alloc(0), "(''),\n"],
    [
      { kind: 'timestamp', zoned: true, precision: 6 },
      '2024-02-29T03:04:05.000001+05:30',
      "('2024-02-28 21:34:05.000001'),\n",
    ],
    [{ kind: 'timestamp', zoned: false, precision: 6 }, '2024-02-29T03:04:05', "('2024-02-29 03:04:05'),\n"],
  ]
  test.each(cases.map(([type, value, line]) => ({ type, value, line })))('$line', ({ type, value, line }) => {
    expect(encoded(type, value)).toBe(line)
  })

  test('rows that are merged begin with their index', () => {
    expect(encoded({ kind: 'text' }, 'a', 'upsert')).toBe("(0,'a'),\n")
  })

  test('a statement takes as many rows as fit, and one that does not', () => {
    const spec = { table: { table: 't' }, columns: [column({ kind: 'text' })], mode: 'insert' as const, match: [] }
    const payload = structuredClone(mysql.encoder(spec).encode(['a', 'b'.repeat(100), 'c', 'd'].map(text => [text])))
    expect(rowsWithin(payload, 0, 4, 1000, 20)).toBe(1)
    expect(rowsWithin(payload, 1, 4, 1000, 20)).toBe(2)
    expect(rowsWithin(payload, 2, 4, 1000, 20)).toBe(4)
    expect(rowsWithin(payload, 0, 4, 2, 1000)).toBe(2)
    expect(sliceOf(payload, 2, 4).toString()).toBe("('c'),\n('d'),\n")
  })
})

test.each([
  ['2024-02-29T03:04:05Z', '2024-02-29 03:04:05'],
  ['2024-02-29 03:04:05.123456', '2024-02-29 03:04:05.123456'],
  ['2024-11-03T01:30:00.5-04', '2024-11-03 05:30:00.5'],
  ['2024-02-29T03:04:05+0530', '2024-02-28 21:34:05'],
  ['0001-01-01T00:30:00+00:30', '0001-01-01 00:00:00'],
  ['9999-12-31T23:59:59-01:00', undefined],
  ['infinity', undefined],
])('%s in UTC is %s', (text, expected) => {
  expect(utcText(text)).toBe(expected)
})

test.each<[LogicalType, Exclude<Value, null>, string]>([
  [{ kind: 'integer', bits: 64 }, '9007199254740993', '9007199254740993'],
  [{ kind: 'integer', bits: 64 }, '1 or 1=1', "'1 or 1=1'"],
  [{ kind: 'decimal' }, '-1.50', '-1.50'],
  [{ kind: 'float', bits: 64 }, 0.1, '0.1e0'],
  [{ kind: 'text' }, `a'b\\c\0`, `'a\\'b\\\\c\\0'`],
  [{ kind: 'bytes' }, Buffer.from([0, 255]), "x'00ff'"],
  [{ kind: 'timestamp', zoned: true }, '2024-02-29T03:04:05Z', "'2024-02-29 03:04:05'"],
])('%j %s as a bound', (type, value, sql) => {
  expect(literal(type, value)).toBe(sql)
})
