import type { Connector } from '../../core/connector.js'
import { importDriver } from './connection.js'
import { openDatabase } from './database.js'
import { capabilities } from './dialect.js'
import { createEncoder } from './encoder.js'
import { makeScratch } from './scratch.js'
import { properties } from './spec.js'

export type { KeySet } from './key-set.js'
export { openKeySet } from './key-set.js'

export const sqlite: Connector = {
  name: 'sqlite',
  summary: 'An SQLite 3 database file; the driver is part of the program.',
  roles: ['source', 'target'],
  properties,
  secrets: [],
  capabilities,
  driver: { name: 'better-sqlite3', load: importDriver },
  open: (config, options) => openDatabase(sqlite, config, options),
  encoder: createEncoder,
  scratch: makeScratch,
}
