import type { Table, TableRef } from '../core/catalog.js'
import { placesOf, sourceName } from '../plan/source-shape.js'
import type { PipelineSpec } from '../spec/model.js'
import { inTarget, type Moved } from './moved.js'

/** What a scratch gets of a table. */
export type Copied = 'sample' | 'whole' | 'empty'

/**
 * Where the pipeline reads what it writes to, a sample of every table. Where it does not, its tables begin empty, but for
 * those that it updates. What look-ups, checks and foreign keys lead to is there as a whole.
 */
export function copiedTables(spec: PipelineSpec, tables: readonly Table[], moved: Moved): (table: Table) => Copied {
  const inPlace = readsTarget(spec, moved)
  const written = new Set(spec.entities.map(({ to }) => to.table.table))
  const looked = inPlace ? lookedUp(spec, moved) : [...lookedUp(spec, moved), ...checked(spec)]
  const whole = new Set(looked.filter(name => inPlace || !written.has(name)))
  if (!inPlace) for (const { load, to } of spec.entities) if (load === 'update') whole.add(to.table.table)
  const needs = ({ table }: Table, parent: string): boolean =>
    whole.has(table) || (!inPlace && written.has(table) && !written.has(parent))
  for (let before = -1; before < whole.size; ) {
    before = whole.size
    for (const table of tables)
      for (const { references } of table.foreignKeys) if (needs(table, references.table)) whole.add(references.table)
  }
  return ({ table }) => (whole.has(table) ? 'whole' : inPlace ? 'sample' : 'empty')
}

function readsTarget({ entities }: PipelineSpec, moved: Moved): boolean {
  return entities.some(({ from }) => placesOf(from).some(place => inTarget(sourceName(place) ?? '', moved)))
}

function lookedUp({ lookups }: PipelineSpec, moved: Moved): readonly string[] {
  return Object.values(lookups).flatMap(({ in: place, table }) => (inTarget(place, moved) ? [table.table] : []))
}

/** Tables of the target that checks look at. */
function checked(spec: PipelineSpec): readonly string[] {
  const checks = [...spec.checks, ...spec.entities.flatMap(entity => entity.checks)]
  const refs = checks.flatMap(({ rule, on, table }): (TableRef | undefined)[] =>
    on === 'target' ? ['table' in rule ? rule.table : undefined, table] : [],
  )
  return refs.flatMap(ref => (ref === undefined ? [] : [ref.table]))
}
