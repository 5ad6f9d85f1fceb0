import type { Connector } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { fileCapabilities, openFiles } from '../../core/files/database.js'
import { csvFormat } from './format.js'
import { properties } from './spec.js'

export const csv: Connector = {
  name: 'csv',
  summary:
    'Files of comma-separated values (RFC 4180), named by `from: { file: … }`; one whose name ends in `.gz` is decompressed. Every value is text. `$row` is the number of the row.',
  roles: ['source'],
  properties,
  secrets: [],
  capabilities: fileCapabilities,
  open: (config, options) => openFiles(csv, config, options, csvFormat(config)),
  encoder: () => {
    throw new EtlError('E305', 'csv files are read only', { kind: 'usage' })
  },
}
