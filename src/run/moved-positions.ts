import { formatTable } from '../core/catalog.js'
import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { type EntityPlan, type MemberRead, type Plan, readsOf } from '../plan/plan.js'
import { filePaths, positionPath } from '../plan/position.js'
import type { Ledger, PlannedChunk } from './ledger.js'
import { WINDOW_STEP } from './marks.js'
import type { RunRow } from './run-ledger.js'
import { parseCursor } from './source-slices.js'

/** Refuses, whoever accepts it, to go on from a position that means other rows by now: some would be lost, others doubled. */
export async function refuseMovedPositions(session: Session, ledger: Ledger, run: RunRow, plan: Plan): Promise<void> {
  const changed = (path: string): boolean => {
    const before = run.fingerprintParts[path]
    return before !== undefined && before !== plan.fingerprintParts[path]
  }
  for (const entity of plan.entities) {
    const { name } = entity
    const files = readsOf(entity.read).map(read => changedFile(read, changed))
    if (files.some(file => file !== undefined)) {
      const chunks = await ledger.chunks(session, run.runId, name, 'load')
      const file = files.find((found, i) => found !== undefined && chunks.some(chunk => endsWithin(chunk, entity, i)))
      if (file !== undefined) throw movedWithin(file, name, run.runId)
    }
    if (!changed(positionPath(name))) continue
    for (const pass of [WINDOW_STEP, 'load']) {
      if ((await ledger.chunks(session, run.runId, name, pass)).length > 0) throw moved(name, run.runId)
    }
  }
}

/** The name of the file that is read, where it is another one by now. */
function changedFile(read: MemberRead, changed: (path: string) => boolean): string | undefined {
  const { from } = read
  return from.kind === 'table' && filePaths(read).some(changed) ? formatTable(from.table) : undefined
}

/**
 * Is there more to read up to a place within the i-th file? That place moves with whatever changes before it. Up to the
 * file's own end it does not matter.
 */
function endsWithin({ done, upper }: PlannedChunk, { read: { from } }: EntityPlan, i: number): boolean {
  if (done || upper === undefined) return false
  if (from.kind !== 'union') return true
  const [member, ...position] = parseCursor(upper)
  return member === from.members[i]?.name && position.length > 0
}

function movedWithin(file: string, entity: string, run: string): EtlError {
  return new EtlError('E506', `run ${run} reads ${file} in several ranges, whose ends are elsewhere in it by now`, {
    kind: 'usage',
    where: entity,
    hint: 'bring back the file of then, or begin anew: `etl run … --restart`',
  })
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
