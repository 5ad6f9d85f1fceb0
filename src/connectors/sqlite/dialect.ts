import type { Capabilities, Dialect } from '../../core/connector.js'
import { standardLiteral } from '../../core/sql.js'
import { rowsHash } from './rows-hash.js'

export const dialect: Dialect = {
  quote: '"',
  placeholder: () => '?',
  rowComparison: true,
  nullsFirst: true,
  textLength: 'length',
  literal: value => standardLiteral(typeof value === 'boolean' ? Number(value) : value),
  nowText: "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
  shareLock: '',
  keepIdentity: '',
  rowsHash,
}

export const capabilities: Capabilities = {
  dialect,
  singleWriter: true,
  onThisMachine: true,
  reading: 'one snapshot for all readers; a resume takes another',
  sharedSnapshot: false,
  transactionalDdl: true,
  maxIdentifier: { length: 1_000_000, unit: 'bytes' },
  columnsIgnoreCase: true,
  batchRows: 5000,
  flatPayload: true,
  nulInText: true,
  looseTypes: true,
}
