import { expect, test } from 'vitest'
import { bindForm } from '../../../../src/connectors/oracle/binds.js'
import { logicalType, nativeText, nativeType } from '../../../../src/connectors/oracle/types.js'
import { formatType, parseType } from '../../../../src/core/types.js'

function native(name: string, precision?: number, scale?: number, length?: number, unit?: string) {
  return { name, precision, scale, length, unit }
}

test.each([
  [native('NUMBER'), 'decimal', 'NUMBER'],
  [native('NUMBER', undefined, 0), 'decimal(38,0)', 'NUMBER(38,0)'],
  [native('NUMBER', 1, 0), 'int8', 'NUMBER(1,0)'],
  [native('NUMBER', 4, 0), 'int16', 'NUMBER(4,0)'],
  [native('NUMBER', 9, 0), 'int32', 'NUMBER(9,0)'],
  [native('NUMBER', 10, 0), 'int64', 'NUMBER(10,0)'],
  [native('NUMBER', 19, 0), 'decimal(19,0)', 'NUMBER(19,0)'],
  [native('NUMBER', 12, 2), 'decimal(12,2)', 'NUMBER(12,2)'],
  [native('NUMBER', 2, 4), 'decimal(4,4)', 'NUMBER(2,4)'],
  [native('NUMBER', 5, -2), 'decimal(7,0)', 'NUMBER(5,-2)'],
  [native('FLOAT', 126), 'decimal', 'FLOAT'],
  [native('VARCHAR2', undefined, undefined, 20, 'C'), 'varchar(20)', 'VARCHAR2(20 CHAR)'],
  [native('VARCHAR2', undefined, undefined, 20, 'B'), 'varchar(20)', 'VARCHAR2(20 BYTE)'],
  [native('CHAR', undefined, undefined, 3, 'B'), 'char(3)', 'CHAR(3 BYTE)'],
  [native('RAW', undefined, undefined, 16), 'bytes(16)', 'RAW(16)'],
  [native('DATE'), 'timestamp(0)', 'DATE'],
  [native('TIMESTAMP(9)', undefined, 9), 'timestamp(9)', 'TIMESTAMP(9)'],
  [native('TIMESTAMP(6) WITH TIME ZONE', undefined, 6), 'timestamptz(6)', 'TIMESTAMP(6) WITH TIME ZONE'],
  [native('INTERVAL DAY(2) TO SECOND(6)'), 'interval', 'INTERVAL DAY(2) TO SECOND(6)'],
  [native('CLOB'), 'text', 'CLOB'],
  [native('SDO_GEOMETRY'), 'SDO_GEOMETRY', 'SDO_GEOMETRY'],
])('%o is %s', (type, logical, text) => {
  expect(formatType(logicalType(type))).toBe(logical)
  expect(nativeText(type)).toBe(text)
})

test.each([
  ['boolean', 'number(1)'],
  ['int32', 'number(10)'],
  ['int64', 'number(19)'],
  ['uint64', 'number(20)'],
  ['decimal', 'number'],
  ['decimal(12,2)', 'number(12,2)'],
  ['float32', 'binary_float'],
  ['float64', 'binary_double'],
  ['varchar(40)', 'varchar2(40 char)'],
  ['varchar(1000)', 'varchar2(1000 char)'],
  ['varchar(1001)', 'clob'],
  ['text', 'clob'],
  ['bytes(16)', 'raw(16)'],
  ['bytes', 'blob'],
  ['timestamp', 'timestamp(6)'],
  ['timestamptz(3)', 'timestamp(3) with time zone'],
  ['json', 'clob'],
  ['uuid', 'varchar2(36)'],
])('%s is created as %s', (logical, created) => {
  expect(nativeType(parseType(logical) ?? { kind: 'any' }, false)).toBe(created)
})

test('a key is never a large object', () => {
  expect(nativeType({ kind: 'text' }, true)).toBe('varchar2(4000)')
  expect(nativeType({ kind: 'bytes' }, true)).toBe('raw(2000)')
})

test.each([
  ['timestamp', 'timestamp'],
  ['timestamptz', 'zoned'],
  ['date', 'date'],
  ['int64', 'number'],
  ['decimal(10,2)', 'number'],
  ['boolean', 'number'],
  ['float32', 'float'],
  ['bytes', 'bytes'],
  ['varchar(10)', 'text'],
])('a column of a table yet to be created is bound by its logical type: %s', (type, form) => {
  expect(bindForm(type, parseType(type) ?? { kind: 'any' })).toBe(form)
})
