import type { TableRef } from '../../core/catalog.js'
import type { Capabilities, Dialect } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { quoteName, standardLiteral } from '../../core/sql.js'

export const dialect: Dialect = {
  quote: '"',
  placeholder: index => `:${index}`,
  rowComparison: false,
  nullsFirst: false,
  textLength: 'length',
  literal: value => standardLiteral(typeof value === 'boolean' ? Number(value) : value),
  nowText: `to_char(sys_extract_utc(systimestamp), 'YYYY-MM-DD"T"HH24:MI:SS.FF3"Z"')`,
  shareLock: ' for update',
  keepIdentity: '',
}

export const capabilities: Capabilities = {
  dialect,
  singleWriter: false,
  reading: 'one snapshot for all readers, which a resume reads by again while the server can still give it',
  sharedSnapshot: true,
  transactionalDdl: false,
  // 30 before 12.2; a longer name is then refused by the server.
  maxIdentifier: { length: 128, unit: 'bytes' },
  columnsIgnoreCase: false,
  batchRows: 2000,
  nulInText: true,
  emptyIsNull: true,
  looseTypes: false,
}

/** Oracle has no way to write a name that holds a double quote. */
export function quote(name: string): string {
  if (name.includes('"'))
    throw new EtlError('E208', 'a name holds a double quote, which Oracle cannot have', { kind: 'usage' })
  return quoteName(dialect, name)
}

export const quoteAll = (names: readonly string[]): string => names.map(quote).join(', ')
export const quoteRef = (ref: TableRef): string =>
  ref.schema === undefined ? quote(ref.table) : `${quote(ref.schema)}.${quote(ref.table)}`
