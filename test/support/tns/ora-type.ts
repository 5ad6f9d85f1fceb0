export type OraKind =
  | 'VARCHAR2'
  | 'NVARCHAR2'
  | 'CHAR'
  | 'NCHAR'
  | 'NUMBER'
  | 'BINARY_FLOAT'
  | 'BINARY_DOUBLE'
  | 'DATE'
  | 'TIMESTAMP'
  | 'TIMESTAMP_TZ'
  | 'TIMESTAMP_LTZ'
  | 'INTERVAL_DS'
  | 'INTERVAL_YM'
  | 'RAW'
  | 'CLOB'
  | 'NCLOB'
  | 'BLOB'

export interface OraType {
  readonly kind: OraKind
  /** Text and RAW: the declared length, in characters where `chars` says so, else in bytes. */
  readonly length?: number
  readonly chars?: boolean
  /** NUMBER: digits and scale; FLOAT has a precision in bits and no scale. TIMESTAMP: digits of the second in `scale`. */
  readonly precision?: number
  readonly scale?: number
}

/** A value as the database keeps it: text as it is, anything else as its bytes on the wire. The empty text is null. */
export type Stored = null | string | Buffer

interface WireType {
  readonly number: number
  /** 0 no text, 1 database character set, 2 national character set. */
  readonly form: number
  readonly size: number
}

const WIRE: Readonly<Record<OraKind, WireType>> = {
  VARCHAR2: { number: 1, form: 1, size: 0 },
  NVARCHAR2: { number: 1, form: 2, size: 0 },
  CHAR: { number: 96, form: 1, size: 0 },
  NCHAR: { number: 96, form: 2, size: 0 },
  NUMBER: { number: 2, form: 0, size: 22 },
  BINARY_FLOAT: { number: 100, form: 0, size: 4 },
  BINARY_DOUBLE: { number: 101, form: 0, size: 8 },
  DATE: { number: 12, form: 0, size: 7 },
  TIMESTAMP: { number: 180, form: 0, size: 11 },
  TIMESTAMP_TZ: { number: 181, form: 0, size: 13 },
  TIMESTAMP_LTZ: { number: 231, form: 0, size: 11 },
  INTERVAL_DS: { number: 183, form: 0, size: 11 },
  INTERVAL_YM: { number: 182, form: 0, size: 5 },
  RAW: { number: 23, form: 0, size: 0 },
  CLOB: { number: 112, form: 1, size: 4000 },
  NCLOB: { number: 112, form: 2, size: 4000 },
  BLOB: { number: 113, form: 0, size: 4000 },
}

export function wireType(type: OraType): WireType {
  const wire = WIRE[type.kind]
  if (wire.size > 0) return wire
  const length = type.length ?? 32767
  const bytes = wire.form === 2 ? length * 2 : type.chars === true ? length * 4 : length
  return { ...wire, size: Math.min(bytes, 32767) }
}

export function isText(type: OraType): boolean {
  return WIRE[type.kind].form > 0
}

export function isLob(type: OraType): boolean {
  return type.kind === 'CLOB' || type.kind === 'NCLOB' || type.kind === 'BLOB'
}

/** The kind of a bind variable's wire type; undefined for what the server has no values of. */
export function kindOfWire(number: number, form: number): OraKind | undefined {
  switch (number) {
    case 1:
    case 8:
      return form === 2 ? 'NVARCHAR2' : 'VARCHAR2'
    case 96:
      return form === 2 ? 'NCHAR' : 'CHAR'
    case 2:
    case 3:
    case 252:
      return 'NUMBER'
    case 12:
      return 'DATE'
    case 23:
    case 24:
      return 'RAW'
    case 100:
      return 'BINARY_FLOAT'
    case 101:
      return 'BINARY_DOUBLE'
    case 112:
      return form === 2 ? 'NCLOB' : 'CLOB'
    case 113:
      return 'BLOB'
    case 180:
      return 'TIMESTAMP'
    case 181:
      return 'TIMESTAMP_TZ'
    case 182:
      return 'INTERVAL_YM'
    case 183:
      return 'INTERVAL_DS'
    case 231:
      return 'TIMESTAMP_LTZ'
  }
  return undefined
}
