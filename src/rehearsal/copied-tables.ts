import type { Table, TableRef } from '../core/catalog.js'
import type { PipelineSpec } from '../spec/model.js'
import type { Moved } from './scratch-pipeline.js'

/** What a scratch gets of a table. */
export type Copied = 'sample' | 'whole' | 'empty'

/**
 * Where the pipeline reads what it writes to, a sample of every table. Where it does not, its tables begin empty, but for
 * those that it updates. What look-ups, checks and foreign keys lead to is there as a whole.
 */
export function copiedTables(spec: PipelineSpec, tables: readonly Table[], moved: Moved): (table: Table) => Copied {
  const inPlace = readsTarget(spec, moved)
  const written = new Set(spec.entities.map(({ to }) => to.table.table))
  const whole = new Set(
    (inPlace ? lookedUp(spec, moved) : [...lookedUp(spec, moved), ...checked(spec)]).filter(
      name => inPlace || !written.has(name),
    ),
  )
  if (!inPlace) {
    for (const { load, to } of spec.entities) if (load === 'update') whole.add(to.table.table)
    const referring = (table: Table): boolean => whole.has(table.table) || written.has(table.table)
    for (let before = -1; before < whole.size; ) {
      before = whole.size
      for (const table of tables.filter(referring)) {
        for (const { references } of table.foreignKeys)
          if (whole.has(table.table) || !written.has(references.table)) whole.add(references.table)
      }
    }
  }
  return ({ table }) => (whole.has(table) ? 'whole' : inPlace ? 'sample' : 'empty')
}

export function readsTarget({ entities }: PipelineSpec, { sources }: Moved): boolean {
  return entities.some(({ from }) =>
    (from.kind === 'union' ? from.members.map(member => member.from) : [from]).some(
      place =>
        place.kind === 'target' || (place.kind !== 'rows' && (place.source === '$target' || sources.has(place.source))),
    ),
  )
}

function lookedUp({ lookups }: PipelineSpec, { sources }: Moved): readonly string[] {
  return Object.values(lookups).flatMap(({ in: place, table }) =>
    place === 'target' || sources.has(place) ? [table.table] : [],
  )
}

/** Tables of the target that checks look at. */
function checked(spec: PipelineSpec): readonly string[] {
  const checks = [...spec.checks, ...spec.entities.flatMap(entity => entity.checks)]
  const refs = checks.flatMap(({ rule, on, table }): (TableRef | undefined)[] =>
    on === 'target' ? ['table' in rule ? rule.table : undefined, table] : [],
  )
  return refs.flatMap(ref => (ref === undefined ? [] : [ref.table]))
}
