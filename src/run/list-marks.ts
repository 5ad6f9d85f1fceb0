import type { Pipeline } from '../load/pipeline.js'
import type { ShownMark } from '../plan/explain.js'
import { openTarget } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import { Ledger } from './ledger.js'
import { shownMarks } from './marks.js'
import { Sessions } from './sessions.js'

/**
 * How far the plan's incremental entities have been read: one mark for each place that they read, in the plan's order; without
 * a value where no run has finished it. Empty where nothing is incremental. Connects to the target, read-only.
 */
export async function listMarks({ spec, baseDir }: Pipeline, plan: Plan): Promise<readonly ShownMark[]> {
  if (spec.ledger === false || plan.entities.every(({ incremental }) => incremental === undefined)) return []
  const applicationName = `etl ${spec.name} plan`
  const database = await openTarget(spec, { readOnly: true, baseDir, applicationName, create: false })
  const targets = new Sessions(database, () => database.session({ readOnly: true }))
  try {
    const ledger = new Ledger(database, spec.ledger.schema)
    return await shownMarks({ plan, targets, ledger: (await ledger.exists()) ? ledger : undefined })
  } finally {
    await targets.close()
    await database.close()
  }
}
