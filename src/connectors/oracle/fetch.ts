import type oracledb from 'oracledb'
import type { Value } from '../../core/row.js'
import type { LogicalType } from '../../core/types.js'
import type { Cell, Metadata } from './connection.js'
import type { Driver } from './driver.js'
import type { NativeType } from './types.js'

/** Exact text for numbers and large objects as values; nothing of the driver's own conversions to numbers or dates. */
export function fetchAs(driver: Driver, metadata: oracledb.Metadata<unknown>): oracledb.FetchTypeResponse | undefined {
  switch (metadata.dbType) {
    case driver.DB_TYPE_NUMBER:
    case driver.DB_TYPE_CLOB:
    case driver.DB_TYPE_NCLOB:
      return { type: driver.STRING }
    case driver.DB_TYPE_BLOB:
      return { type: driver.BUFFER }
    default:
      return undefined
  }
}

/** The name that the dictionary gives a described column's type. */
export function nativeOf(driver: Driver, metadata: Metadata): NativeType {
  const { dbType } = metadata
  const scale = metadata.scale === -127 || metadata.scale === undefined ? undefined : metadata.scale
  const precision = metadata.precision === 0 ? undefined : metadata.precision
  const length = metadata.byteSize
  const make = (name: string, more: Partial<NativeType> = {}): NativeType => ({
    name,
    precision: undefined,
    scale: undefined,
    length: undefined,
    ...more,
  })
  switch (dbType) {
    case driver.DB_TYPE_NUMBER:
      return metadata.scale === -127 && precision !== undefined
        ? make('FLOAT')
        : make('NUMBER', { precision, scale: precision === undefined ? undefined : scale })
    case driver.DB_TYPE_VARCHAR:
      return make('VARCHAR2', { length })
    case driver.DB_TYPE_NVARCHAR:
      return make('NVARCHAR2', { length })
    case driver.DB_TYPE_CHAR:
      return make('CHAR', { length })
    case driver.DB_TYPE_NCHAR:
      return make('NCHAR', { length })
    case driver.DB_TYPE_RAW:
      return make('RAW', { length })
    case driver.DB_TYPE_TIMESTAMP:
      return make(`TIMESTAMP(${metadata.precision ?? 6})`)
    case driver.DB_TYPE_TIMESTAMP_TZ:
      return make(`TIMESTAMP(${metadata.precision ?? 6}) WITH TIME ZONE`)
    case driver.DB_TYPE_TIMESTAMP_LTZ:
      return make(`TIMESTAMP(${metadata.precision ?? 6}) WITH LOCAL TIME ZONE`)
    case driver.DB_TYPE_INTERVAL_DS:
      return make('INTERVAL DAY TO SECOND')
    case driver.DB_TYPE_INTERVAL_YM:
      return make('INTERVAL YEAR TO MONTH')
    default:
      return make(metadata.dbTypeName ?? 'OTHER')
  }
}

/** What is selected so that the value comes as exact text; undefined where the column itself will do. */
export function selectForm(driver: Driver, metadata: Metadata, column: string): string {
  const digits = metadata.precision ?? 6
  const fraction = digits === 0 ? '' : `.FF${Math.min(9, digits)}`
  switch (metadata.dbType) {
    case driver.DB_TYPE_DATE:
      return `to_char(${column}, 'SYYYY-MM-DD"T"HH24:MI:SS')`
    case driver.DB_TYPE_TIMESTAMP:
      return `to_char(${column}, 'SYYYY-MM-DD"T"HH24:MI:SS${fraction}')`
    case driver.DB_TYPE_TIMESTAMP_TZ:
    case driver.DB_TYPE_TIMESTAMP_LTZ:
      return `to_char(${column}, 'SYYYY-MM-DD"T"HH24:MI:SS${fraction}TZH:TZM')`
    case driver.DB_TYPE_INTERVAL_DS:
    case driver.DB_TYPE_INTERVAL_YM:
      return `to_char(${column})`
    case driver.DB_TYPE_JSON:
      return `json_serialize(${column} returning clob)`
    case driver.DB_TYPE_XMLTYPE:
      return `(${column}).getClobVal()`
    default:
      return column
  }
}

export function needsSelectForm(driver: Driver, metadata: Metadata): boolean {
  return selectForm(driver, metadata, 'x') !== 'x'
}

export type Decode = (cell: Exclude<Cell, null>) => Value

/** Makes the cell a canonical value. Numbers come as `.5` and `-.05`. */
export function decoderOf(driver: Driver, metadata: Metadata, type: LogicalType, decode: boolean): Decode {
  switch (metadata.dbType) {
    case driver.DB_TYPE_NUMBER:
      return type.kind === 'boolean'
        ? cell => (cell === '1' ? true : cell === '0' ? false : String(cell))
        : type.kind === 'integer' && (decode || type.bits <= 32)
          ? cell => integer(String(cell))
          : cell => withZero(String(cell))
    case driver.DB_TYPE_BINARY_FLOAT:
      return cell => shortest(Number(cell))
    // SYYYY leaves room for a sign.
    case driver.DB_TYPE_DATE:
    case driver.DB_TYPE_TIMESTAMP:
    case driver.DB_TYPE_TIMESTAMP_TZ:
    case driver.DB_TYPE_TIMESTAMP_LTZ:
      return cell => String(cell).trimStart()
    // One sign stands for the whole interval here, and for the days alone in PostgreSQL: each part gets its own.
    case driver.DB_TYPE_INTERVAL_DS:
      return cell => String(cell).replace(/^-(\d+) (?=\d)/, '-$1 -')
    default:
      return cell => cell
  }
}

function withZero(text: string): string {
  return text.startsWith('.') ? `0${text}` : text.startsWith('-.') ? `-0${text.slice(1)}` : text
}

function integer(text: string): Value {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : withZero(text)
}

/** The shortest decimal that is the same single-precision number: `0.1`, not `0.10000000149011612`. */
function shortest(value: number): number {
  for (let digits = 6; digits < 10; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (Math.fround(candidate) === value) return candidate
  }
  return value
}
