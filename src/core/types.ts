/**
 * What a column holds, in words that every database shares. A connector maps its native types to these and back;
 * what has no counterpart is `other` and travels as the server's own text.
 */
export type LogicalType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly bits: 8 | 16 | 24 | 32 | 64; readonly unsigned?: boolean }
  | { readonly kind: 'decimal'; readonly precision?: number; readonly scale?: number }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  /** `length` in characters; `fixed` columns are padded with spaces by their database. */
  | { readonly kind: 'text'; readonly length?: number; readonly fixed?: boolean }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'bytes'; readonly length?: number }
  | { readonly kind: 'date' }
  /** `precision` is the number of fractional digits of the second. */
  | { readonly kind: 'time'; readonly precision?: number }
  | { readonly kind: 'timestamp'; readonly zoned: boolean; readonly precision?: number }
  | { readonly kind: 'interval' }
  | { readonly kind: 'json' }
  | { readonly kind: 'uuid' }
  /** No type is declared (SQLite, CSV): every value says itself what it is. */
  | { readonly kind: 'any' }
  | { readonly kind: 'other'; readonly native: string }

/** A type as a person writes it in `type:`, for example `decimal(12,2)` or `timestamptz`. The inverse of {@link parseType}. */
export function formatType(type: LogicalType): string {
  switch (type.kind) {
    case 'integer':
      return `${type.unsigned ? 'u' : ''}int${type.bits}`
    case 'decimal':
      return type.precision === undefined ? 'decimal' : `decimal(${type.precision},${type.scale ?? 0})`
    case 'float':
      return `float${type.bits}`
    case 'text': {
      const name = type.fixed ? 'char' : type.length === undefined ? 'text' : 'varchar'
      return type.length === undefined ? name : `${name}(${type.length})`
    }
    case 'bytes':
      return type.length === undefined ? 'bytes' : `bytes(${type.length})`
    case 'time':
      return type.precision === undefined ? 'time' : `time(${type.precision})`
    case 'timestamp': {
      const name = type.zoned ? 'timestamptz' : 'timestamp'
      return type.precision === undefined ? name : `${name}(${type.precision})`
    }
    case 'enum':
      return 'enum'
    case 'other':
      return type.native
    default:
      return type.kind
  }
}

const ALIASES: Readonly<Record<string, string>> = {
  bool: 'boolean',
  smallint: 'int16',
  int: 'int32',
  integer: 'int32',
  bigint: 'int64',
  numeric: 'decimal',
  number: 'decimal',
  real: 'float32',
  double: 'float64',
  float: 'float64',
  string: 'text',
  character: 'char',
  blob: 'bytes',
  binary: 'bytes',
  bytea: 'bytes',
  datetime: 'timestamp',
}

/** Names accepted by `type:`; the reference and the error for an unknown one list them. */
export const TYPE_NAMES: readonly string[] = [
  'boolean',
  'int8',
  'int16',
  'int24',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint24',
  'uint32',
  'uint64',
  'decimal',
  'decimal(p,s)',
  'float32',
  'float64',
  'text',
  'varchar(n)',
  'char(n)',
  'bytes',
  'bytes(n)',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'interval',
  'json',
  'uuid',
  ...Object.keys(ALIASES),
]

/** Reads `decimal(12,2)`, `varchar(40)`, `timestamptz` …; undefined when the text is no type. Case does not matter. */
export function parseType(text: string): LogicalType | undefined {
  const match = /^\s*([a-z][a-z0-9]*)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$/i.exec(text)
  if (match === null) return undefined
  const given = (match[1] ?? '').toLowerCase()
  const name = ALIASES[given] ?? given
  const first = match[2] === undefined ? undefined : Number(match[2])
  const second = match[3] === undefined ? undefined : Number(match[3])
  const integer = /^(u?)int(8|16|24|32|64)$/.exec(name)
  if (integer !== null && first === undefined) {
    const bits = Number(integer[2]) as 8 | 16 | 24 | 32 | 64
    return integer[1] === 'u' ? { kind: 'integer', bits, unsigned: true } : { kind: 'integer', bits }
  }
  if (second !== undefined && name !== 'decimal') return undefined
  switch (name) {
    case 'decimal':
      return first === undefined ? { kind: 'decimal' } : { kind: 'decimal', precision: first, scale: second ?? 0 }
    case 'text':
    case 'varchar':
      return first === undefined ? { kind: 'text' } : { kind: 'text', length: first }
    case 'char':
      return { kind: 'text', length: first ?? 1, fixed: true }
    case 'bytes':
      return first === undefined ? { kind: 'bytes' } : { kind: 'bytes', length: first }
    case 'time':
      return first === undefined ? { kind: 'time' } : { kind: 'time', precision: first }
    case 'timestamp':
    case 'timestamptz': {
      const zoned = name === 'timestamptz'
      return first === undefined ? { kind: 'timestamp', zoned } : { kind: 'timestamp', zoned, precision: first }
    }
  }
  if (first !== undefined) return undefined
  if (name === 'float32' || name === 'float64') return { kind: 'float', bits: name === 'float32' ? 32 : 64 }
  if (name === 'boolean' || name === 'date' || name === 'interval' || name === 'json' || name === 'uuid')
    return { kind: name }
  return undefined
}
