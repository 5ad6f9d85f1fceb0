import type { TableRef } from '../../core/catalog.js'
import type { Capabilities, Dialect } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { quoteName } from '../../core/sql.js'

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
