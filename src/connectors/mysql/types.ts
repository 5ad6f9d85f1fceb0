import type { NewColumn } from '../../core/connector.js'
import type { LogicalType } from '../../core/types.js'
import { quote, quoteText } from './dialect.js'

/** Comment by which a DATETIME column says that it holds instants, in UTC; TIMESTAMP ends in 2038. */
export const INSTANT = 'time zone: UTC'

/** What `information_schema.columns` says of a column's type. */
export interface NativeType {
  /** `DATA_TYPE`, in lower case: `int`. */
  readonly name: string
  /** `COLUMN_TYPE`: `int(10) unsigned`. */
  readonly full: string
  /** Characters of a text, bytes of a binary column. */
  readonly length?: number | undefined
  readonly precision?: number | undefined
  readonly scale?: number | undefined
  /** Digits of the second's fraction. */
  readonly fraction?: number | undefined
  readonly comment?: string | undefined
}

const INTEGER_BITS: Readonly<Record<string, 8 | 16 | 24 | 32 | 64>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  integer: 32,
  bigint: 64,
}

export function logicalType(type: NativeType): LogicalType {
  const unsigned = /\bunsigned\b/.test(type.full) ? { unsigned: true } : {}
  const fraction = { precision: type.fraction ?? 0 }
  // The one display width that both servers keep: it is how they write BOOLEAN.
  if (type.full === 'tinyint(1)') return { kind: 'boolean' }
  const bits = INTEGER_BITS[type.name]
  if (bits !== undefined) return { kind: 'integer', bits, ...unsigned }
  switch (type.name) {
    case 'bit':
      return bitType(type.precision ?? 1)
    case 'year':
      return { kind: 'integer', bits: 16 }
    case 'decimal':
      return { kind: 'decimal', precision: type.precision ?? 10, scale: type.scale ?? 0 }
    case 'float':
      return { kind: 'float', bits: 32 }
    case 'double':
      return { kind: 'float', bits: 64 }
    case 'char':
      return { kind: 'text', length: type.length ?? 1, fixed: true }
    case 'varchar':
      return { kind: 'text', length: type.length ?? 1 }
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return { kind: 'text' }
    case 'set':
      return { kind: 'text', length: labelsOf(type.full).join(',').length }
    case 'enum':
      return { kind: 'enum', labels: labelsOf(type.full) }
    case 'binary':
    case 'varbinary':
      return { kind: 'bytes', length: type.length ?? 1 }
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return { kind: 'bytes' }
    case 'date':
      return { kind: 'date' }
    case 'time':
      return { kind: 'time', ...fraction }
    case 'datetime':
      return { kind: 'timestamp', zoned: type.comment === INSTANT, ...fraction }
    case 'timestamp':
      return { kind: 'timestamp', zoned: true, ...fraction }
    case 'json':
      return { kind: 'json' }
    case 'uuid':
      return { kind: 'uuid' }
    default:
      return SPATIAL.has(type.name) ? { kind: 'bytes' } : { kind: 'other', native: type.full }
  }
}

/** They travel as the bytes that the server stores, which it takes back. */
const SPATIAL = new Set(
  'geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection vector'.split(
    ' ',
  ),
)

function bitType(bits: number): LogicalType {
  if (bits === 1) return { kind: 'boolean' }
  return { kind: 'integer', bits: bits <= 8 ? 8 : bits <= 16 ? 16 : bits <= 32 ? 32 : 64, unsigned: true }
}

/** The labels of `enum('a','it''s')` or `set(…)`. */
export function labelsOf(full: string): string[] {
  return [...full.matchAll(/'((?:[^']|'')*)'/g)].map(match => (match[1] ?? '').replaceAll("''", "'"))
}

const TEXT_OF_KEY = 191
const BYTES_OF_KEY = 255
/** A row's own part ends at 65,535 bytes; longer texts live elsewhere. */
const ROW_BYTES = 48_000

/** The columns of a `create table`: types that hold every value of the logical ones unchanged. */
export function columnLines(
  columns: readonly NewColumn[],
  primaryKey: readonly string[],
  server: { readonly mariadb: boolean; readonly version: string },
): string[] {
  let room = ROW_BYTES
  return columns.map(column => {
    const inKey = primaryKey.includes(column.name)
    const type = nativeType(column, inKey, room, server)
    room -= bytesOf(type)
    return `${quote(column.name)} ${type} ${column.nullable && !inKey ? 'null' : 'not null'}${suffix(column)}`
  })
}

/** What the catalog says of a column made for the type; a text that has no room in its row is longer than it says. */
export function createdType(
  column: NewColumn,
  inKey: boolean,
  server: { readonly mariadb: boolean; readonly version: string },
): { readonly type: LogicalType; readonly native: string } {
  const native = nativeType(column, inKey, ROW_BYTES, server)
  // The check that comes with it is how the catalog knows.
  if (column.type.kind === 'json') return { native, type: column.type }
  const [, name = '', first, second] = /^(\w+)(?:\((\d+)(?:,(\d+))?\))?/.exec(native) ?? []
  const size = first === undefined ? undefined : Number(first)
  const scale = second === undefined ? undefined : Number(second)
  const comment = suffix(column).includes(INSTANT) ? INSTANT : undefined
  return {
    native,
    type: logicalType({ name, full: native, length: size, precision: size, scale, fraction: size, comment }),
  }
}

/** Byte for byte, trailing spaces included: what differs in the source differs here. */
export function exactCollation(server: { readonly mariadb: boolean }): string {
  return server.mariadb ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin'
}

function suffix({ name, type }: NewColumn): string {
  if (type.kind === 'timestamp' && type.zoned && (type.precision ?? 6) <= 6) return ` comment ${quoteText(INSTANT)}`
  return type.kind === 'json' ? ` check (json_valid(${quote(name)}))` : ''
}

function bytesOf(type: string): number {
  const match = /^var(char|binary)\((\d+)\)/.exec(type)
  if (match === null) return 16
  return Number(match[2]) * (match[1] === 'char' ? 4 : 1) + 2
}

function nativeType(
  column: NewColumn,
  inKey: boolean,
  room: number,
  server: { readonly mariadb: boolean; readonly version: string },
): string {
  const { type } = column
  const text = (length: number | undefined): string => {
    const wanted = length ?? (inKey ? TEXT_OF_KEY : undefined)
    return wanted !== undefined && wanted * 4 + 2 <= room && wanted <= 16_000 ? `varchar(${wanted})` : 'longtext'
  }
  switch (type.kind) {
    case 'boolean':
      return 'tinyint(1)'
    case 'integer': {
      const name = { 8: 'tinyint', 16: 'smallint', 24: 'mediumint', 32: 'int', 64: 'bigint' }[type.bits]
      return type.unsigned === true ? `${name} unsigned` : name
    }
    case 'decimal':
      return decimalType(type.precision, type.scale ?? 0)
    case 'float':
      return type.bits === 32 ? 'float' : 'double'
    case 'text':
      return text(type.length === 0 ? 1 : type.length)
    case 'enum':
      return text(Math.max(1, ...type.labels.map(label => label.length)))
    case 'bytes': {
      const wanted = type.length ?? (inKey ? BYTES_OF_KEY : undefined)
      return wanted !== undefined && wanted > 0 && wanted + 2 <= room ? `varbinary(${wanted})` : 'longblob'
    }
    case 'date':
      return 'date'
    case 'time':
    case 'timestamp': {
      // Oracle counts nanoseconds; here six digits is all, so nine are kept as text.
      if ((type.precision ?? 6) > 6) return text(40)
      return `${type.kind === 'time' ? 'time' : 'datetime'}(${type.precision ?? 6})`
    }
    case 'uuid':
      return server.mariadb && hasUuid(server.version) ? 'uuid' : 'char(36) character set ascii'
    case 'interval':
      return text(255)
    // MySQL's JSON rewrites numbers, drops duplicate keys and their order: text keeps what it got.
    case 'json':
    case 'any':
    case 'other':
      return text(undefined)
  }
}

function hasUuid(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(part => Number.parseInt(part, 10))
  return major > 10 || (major === 10 && minor >= 7)
}

function decimalType(precision: number | undefined, scale: number): string {
  if (precision === undefined) return 'decimal(65,30)'
  const [digits, fraction] = scale < 0 ? [precision - scale, 0] : [Math.max(precision, scale), scale]
  if (digits <= 65 && fraction <= 30) return `decimal(${digits},${fraction})`
  // More than the server counts exactly: as text it stays as it is.
  return `varchar(${digits + 3})`
}
