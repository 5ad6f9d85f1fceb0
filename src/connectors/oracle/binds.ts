import type oracledb from 'oracledb'
import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'
import type { Driver } from './driver.js'

/** Formats that read a canonical text, with as many digits of the second as there are. */
const DATE_FORMAT = 'SYYYY-MM-DD"T"HH24:MI:SS'
const TIMESTAMP_FORMAT = `${DATE_FORMAT}.FF9`
const ZONED_FORMAT = `${TIMESTAMP_FORMAT}TZH:TZM`

/** How the value of a column is bound: as what, and wrapped in what. */
export type BindForm =
  | 'text'
  | 'char'
  | 'national'
  | 'number'
  | 'float'
  | 'double'
  | 'bytes'
  | 'date'
  | 'timestamp'
  | 'zoned'
  | 'interval'

export function bindForm(native: string, type: LogicalType): BindForm {
  const name = native.replace(/\(.*?\)/g, '')
  if (name === 'NUMBER' || name === 'FLOAT') return 'number'
  if (name === 'BINARY_FLOAT') return 'float'
  if (name === 'BINARY_DOUBLE') return 'double'
  if (name === 'DATE') return 'date'
  if (name === 'TIMESTAMP') return 'timestamp'
  if (name.startsWith('TIMESTAMP WITH')) return 'zoned'
  if (name.startsWith('INTERVAL')) return 'interval'
  if (name === 'RAW' || name === 'BLOB' || name === 'LONG RAW') return 'bytes'
  if (name === 'NVARCHAR2' || name === 'NCHAR' || name === 'NCLOB') return 'national'
  // Compared with blanks padded, as the column's own values are.
  if (name === 'CHAR') return 'char'
  if (/^(VARCHAR2|CLOB|LONG|ROWID|UROWID)$/.test(name)) return 'text'
  // A table that is yet to be created has no words of the database.
  switch (type.kind) {
    case 'integer':
    case 'decimal':
    case 'boolean':
      return 'number'
    case 'float':
      return type.bits === 32 ? 'float' : 'double'
    case 'bytes':
      return 'bytes'
    case 'date':
      return 'date'
    case 'timestamp':
      return type.zoned ? 'zoned' : 'timestamp'
    default:
      return 'text'
  }
}

/** The placeholder, in what makes the bound text the column's type. The session's number format is pinned. */
export function wrapped(form: BindForm, placeholder: string): string {
  switch (form) {
    case 'number':
      return `to_number(${placeholder})`
    case 'date':
      return `to_date(${placeholder}, '${DATE_FORMAT}')`
    case 'timestamp':
      return `to_timestamp(${placeholder}, '${TIMESTAMP_FORMAT}')`
    case 'zoned':
      return `to_timestamp_tz(${placeholder}, '${ZONED_FORMAT}')`
    default:
      return placeholder
  }
}

export function dbType(driver: Driver, form: BindForm): oracledb.DbType {
  switch (form) {
    case 'float':
      return driver.DB_TYPE_BINARY_FLOAT
    case 'double':
      return driver.DB_TYPE_BINARY_DOUBLE
    case 'bytes':
      return driver.DB_TYPE_RAW
    case 'national':
      return driver.DB_TYPE_NVARCHAR
    case 'char':
      return driver.DB_TYPE_CHAR
    default:
      return driver.DB_TYPE_VARCHAR
  }
}

export type Bound = string | number | Uint8Array | null

/** A canonical value as the form wants it; the caller has checked that it can be. */
export function bindValue(form: BindForm, value: Value): Bound {
  if (value === null) return null
  switch (form) {
    case 'float':
    case 'double':
      return Number(value)
    case 'bytes':
      return Buffer.isBuffer(value) ? value : Buffer.from(String(value))
    case 'number':
      if (typeof value === 'boolean') return value ? '1' : '0'
      return plain(value)
    case 'date':
      return isoDate(String(value))
    case 'timestamp':
      return isoTimestamp(String(value))
    case 'zoned':
      return isoZoned(String(value))
    case 'interval':
      return String(value).replace(/^-(\d+) -/, '-$1 ')
    default:
      return typeof value === 'boolean'
        ? value
          ? '1'
          : '0'
        : Buffer.isBuffer(value)
          ? value.toString('hex')
          : String(value)
  }
}

/** Plain notation: a small or large JavaScript number would come with an exponent. */
function plain(value: Exclude<Value, null | boolean>): string {
  const text = String(value)
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign, whole = '', fraction = '', exponent] = match
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return point >= digits.length
    ? sign + digits.padEnd(point, '0')
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

function isoDate(text: string): string {
  const iso = withSeparator(text)
  return iso.length === 10 ? `${iso}T00:00:00` : iso.slice(0, 19)
}

function isoTimestamp(text: string): string {
  const iso = withSeparator(text)
  return iso.length === 10 ? `${iso}T00:00:00.0` : iso.includes('.') ? iso : `${iso}.0`
}

/** Always a fraction and an offset in hours and minutes; a text without an offset is in UTC. */
function isoZoned(text: string): string {
  const match = /^(.*?)(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(withSeparator(text))
  const zone = match?.[2]
  const offset =
    zone === undefined || /^z$/i.test(zone) ? '+00:00' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  // A date alone ends in something that looks like an offset.
  return /^\d{4}-\d\d$/.test(match?.[1] ?? '')
    ? `${isoTimestamp(text)}+00:00`
    : `${isoTimestamp(match?.[1] ?? text)}${offset}`
}

function withSeparator(text: string): string {
  return text[10] === ' ' ? `${text.slice(0, 10)}T${text.slice(11)}` : text
}
