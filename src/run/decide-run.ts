import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { diffFingerprints } from '../plan/fingerprint.js'
import type { Databases } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import type { RunOptions } from './api.js'
import type { CheckpointRead } from './checkpoint.js'
import type { Ledger } from './ledger.js'
import { here } from './owner.js'
import { compareMarks, type Decision, decide, fileOfRun } from './reconcile.js'
import type { RunRow, StoredOptions } from './run-ledger.js'
import type { Sessions } from './sessions.js'
import { refuseLiving } from './take-lock.js'

/** Which run is to be run, by the ledger and the checkpoint file. */
export async function decideByLedger(
  pipeline: Pipeline,
  options: RunOptions,
  opened: { readonly databases: Databases; readonly targets: Sessions },
  ledger: Ledger,
  file: CheckpointRead,
): Promise<Decision> {
  const known = await ledger.exists()
  if (known) await opened.targets.write(session => ledger.prepare(session))
  return opened.targets.ask(async session => {
    const run = known ? await ledger.runs.latestRun(session, pipeline.spec.name) : undefined
    const fileRun = known && file.kind === 'ok' ? await ledger.runs.findRun(session, file.checkpoint.runId) : undefined
    const decision = decide({
      pipeline: pipeline.spec.name,
      targetUid: opened.databases.target.identity.uid,
      file,
      run,
      fileRun,
      resume: options.resume === true || options.takeOver === true,
      // One that this process could not finish beginning has loaded nothing.
      restart: options.restart === true || (run !== undefined && run.runId === options.runId),
    })
    const going = decision.action === 'new' ? decision.abandon : decision.run
    if (going !== undefined) refuseLiving(going, await ledger.owner(session, going.runId), here, options.proof)
    if (decision.action !== 'resume') return decision
    const marks = await ledger.marks(session, decision.run.runId)
    const own = fileOfRun(file, decision.run)
    const state = compareMarks(own, marks, decision.run.epoch)
    const words = {
      equal: 'ledger and checkpoint agree',
      behind: 'checkpoint was behind the ledger, which decides',
      stale: 'checkpoint is an old one, of an earlier attempt: the ledger decides',
    }
    const notes = [...decision.notes, ...(own.kind === 'ok' ? [words[state]] : [])]
    return { ...decision, notes, begun: marks.size > 0 }
  })
}

/** Without a ledger the file is all there is. */
export function decideByFile(pipeline: Pipeline, options: RunOptions, file: CheckpointRead): Decision {
  const unfinished = file.kind === 'ok' && file.checkpoint.state !== 'completed' ? file.checkpoint : undefined
  if (options.resume !== true && options.takeOver !== true) {
    if (unfinished === undefined || options.restart === true) return { action: 'new' }
    throw new EtlError('E504', `run ${unfinished.runId} of ${pipeline.spec.name} is not finished`, {
      hint: 'go on with it: `etl run … --resume`; or begin anew: `--restart`',
    })
  }
  if (unfinished === undefined)
    throw new EtlError('E505', `${pipeline.spec.name} has no run to resume`, {
      kind: 'usage',
      hint: 'begin one: `etl run …`',
    })
  const run: RunRow = {
    runId: unfinished.runId,
    pipeline: unfinished.pipeline,
    state: 'interrupted',
    epoch: unfinished.epoch,
    fingerprint: unfinished.fingerprint,
    fingerprintParts: {},
    targetUid: unfinished.targetUid,
    owner: '',
    options: storedOptions(options),
    toolVersion: '',
    consistency: '',
    snapshots: {},
    startedAt: unfinished.startedAt,
  }
  return {
    action: 'resume',
    begun: true,
    run,
    notes: ['the ledger is switched off: the last batch may be loaded twice'],
  }
}

export function storedOptions(options: RunOptions): StoredOptions {
  return {
    ...(options.entities === undefined ? {} : { entities: options.entities }),
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  }
}

/** What moved since the run began, and may: E506 unless that was accepted. */
export function acceptedChanges(run: RunRow, plan: Plan, accept: boolean): readonly string[] {
  if (run.fingerprint === plan.fingerprint) return []
  const changes = diffFingerprints(run.fingerprintParts, plan.fingerprintParts)
  if (changes.length > 0 && !accept) throw changed(run, changes)
  return changes
}

function changed(run: RunRow, changes: readonly string[]): EtlError {
  return new EtlError(
    'E506',
    `the pipeline or a schema changed since run ${run.runId} began:\n${changes.map(change => `  ${change}`).join('\n')}`,
    {
      kind: 'usage',
      hint: 'undo the change, or go on with it: `etl run … --resume --accept-changes` (rows loaded before keep the old mapping)',
    },
  )
}

/** Refuses a plan that the file or the schemas have left behind. */
export function refuseDrift(expected: RunOptions['expected'], plan: Plan): void {
  if (expected === undefined || expected.fingerprint === plan.fingerprint) return
  const changes = diffFingerprints(expected.fingerprintParts, plan.fingerprintParts)
  const list = changes.map(change => `  ${change}`).join('\n')
  throw new EtlError('E528', `the pipeline or a schema changed since the plan was made:\n${list}`, {
    kind: 'usage',
    hint: 'undo the change, or plan again with `etl plan … -o FILE` and look at what it says now',
  })
}

export function notStrict(run: RunRow): EtlError {
  return new EtlError(
    'E506',
    `run ${run.runId} cannot go on in the source's snapshot of then, and the file says consistency: strict`,
    {
      kind: 'usage',
      hint: 'begin anew with `etl run … --restart`, or set consistency: report',
    },
  )
}
