import type { DocPath } from '../core/diagnostics.js'
import type { PipelineSpec } from '../spec/model.js'
import type { Catalogs } from './catalogs.js'
import { TARGET } from './catalogs.js'
import type { Draft } from './draft.js'
import type { Problems } from './problems.js'

type Say = (kind: string, name: string, path: DocPath) => void

/** T15: names of what is to be created, which some databases cut off in silence. */
export function checkNames({ spec, fields, target, toFile, problems }: Draft, catalogs: Catalogs): void {
  if (target !== undefined || toFile) return
  const say = lengthCheck(catalogs, problems)
  say('table', spec.to.table.table, [...spec.path, 'to'])
  const { columnsIgnoreCase } = catalogs.database(TARGET).connector.capabilities
  const seen = new Map<string, string>()
  for (const field of fields) {
    say('column', field.target, field.path)
    const known = columnsIgnoreCase ? field.target.toLowerCase() : field.target
    const other = seen.get(known)
    seen.set(known, field.target)
    if (other === undefined) continue
    const message = `the columns ${other} and ${field.target} are to be created, and the target does not tell them apart`
    problems.error('E228', field.path, message, 'names of its columns must differ in more than case')
  }
}

const LEDGER = /^etl_(?:run|owner|chunk|batch|undo|reject|closed|identity|audit|lock|kept_.*)$/i

/** Rows among those of the ledger would be taken for what runs have done. */
export function checkNotLedger({ spec, problems }: Draft, { ledger }: PipelineSpec): void {
  const { schema, table } = spec.to.table
  if (ledger === false || !LEDGER.test(table)) return
  if (schema !== undefined && ledger.schema !== undefined && schema !== ledger.schema) return
  const hint = 'load another table, or give the ledger a schema of its own: `ledger: { schema: … }`, and `to` its own'
  problems.error('E228', [...spec.path, 'to'], `${table} is a table of the ledger, where runs are kept`, hint)
}

/** The schema of the ledger, where the file names one. */
export function checkLedgerName({ ledger }: PipelineSpec, catalogs: Catalogs, problems: Problems): void {
  if (ledger === false || ledger.schema === undefined) return
  lengthCheck(catalogs, problems)('schema', ledger.schema, ['ledger', 'schema'])
}

function lengthCheck(catalogs: Catalogs, problems: Problems): Say {
  const { length: most, unit } = catalogs.database(TARGET).connector.capabilities.maxIdentifier
  return (kind, name, path) => {
    const length = unit === 'bytes' ? Buffer.byteLength(name) : [...name].length
    if (length <= most) return
    const message = `the name of the ${kind} ${name} has ${length} ${unit}, and the target takes ${most}`
    problems.error('E228', path, message, 'give it a shorter name')
  }
}
