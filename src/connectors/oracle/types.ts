import type { LogicalType } from '../../core/types.js'

/** A column as the dictionary or a describe tells it. */
export interface NativeType {
  /** `NUMBER`, `VARCHAR2`, `TIMESTAMP(6) WITH TIME ZONE`. */
  readonly name: string
  readonly precision: number | undefined
  readonly scale: number | undefined
  /** Text and RAW: the declared length, of whatever unit. */
  readonly length: number | undefined
  /** `C`: the length counts characters. */
  readonly unit?: string | undefined
}

export function logicalType(type: NativeType): LogicalType {
  const name = type.name.replace(/\(\d+\)/g, '')
  const fraction = /^TIMESTAMP\((\d+)\)/.exec(type.name)?.[1] ?? type.scale
  const length = type.length === undefined || type.length === 0 ? {} : { length: type.length }
  switch (name) {
    case 'NUMBER':
      return numberType(type.precision, type.scale)
    case 'FLOAT':
      return { kind: 'decimal' }
    case 'BINARY_FLOAT':
      return { kind: 'float', bits: 32 }
    case 'BINARY_DOUBLE':
      return { kind: 'float', bits: 64 }
    case 'VARCHAR2':
    case 'NVARCHAR2':
      return { kind: 'text', ...length }
    case 'CHAR':
    case 'NCHAR':
      return { kind: 'text', ...length, fixed: true }
    case 'CLOB':
    case 'NCLOB':
    case 'LONG':
    case 'ROWID':
    case 'UROWID':
      return { kind: 'text' }
    case 'RAW':
      return { kind: 'bytes', ...length }
    case 'BLOB':
    case 'LONG RAW':
      return { kind: 'bytes' }
    case 'DATE':
      return { kind: 'timestamp', zoned: false, precision: 0 }
    case 'TIMESTAMP':
      return { kind: 'timestamp', zoned: false, precision: Number(fraction ?? 6) }
    case 'TIMESTAMP WITH TIME ZONE':
    case 'TIMESTAMP WITH LOCAL TIME ZONE':
      return { kind: 'timestamp', zoned: true, precision: Number(fraction ?? 6) }
    case 'JSON':
      return { kind: 'json' }
    case 'BOOLEAN':
      return { kind: 'boolean' }
  }
  if (name.startsWith('INTERVAL')) return { kind: 'interval' }
  return { kind: 'other', native: type.name }
}

function numberType(precision: number | undefined, scale: number | undefined): LogicalType {
  if (precision === undefined) return scale === 0 ? { kind: 'decimal', precision: 38, scale: 0 } : { kind: 'decimal' }
  const digits = scale ?? 0
  if (digits < 0) return { kind: 'decimal', precision: precision - digits, scale: 0 }
  if (digits > 0) return { kind: 'decimal', precision: Math.max(precision, digits), scale: digits }
  // The smallest integer that holds every value of so many digits.
  if (precision <= 2) return { kind: 'integer', bits: 8 }
  if (precision <= 4) return { kind: 'integer', bits: 16 }
  if (precision <= 9) return { kind: 'integer', bits: 32 }
  if (precision <= 18) return { kind: 'integer', bits: 64 }
  return { kind: 'decimal', precision, scale: 0 }
}

/** The server's words: `NUMBER(10,2)`, `VARCHAR2(20 CHAR)`. */
export function nativeText(type: NativeType): string {
  const { name, precision, scale, length, unit } = type
  if (name === 'NUMBER') {
    if (precision === undefined) return scale === 0 ? 'NUMBER(38,0)' : 'NUMBER'
    return `NUMBER(${precision},${scale ?? 0})`
  }
  if (/^(VARCHAR2|CHAR)$/.test(name) && length !== undefined)
    return `${name}(${length}${unit === 'C' ? ' CHAR' : ' BYTE'})`
  if (/^(NVARCHAR2|NCHAR|RAW)$/.test(name) && length !== undefined) return `${name}(${length})`
  return name
}

const INTEGER_DIGITS: Readonly<Record<number, number>> = { 8: 3, 16: 5, 24: 8, 32: 10, 64: 19 }
/** Characters of up to four bytes in the 4000 bytes that a VARCHAR2 has everywhere. */
const SAFE_CHARACTERS = 1000

/** The column type that holds every value of the logical type unchanged. A key cannot be a large object. */
export function nativeType(type: LogicalType, inKey: boolean): string {
  switch (type.kind) {
    case 'boolean':
      return 'number(1)'
    case 'integer':
      return `number(${type.bits === 64 && type.unsigned === true ? 20 : (INTEGER_DIGITS[type.bits] ?? 19)})`
    case 'decimal':
      if (type.precision === undefined || type.precision > 38) return 'number'
      return `number(${type.precision},${type.scale ?? 0})`
    case 'float':
      return type.bits === 32 ? 'binary_float' : 'binary_double'
    case 'text':
      return textType(type.length, inKey)
    case 'enum':
      return textType(Math.max(1, ...type.labels.map(label => [...label].length)), inKey)
    case 'bytes':
      return type.length !== undefined && type.length <= 2000 ? `raw(${type.length})` : inKey ? 'raw(2000)' : 'blob'
    case 'date':
      return 'date'
    case 'time':
      return 'varchar2(30)'
    case 'timestamp':
      return `timestamp(${Math.min(type.precision ?? 6, 9)})${type.zoned ? ' with time zone' : ''}`
    case 'interval':
      return 'varchar2(200)'
    case 'uuid':
      return 'varchar2(36)'
    case 'json':
    case 'any':
    case 'other':
      return inKey ? 'varchar2(4000)' : 'clob'
  }
}

/** What the dictionary says of a column made for the type. */
export function createdType(
  type: LogicalType,
  inKey: boolean,
): { readonly type: LogicalType; readonly native: string } {
  const words = nativeType(type, inKey).toUpperCase()
  const [, name = '', first, second] = /^(\w+)(?:\((\d+)(?:,(-?\d+))?(?: CHAR)?\))?/.exec(words) ?? []
  const size = first === undefined ? undefined : Number(first)
  const native: NativeType =
    name === 'NUMBER'
      ? { name, precision: size, scale: size === undefined ? undefined : Number(second ?? 0), length: undefined }
      : name === 'TIMESTAMP'
        ? { name: words, precision: undefined, scale: undefined, length: undefined }
        : { name, precision: undefined, scale: undefined, length: size, unit: words.includes(' CHAR)') ? 'C' : 'B' }
  return { native: nativeText(native), type: logicalType(native) }
}

function textType(length: number | undefined, inKey: boolean): string {
  if (length !== undefined && length <= SAFE_CHARACTERS) return `varchar2(${Math.max(1, length)} char)`
  return inKey ? 'varchar2(4000)' : 'clob'
}
