import type { Connector } from '../../core/connector.js'
import { openDatabase } from './database.js'
import { capabilities } from './dialect.js'
import { importDriver } from './driver.js'
import { createEncoder } from './encoder.js'
import { properties, readSettings } from './spec.js'

export const oracle: Connector = {
  name: 'oracle',
  summary: 'Oracle Database 12.1 or newer; 11g with the client libraries of Oracle (`thick`)',
  roles: ['source', 'target'],
  properties,
  secrets: ['password'],
  capabilities,
  driver: { name: 'oracledb', load: importDriver },
  open: async (config, options) => await openDatabase(oracle, readSettings(config, options.baseDir), options),
  encoder: createEncoder,
}
