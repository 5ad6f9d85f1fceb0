import { OraError } from '../ora-error.js'
import type { OraKind, OraType } from '../ora-type.js'
import type { ColumnDef } from './catalog.js'

/** A translated expression: the storage's SQL and what it gives. A literal null has no type. */
export interface Typed {
  readonly sql: string
  readonly type: OraType | undefined
  readonly nullable?: boolean
}

export interface NlsFormats {
  readonly date: string
  readonly timestamp: string
  readonly zoned: string
}

export type Family = 'text' | 'number' | 'double' | 'moment' | 'raw' | 'interval' | 'lob'

const FAMILIES: Readonly<Record<OraKind, Family>> = {
  VARCHAR2: 'text',
  NVARCHAR2: 'text',
  CHAR: 'text',
  NCHAR: 'text',
  NUMBER: 'number',
  BINARY_FLOAT: 'double',
  BINARY_DOUBLE: 'double',
  DATE: 'moment',
  TIMESTAMP: 'moment',
  TIMESTAMP_TZ: 'moment',
  TIMESTAMP_LTZ: 'moment',
  INTERVAL_DS: 'interval',
  INTERVAL_YM: 'interval',
  RAW: 'raw',
  CLOB: 'lob',
  NCLOB: 'lob',
  BLOB: 'lob',
}

export function familyOf(type: OraType): Family {
  return FAMILIES[type.kind]
}

export function sqlText(value: string): string {
  return value === '' ? 'NULL' : `'${value.replaceAll("'", "''")}'`
}

function isChar(kind: OraKind): boolean {
  return familyOf({ kind }) === 'text' || kind === 'CLOB' || kind === 'NCLOB'
}

/** The database's implicit conversions; what has none is ORA-00932. */
export function convert(value: Typed, to: OraKind, nls: NlsFormats): string {
  const from = value.type?.kind
  const { sql } = value
  if (from === undefined || from === to || (isChar(from) && isChar(to))) return sql
  const format = (kind: OraKind): string =>
    sqlText(kind === 'DATE' ? nls.date : kind === 'TIMESTAMP_TZ' ? nls.zoned : nls.timestamp)
  const family = familyOf({ kind: from })
  if (isChar(to)) {
    switch (family) {
      case 'number':
        return `n_txt(${sql})`
      case 'moment':
        return `m_txt(${sql}, ${format(from)})`
      case 'raw':
        return `raw_t(${sql})`
      case 'interval':
        return from === 'INTERVAL_DS' ? `ds_t(${sql})` : `ym_t(${sql})`
      case 'double':
        if (from === 'BINARY_DOUBLE') return `n_txt(dbl_n(${sql}))`
    }
  } else if (isChar(from)) {
    switch (to) {
      case 'NUMBER':
        return `t_num(${sql})`
      case 'BINARY_DOUBLE':
        return `t_dbl(${sql})`
      case 'BINARY_FLOAT':
        return `t_flt(${sql})`
      case 'DATE':
        return `t_date(${sql}, ${format(to)})`
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ':
        return `t_ts(${sql}, ${format(to)})`
      case 'TIMESTAMP_TZ':
        return `t_tz(${sql}, ${format(to)})`
      case 'RAW':
      case 'BLOB':
        return `t_raw(${sql})`
      case 'INTERVAL_DS':
        return `t_ds(${sql})`
      case 'INTERVAL_YM':
        return `t_ym(${sql})`
    }
  } else if (family === 'moment' && familyOf({ kind: to }) === 'moment') {
    if (to === 'DATE') return `m_date(${sql})`
    if (to === 'TIMESTAMP_TZ') return `m_tz(${sql})`
    return to === 'TIMESTAMP_LTZ' && from === 'TIMESTAMP_TZ' ? `m_utc(${sql})` : `m_ts(${sql})`
  } else if ((from === 'RAW' && to === 'BLOB') || (from === 'BLOB' && to === 'RAW')) return sql
  else if (from === 'NUMBER' && to === 'BINARY_DOUBLE') return `n_dbl(${sql})`
  else if (from === 'NUMBER' && to === 'BINARY_FLOAT') return `n_flt(${sql})`
  else if (from === 'BINARY_DOUBLE' && to === 'NUMBER') return `dbl_n(${sql})`
  else if (from === 'BINARY_DOUBLE' && to === 'BINARY_FLOAT') return `dbl_flt(${sql})`
  throw new OraError(932, `inconsistent datatypes: expected ${to} got ${from}`)
}

/** A value on its way into a column: converted, rounded, padded and checked. */
export function assign(
  value: Typed,
  column: ColumnDef,
  table: { owner: string; name: string },
  nls: NlsFormats,
): string {
  const { kind, length, chars, precision, scale } = column.type
  const sql = convert(value, kind, nls)
  const label = sqlText(`"${table.owner}"."${table.name}"."${column.name}"`)
  switch (kind) {
    case 'NUMBER':
      if (scale === -127 || (precision === undefined && scale === undefined)) return sql
      return `fit_num(${sql}, ${precision ?? 38}, ${scale ?? 0})`
    case 'VARCHAR2':
    case 'NVARCHAR2': {
      const fit = `fit_txt(${sql}, ${length}, ${chars === true ? 1 : 0}, ${label})`
      // Most values fit whatever the unit: the storage sees it without a call. A variable is never the empty text.
      return isVariable(sql) ? `CASE WHEN octet_length(${sql}) <= ${length} THEN ${sql} ELSE ${fit} END` : fit
    }
    case 'CHAR':
    case 'NCHAR': {
      const fit = `fit_char(${sql}, ${length}, ${chars === true ? 1 : 0}, ${label})`
      return isVariable(sql) && chars !== true
        ? `CASE WHEN octet_length(${sql}) = ${length} THEN ${sql} ELSE ${fit} END`
        : fit
    }
    case 'RAW':
      return `fit_raw(${sql}, ${length}, ${label})`
    case 'TIMESTAMP':
    case 'TIMESTAMP_TZ':
    case 'TIMESTAMP_LTZ':
      return scale === 9 ? sql : `fit_ts(${sql}, ${scale ?? 6})`
    default:
      return sql
  }
}

function isVariable(sql: string): boolean {
  return /^@\w+$/.test(sql)
}

/** Both sides of a comparison in one form; large objects cannot be compared. */
export function comparable(left: Typed, right: Typed, nls: NlsFormats): readonly [string, string] {
  if (left.type === undefined || right.type === undefined) return [left.sql, right.sql]
  const [a, b] = [familyOf(left.type), familyOf(right.type)]
  if (a === 'lob' || b === 'lob')
    throw new OraError(932, `inconsistent datatypes: expected - got ${(a === 'lob' ? left : right).type?.kind}`)
  if (a === 'text' && b === 'text') {
    const padded = [left, right].every(side => side.type?.kind === 'CHAR' || side.type?.kind === 'NCHAR')
    return padded ? [`rtrim(${left.sql}, ' ')`, `rtrim(${right.sql}, ' ')`] : [left.sql, right.sql]
  }
  const kind = common(left.type, right.type)
  const bare = (side: Typed): string => {
    const sql = convert(side, kind, nls)
    // The offset is no part of the instant.
    return kind === 'TIMESTAMP_TZ' ? `m_utc(${sql})` : sql
  }
  return [bare(left), bare(right)]
}

function common(left: OraType, right: OraType): OraKind {
  if (left.kind === right.kind) return left.kind
  for (const kind of [
    'BINARY_DOUBLE',
    'BINARY_FLOAT',
    'NUMBER',
    'TIMESTAMP_TZ',
    'TIMESTAMP',
    'TIMESTAMP_LTZ',
    'DATE',
  ] as const) {
    if (left.kind === kind || right.kind === kind) return kind
  }
  return familyOf(left) === 'text' ? right.kind : left.kind
}
