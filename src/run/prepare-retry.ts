import { EtlError } from '../core/errors.js'
import type { Pipeline } from '../load/pipeline.js'
import { compilePlan } from '../plan/compile.js'
import type { Databases } from '../plan/open.js'
import type { RunOptions } from './api.js'
import { DEFAULT_CONCURRENCY } from './api.js'
import { beginRun, heartbeatOf, newRunId } from './begin-run.js'
import type { CheckpointFile } from './checkpoint.js'
import type { Ledger } from './ledger.js'
import { here } from './owner.js'
import type { Prepared } from './prepare.js'
import { isUnfinished } from './reconcile.js'
import { Retry, type RetryOptions, retryPlan } from './retry-run.js'
import type { RunRow, StoredOptions } from './run-ledger.js'
import { type Sessions, transaction } from './sessions.js'
import { SourceSnapshots } from './source-snapshots.js'
import { refuseLiving, type TakenLock } from './take-lock.js'

/** Settles a retry: which rows of which run, and that no other run is going on or waiting to be resumed. */
export async function prepareRetry(
  pipeline: Pipeline,
  options: RunOptions & { readonly retry: RetryOptions },
  opened: {
    readonly databases: Databases
    readonly targets: Sessions
    readonly taken: TakenLock
    readonly ledger: Ledger | undefined
    readonly file: CheckpointFile
    readonly stamp: string
    readonly stateDir: string
  },
): Promise<Prepared> {
  const { databases, targets, ledger, file, taken, stateDir } = opened
  const { from = 'source' } = options.retry
  if (ledger === undefined) {
    throw new EtlError('E520', 'the ledger is switched off: nothing says which rows are still to be loaded', {
      kind: 'usage',
      hint: 'mend the cause and run the pipeline again with load: upsert or ignore',
    })
  }
  if (databases.target.connector.capabilities.files === true) {
    throw new EtlError('E520', 'the target is files, which each run writes anew: no rows can be added to them', {
      kind: 'usage',
      hint: 'mend the cause and load everything again: `load: replace` and `etl run … --yes`',
    })
  }
  const { parent, abandon } = await runsOf(pipeline, options.retry.run, ledger, targets)
  const selection: StoredOptions = {
    ...(options.entities === undefined ? {} : { entities: options.entities }),
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
  }
  const whole = await compilePlan(pipeline, databases, {
    ...selection,
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
  })
  // Also creates what a ledger of an older version lacks.
  await targets.write(session => ledger.prepare(session))
  const open = await targets.ask(session => ledger.rejects.open(session, parent.runId))
  const plan = retryPlan(whole, open)
  const all = options.entities === undefined && options.exclude === undefined
  const chosen = all ? undefined : whole.entities.map(({ name }) => name)
  const snapshots =
    from === 'kept' || plan.entities.length === 0
      ? SourceSnapshots.none(databases)
      : await SourceSnapshots.take(plan, databases, {
          concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
          kept: {},
        })
  try {
    const base = {
      databases,
      targets,
      snapshots,
      plan,
      ledger,
      file,
      fileRead: { kind: 'none' } as const,
      epoch: 1,
      // Rows that were kept are of the time when they were rejected.
      consistency: from === 'kept' ? ('none' as const) : snapshots.consistency(undefined),
      resumed: undefined,
      limit: undefined,
      retry: new Retry({ parent, from, ledger, stateDir, plan, chosen }),
    }
    const claim = { pipeline: pipeline.spec.name, targets, taken, ledger }
    if (plan.entities.length === 0) {
      // A retry that was killed after its last row.
      if (abandon !== undefined)
        await targets.write(session => ledger.runs.endRun(session, abandon.runId, abandon.epoch, 'completed'))
      const notes = [`run ${parent.runId} has no rejected rows left to retry; nothing was written`]
      return {
        ...base,
        heartbeat: heartbeatOf(claim),
        runId: parent.runId,
        startedAt: parent.startedAt,
        complete: true,
        notes,
      }
    }
    const runId = newRunId()
    const startedAt = await beginRun(claim, {
      runId,
      plan,
      options: { ...selection, retryOf: parent.runId },
      consistency: base.consistency,
      snapshots: snapshots.kept,
      abandon,
    })
    // Rows that wait for a second pass that the file does not have any more are whole as they are.
    await targets.write(session =>
      transaction(session, async () => {
        for (const { name, deferred } of plan.entities) {
          const loaded = { runId: parent.runId, entity: name, pass: 'defer' } as const
          if (deferred === undefined) await ledger.rejects.close(session, loaded, runId, false)
        }
      }),
    )
    const left = [...open.keys()].filter(name => !pipeline.spec.entities.some(entity => entity.name === name))
    const undecided = whole.entities.filter(({ name, dedupe }) => open.has(name) && dedupe !== undefined)
    const notes = [
      `retries the rows that run ${parent.runId} rejected, ${from === 'kept' ? 'as they were kept' : 'as the source has them today'}`,
      ...undecided.map(({ name }) => `${name}: dedupe does not look at the rows that are retried`),
      ...left.map(name => `${name} is not in the file any more: its rejected rows (${open.get(name)}) stay`),
    ]
    return {
      ...base,
      heartbeat: heartbeatOf(claim, runId),
      runId,
      startedAt: startedAt ?? opened.stamp,
      complete: false,
      notes,
    }
  } catch (error) {
    await snapshots.close()
    throw error
  }
}

async function runsOf(
  pipeline: Pipeline,
  runId: string,
  ledger: Ledger,
  targets: Sessions,
): Promise<{ readonly parent: RunRow; readonly abandon: RunRow | undefined }> {
  const { name } = pipeline.spec
  const known = await ledger.exists()
  const [named, latest] = known
    ? await targets.ask(async session => [
        await ledger.runs.named(session, name, runId),
        await ledger.runs.latestRun(session, name),
      ])
    : []
  const parent =
    named?.options.retryOf === undefined
      ? named
      : await targets.ask(session => ledger.runs.findRun(session, named.options.retryOf ?? ''))
  if (parent === undefined || parent.pipeline !== name) {
    throw new EtlError('E508', `${name} has no run ${runId === 'last' ? 'to retry' : runId} in this target`, {
      kind: 'usage',
      hint: 'see `etl quarantine` for the last run and its rejected rows',
    })
  }
  if (latest === undefined || !isUnfinished(latest)) return { parent, abandon: undefined }
  refuseLiving(latest, await targets.ask(session => ledger.owner(session, latest.runId)), here)
  if (latest.options.retryOf !== undefined) return { parent, abandon: latest }
  throw new EtlError(
    'E504',
    `run ${latest.runId} of ${name} (started ${latest.startedAt}, ${latest.state}) is not finished`,
    {
      hint: 'first go on with it: `etl run … --resume`; or give it up: `etl run … --restart`',
    },
  )
}
