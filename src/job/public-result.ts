import { withoutKeys } from '../checks/result.js'
import { withoutRows } from '../verify/without-rows.js'
import type { JobResult } from './api.js'

/** A result that a program may read or an engine may keep: previews and keys are left out, for they show rows. */
export function publicResult(result: JobResult) {
  const { error: _, entities, checks, verification, undone, ...rest } = result
  return {
    ...rest,
    entities: entities.map(({ preview: _, ...entity }) => entity),
    ...(checks === undefined ? {} : { checks: { ...checks, outcomes: withoutKeys(checks.outcomes) } }),
    ...(verification === undefined ? {} : { verification: withoutRows(verification) }),
    ...(undone === undefined ? {} : { undone: { ...undone, conflicts: [] } }),
  }
}
