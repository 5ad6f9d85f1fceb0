import { join } from 'node:path'
import type { EtlError } from '../core/errors.js'
import { failpoint } from '../core/failpoint.js'
import { snapshotGone } from '../core/snapshot-pool.js'
import { asEtlError } from '../core/unforeseen.js'
import type { Pipeline } from '../load/pipeline.js'
import { redactor } from '../load/redact.js'
import { DEFAULT_CONCURRENCY, ELSEWHERE_CONCURRENCY, type RunHandle, type RunOptions, type RunResult } from './api.js'
import { chunksHere } from './chunk-tasks.js'
import { emitter, type RunContext } from './context.js'
import { Control } from './control.js'
import { sumCounts } from './counts.js'
import { DryKeys } from './dry-keys.js'
import { EntityRun } from './entity.js'
import type { EventListener, RunStatus } from './events.js'
import { giveUp } from './give-up.js'
import { runHooks } from './hooks.js'
import type { Pass, RejectCauses } from './ledger.js'
import { openContext } from './open-context.js'
import type { Prepared } from './prepare.js'
import { prepareRetried } from './prepare-retried.js'
import { Progress } from './progress.js'
import { exitCode, shown } from './result.js'
import { resumeLine } from './resume-line.js'
import { retried } from './retried.js'
import { RunFiles } from './run-files.js'
import { schedule } from './scheduler.js'
import { type Consistency, worst } from './source-snapshots.js'
import { prepareTables } from './steps.js'

/** Somebody else has the run: what becomes of it is theirs to note. */
const LOST_RUN: ReadonlySet<string | undefined> = new Set(['E510', 'E517'])

/**
 * Begins a run, or goes on with one. Resolves once connections, plan and ledger are settled; throws {@link EtlError} where
 * they cannot be. The handle's result never rejects: a failed run is a result with an error.
 *
 * @param signal ends the waiting for a database that is starting
 */
export async function startRun(
  pipeline: Pipeline,
  options: RunOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunHandle> {
  const now = Date.now
  const stateDir = options.stateDir ?? join(pipeline.baseDir, '.etl', pipeline.spec.name)
  const prepared = await prepareRetried(pipeline, options, stateDir, now, signal)
  const control = new Control()
  let fileError: EtlError | undefined
  const files =
    options.dryRun || (prepared.complete && prepared.retry !== undefined)
      ? undefined
      : await RunFiles.open(stateDir, prepared, error => {
          fileError ??= error
          control.stop('stop')
        }).catch(async (error: unknown) => {
          await giveUp(prepared)
          throw error
        })
  const listeners: EventListener[] = [
    ...(options.onEvent === undefined ? [] : [options.onEvent]),
    ...(files === undefined ? [] : [files.event.bind(files)]),
  ]
  const run = new Run(prepared, pipeline, options, {
    control,
    emit: emitter(listeners, now, redactor(pipeline.secrets)),
    files,
    now,
    fileError: () => fileError,
  })
  return {
    runId: prepared.runId,
    plan: prepared.plan,
    pause: () => run.pause(true),
    unpause: () => run.pause(false),
    stop: reason => run.stop(reason),
    result: run.go(),
  }
}

interface Surroundings {
  readonly control: Control
  readonly emit: RunContext['emit']
  readonly files: RunFiles | undefined
  readonly now: () => number
  readonly fileError: () => EtlError | undefined
}

class Run {
  readonly #prepared: Prepared
  readonly #options: RunOptions
  readonly #around: Surroundings
  readonly #context: RunContext
  readonly #runs: readonly EntityRun[]
  readonly #dryKeys: DryKeys | undefined
  readonly #warnings: string[] = []
  #error: EtlError | undefined
  #consistency: Consistency

  constructor(prepared: Prepared, pipeline: Pipeline, options: RunOptions, around: Surroundings) {
    this.#prepared = prepared
    this.#options = options
    this.#around = around
    const dryRun = options.dryRun ?? false
    this.#dryKeys = dryRun ? new DryKeys() : undefined
    this.#consistency = prepared.consistency
    prepared.snapshots.onLost = source => this.#lostSnapshot(source)
    this.#context = openContext(prepared, pipeline, options, {
      ...around,
      dryKeys: this.#dryKeys,
      progress: dryRun ? undefined : this.#openProgress(),
      chunks: options.chunks ?? chunksHere(this.#concurrency, name => this.#runs.find(run => run.plan.name === name)),
      tallies: () => this.#runs.map(({ tally }) => tally),
      warn: (message, of) => this.#warn(message, of),
    })
    const { plan } = prepared
    this.#runs = plan.entities.map(entity => new EntityRun(this.#context, entity, this.#dryKeys))
  }

  pause(on: boolean): void {
    const { control, emit } = this.#around
    if (control.paused === on || control.signal.aborted) return
    if (on) control.pause()
    else control.unpause()
    emit({ type: on ? 'paused' : 'resumed_work' })
  }

  stop(reason: 'SIGINT' | 'SIGTERM' | 'stop'): void {
    if (this.#around.control.signal.aborted) return
    this.#around.emit({ type: 'stopping' })
    this.#around.control.stop(reason)
  }

  async go(): Promise<RunResult> {
    const { emit, now, control } = this.#around
    const started = now()
    try {
      this.#prepared.heartbeat?.start(error => {
        this.#fail(error)
        control.stop('stop')
      })
      await this.#restore()
      this.#announce()
      if (!this.#prepared.complete) await this.#work()
    } catch (error) {
      this.#fail(error)
    }
    this.#error ??= this.#around.fileError()
    if (!this.#prepared.complete) await this.#settle(this.#status()).catch(error => this.#fail(error))
    const retry = await this.#prepared.retry?.outcome(this.#prepared.targets).catch(error => this.#fail(error))
    await this.#close()
    this.#error ??= this.#around.fileError()
    const status = this.#status(retry?.left)
    const counts = sumCounts(this.#runs.map(run => run.counts))
    const error = this.#error
    const result: RunResult = {
      runId: this.#prepared.runId,
      pipeline: this.#prepared.plan.pipeline,
      status,
      exitCode: exitCode(status, control.reason, error),
      dryRun: this.#context.dryRun,
      consistency: this.#consistency,
      counts,
      entities: this.#runs.map(run => run.result),
      ms: now() - started,
      warnings: this.#warnings,
      ...this.#around.files?.places,
      ...(retry === undefined ? {} : { retry }),
      ...(error === undefined ? {} : { error }),
    }
    emit({
      type: 'run_finished',
      runId: result.runId,
      status,
      counts,
      ms: result.ms,
      exitCode: result.exitCode,
      ...(error === undefined ? {} : { error: shown(error) }),
    })
    await this.#around.files?.close()
    const late = error === undefined ? this.#around.fileError() : undefined
    return late === undefined
      ? result
      : { ...result, status: 'failed', exitCode: exitCode('failed', undefined, late), error: late }
  }

  #openProgress(): Progress {
    const { plan, ledger, targets, file, fileRead, runId, epoch, startedAt, resumed } = this.#prepared
    return new Progress({
      ledger,
      sessions: targets,
      file,
      head: {
        v: 1,
        runId,
        pipeline: plan.pipeline,
        targetUid: plan.target.uid,
        fingerprint: plan.fingerprint,
        epoch,
        startedAt,
      },
      restored: resumed !== undefined && fileRead.kind === 'ok' ? fileRead.checkpoint : undefined,
      now: this.#around.now,
      onWrite: path => this.#around.emit({ type: 'checkpoint', file: path }),
    })
  }

  /** A resumed run begins with what it did before: counts and causes from the ledger. */
  async #restore(): Promise<void> {
    const { resumed, ledger, targets, runId } = this.#prepared
    const { progress } = this.#context
    if (resumed === undefined || progress === undefined) return
    const causes: RejectCauses =
      ledger === undefined ? new Map() : await targets.ask(session => ledger.causes(session, runId))
    for (const run of this.#runs) {
      const passes: readonly Pass[] = run.plan.deferred === undefined ? ['load'] : ['load', 'defer']
      const { done, ...totals } = await progress.entity(runId, run.plan.name, passes)
      run.restoreFrom(totals, causes)
      if (done) run.state = 'done'
    }
  }

  #announce(): void {
    const { plan, resumed, runId, consistency, notes, complete } = this.#prepared
    const { emit } = this.#around
    emit({
      type: 'run_started',
      runId,
      pipeline: plan.pipeline,
      source: Object.entries(plan.sources)
        .map(([name, source]) => `${source.type} ${name}`)
        .join(', '),
      target: plan.target.label,
      dryRun: this.#context.dryRun,
      resumed: resumed !== undefined,
      concurrency: this.#options.chunks?.workers === undefined ? this.#concurrency : 0,
      consistency,
      entities: this.#runs.map(run => run.announced),
    })
    if (complete && this.#context.retry === undefined)
      emit({ type: 'info', message: `run ${runId} is complete already; nothing was written` })
    else if (resumed !== undefined)
      emit({ type: 'info', message: resumeLine(resumed.state, resumed.endedAt, this.#runs) })
    for (const note of notes) emit({ type: 'info', message: note })
    for (const { message, path } of plan.warnings) {
      const [section, name] = path
      this.#warn(message, section === 'entities' ? String(name) : undefined)
    }
  }

  #warn(message: string, entity?: string): void {
    this.#warnings.push(entity === undefined ? message : `${entity}: ${message}`)
    this.#around.emit({ type: 'warning', message, ...(entity === undefined ? {} : { entity }) })
  }

  get #concurrency(): number {
    const { concurrency, chunks } = this.#options
    return concurrency ?? (chunks?.workers === undefined ? DEFAULT_CONCURRENCY : ELSEWHERE_CONCURRENCY)
  }

  async #work(): Promise<void> {
    const { plan } = this.#prepared
    const { control } = this.#around
    failpoint('run-begun')
    await this.#context.progress?.save('running')
    if (!this.#context.dryRun) {
      await prepareTables(this.#context)
      await runHooks(this.#context, '$pipeline', 'hook-before', plan.hooks.before)
    }
    await schedule(this.#runs, {
      concurrency: this.#concurrency,
      control,
      ended: (run, error) => this.#ended(run, error),
    })
    if (control.signal.aborted || this.#error !== undefined) return
    this.#context.budget.close()
    await runHooks(this.#context, '$pipeline', 'hook-after', plan.hooks.after)
  }

  /** The rest of a source is read in another snapshot, where the file allows that; what the run was is said and kept. */
  async #lostSnapshot(source: string): Promise<void> {
    const { plan, ledger, targets, runId, epoch, snapshots } = this.#prepared
    if (plan.consistency === 'strict') throw snapshotGone()
    this.#consistency = worst(this.#consistency, 'resumed-across-snapshots')
    this.#warn(`source ${source}: the snapshot was lost, the rest is read in another one`)
    if (ledger === undefined || this.#context.dryRun) return
    const now = { runId, epoch, consistency: this.#consistency, snapshots: snapshots.kept }
    await targets.write(session => ledger.runs.setConsistency(session, now))
  }

  #ended(run: EntityRun, error: unknown): void {
    if (error !== undefined && run.state === 'failed') this.#fail(error)
    this.#around.emit({
      type: 'entity_finished',
      entity: run.plan.name,
      state: run.state === 'done' || run.state === 'failed' ? run.state : 'stopped',
      counts: run.counts,
      ms: run.ms,
      ...(error instanceof Error ? { message: error.message } : {}),
    })
  }

  /** The first error is the run's; later ones are told as warnings. */
  #fail(error: unknown): void {
    const known = asEtlError(error)
    if (this.#error === undefined) this.#error = known
    else this.#warn(`${known.code} ${known.message}`, known.where)
  }

  #status(left = 0): RunStatus {
    if (this.#error !== undefined) return 'failed'
    if (this.#around.control.signal.aborted) return 'interrupted'
    return left > 0 || this.#runs.some(run => run.counts.quarantined > 0 || run.unresolved > 0) ? 'quarantined' : 'ok'
  }

  /** Writes the end of the run into ledger and file. */
  async #settle(status: RunStatus): Promise<void> {
    const { ledger, targets, runId, epoch } = this.#prepared
    const { progress } = this.#context
    if (progress === undefined) return
    const state = status === 'failed' ? 'failed' : status === 'interrupted' ? 'interrupted' : 'completed'
    failpoint('run-complete')
    if (ledger !== undefined && !LOST_RUN.has(this.#error?.code)) {
      const end = (): Promise<void> => targets.write(session => ledger.runs.endRun(session, runId, epoch, state))
      // A run that failed has tried long enough.
      await (state === 'failed' ? end() : retried(this.#context, '$pipeline', end))
    }
    failpoint('run-complete')
    await progress.settle()
    await progress.save(state)
    if (state === 'completed') await this.#context.quarantine?.removeOlder()
  }

  async #close(): Promise<void> {
    const { targets, heartbeat, snapshots, databases } = this.#prepared
    this.#dryKeys?.close()
    await this.#context.resolvers.close()
    await heartbeat?.stop()
    await snapshots.close()
    await targets.close()
    await databases.close()
  }
}
