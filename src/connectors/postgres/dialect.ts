import type { TableRef } from '../../core/catalog.js'
import type { Capabilities, Dialect } from '../../core/connector.js'
import type { RowVersion } from '../../core/row-version.js'
import { quoteName, quoteNames, quoteTable, standardLiteral } from '../../core/sql.js'

export const dialect: Dialect = {
  quote: '"',
  placeholder: index => `$${index}`,
  rowComparison: true,
  nullsFirst: false,
  textLength: 'char_length',
  literal: standardLiteral,
  nowText: `to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  shareLock: ' for share',
  keepIdentity: ' overriding system value',
  // A row as text says what is null and what is empty. A sum goes by no order, and by the encoding so that the same bytes
  // are never two texts.
  rowsHash: (columns, seed) =>
    `sum(hashtextextended(row(${quoteNames(
      dialect,
      columns.map(({ name }) => name),
    )})::text, ${seed}::bigint + (select encoding from pg_catalog.pg_database where datname = current_database())))`,
}

export const rowVersion: RowVersion = {
  column: 'xmin',
  text: 'cast(xmin as text)',
  // A row has the last 32 bits of its transaction's id.
  current: 'cast(txid_current() % 4294967296 as text)',
}

export const capabilities: Capabilities = {
  dialect,
  singleWriter: false,
  reading: 'one snapshot for all readers (exported by the server); a resume takes another',
  sharedSnapshot: true,
  transactionalDdl: true,
  maxIdentifier: { length: 63, unit: 'bytes' },
  columnsIgnoreCase: false,
  batchRows: 10_000,
  nulInText: false,
  looseTypes: false,
  flatPayload: true,
  signedZero: true,
  rowVersion,
}

export const quote = (name: string): string => quoteName(dialect, name)
export const quoteAll = (names: readonly string[]): string => quoteNames(dialect, names)
export const quoteRef = (ref: TableRef): string => quoteTable(dialect, ref)
