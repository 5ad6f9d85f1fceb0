import type { TableRef } from '../../core/catalog.js'
import type { Capabilities, Dialect, HashedColumn } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { quoteName } from '../../core/sql.js'
import type { LogicalType } from '../../core/types.js'

export const dialect: Dialect = {
  quote: '`',
  placeholder: () => '?',
  // Both servers read (a, b) > (x, y) without the index, whatever `explain` says.
  rowComparison: false,
  nullsFirst: true,
  textLength: 'char_length',
  literal: value => (typeof value === 'string' ? quoteText(value) : String(value)),
  nowText: `concat(left(date_format(utc_timestamp(3), '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')`,
  // MariaDB has no `for share`.
  shareLock: ' lock in share mode',
  keepIdentity: '',
  rowsHash,
}

export const capabilities: Capabilities = {
  dialect,
  singleWriter: false,
  reading:
    'one snapshot for all readers where the login may lock all tables for a moment (RELOAD), else one for each; a resume takes another',
  sharedSnapshot: false,
  transactionalDdl: false,
  maxIdentifier: { length: 64, unit: 'characters' },
  columnsIgnoreCase: true,
  batchRows: 10_000,
  flatPayload: true,
  serverBound: true,
  nulInText: true,
  looseTypes: false,
}

export const quote = (name: string): string => quoteName(dialect, possible(name))
export const quoteAll = (names: readonly string[]): string => names.map(quote).join(', ')
export const quoteRef = (ref: TableRef): string =>
  ref.schema === undefined ? quote(ref.table) : `${quote(ref.schema)}.${quote(ref.table)}`

function possible(name: string): string {
  if (!/[\u{10000}-\u{10ffff}]/u.test(name)) return name
  throw new EtlError('E208', 'a name holds a character above U+FFFF, which the server allows in no name', {
    kind: 'usage',
    hint: 'give the table or column another name',
  })
}

/** Text inside single quotes, for literals and for LOAD DATA alike; the session's sql_mode keeps backslashes special. */
export function escapeText(text: string): string {
  const escaped = /[\\']/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll("'", "\\'") : text
  return escaped.includes('\0') ? escaped.replaceAll('\0', '\\0') : escaped
}

export const quoteText = (text: string): string => `'${escapeText(text)}'`

/** Expression that gives a column's value in a form the driver cannot spoil. */
export function selectExpression(name: string, type: LogicalType): string {
  // A FLOAT prints six digits only, and the driver rounds what it parses: a double's own text is exact.
  if (type.kind === 'float') return `concat(${quote(name)} * 1e0)`
  // The driver would take spatial values to pieces.
  return type.kind === 'bytes' ? `cast(${quote(name)} as binary)` : quote(name)
}

/**
 * Half of an MD5 for each row. `quote` says what is null and where a value ends; a sum goes by no order. A row larger than
 * the server's packets has no text, and is given a number that no other side has.
 */
function rowsHash(columns: readonly HashedColumn[], seed: number): string | undefined {
  // Bits are bytes, which could look like the digits of another column.
  if (columns.some(({ native }) => /^bit\b/i.test(native))) return undefined
  const texts = columns.map(({ name, type }) => {
    const value = selectExpression(name, type)
    return `quote(${type.kind === 'bytes' ? value : `convert(${value} using utf8mb4)`})`
  })
  const half = `left(md5(concat(${[seed, ...texts].join(", ',', ")})), 16)`
  return `sum(ifnull(cast(conv(${half}, 16, 10) as unsigned), cast(rand() * 1e18 as unsigned)))`
}
