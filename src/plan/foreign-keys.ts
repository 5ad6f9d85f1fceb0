import type { PipelineSpec } from '../spec/model.js'
import type { Dependency } from './dependencies.js'
import { sameTable, writersOf } from './dependencies.js'
import type { Draft } from './draft.js'

/**
 * What the target's foreign keys say about order. One that points to its own table, whose columns are deferred, or that
 * no field fills does not order.
 */
export function foreignKeyDependencies(spec: PipelineSpec, draft: Draft): Dependency[] {
  const { target, spec: entity } = draft
  if (target === undefined) return []
  const made = new Set(draft.fields.map(field => field.target))
  return target.foreignKeys.flatMap(key => {
    if (sameTable(key.references, target)) return []
    if (key.columns.some(column => entity.defer.includes(column))) return []
    const column = key.columns.find(name => made.has(name))
    const field = draft.fields.find(f => f.target === column)
    if (column === undefined || field === undefined) return []
    return writersOf(spec, key.references)
      .filter(other => other.name !== entity.name && !sameTable(other.to.table, entity.to.table))
      .filter(other => field.ref?.entity !== other.name)
      .map((other): Dependency => {
        return { entity: entity.name, on: other.name, reason: 'foreign key', column, path: field.path }
      })
  })
}
