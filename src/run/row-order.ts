import { sameTable } from '../plan/dependencies.js'
import type { EntityPlan, FieldPlan } from '../plan/plan.js'

/** Do rows refer to rows of the same table? One is found only when it is there. */
export function refersToItself({ name, program, write }: EntityPlan): boolean {
  const written = new Set(write.columns.map(column => column.name))
  return (
    program.fields.some(field => field.ref?.entity === name) ||
    write.foreignKeys.some(
      ({ columns, references }) => sameTable(references, write.table) && columns.some(column => written.has(column)),
    )
  )
}

/**
 * Can the order of the rows be seen in the target? Where two rows may have one key in it, the first or the last is to win;
 * where it makes the key, rows get theirs as they come. Not where each of its keys holds the whole key of the source, as
 * values that are equal in every database or in none, which texts are not.
 */
export function orderShows({ read, program, write }: EntityPlan): boolean {
  const holders = read.key.map(index => program.fields.filter(field => copies(field, index)).map(field => field.target))
  const keys = [write.match, write.primaryKey, ...write.uniques.map(({ columns }) => columns)]
  return keys.some(
    columns => columns.length > 0 && !holders.every(targets => targets.some(target => columns.includes(target))),
  )
}

function copies({ input, apply, map, lookup, ref, castFrom, castTo }: FieldPlan, index: number): boolean {
  return (
    input.kind === 'columns' &&
    input.indexes.length === 1 &&
    input.indexes[0] === index &&
    apply.length === 0 &&
    [map, lookup, ref].every(step => step === undefined) &&
    (castFrom.kind === 'integer' || castFrom.kind === 'uuid') &&
    castTo.kind === castFrom.kind
  )
}
