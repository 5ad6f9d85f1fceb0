import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Plan } from '../plan/plan.js'
import { positionPath } from '../plan/position.js'
import type { Ledger } from './ledger.js'
import { WINDOW_STEP } from './marks.js'
import type { RunRow } from './run-ledger.js'

/** Refuses, whoever accepts it, to go on from a position that means other rows by now: some would be lost, others doubled. */
export async function refuseMovedPositions(session: Session, ledger: Ledger, run: RunRow, plan: Plan): Promise<void> {
  for (const { name } of plan.entities) {
    const before = run.fingerprintParts[positionPath(name)]
    if (before === undefined || before === plan.fingerprintParts[positionPath(name)]) continue
    for (const pass of [WINDOW_STEP, 'load']) {
      if ((await ledger.chunks(session, run.runId, name, pass)).length > 0) throw moved(name, run.runId)
    }
  }
}

function moved(entity: string, runId: string): EtlError {
  return new EtlError(
    'E506',
    `run ${runId} has begun ${entity}, whose rows now come in another order or from another place`,
    {
      kind: 'usage',
      where: entity,
      hint: 'undo the change of `from`, `key`, `order_by` or `incremental`, or begin anew: `etl run … --restart`',
    },
  )
}
