import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import { diffFingerprints } from '../plan/fingerprint.js'
import { type Databases, openDatabases } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import type { RunOptions } from './api.js'
import { beginRun, claimRun, heartbeatOf, lockName, newRunId, runOwner } from './begin-run.js'
import { CheckpointFile, type CheckpointRead } from './checkpoint.js'
import type { Heartbeat } from './heartbeat.js'
import { Ledger } from './ledger.js'
import { foreignMark, foreignMarks } from './marks.js'
import { here } from './owner.js'
import { prepareRetry } from './prepare-retry.js'
import { compareMarks, type Decision, decide } from './reconcile.js'
import type { Retry } from './retry-run.js'
import type { RunRow, StoredOptions } from './run-ledger.js'
import { Sessions, transaction } from './sessions.js'
import { refuseLiving, type TakenLock, takeLock } from './take-lock.js'

/** Everything settled before the first row moves: connections, lock, plan, and which run this is. */
export interface Prepared {
  readonly databases: Databases
  readonly targets: Sessions
  /** Holds the lock; undefined in a dry run, which needs none. */
  readonly heartbeat: Heartbeat | undefined
  readonly plan: Plan
  readonly ledger: Ledger | undefined
  readonly file: CheckpointFile
  readonly fileRead: CheckpointRead
  readonly runId: string
  readonly epoch: number
  /** When the run began, ISO in UTC, by the target's clock; the same in every attempt. */
  readonly startedAt: string
  readonly consistency: string
  /** The run that goes on; undefined for a new one. */
  readonly resumed: RunRow | undefined
  /** `--resume` of a run that is complete: nothing is to be done. */
  readonly complete: boolean
  readonly limit: number | undefined
  /** Only rows that another run rejected. */
  readonly retry?: Retry
  readonly notes: readonly string[]
}

export async function prepare(
  pipeline: Pipeline,
  options: RunOptions,
  stateDir: string,
  now: () => number,
): Promise<Prepared> {
  const dryRun = options.dryRun ?? false
  const databases = await openDatabases(pipeline, { readOnly: dryRun, applicationName: `etl ${pipeline.spec.name}` })
  const targets = Sessions.ofTarget(databases.target, dryRun)
  let taken: TakenLock | undefined
  try {
    const file = new CheckpointFile(stateDir)
    if (dryRun) return await prepareDry(pipeline, options, databases, targets, file, new Date(now()).toISOString())
    const ledger = ledgerOf(pipeline, databases)
    taken = await takeLock({
      pipeline: pipeline.spec.name,
      lockName: lockName(pipeline.spec.name),
      targets,
      ledger,
      takeOver: options.takeOver ?? false,
      here,
    })
    const opened = { databases, targets, taken, ledger, file, stamp: new Date(now()).toISOString() }
    const { retry } = options
    return retry === undefined
      ? await prepareRun(pipeline, options, opened)
      : await prepareRetry(pipeline, { ...options, retry }, { ...opened, stateDir })
  } catch (error) {
    await targets.close()
    await taken?.lock.release()
    await databases.close()
    throw error
  }
}

function ledgerOf({ spec }: Pipeline, databases: Databases): Ledger | undefined {
  return spec.ledger === false ? undefined : new Ledger(databases.target, spec.ledger.schema)
}

async function prepareDry(
  pipeline: Pipeline,
  options: RunOptions,
  databases: Databases,
  targets: Sessions,
  file: CheckpointFile,
  startedAt: string,
): Promise<Prepared> {
  const plan = await compilePlan(pipeline, databases, planOptions(options))
  const ledger = ledgerOf(pipeline, databases)
  return {
    databases,
    targets,
    heartbeat: undefined,
    plan,
    ledger: ledger !== undefined && (await ledger.exists()) ? ledger : undefined,
    file,
    fileRead: { kind: 'none' },
    runId: newRunId(),
    epoch: 1,
    startedAt,
    consistency: 'none',
    resumed: undefined,
    complete: false,
    limit: options.limit,
    notes: [],
  }
}

interface Opened {
  readonly databases: Databases
  readonly targets: Sessions
  readonly taken: TakenLock
  readonly ledger: Ledger | undefined
  readonly file: CheckpointFile
  readonly stamp: string
}

async function prepareRun(pipeline: Pipeline, options: RunOptions, opened: Opened): Promise<Prepared> {
  const { databases, targets, ledger, file } = opened
  const fileRead = await file.read(opened.stamp)
  const decision =
    ledger === undefined
      ? decideByFile(pipeline, options, fileRead)
      : await decideByLedger(pipeline, options, opened, ledger, fileRead)
  const resumed = decision.action === 'new' ? undefined : decision.run
  const stored: StoredOptions = resumed?.options ?? storedOptions(options)
  const plan = await compilePlan(pipeline, databases, {
    ...stored,
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
    mayResume: resumed !== undefined,
  })
  const notes = decision.action === 'resume' ? [...decision.notes] : []
  const base = { databases, targets, plan, ledger, file, fileRead, limit: stored.limit, notes }
  const claim = { pipeline: pipeline.spec.name, targets, taken: opened.taken, ledger }
  if (decision.action === 'complete') {
    return {
      ...base,
      heartbeat: heartbeatOf(claim),
      runId: decision.run.runId,
      epoch: decision.run.epoch,
      startedAt: decision.run.startedAt,
      consistency: decision.run.consistency,
      resumed,
      complete: true,
    }
  }
  const owner = runOwner()
  if (resumed === undefined) {
    const runId = newRunId()
    const foreign = ledger !== undefined && (await ledger.exists()) ? await foreignMarks({ plan, targets, ledger }) : []
    if (foreign.length > 0 && options.acceptChanges !== true) throw foreignMark(foreign.join('\n'))
    notes.push(...foreign.map(mark => `accepted change: ${mark}; it is read from the beginning`))
    const abandon = decision.action === 'new' ? decision.abandon : undefined
    const startedAt = await beginRun(claim, { runId, plan, options: stored, consistency: CONSISTENCY, abandon })
    if (ledger !== undefined && foreign.length > 0)
      await targets.write(session => ledger.runs.audit(session, runId, owner, 'accept-changes', foreign.join('\n')))
    return {
      ...base,
      heartbeat: heartbeatOf(claim, runId),
      fileRead: { kind: 'none' },
      runId,
      epoch: 1,
      startedAt: startedAt ?? opened.stamp,
      consistency: CONSISTENCY,
      resumed: undefined,
      complete: false,
    }
  }
  const changes =
    resumed.fingerprint === plan.fingerprint ? [] : diffFingerprints(resumed.fingerprintParts, plan.fingerprintParts)
  if (changes.length > 0 && options.acceptChanges !== true) throw changed(resumed, changes)
  if (changes.length > 0) notes.push(...changes.map(change => `accepted change: ${change}`))
  const epoch = resumed.epoch + 1
  if (ledger !== undefined) {
    await targets.write(session =>
      transaction(session, async () => {
        await ledger.runs.takeRun(session, resumed, {
          epoch,
          owner,
          fingerprint: plan.fingerprint,
          fingerprintParts: plan.fingerprintParts,
          consistency: RESUMED,
        })
        await claimRun(claim, session, resumed.runId, epoch)
        if (opened.taken.tookOver !== undefined)
          await ledger.runs.audit(session, resumed.runId, owner, 'take-over', opened.taken.tookOver)
        if (changes.length > 0)
          await ledger.runs.audit(session, resumed.runId, owner, 'accept-changes', changes.join('\n'))
      }),
    )
  }
  return {
    ...base,
    heartbeat: heartbeatOf(claim, resumed.runId, epoch),
    runId: resumed.runId,
    epoch,
    startedAt: resumed.startedAt,
    consistency: RESUMED,
    resumed,
    complete: false,
  }
}

/** What a reader sees: each entity, or each key range of a large one, in one snapshot of its own. */
const CONSISTENCY = 'one snapshot per entity or key range'
const RESUMED = 'resumed across snapshots'

async function decideByLedger(
  pipeline: Pipeline,
  options: RunOptions,
  opened: Opened,
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
      fileRunKnown: fileRun !== undefined,
      resume: options.resume === true || options.takeOver === true,
      restart: options.restart ?? false,
    })
    const going = decision.action === 'new' ? decision.abandon : decision.run
    if (going !== undefined) refuseLiving(going, await ledger.owner(session, going.runId), here)
    if (decision.action !== 'resume') return decision
    if (pipeline.spec.consistency === 'strict') throw strict(decision.run)
    const marks = await ledger.marks(session, decision.run.runId)
    const state = compareMarks(file, (entity, pass, chunk) => marks.get(`${entity}:${pass}:${chunk}`))
    const agree = state === 'equal' ? 'ledger and checkpoint agree' : 'checkpoint was behind the ledger, which decides'
    return { ...decision, notes: [...decision.notes, ...(file.kind === 'ok' ? [agree] : [])] }
  })
}

/** Without a ledger the file is all there is. */
function decideByFile(pipeline: Pipeline, options: RunOptions, file: CheckpointRead): Decision {
  const unfinished = file.kind === 'ok' && file.checkpoint.state !== 'completed' ? file.checkpoint : undefined
  if (options.resume !== true && options.takeOver !== true) {
    if (unfinished === undefined || options.restart === true) return { action: 'new' }
    throw new EtlError('E504', `run ${unfinished.runId} of ${pipeline.spec.name} is not finished`, {
      kind: 'usage',
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
    startedAt: unfinished.startedAt,
  }
  if (pipeline.spec.consistency === 'strict') throw strict(run)
  return { action: 'resume', run, notes: ['the ledger is switched off: the last batch may be loaded twice'] }
}

function planOptions(options: RunOptions): StoredOptions & { readonly batchSize?: number } {
  return { ...storedOptions(options), ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }) }
}

function storedOptions(options: RunOptions): StoredOptions {
  return {
    ...(options.entities === undefined ? {} : { entities: options.entities }),
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  }
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

function strict(run: RunRow): EtlError {
  return new EtlError(
    'E506',
    `run ${run.runId} cannot go on in the source's snapshot of then, and the file says consistency: strict`,
    {
      kind: 'usage',
      hint: 'begin anew with `etl run … --restart`, or set consistency: report',
    },
  )
}
