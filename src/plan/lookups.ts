import { formatTable } from '../core/catalog.js'
import type { LookupSpec, PipelineSpec } from '../spec/model.js'
import type { Catalogs } from './catalogs.js'
import { TARGET } from './catalogs.js'
import type { LookupPlan } from './plan.js'
import type { Problems } from './problems.js'
import { suggest } from './problems.js'
import { columnProblem, isUnique } from './source-shape.js'

/** Look-ups that fields use; others need not even exist. */
export function usedLookups(spec: PipelineSpec): readonly (readonly [string, LookupSpec])[] {
  const used = new Set(spec.entities.flatMap(entity => entity.fields.flatMap(field => field.lookup?.name ?? [])))
  return Object.entries(spec.lookups).filter(([name]) => used.has(name))
}

export function lookupDatabase(lookup: LookupSpec): string {
  return lookup.in === 'target' ? TARGET : lookup.in
}

/** Undefined when the table or a column is not there; the problems say so. */
export function planLookup(lookup: LookupSpec, catalogs: Catalogs, problems: Problems): LookupPlan | undefined {
  const database = lookupDatabase(lookup)
  const label = formatTable(lookup.table)
  if (catalogs.database(database).connector.capabilities.files === true) {
    const hint = 'load the file into a table of the target first, or use a map: `maps: { name: file.csv }`'
    problems.error('E202', [...lookup.path, 'in'], `${lookup.in} is files, and a look-up asks a database`, hint)
    return undefined
  }
  const table = catalogs.table(database, lookup.table)
  if (table === undefined) {
    const where = catalogs.identity(database).label
    const hint = suggest(label, catalogs.tableNames(database, lookup.table), 'its tables are')
    problems.error('E208', [...lookup.path, 'table'], `${where} has no table ${label}`, hint)
    return undefined
  }
  const columns = (names: readonly string[], part: string) =>
    names.flatMap(name => columnProblem(name, table.columns, label, [...lookup.path, part], problems) ?? [])
  const [key, value] = [columns(lookup.key, 'key'), columns(lookup.value, 'value')]
  if (key.length < lookup.key.length || value.length < lookup.value.length) return undefined
  if (!isUnique(table, lookup.key)) {
    const message = `nothing in ${label} keeps ${lookup.key.join(', ')} unique, and a key with several values ends the run`
    problems.warn('E519', [...lookup.path, 'key'], message, '`etl check` counts such keys')
  }
  return { in: lookup.in, table: lookup.table, key, value }
}
