import type { Column } from '../core/catalog.js'
import type { EntityPlan, FieldPlan } from '../plan/plan.js'

/** What tells one row of the target from the others, on both sides of a comparison. */
export interface RowKey {
  /**
   * `columns`: made by fields. `identity`: the database generates it, and the ledger knows which row got which. `row`:
   * nothing does; rows are compared as wholes.
   */
  readonly kind: 'columns' | 'identity' | 'row'
  readonly columns: readonly Column[]
  /** Nothing can be in the table twice, and its order can be had without sorting. */
  readonly unique: boolean
}

/** @param usable columns of the write plan whose values can be known */
export function rowKey(entity: EntityPlan, usable: ReadonlySet<string>, ledger: boolean): RowKey {
  const { write, read, program } = entity
  const columnsOf = (names: readonly string[]): readonly Column[] | undefined => {
    const columns = names.flatMap(name => (usable.has(name) ? write.columns.filter(c => c.name === name) : []))
    return names.length > 0 && columns.length === names.length ? columns : undefined
  }
  const keys = [write.match, write.primaryKey, ...write.uniques.map(unique => unique.columns)]
  for (const names of keys) {
    const columns = columnsOf(names)
    if (columns === undefined) continue
    const held = keys.slice(1).some(key => key.length === names.length && key.every(name => names.includes(name)))
    const unique = held && columns.every(column => !column.nullable && isOrdered(column))
    if (names === write.match || columns.every(column => !column.nullable) || names === write.primaryKey)
      return { kind: 'columns', columns, unique }
  }
  if (ledger && entity.keepsIdentity && write.returning !== undefined && read.key.length > 0)
    return { kind: 'identity', columns: [write.returning], unique: true }
  const carried = read.key.map(index => program.fields.find(field => carries(field, index))?.target ?? '')
  const columns = columnsOf(carried)
  if (columns !== undefined) return { kind: 'columns', columns, unique: false }
  return { kind: 'row', columns: [], unique: false }
}

function carries(field: FieldPlan, index: number): boolean {
  const { input } = field
  const untouched = field.apply.length === 0 && field.map === undefined && field.lookup === undefined
  return (
    untouched &&
    field.ref === undefined &&
    input.kind === 'columns' &&
    input.indexes.length === 1 &&
    input.indexes[0] === index
  )
}

/** Has every value of the column one place in its order? */
function isOrdered({ type }: Column): boolean {
  return type.kind !== 'float' && type.kind !== 'json' && type.kind !== 'any' && type.kind !== 'other'
}
