import type { Prepared } from './prepare.js'

/** Nothing was begun: the run is noted as failed and everything is let go. */
export async function giveUp(prepared: Prepared): Promise<void> {
  const { ledger, targets, heartbeat, snapshots, databases, runId, epoch } = prepared
  // Why it failed is what is told.
  if (ledger !== undefined) {
    await targets.write(session => ledger.runs.endRun(session, runId, epoch, 'failed')).catch(() => undefined)
  }
  await heartbeat?.stop()
  await snapshots.close()
  await targets.close()
  await databases.close()
}
