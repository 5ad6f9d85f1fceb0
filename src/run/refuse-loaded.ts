import { formatTable } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import type { EntityPlan } from '../plan/plan.js'
import type { BatchResult } from './sink.js'

/** In fewer rows it may be chance, and to put them aside costs little. */
const MIN_ROWS = 100

/**
 * Throws E529 where the target has every row of an entity's first batch: that is a load done twice, and to find it out row
 * by row for all of them takes long and tells nothing. A file that says what is to become of failed rows means it.
 *
 * @param result of the first batch, before its commit
 */
export function refuseLoaded(plan: EntityPlan, { counts, rejects }: BatchResult): void {
  if (plan.write.mode !== 'insert' || plan.onErrorGiven || counts.read < MIN_ROWS) return
  if (rejects.length < counts.read || rejects.some(({ code }) => code !== 'E415')) return
  const table = formatTable(plan.write.table)
  throw new EtlError('E529', `${table} has all ${counts.read} rows of the first batch already`, {
    where: plan.name,
    hint:
      'set `load: ignore` to keep what is there, or `load: upsert` to bring it up to date, and go on with ' +
      '`etl run … --resume --accept-changes`; with `on_error: quarantine` in the file each such row is put aside',
  })
}
