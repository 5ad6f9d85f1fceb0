import type { Connector } from '../../core/connector.js'
import { loadDriver } from './connection.js'
import { openDatabase } from './database.js'
import { capabilities } from './dialect.js'
import { rowEncoder } from './encoder.js'
import { makeScratch } from './scratch.js'
import { properties, readSettings } from './spec.js'

export const mysql: Connector = {
  name: 'mysql',
  summary: 'MySQL 8 or newer, MariaDB 10.3 or newer',
  roles: ['source', 'target'],
  properties,
  secrets: ['password', 'url'],
  capabilities,
  driver: { name: 'mysql2', load: loadDriver },
  tools: ['mysqldump', 'mariadb-dump'],
  open: async (config, options) => await openDatabase(mysql, readSettings(config, options.baseDir), options),
  encoder: rowEncoder,
  scratch: makeScratch,
}
