import type { Connector } from '../../core/connector.js'
import { fileCapabilities, openFiles } from '../../core/files/database.js'
import { openTarget } from '../../core/files/target.js'
import { jsonlFormat } from './format.js'
import { properties, targetProperties } from './spec.js'
import { jsonlEncoder, jsonlTargetFormat } from './target.js'

/** @param ledger where a folder that is written to keeps its ledger: a connector of database files */
export function jsonl(ledger: Connector): Connector {
  const connector: Connector = {
    name: 'jsonl',
    summary:
      'Files of one JSON object a line, compressed where the name ends in `.gz`. Numbers keep every digit. A source reads those that `from: { file: … }` names: objects and lists are their JSON text, and `$row` is the number of the line. A target writes one for each entity, with every column in each line, bytes as base64, and JSON as it is; only a JSON text or `null` of its own is put into a text, so that it stays apart from plain text and from no value.',
    roles: ['source', 'target'],
    properties,
    targetProperties,
    secrets: [],
    capabilities: { ...fileCapabilities, looseTypes: true, dialect: ledger.capabilities.dialect },
    open: (config, options) =>
      config.path === undefined
        ? openFiles(connector, config, options, jsonlFormat(config))
        : openTarget(connector, ledger, config, options, jsonlTargetFormat),
    encoder: jsonlEncoder,
  }
  return connector
}
