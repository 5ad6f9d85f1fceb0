import { formatTable } from '../core/catalog.js'
import type { EntityPlan, MemberRead } from './plan.js'
import { readsOf } from './plan.js'

/** The part of the fingerprint that says what a position in an entity's rows is made of. */
export function positionPath(entity: string): string {
  return `entities.${entity}.position`
}

/** Where rows are read and what orders them: with another one, a position that was noted names other rows. */
export function positionPart({ read }: EntityPlan): string {
  const { from } = read
  const places = readsOf(read).map(({ from: place, columns, order, mark }, i) => ({
    ...(from.kind === 'union' ? { member: from.members[i]?.name } : {}),
    ...(place.kind === 'table' ? { source: place.source, table: formatTable(place.table) } : {}),
    ...(place.kind === 'query' ? { source: place.source } : {}),
    order: order.map(index => `${columns[index]?.name} ${columns[index]?.native}`),
    ...(mark === undefined ? {} : { mark: columns[mark]?.name }),
  }))
  return JSON.stringify(places)
}

/** The parts of the fingerprint that say what stands where in a file, and how it is read; none for what is no file. */
export function filePaths({ from, version }: MemberRead): readonly string[] {
  if (from.kind !== 'table' || version === undefined) return []
  const source = `source.${from.source}`
  return [`${source}.table.${formatTable(from.table)}.version`, `${source}.identity`]
}
