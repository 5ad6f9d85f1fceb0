import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'

/** What `pg_type` says about a column's type; of a domain, about the type below it. */
export interface NativeType {
  /** `pg_type.typname`: `int4`, `varchar`, `_text`. */
  readonly name: string
  /** Name of the type's schema. */
  readonly schema: string
  /** `pg_type.typtype`: b base, e enum, c composite, r range, m multirange. */
  readonly kind: string
  readonly modifier: number
  /** In the server's words: `character varying(40)`. */
  readonly text: string
  readonly labels: readonly string[]
}

export function logicalType(type: NativeType): LogicalType {
  if (type.kind === 'e') return { kind: 'enum', labels: type.labels }
  const other: LogicalType = { kind: 'other', native: type.text }
  if (type.schema !== 'pg_catalog') return other
  const fraction = type.modifier >= 0 ? { precision: type.modifier } : {}
  switch (type.name) {
    case 'bool':
      return { kind: 'boolean' }
    case 'int2':
      return { kind: 'integer', bits: 16 }
    case 'int4':
      return { kind: 'integer', bits: 32 }
    case 'int8':
      return { kind: 'integer', bits: 64 }
    case 'numeric':
      return type.modifier < 0 ? { kind: 'decimal' } : { kind: 'decimal', ...numericModifier(type.modifier) }
    case 'float4':
      return { kind: 'float', bits: 32 }
    case 'float8':
      return { kind: 'float', bits: 64 }
    case 'text':
    case 'name':
      return { kind: 'text' }
    case 'varchar':
      return type.modifier < 0 ? { kind: 'text' } : { kind: 'text', length: type.modifier - 4 }
    case 'bpchar':
      return type.modifier < 0 ? { kind: 'text' } : { kind: 'text', length: type.modifier - 4, fixed: true }
    case 'bytea':
      return { kind: 'bytes' }
    case 'date':
      return { kind: 'date' }
    case 'time':
      return { kind: 'time', ...fraction }
    case 'timestamp':
      return { kind: 'timestamp', zoned: false, ...fraction }
    case 'timestamptz':
      return { kind: 'timestamp', zoned: true, ...fraction }
    case 'interval':
      return { kind: 'interval' }
    case 'json':
    case 'jsonb':
      return { kind: 'json' }
    case 'uuid':
      return { kind: 'uuid' }
    default:
      return other
  }
}

/** Precision in the upper half; the scale below it has 11 bits and, from 15 on, a sign. */
function numericModifier(modifier: number): { precision: number; scale: number } {
  const packed = modifier - 4
  const scale = packed & 0x7ff
  return { precision: (packed >> 16) & 0xffff, scale: scale > 1023 ? scale - 2048 : scale }
}

/** The column type that holds every value of the logical type unchanged. */
export function nativeType(type: LogicalType): string {
  switch (type.kind) {
    case 'boolean':
      return 'boolean'
    case 'integer':
      return integerType(type.bits, type.unsigned === true)
    case 'decimal':
      return type.precision === undefined ? 'numeric' : `numeric(${type.precision},${type.scale ?? 0})`
    case 'float':
      return type.bits === 32 ? 'real' : 'double precision'
    case 'text':
      // char(n) drops trailing spaces in comparisons; varchar(n) keeps what the source has.
      return type.length === undefined || type.length > 10_485_760 ? 'text' : `varchar(${type.length})`
    case 'bytes':
      return 'bytea'
    case 'date':
      return 'date'
    case 'time':
      return type.precision === undefined || type.precision > 6 ? 'time' : `time(${type.precision})`
    case 'timestamp': {
      const name = type.zoned ? 'timestamptz' : 'timestamp'
      return type.precision === undefined || type.precision > 6 ? name : `${name}(${type.precision})`
    }
    case 'interval':
      return 'interval'
    // jsonb rewrites numbers, drops duplicate keys and their order: json keeps the text.
    case 'json':
      return 'json'
    case 'uuid':
      return 'uuid'
    case 'enum':
    case 'any':
    case 'other':
      return 'text'
  }
}

/** What the catalog says of a column made for the type. */
export function createdType(type: LogicalType): { readonly type: LogicalType; readonly native: string } {
  const native = nativeType(type)
  return { native, type: heldType(type, native) }
}

const INTEGERS: Readonly<Record<string, 16 | 32 | 64>> = { smallint: 16, integer: 32, bigint: 64 }

function heldType(type: LogicalType, native: string): LogicalType {
  const bits = INTEGERS[native]
  if (bits !== undefined) return { kind: 'integer', bits }
  if (native === 'text') return { kind: 'text' }
  switch (type.kind) {
    case 'integer':
      return { kind: 'decimal', precision: 20, scale: 0 }
    case 'decimal':
      return type.precision === undefined ? type : { ...type, scale: type.scale ?? 0 }
    case 'text':
      return { kind: 'text', ...(type.length === undefined ? {} : { length: type.length }) }
    case 'bytes':
      return { kind: 'bytes' }
    case 'time':
    case 'timestamp': {
      const { precision, ...whole } = type
      return precision === undefined || precision > 6 ? whole : type
    }
    default:
      return type
  }
}

function integerType(bits: number, unsigned: boolean): string {
  const needed = unsigned ? bits + 1 : bits
  if (needed > 64) return 'numeric(20,0)'
  return needed > 32 ? 'bigint' : needed > 16 ? 'integer' : 'smallint'
}

/** Makes the server's text a canonical value. */
export type Decode = (text: string) => Value

export const asText: Decode = text => text
const asBytes: Decode = text => Buffer.from(text.slice(2), 'hex')
const asBoolean: Decode = text => text === 't'
const asInteger: Decode = text => {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

/** Bytes and booleans look like nobody else's here, so they are decoded in any case; the rest stays the server's text. */
export function decoderOf(type: LogicalType, decode: boolean): Decode {
  if (type.kind === 'bytes') return asBytes
  if (type.kind === 'boolean') return asBoolean
  if (!decode) return asText
  switch (type.kind) {
    case 'integer':
      return asInteger
    case 'float':
      return Number
    case 'timestamp':
      return text => asTimestamp(text)
    default:
      return asText
  }
}

/** `2024-02-29 03:04:05.1+00` becomes `2024-02-29T03:04:05.1Z`; `infinity` and years before Christ stay as they are. */
function asTimestamp(text: string): string {
  if (text.charCodeAt(10) !== 32 || text.endsWith('BC')) return text
  const iso = `${text.slice(0, 10)}T${text.slice(11)}`
  return iso.endsWith('+00') ? `${iso.slice(0, -3)}Z` : iso
}

const BY_OID: ReadonlyMap<number, LogicalType> = new Map<number, LogicalType>([
  [16, { kind: 'boolean' }],
  [17, { kind: 'bytes' }],
  [20, { kind: 'integer', bits: 64 }],
  [21, { kind: 'integer', bits: 16 }],
  [23, { kind: 'integer', bits: 32 }],
  [700, { kind: 'float', bits: 32 }],
  [701, { kind: 'float', bits: 64 }],
  [1114, { kind: 'timestamp', zoned: false }],
  [1184, { kind: 'timestamp', zoned: true }],
])

/** Decoder of a result's column, by the type's fixed number. */
export function decoderOfOid(oid: number): Decode {
  const type = BY_OID.get(oid)
  return type === undefined ? asText : decoderOf(type, true)
}
