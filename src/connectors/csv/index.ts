import type { Connector } from '../../core/connector.js'
import { fileCapabilities, openFiles } from '../../core/files/database.js'
import { openTarget } from '../../core/files/target.js'
import { csvFormat } from './format.js'
import { properties, targetProperties } from './spec.js'
import { csvEncoder, csvTargetFormat } from './target.js'

/** @param ledger where a folder that is written to keeps its ledger: a connector of database files */
export function csv(ledger: Connector): Connector {
  const connector: Connector = {
    name: 'csv',
    summary:
      'Files of comma-separated values (RFC 4180), compressed where the name ends in `.gz`. A source reads those that `from: { file: … }` names: every value is text, and `$row` is the number of the row. A target writes one for each entity: numbers with all their digits, `true` and `false`, `2024-02-29T03:04:05`, bytes as base64.',
    roles: ['source', 'target'],
    properties,
    targetProperties,
    secrets: [],
    capabilities: { ...fileCapabilities, dialect: ledger.capabilities.dialect },
    open: (config, options) =>
      config.path === undefined
        ? openFiles(connector, config, options, csvFormat(config))
        : openTarget(connector, ledger, config, options, csvTargetFormat(config)),
    encoder: csvEncoder,
  }
  return connector
}
