import type { Connector } from '../../core/connector.js'
import { loadDriver } from './connection.js'
import { copyEncoder } from './copy-encoder.js'
import { openDatabase } from './database.js'
import { capabilities } from './dialect.js'
import { makeScratch } from './scratch.js'
import { properties, readSettings } from './spec.js'

export const postgres: Connector = {
  name: 'postgres',
  summary: 'PostgreSQL 12 or newer',
  roles: ['source', 'target'],
  properties,
  secrets: ['password', 'url'],
  capabilities,
  driver: { name: 'pg', load: loadDriver },
  tools: ['pg_dump', 'pg_restore'],
  open: async (config, options) => await openDatabase(postgres, readSettings(config, options.baseDir), options),
  encoder: copyEncoder,
  scratch: makeScratch,
}
