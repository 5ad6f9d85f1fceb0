import type { Database, Lock } from '../core/connector.js'
import type { Pipeline } from '../load/pipeline.js'
import { lockName } from '../run/begin-run.js'
import { here } from '../run/owner.js'
import { Sessions } from '../run/sessions.js'
import { takeLock } from '../run/take-lock.js'
import { RunsOfTarget } from './runs.js'

/** The lock that a run of the pipeline holds. Throws E503, which says who has it. */
export async function holdLock(pipeline: Pipeline, database: Database): Promise<Lock> {
  const { name } = pipeline.spec
  const targets = Sessions.ofTarget(database, true)
  const { ledger } = new RunsOfTarget(pipeline, database)
  try {
    return (await takeLock({ pipeline: name, lockName: lockName(name), targets, ledger, takeOver: false, here })).lock
  } finally {
    await targets.close()
  }
}
