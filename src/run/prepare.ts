import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import { type Databases, openDatabases } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import type { RunOptions } from './api.js'
import { DEFAULT_CONCURRENCY } from './api.js'
import { beginRun, type Claim, claimRun, heartbeatOf, lockName, newRunId, runOwner } from './begin-run.js'
import { CheckpointFile, type CheckpointRead } from './checkpoint.js'
import { acceptedChanges, decideByFile, decideByLedger, notStrict, refuseDrift, storedOptions } from './decide-run.js'
import type { Heartbeat } from './heartbeat.js'
import { Ledger } from './ledger.js'
import { foreignMark, foreignMarks } from './marks.js'
import { refuseMovedPositions } from './moved-positions.js'
import { here } from './owner.js'
import { prepareRetry } from './prepare-retry.js'
import { fileOfRun } from './reconcile.js'
import type { Retry } from './retry-run.js'
import type { RunRow, StoredOptions } from './run-ledger.js'
import { Sessions, transaction } from './sessions.js'
import { type Consistency, consistencyNamed, SourceSnapshots } from './source-snapshots.js'
import { warmThreadsFor } from './suits-thread.js'
import { type TakenLock, takeLock } from './take-lock.js'

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
  readonly snapshots: SourceSnapshots
  readonly consistency: Consistency
  /** The run that goes on; undefined for a new one. */
  readonly resumed: RunRow | undefined
  /** `--resume` of a run that is complete: nothing is to be done. */
  readonly complete: boolean
  readonly limit: number | undefined
  /** Only rows that another run rejected. */
  readonly retry?: Retry
  readonly notes: readonly string[]
}

/** What attempts to prepare one run leave to the next. */
export interface Attempts {
  /** Every database answered once. */
  reached: boolean
}

/** A new run has the same id in each attempt. */
export type PrepareOptions = RunOptions & { readonly runId: string }

export async function prepare(
  pipeline: Pipeline,
  options: PrepareOptions,
  stateDir: string,
  now: () => number,
  attempts: Attempts,
): Promise<Prepared> {
  const dryRun = options.dryRun ?? false
  const databases = await openDatabases(pipeline, { readOnly: dryRun, applicationName: `etl ${pipeline.spec.name}` })
  attempts.reached = true
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
      ...(options.proof === undefined ? {} : { proof: options.proof }),
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
  refuseDrift(options.expected, plan)
  const ledger = ledgerOf(pipeline, databases)
  const snapshots = await SourceSnapshots.take(plan, databases, { concurrency: concurrencyOf(options), kept: {} })
  return {
    databases,
    targets,
    heartbeat: undefined,
    snapshots,
    plan,
    ledger: ledger !== undefined && (await ledger.exists()) ? ledger : undefined,
    file,
    fileRead: { kind: 'none' },
    runId: newRunId(),
    epoch: 1,
    startedAt,
    consistency: snapshots.consistency(undefined),
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

async function prepareRun(pipeline: Pipeline, options: PrepareOptions, opened: Opened): Promise<Prepared> {
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
  refuseDrift(options.expected, plan)
  refuseLimited(plan, stored.limit)
  const begun = decision.action === 'resume' && decision.begun ? decision.run : undefined
  const complete = decision.action === 'complete'
  if (!complete && options.chunks?.workers === undefined) warmThreadsFor(plan, databases, concurrencyOf(options))
  if (ledger !== undefined && resumed !== undefined && !complete)
    await targets.ask(session => refuseMovedPositions(session, ledger, resumed, plan))
  const changes =
    resumed === undefined || complete ? [] : acceptedChanges(resumed, plan, options.acceptChanges === true)
  const snapshots = complete
    ? SourceSnapshots.none(databases)
    : await SourceSnapshots.take(plan, databases, {
        concurrency: concurrencyOf(options),
        kept: begun?.snapshots ?? {},
        shared: options.chunks?.workers !== undefined,
      })
  try {
    const consistency = complete
      ? consistencyNamed(decision.run.consistency)
      : snapshots.consistency(begun?.consistency)
    if (begun !== undefined && plan.consistency === 'strict' && consistency !== 'snapshot') throw notStrict(begun)
    const claim = { pipeline: pipeline.spec.name, targets, taken: opened.taken, ledger }
    const foreign =
      decision.action === 'new' && ledger !== undefined && (await ledger.exists())
        ? await foreignMarks({ plan, targets, ledger })
        : []
    if (foreign.length > 0 && options.acceptChanges !== true) throw foreignMark(foreign.join('\n'))
    const taking: Taking = { ...opened, claim, plan, snapshots, consistency, stored, changes }
    const { runId, epoch, startedAt } =
      decision.action === 'new'
        ? await newRun(taking, decision.abandon, foreign, options.runId)
        : complete
          ? decision.run
          : await takeRun(taking, decision.run)
    return {
      databases,
      targets,
      heartbeat: complete ? heartbeatOf(claim) : heartbeatOf(claim, runId, epoch),
      snapshots,
      consistency,
      plan,
      ledger,
      file,
      fileRead: resumed === undefined ? { kind: 'none' } : fileOfRun(fileRead, resumed),
      runId,
      epoch,
      startedAt,
      resumed,
      complete,
      limit: stored.limit,
      notes: [
        ...(decision.action === 'resume' ? decision.notes : []),
        ...changes.map(change => `accepted change: ${change}`),
        ...foreign.map(mark => `accepted change: ${mark}; it is read from the beginning`),
        ...snapshots.without.map(name => `source ${name}: its readers have no common snapshot`),
      ],
    }
  } catch (error) {
    await snapshots.close()
    throw error
  }
}

/** A limited run keeps no mark, since rows beyond the limit are still to be read: the next one reads these rows again. */
function refuseLimited({ entities }: Plan, limit: number | undefined): void {
  const twice = entities.find(({ incremental, write }) => incremental !== undefined && write.mode === 'insert')
  if (limit === undefined || twice === undefined) return
  throw new EtlError(
    'E215',
    `--limit keeps no high-water mark, so the next run would insert the rows of ${twice.name} again`,
    {
      kind: 'usage',
      where: twice.name,
      hint: 'leave out --limit, look with `--dry-run --limit`, or set `load: upsert` or `load: ignore`',
    },
  )
}

interface Taking extends Opened {
  readonly claim: Claim
  readonly plan: Plan
  readonly snapshots: SourceSnapshots
  readonly consistency: Consistency
  readonly stored: StoredOptions
  readonly changes: readonly string[]
}

type TakenRun = Pick<RunRow, 'runId' | 'epoch' | 'startedAt'>

/** A new run, and the end of the one it replaces. */
async function newRun(
  taking: Taking,
  abandon: RunRow | undefined,
  foreign: readonly string[],
  runId: string,
): Promise<TakenRun> {
  const { plan, stored, consistency, snapshots, ledger, targets } = taking
  // An attempt of this process to begin it, whose commit was thought lost.
  const again = abandon?.runId === runId ? await takeRun(taking, abandon) : undefined
  const run = { runId, plan, options: stored, consistency, snapshots: snapshots.kept, abandon }
  const startedAt = again?.startedAt ?? (await beginRun(taking.claim, run))
  if (ledger !== undefined && foreign.length > 0)
    await targets.write(session => ledger.runs.audit(session, runId, runOwner(), 'accept-changes', foreign.join('\n')))
  return { runId, epoch: again?.epoch ?? 1, startedAt: startedAt ?? taking.stamp }
}

/** The run of another process, or of this one's past, under a new epoch: whoever had it is fenced. */
async function takeRun(taking: Taking, run: RunRow): Promise<TakenRun> {
  const { targets, ledger, plan, changes } = taking
  const { runId, startedAt } = run
  const epoch = run.epoch + 1
  if (ledger === undefined) return { runId, epoch, startedAt }
  await targets.write(session =>
    transaction(session, async () => {
      await ledger.runs.takeRun(session, run, {
        epoch,
        owner: runOwner(),
        fingerprint: plan.fingerprint,
        fingerprintParts: plan.fingerprintParts,
        consistency: taking.consistency,
        snapshots: taking.snapshots.kept,
      })
      await claimRun(taking.claim, session, runId, epoch)
      if (taking.taken.tookOver !== undefined)
        await ledger.runs.audit(session, runId, runOwner(), 'take-over', taking.taken.tookOver)
      if (changes.length > 0) await ledger.runs.audit(session, runId, runOwner(), 'accept-changes', changes.join('\n'))
    }),
  )
  return { runId, epoch, startedAt }
}

export function concurrencyOf(options: RunOptions): number {
  return options.chunks?.workers === undefined ? (options.concurrency ?? DEFAULT_CONCURRENCY) : 1
}

function planOptions(options: RunOptions): StoredOptions & { readonly batchSize?: number } {
  return { ...storedOptions(options), ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }) }
}
