import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { openTarget } from '../plan/open.js'
import { claimRun, heartbeatOf, lockName, runOwner } from '../run/begin-run.js'
import { Ledger } from '../run/ledger.js'
import { here } from '../run/owner.js'
import { Sessions, transaction } from '../run/sessions.js'
import { refuseLiving, type TakenLock, takeLock } from '../run/take-lock.js'
import type { UndoOptions, UndoResult, UndoSurvey } from './api.js'
import { runToUndo } from './find-run.js'
import { finish } from './finish.js'
import { conflictError, refuseFiles } from './refuse.js'
import { type Scope, scopeOf } from './scope.js'
import { survey, type Tally } from './survey.js'
import { takeBackUnits } from './units.js'

/**
 * Takes back exactly what a run wrote, newest batch first, a transaction each; a second call goes on where one was cut
 * off. Hooks, triggers, cascades and the numbers that sequences gave are not taken back.
 *
 * @throws EtlError E525 where it was taken back, E536 where it cannot be, E537 where rows changed since (unless
 *   `skipConflicts`), E538 where a later run is in the way
 */
export async function undoRun(pipeline: Pipeline, options: UndoOptions): Promise<UndoResult> {
  const { spec, baseDir } = pipeline
  refuseFiles(spec)
  if (spec.ledger === false) throw withoutLedger()
  const started = Date.now()
  const dryRun = options.dryRun ?? false
  const applicationName = `etl ${spec.name} undo`
  const target = await openTarget(spec, { readOnly: dryRun, baseDir, applicationName, create: false })
  const targets = Sessions.ofTarget(target, dryRun)
  const ledger = new Ledger(target, spec.ledger.schema)
  let taken: TakenLock | undefined
  try {
    if (!(await ledger.exists())) {
      const hint = 'nothing was run into it yet; check `target` and --profile'
      throw new EtlError('E508', 'the target has no ledger', { kind: 'usage', hint })
    }
    const contest = { pipeline: spec.name, lockName: lockName(spec.name), targets, ledger, takeOver: false, here }
    if (!dryRun) taken = await takeLock(contest)
    if (!dryRun) await targets.write(session => ledger.prepare(session))
    const run = await targets.ask(session => runToUndo(session, ledger, spec.name, options.run))
    const owner = await targets.ask(session => ledger.owner(session, run.runId))
    refuseLiving(run, owner, here)
    const scope = await targets.ask(session => scopeOf(session, { run, ledger, database: target, config: spec.target }))
    const report = (i: number): void => options.onProgress?.(`looking: ${i + 1} of ${scope.units.length} parts`)
    const found = await targets.ask(session => survey(session, scope, report))
    const surveyed = surveyOf(scope, found)
    if (dryRun) return { ...surveyed, dryRun, verified: true, ms: Date.now() - started }
    if (found.conflicting > 0 && options.skipConflicts !== true)
      throw conflictError(run, found, run.state === 'undoing')
    await options.confirm?.(surveyed)
    if (taken === undefined) throw new EtlError('E901', 'undo without the lock')
    const done = await work(scope, { targets, ledger, taken, options })
    return {
      ...surveyOf(scope, done.tally),
      notes: [...NOTES, ...done.notes],
      dryRun,
      verified: done.verified,
      ms: Date.now() - started,
    }
  } finally {
    await targets.close()
    await taken?.lock.release()
    await target.close()
  }
}

interface Means {
  readonly targets: Sessions
  readonly ledger: Ledger
  readonly taken: TakenLock
  readonly options: UndoOptions
}

async function work(scope: Scope, { targets, ledger, taken, options }: Means) {
  const { run } = scope
  const claim = { pipeline: run.pipeline, targets, taken, ledger }
  const epoch = run.epoch + 1
  await targets.write(session =>
    transaction(session, async () => {
      await ledger.runs.beginUndo(session, run)
      await claimRun(claim, session, run.runId, epoch)
      const how = `rows that changed since ${options.skipConflicts === true ? 'are skipped' : 'refuse it'}`
      await ledger.runs.audit(session, run.runId, runOwner(), 'undo', how)
    }),
  )
  const lost = new AbortController()
  const heartbeat = heartbeatOf(claim, run.runId, epoch)
  heartbeat.start(error => lost.abort(error))
  const signal = options.signal === undefined ? lost.signal : AbortSignal.any([lost.signal, options.signal])
  try {
    const job = { scope, targets, epoch, signal, skipConflicts: options.skipConflicts ?? false }
    const tally = await takeBackUnits(job, message => options.onProgress?.(message))
    return await finish(job, tally)
  } catch (error) {
    throw lost.signal.aborted && lost.signal.reason instanceof EtlError ? lost.signal.reason : error
  } finally {
    await heartbeat.stop()
  }
}

/** What no undo does. */
const NOTES = ['what hooks, triggers and cascades did is not taken back, nor the numbers that sequences gave']

function surveyOf({ run, database, entities }: Scope, tally: Tally): UndoSurvey {
  const hooked = entities.length > 0 ? NOTES : []
  return {
    runId: run.runId,
    pipeline: run.pipeline,
    target: database.identity.label,
    entities: tally.entities,
    conflicts: tally.conflicts,
    notes: hooked,
  }
}

function withoutLedger(): EtlError {
  return new EtlError('E536', 'without a ledger nothing says what a run wrote', {
    kind: 'usage',
    hint: 'restore a backup; for later runs remove `ledger: false` from the file',
  })
}
