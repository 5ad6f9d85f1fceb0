import type { LogicalType } from '../../core/types.js'

/** What SQLite does to a value stored in a column, decided by the declared type's letters alone. */
export type Affinity = 'integer' | 'text' | 'blob' | 'real' | 'numeric'

/** SQLite's own five rules, in their order. */
export function affinityOf(declared: string): Affinity {
  const name = declared.toUpperCase()
  if (name.includes('INT')) return 'integer'
  if (/CHAR|CLOB|TEXT/.test(name)) return 'text'
  if (name === '' || name.includes('BLOB')) return 'blob'
  if (/REAL|FLOA|DOUB/.test(name)) return 'real'
  return 'numeric'
}

/** Does the column turn text that looks like a number into a number? */
export function convertsText(affinity: Affinity): boolean {
  return affinity === 'integer' || affinity === 'numeric' || affinity === 'real'
}

const DECLARED = /^\s*([^(]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$/

/** The logical type that people mean by a declared type; affinity decides where the name is not a known one. */
export function logicalType(declared: string): LogicalType {
  const match = DECLARED.exec(declared.toUpperCase())
  const name = (match?.[1] ?? declared).toUpperCase()
  const first = match?.[2] === undefined ? undefined : Number(match[2])
  const second = match?.[3] === undefined ? undefined : Number(match[3])
  const known = named(name, first, second)
  if (known !== undefined) return known
  switch (affinityOf(declared)) {
    case 'integer':
      return { kind: 'integer', bits: 64 }
    case 'text':
      return first === undefined ? { kind: 'text' } : { kind: 'text', length: first }
    case 'real':
      return { kind: 'float', bits: 64 }
    case 'blob':
      if (name === '') return { kind: 'any' }
      return first === undefined ? { kind: 'bytes' } : { kind: 'bytes', length: first }
    default:
      return { kind: 'any' }
  }
}

function named(name: string, first: number | undefined, second: number | undefined): LogicalType | undefined {
  if (/^(DATETIME|TIMESTAMP)( WITHOUT TIME ZONE)?$/.test(name)) return timestamp(false, first)
  if (/^(TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE|DATETIMEOFFSET)$/.test(name)) return timestamp(true, first)
  switch (name) {
    case 'BOOL':
    case 'BOOLEAN':
      return { kind: 'boolean' }
    case 'DATE':
      return { kind: 'date' }
    case 'TIME':
      return first === undefined ? { kind: 'time' } : { kind: 'time', precision: first }
    case 'DECIMAL':
    case 'DECIMAL_TEXT':
    case 'DEC':
    case 'NUMERIC':
    case 'NUMBER':
    case 'MONEY':
      return first === undefined ? { kind: 'decimal' } : { kind: 'decimal', precision: first, scale: second ?? 0 }
    case 'JSON':
    case 'JSONB':
    case 'JSON_TEXT':
      return { kind: 'json' }
    case 'UUID':
    case 'GUID':
    case 'UNIQUEIDENTIFIER':
      return { kind: 'uuid' }
    case 'INTERVAL':
      return { kind: 'interval' }
    case 'BINARY':
    case 'VARBINARY':
    case 'BYTEA':
      return first === undefined ? { kind: 'bytes' } : { kind: 'bytes', length: first }
  }
  return undefined
}

function timestamp(zoned: boolean, precision: number | undefined): LogicalType {
  return precision === undefined ? { kind: 'timestamp', zoned } : { kind: 'timestamp', zoned, precision }
}

/** A double holds 15 digits of any decimal; past that only text is exact. */
const EXACT_DIGITS = 15

/** The declared type of a new column: one whose affinity keeps every value of the logical type. */
export function declaredType(type: LogicalType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN'
    case 'integer':
      return type.unsigned === true && type.bits === 64 ? 'DECIMAL_TEXT(20,0)' : 'INTEGER'
    case 'decimal':
      if (type.precision === undefined) return 'DECIMAL_TEXT'
      return `${type.precision <= EXACT_DIGITS ? 'DECIMAL' : 'DECIMAL_TEXT'}(${type.precision},${type.scale ?? 0})`
    case 'float':
      return 'REAL'
    case 'text':
      return type.length === undefined ? 'TEXT' : `${type.fixed === true ? 'CHAR' : 'VARCHAR'}(${type.length})`
    case 'bytes':
      return type.length === undefined ? 'BLOB' : `BLOB(${type.length})`
    case 'date':
      return 'DATE'
    case 'time':
      return `TIME${digits(type.precision)}`
    case 'timestamp':
      return `${type.zoned ? 'TIMESTAMPTZ' : 'TIMESTAMP'}${digits(type.precision)}`
    case 'json':
      return 'JSON_TEXT'
    case 'uuid':
      return 'UUID'
    case 'any':
      return ''
    default:
      return 'TEXT'
  }
}

/** Six digits of the second are what everybody expects; more must be said. */
function digits(precision: number | undefined): string {
  return precision === undefined || precision <= 6 ? '' : `(${precision})`
}
