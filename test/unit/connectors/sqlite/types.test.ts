import { expect, test } from 'vitest'
import { affinityOf, declaredType, logicalType } from '../../../../src/connectors/sqlite/types.js'
import type { LogicalType } from '../../../../src/core/types.js'
import { formatType } from '../../../../src/core/types.js'

test.each([
  ['INTEGER', 'int64'],
  ['int', 'int64'],
  ['TINYINT(1)', 'int64'],
  ['UNSIGNED BIG INT', 'int64'],
  ['VARCHAR(255)', 'varchar(255)'],
  ['NVARCHAR(160)', 'varchar(160)'],
  ['VARYING CHARACTER(20)', 'varchar(20)'],
  ['CHAR(2)', 'varchar(2)'],
  ['TEXT', 'text'],
  ['CLOB', 'text'],
  ['BLOB', 'bytes'],
  ['VARBINARY(16)', 'bytes(16)'],
  ['', 'any'],
  ['STRING', 'any'],
  ['REAL', 'float64'],
  ['DOUBLE PRECISION', 'float64'],
  ['FLOAT', 'float64'],
  ['NUMERIC(10,2)', 'decimal(10,2)'],
  ['DECIMAL(10, 5)', 'decimal(10,5)'],
  ['NUMERIC', 'decimal'],
  ['decimal(8)', 'decimal(8,0)'],
  ['BOOLEAN', 'boolean'],
  ['DATE', 'date'],
  ['TIME', 'time'],
  ['DATETIME', 'timestamp'],
  ['TIMESTAMP(6)', 'timestamp(6)'],
  ['timestamp with time zone', 'timestamptz'],
  ['JSON', 'json'],
  ['UUID', 'uuid'],
])('%s is read as %s', (declared, type) => {
  expect(formatType(logicalType(declared))).toBe(type)
})

const KEPT: readonly LogicalType[] = [
  { kind: 'boolean' },
  { kind: 'integer', bits: 64 },
  { kind: 'decimal', precision: 12, scale: 2 },
  { kind: 'decimal', precision: 38, scale: 10 },
  { kind: 'decimal' },
  { kind: 'float', bits: 64 },
  { kind: 'text' },
  { kind: 'text', length: 40 },
  { kind: 'bytes' },
  { kind: 'bytes', length: 16 },
  { kind: 'date' },
  { kind: 'time' },
  { kind: 'timestamp', zoned: false },
  { kind: 'timestamp', zoned: true },
  { kind: 'json' },
  { kind: 'uuid' },
  { kind: 'any' },
]

test.each(KEPT.map(type => [formatType(type), type] as const))(
  'a new column of %s is read as the same type',
  (_, type) => {
    expect(logicalType(declaredType(type))).toEqual(type)
  },
)

test('a new decimal column holds text where a double would not hold every digit', () => {
  expect(affinityOf(declaredType({ kind: 'decimal', precision: 15, scale: 2 }))).toBe('numeric')
  expect(affinityOf(declaredType({ kind: 'decimal', precision: 16, scale: 2 }))).toBe('text')
  expect(affinityOf(declaredType({ kind: 'json' }))).toBe('text')
})
