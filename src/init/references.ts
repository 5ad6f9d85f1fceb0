import type { Column, Table } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import type { Reference } from '../inspect/api.js'
import type { ColumnMatch } from './match-columns.js'
import type { TableMatch } from './match-tables.js'
import { DECIDE } from './proposal.js'

/** A pair of tables with their columns: what becomes an entity. */
export interface Pair extends TableMatch {
  readonly entity: string
  readonly columns: readonly ColumnMatch[]
}

/** A column whose value is the key of another entity's row. */
export interface Link {
  readonly target: string
  readonly entity: string
  readonly nullable: boolean
  /** As `ref`; false where the value can only be copied. */
  readonly asRef: boolean
  readonly notes: readonly string[]
}

/** What the columns of a pair refer to: by foreign keys of the target, else by those of the source, else by names. */
export function linksOf(pair: Pair, pairs: readonly Pair[], references: readonly Reference[]): Link[] {
  return pair.columns.flatMap(({ from, to }) => {
    const declared = byTarget(pair, to, pairs)
    const reference = references.find(
      each => each.table === formatTable(pair.from) && each.columns.length === 1 && each.columns[0] === from.name,
    )
    const named = reference === undefined ? undefined : pairs.find(each => formatTable(each.from) === reference.to)
    const other = declared ?? named
    if (other === undefined) return []
    const isOwnKey = other === pair && pair.to.primaryKey.includes(to.name)
    if (isOwnKey) return []
    const asRef = canRefer(from, to, other) && (declared !== undefined || reference?.toColumns[0] === keyOf(other.from))
    return [{ target: to.name, entity: other.entity, nullable: to.nullable, asRef, notes: notesOf(reference, asRef) }]
  })
}

function byTarget(pair: Pair, column: Column, pairs: readonly Pair[]): Pair | undefined {
  const key = pair.to.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === column.name)
  if (key === undefined) return undefined
  return pairs.find(({ to }) => isTable(to, key.references, pair.to.schema) && keyOf(to) === key.referencedColumns[0])
}

function isTable(table: Table, ref: { readonly schema?: string; readonly table: string }, home?: string): boolean {
  return table.table === ref.table && (ref.schema ?? home) === (table.schema ?? home)
}

/** A ref gives the target key that the source key became, so that one must be made of this one and nothing else. */
function canRefer(from: Column, to: Column, other: Pair): boolean {
  const [sourceKey, targetKey] = [keyOf(other.from), keyOf(other.to)]
  const source = other.from.columns.find(({ name }) => name === sourceKey)
  const target = other.to.columns.find(({ name }) => name === targetKey)
  if (source === undefined || target === undefined || source.type.kind !== from.type.kind) return false
  if (target.type.kind !== to.type.kind) return false
  const made = other.columns.find(match => match.to === target)
  return made === undefined ? target.generated !== undefined : made.from === source
}

/** Undefined where it is not one column. */
function keyOf({ primaryKey }: Table): string | undefined {
  return primaryKey.length === 1 ? primaryKey[0] : undefined
}

function notesOf(reference: Reference | undefined, asRef: boolean): string[] {
  if (reference === undefined) return []
  const by = reference.declared ? [] : ['a reference by its name only']
  if (reference.orphans === 0) return by
  const rows = reference.orphans === 1 ? '1 row refers' : `${reference.orphans} rows refer`
  const what = asRef ? 'on_missing: null, or they are rejected' : 'they are rejected'
  return [`${DECIDE}${rows} to nothing; ${what}`, ...by]
}

/** Columns that no name matched, but foreign keys of both sides to tables that are one: `CUST` and `customer_id`. */
export function matchByReference(
  match: TableMatch & { readonly columns: readonly ColumnMatch[] },
  tables: readonly TableMatch[],
): ColumnMatch[] {
  const free = (table: Table, side: 'from' | 'to') =>
    table.foreignKeys.flatMap(({ columns: [name, ...more], references }) => {
      const column = table.columns.find(each => each.name === name)
      const isFree = column !== undefined && more.length === 0 && !match.columns.some(each => each[side] === column)
      return isFree ? [{ column, references }] : []
    })
  const [sources, targets] = [free(match.from, 'from'), free(match.to, 'to')]
  return sources.flatMap(({ column, references }) => {
    const partner = tables.find(({ from }) => isTable(from, references, match.from.schema))
    if (partner === undefined) return []
    const alike = targets.filter(each => isTable(partner.to, each.references, match.to.schema))
    const rivals = sources.filter(each => isTable(partner.from, each.references, match.from.schema))
    const [only, ...others] = alike
    if (only === undefined || others.length > 0 || rivals.length > 1) return []
    return [{ from: column, to: only.column, score: 0.9 }]
  })
}
