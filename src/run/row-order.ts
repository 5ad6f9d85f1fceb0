import { sameTable } from '../plan/dependencies.js'
import type { EntityPlan } from '../plan/plan.js'

/**
 * Can it be seen in the target in which order the rows of a file were written? A key of a table says what comes after what;
 * of a file only its order does, so nobody changes it unasked.
 */
export function orderShows({ name, program, write }: EntityPlan): boolean {
  // Rows that meet in one row of the target: the first or the last one is to win.
  if (write.mode !== 'insert') return true
  const written = new Set(write.columns.map(column => column.name))
  // The target numbers the rows as they come.
  const keys = [write.primaryKey, ...write.uniques.map(({ columns }) => columns)]
  if (write.returning !== undefined || keys.flat().some(column => !written.has(column))) return true
  // A row is found by those that refer to it only when it is there.
  if (program.fields.some(field => field.ref?.entity === name)) return true
  return write.foreignKeys.some(
    ({ columns, references }) => sameTable(references, write.table) && columns.some(column => written.has(column)),
  )
}
