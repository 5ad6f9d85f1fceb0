import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EtlError } from '../core/errors.js'
import type { Delivery, Task } from '../engine/port.js'
import type { Pipeline } from '../load/pipeline.js'
import { redactor } from '../load/redact.js'
import { compilePlan } from '../plan/compile.js'
import { diffFingerprints } from '../plan/fingerprint.js'
import { type Databases, openDatabases } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import type { RunOptions } from './api.js'
import { chunkOf, chunksHere } from './chunk-tasks.js'
import { claimOf } from './claim-ledger.js'
import { emitter, entityNamed, type RunContext } from './context.js'
import { Control } from './control.js'
import { EntityRun } from './entity.js'
import type { EventListener } from './events.js'
import { type ChunkRef, Ledger } from './ledger.js'
import { openContext } from './open-context.js'
import { here } from './owner.js'
import { Progress } from './progress.js'
import { QuarantineFiles } from './quarantine.js'
import type { RunRow } from './run-ledger.js'
import { Sessions, transaction } from './sessions.js'
import { type KeptSnapshots, SourceSnapshots } from './source-snapshots.js'

export interface JoinOptions extends Pick<RunOptions, 'batchSize' | 'logic'> {
  readonly runId: string
  readonly epoch: number
  /** Those that the process which has the run holds. */
  readonly snapshots: KeptSnapshots
  /** The folder of the pipeline's state on this machine. */
  readonly stateDir: string
  readonly onEvent: EventListener
}

/** A run that another process has, joined by one that does chunks of it: no lock, no checkpoint file, no say in what comes next. */
export class JoinedRun {
  readonly #context: RunContext
  readonly #databases: Databases
  readonly #ledger: Ledger
  readonly #idle: Lane[] = []

  private constructor(context: RunContext, databases: Databases, ledger: Ledger) {
    this.#context = context
    this.#databases = databases
    this.#ledger = ledger
  }

  /** @throws EtlError E510 where the run is in another epoch by now, E563 where it is of another plan than this process makes */
  static async open(pipeline: Pipeline, options: JoinOptions): Promise<JoinedRun> {
    const { spec } = pipeline
    const databases = await openDatabases(pipeline, { readOnly: false, applicationName: `etl ${spec.name} worker` })
    try {
      const ledger = new Ledger(databases.target, spec.ledger === false ? undefined : spec.ledger.schema)
      const targets = Sessions.ofTarget(databases.target, false)
      const run = await targets.ask(session => ledger.runs.findRun(session, options.runId))
      if (run === undefined || run.epoch !== options.epoch) throw ledger.runs.fenced(options.runId)
      const plan = await compilePlan(pipeline, databases, {
        ...run.options,
        ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
        mayResume: true,
      })
      refuseOther(run, plan)
      const context = await open(pipeline, options, { databases, ledger, targets, run, plan })
      await context.undo?.join(context)
      return new JoinedRun(context, databases, ledger)
    } catch (error) {
      await databases.close()
      throw error
    }
  }

  /** Does one chunk, unless a later delivery of it has begun elsewhere. Throws E515 where it was asked to stop before the end. */
  async chunk(task: Task, { signal, attempt }: Delivery): Promise<void> {
    const ids = chunkOf(task)
    const ref = { ...ids, claim: claimOf(ids.epoch, attempt) }
    const lane = this.#idle.pop() ?? this.#lane()
    try {
      await this.#claim(lane.targets, ref)
      const context = { ...this.#context, ...lane }
      const run = new EntityRun(context, entityNamed(context.plan, ref.entity), undefined)
      await run.look()
      const { done } = await run.chunk(ref, signal)
      if (!done) throw stopped()
      this.#idle.push(lane)
    } catch (error) {
      await lane.targets.close()
      // What reads a source ends with the signal's own reason.
      throw signal.aborted && !(error instanceof EtlError) ? stopped() : error
    }
  }

  async close(): Promise<void> {
    for (const { targets } of this.#idle.splice(0)) await targets.close()
    await this.#context.resolvers.close()
    await this.#context.targets.close()
    await this.#databases.close()
  }

  /** The session that claims the chunk also writes it, since nobody else asks this lane for one. */
  async #claim(targets: Sessions, ref: ChunkRef): Promise<void> {
    const { claims, runs } = this.#ledger
    await targets.ask(session => claims.endEarlier(targets.database, session, ref))
    await targets.write(async session => {
      const by = await session.id?.()
      await transaction(session, async () => {
        await runs.fence(session, ref.runId, ref.epoch)
        await claims.take(session, ref, by)
      })
    })
  }

  #lane(): Lane {
    const targets = Sessions.ofTarget(this.#databases.target, false)
    return { targets, progress: progressOf(this.#context, this.#ledger, targets) }
  }
}

function stopped(): EtlError {
  return new EtlError('E515', 'stopped before the end of the chunk', { kind: 'interrupted' })
}

/** What one chunk at a time works with. */
type Lane = Pick<RunContext, 'targets' | 'progress'>

interface Parts {
  readonly databases: Databases
  readonly ledger: Ledger
  readonly targets: Sessions
  readonly run: RunRow
  readonly plan: Plan
}

async function open(pipeline: Pipeline, options: JoinOptions, parts: Parts): Promise<RunContext> {
  const { databases, ledger, targets, run, plan } = parts
  const { runId, epoch, stateDir } = options
  const { limit } = run.options
  // Workers may share a folder; what one of them cuts off must not be another's.
  const dir = join(stateDir, 'runs', runId, `worker-${here.host}-${here.pid}`)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const now = Date.now
  const { startedAt } = run
  const snapshots = SourceSnapshots.joined(databases, options.snapshots)
  const settled = { plan, databases, ledger, targets, runId, epoch, startedAt, snapshots, limit }
  return openContext(
    settled,
    pipeline,
    // Whether anything is noted is for whoever has the run to say.
    { undo: true, ...(options.logic === undefined ? {} : { logic: options.logic }) },
    {
      control: new Control(),
      emit: emitter([options.onEvent], now, redactor(pipeline.secrets)),
      now,
      progress: progressOf({ plan, runId, epoch, startedAt, now }, ledger, targets),
      files: { dir, quarantine: await QuarantineFiles.open(dir, epoch) },
      dryKeys: undefined,
      chunks: chunksHere(1, () => undefined),
      tallies: () => [],
      warn: () => {},
    },
  )
}

function progressOf(
  run: Pick<RunContext, 'plan' | 'runId' | 'epoch' | 'startedAt' | 'now'>,
  ledger: Ledger,
  sessions: Sessions,
): Progress {
  const { plan, runId, epoch, startedAt, now } = run
  const { pipeline, fingerprint } = plan
  const head = { v: 1 as const, runId, pipeline, targetUid: plan.target.uid, fingerprint, epoch, startedAt }
  return new Progress({ ledger, sessions, file: undefined, head, restored: undefined, now, onWrite: () => {} })
}

function refuseOther(run: RunRow, plan: Plan): void {
  if (run.fingerprint === plan.fingerprint) return
  const changes = diffFingerprints(run.fingerprintParts, plan.fingerprintParts)
  if (changes.length === 0) return
  throw new EtlError(
    'E563',
    `this worker sees another pipeline or other schemas than the process that has the run:\n${changes.map(change => `  ${change}`).join('\n')}`,
    { hint: 'give all workers the same files and the same databases, then `etl resume RUN`' },
  )
}
