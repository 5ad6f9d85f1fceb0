import type { Connector } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { fileCapabilities, openFiles } from '../../core/files/database.js'
import { jsonlFormat } from './format.js'
import { properties } from './spec.js'

export const jsonl: Connector = {
  name: 'jsonl',
  summary:
    'Files of one JSON object a line, named by `from: { file: … }`; one whose name ends in `.gz` is decompressed. Numbers keep every digit, objects and lists are their JSON text. `$row` is the number of the line.',
  roles: ['source'],
  properties,
  secrets: [],
  capabilities: { ...fileCapabilities, looseTypes: true },
  open: (config, options) => openFiles(jsonl, config, options, jsonlFormat(config)),
  encoder: () => {
    throw new EtlError('E305', 'jsonl files are read only', { kind: 'usage' })
  },
}
