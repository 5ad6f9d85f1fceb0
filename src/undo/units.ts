import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { withRetries } from '../run/retry.js'
import { type Sessions, transaction } from '../run/sessions.js'
import type { UndoBatch } from '../run/undo-ledger.js'
import { examine } from './examine.js'
import { conflictError } from './refuse.js'
import type { Scope, Unit } from './scope.js'
import { recordOf, Tally } from './survey.js'
import { deleteRows, restoreRows } from './take-back.js'
import { deleteWhole, examineWhole } from './whole-table.js'

/** Taking back, under way. */
export interface UndoJob {
  readonly scope: Scope
  readonly targets: Sessions
  readonly epoch: number
  readonly signal: AbortSignal
  readonly skipConflicts: boolean
}

/** Each unit in a transaction of its own, with the mark that it is taken back. */
export async function takeBackUnits(job: UndoJob, progress: (message: string) => void): Promise<Tally> {
  const { scope, signal, targets } = job
  const tally = new Tally(scope.entities)
  for (const [i, unit] of scope.units.entries()) {
    if (signal.aborted) throw interrupted(job)
    const done = await withRetries(
      () => targets.write(session => transaction(session, () => takeBack(session, job, unit))),
      {
        signal,
        onRetry: ({ code, message }) => progress(`${code} ${message}; once more`),
      },
    )
    tally.add(unit.entity.name, done)
    tally.list(done.listed)
    progress(`${unit.entity.name}: ${i + 1} of ${scope.units.length} parts taken back`)
  }
  return tally
}

interface Done {
  readonly deleted: number
  readonly restored: number
  readonly gone: number
  readonly conflicts: number
  readonly listed: Tally['conflicts']
}

async function takeBack(session: Session, job: UndoJob, unit: Unit): Promise<Done> {
  const { scope } = job
  await scope.ledger.runs.fence(session, scope.run.runId, job.epoch, 'undoing')
  const { entity, batch } = unit
  const done =
    batch === undefined ? await takeBackWhole(session, job, unit) : await takeBackBatch(session, job, unit, batch)
  if (done.conflicts > 0 && !job.skipConflicts) {
    const tally = new Tally([entity])
    tally.add(entity.name, done)
    tally.list(done.listed)
    throw conflictError(scope.run, tally, true)
  }
  if (batch === undefined) await scope.ledger.undo.markAllUndone(session, scope.run.runId, entity.name)
  else await scope.ledger.undo.markUndone(session, batch)
  return done
}

async function takeBackBatch(
  session: Session,
  job: UndoJob,
  { entity, batch: _ }: Unit,
  batch: UndoBatch,
): Promise<Done> {
  const { scope } = job
  const { target, children } = entity
  if (target === undefined) return { ...NOTHING, gone: batch.inserted + batch.updated }
  const record = await recordOf(session, scope, { entity, batch })
  const { judge } = scope
  const covered = (): boolean => false
  const found = await examine({ session, judge, target, batch, record, children, covered, lock: true })
  const listed = [...found.conflicts]
  if (listed.length > 0 && !job.skipConflicts) return { ...NOTHING, conflicts: listed.length, listed }
  const held = await deleteRows(session, target, batch.pass, found.inserted)
  await restoreRows(session, target, batch.pass, found.updated)
  if (record.identities !== undefined)
    await scope.ledger.identities.putBack(session, scope.run.pipeline, entity.name, record.identities)
  return {
    deleted: found.inserted.length - held.length,
    restored: found.updated.length,
    gone: found.gone,
    conflicts: listed.length + held.length,
    listed: [...listed, ...held],
  }
}

async function takeBackWhole(session: Session, { scope, skipConflicts }: UndoJob, { entity }: Unit): Promise<Done> {
  const { target } = entity
  if (target === undefined) return { ...NOTHING, gone: entity.batches.reduce((sum, { inserted }) => sum + inserted, 0) }
  const known = { ...scope, ...entity, target }
  const found = await examineWhole(session, known)
  const conflicts = { conflicts: found.conflicting, listed: [...found.conflicts] }
  if (found.conflicting > 0 && !skipConflicts) return { ...NOTHING, ...conflicts }
  const deleted = await deleteWhole(session, known, found)
  return { ...NOTHING, ...conflicts, deleted, gone: found.gone }
}

const NOTHING: Done = { deleted: 0, restored: 0, gone: 0, conflicts: 0, listed: [] }

function interrupted({ scope: { run }, signal }: UndoJob): EtlError {
  return new EtlError('E515', `run ${run.runId} is taken back in part`, {
    kind: 'interrupted',
    cause: signal.reason instanceof Error ? signal.reason.cause : signal.reason,
    hint: `go on: \`etl undo ${run.runId}\``,
  })
}
