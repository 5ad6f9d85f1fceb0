import type { Connector } from '../core/connector.js'
import { csv } from './csv/index.js'
import { jsonl } from './jsonl/index.js'
import { mysql } from './mysql/index.js'
import { oracle } from './oracle/index.js'
import { postgres } from './postgres/index.js'
import { sqlite } from './sqlite/index.js'

/** Every connector, in the order of the reference. A new one is a folder and a line here. */
export const connectors: readonly Connector[] = [postgres, mysql, oracle, sqlite, csv(sqlite), jsonl(sqlite)]

/** The connector that `type:` names. */
export function connectorNamed(name: string): Connector | undefined {
  return connectors.find(connector => connector.name === name)
}
