import { formatTable } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import { failpoint } from '../core/failpoint.js'
import { keyText, type Value } from '../core/row.js'
import type { EntityPlan } from '../plan/plan.js'
import type { EntityPreview, EntityResult } from './api.js'
import { Budget, type Tally } from './budget.js'
import { type Changes, sumChanges } from './changes.js'
import { type ChunkOutcome, type ChunkWatch, execChunk } from './chunk.js'
import { chunkTask } from './chunk-tasks.js'
import type { RunContext } from './context.js'
import { addCounts, sumCounts, unexplained } from './counts.js'
import type { DryKeys } from './dry-keys.js'
import type { Counts, RunEvent, StageTimes } from './events.js'
import { NO_COUNTS, NO_STAGES } from './events.js'
import { runHooks } from './hooks.js'
import { inField } from './in-field.js'
import type { ChunkProgress, ChunkRef, Pass, PlannedChunk, RejectCauses, Totals } from './ledger.js'
import { lookUntil } from './look-until.js'
import { milder } from './milder.js'
import { planChunks } from './plan-chunks.js'
import type { PreparedBatch } from './prepared-batch.js'
import { fromWords, Preview } from './preview.js'
import type { RejectRecord } from './quarantine.js'
import { refuseLoaded } from './refuse-loaded.js'
import { retried } from './retried.js'
import { MAX_ATTEMPTS } from './retry.js'
import type { BatchResult } from './sink.js'
import { finishTable, runStep } from './steps.js'
import type { ShownWindow } from './windows.js'

type Cause = EntityResult['rejects'][number]
type Announced = (RunEvent & { type: 'run_started' })['entities'][number]

const WHOLE: readonly PlannedChunk[] = [{ chunk: 0, done: false }]

/** One entity of one run: its passes in order, what is counted and told on the way. */
export class EntityRun {
  readonly plan: EntityPlan
  readonly #context: RunContext
  readonly #dryKeys: DryKeys | undefined
  readonly #causes = new Map<string, Cause>()
  readonly #preview: Preview | undefined
  readonly #budget: Budget
  readonly #ranges = new Map<Pass, readonly PlannedChunk[]>()
  readonly #totals = new Map<Pass, Map<number, ChunkProgress>>()
  #changes: Changes = sumChanges([])
  counts: Counts = NO_COUNTS
  stages: StageTimes = NO_STAGES
  state: EntityResult['state'] = 'waiting'
  ms = 0
  /** Rows whose deferred columns could not be filled; they are in the target without them. */
  unresolved = 0
  #failedRows = 0
  #windows: readonly ShownWindow[] = []

  constructor(context: RunContext, plan: EntityPlan, dryKeys: DryKeys | undefined) {
    this.#context = context
    this.plan = plan
    this.#dryKeys = dryKeys
    this.#budget = new Budget({
      limit: plan.maxErrors,
      setting: 'max_errors',
      tally: () => this.tally,
      where: plan.name,
    })
    this.#preview = context.dryRun ? new Preview(plan) : undefined
  }

  /** What is known of it when the run begins. */
  get announced(): Announced {
    const { name, wave, after, read, write, maxErrors } = this.plan
    return {
      name,
      wave,
      after,
      from: fromWords(read.from),
      to: formatTable(write.table),
      load: write.replace ? 'replace' : write.mode,
      state: this.state,
      counts: this.counts,
      ...estimate(this.plan),
      ...(maxErrors === undefined ? {} : { maxErrors }),
    }
  }

  get result(): EntityResult {
    return {
      name: this.plan.name,
      state: this.state,
      counts: this.counts,
      unresolved: this.unresolved,
      ms: this.ms,
      stages: this.stages,
      rejects: [...this.#causes.values()],
      losses: [...this.#changes.losses].map(([field, rows]) => ({ field, rows })),
      substituted: [...this.#changes.substituted].map(([field, rows]) => ({ field, rows })),
      ...(this.#windows.length === 0 ? {} : { windows: this.#windows }),
      ...(this.#preview === undefined ? {} : { preview: this.#preview.result() satisfies EntityPreview }),
    }
  }

  /** What is committed, also by runs before this one. */
  get tally(): Tally {
    return { read: this.counts.read, failed: this.#failedRows }
  }

  /** The same from the causes of all entities. */
  restoreFrom(totals: Totals, all: RejectCauses): void {
    // Duplicates are listed with the rejected rows, but nothing failed.
    const mine = (all.get(this.plan.name) ?? []).filter(cause => cause.code !== 'E425')
    const unresolved = mine.filter(cause => cause.pass === 'defer').reduce((sum, cause) => sum + cause.rows, 0)
    this.restore(totals, mine, unresolved)
  }

  /** What the run did before it was resumed, so that all is whole at its end. */
  restore({ counts, changes }: Totals, causes: readonly Cause[], unresolved: number): void {
    this.#causes.clear()
    this.unresolved = unresolved
    this.counts = counts
    this.#changes = changes
    for (const cause of causes) this.#addCause(cause)
    const listed = causes.reduce((sum, cause) => sum + cause.rows, 0)
    // Without a ledger the checkpoint's counts are all there is.
    this.#failedRows = Math.max(listed, counts.quarantined + unresolved)
  }

  /** The first pass; resolves to false where the run was asked to stop. */
  async load(): Promise<boolean> {
    const { plan } = this
    const started = this.#context.now()
    this.state = 'running'
    try {
      this.#windows = await this.#context.windows.shown(plan)
      // How many rows a later run of an incremental entity has is not known.
      const later = this.#windows.some(({ after }) => after !== undefined)
      this.#context.emit({
        type: 'entity_started',
        entity: plan.name,
        pass: 'load',
        counts: this.counts,
        ...(later ? {} : estimate(plan)),
      })
      await runHooks(this.#context, plan.name, 'hook-before', plan.hooks.before)
      if (!(await this.#pass('load'))) return false
      failpoint('entity-complete')
      this.#budget.close()
      this.#checkCounts()
      if (plan.write.advance.length > 0) {
        await runStep(this.#context, plan.name, 'sequences', 0, session =>
          session.advanceSequences(plan.write.table, plan.write.advance),
        )
      }
      await finishTable(this.#context, plan)
      if (plan.deferred === undefined) await this.#complete()
      return true
    } finally {
      this.ms += this.#context.now() - started
    }
  }

  /** The second pass: fills the deferred columns. Its rows are not counted again. */
  async defer(): Promise<boolean> {
    const { plan } = this
    const started = this.#context.now()
    this.state = 'deferring'
    failpoint('second-pass')
    this.#context.emit({
      type: 'entity_started',
      entity: plan.name,
      pass: 'defer',
      counts: this.counts,
      ...estimate(plan),
    })
    try {
      const done = await this.#pass('defer')
      if (done) {
        this.#budget.close()
        await this.#complete()
      }
      return done
    } finally {
      this.ms += this.#context.now() - started
    }
  }

  /** Has the pass's chunks done, as many at a time as there is room for; resolves to false where one was asked to stop. */
  async #pass(pass: Pass): Promise<boolean> {
    const { runId, epoch, progress, chunks: by, control } = this.#context
    const entity = this.plan.name
    const ref = { runId, entity, pass, epoch }
    const plan = (): Promise<readonly PlannedChunk[]> =>
      pass === 'load' && this.#context.retry === undefined
        ? planChunks(this.#context, this.plan)
        : Promise.resolve(WHOLE)
    const chunks =
      progress === undefined ? WHOLE : await retried(this.#context, entity, () => progress.chunks(ref, plan))
    this.#ranges.set(pass, chunks)
    const failed = new AbortController()
    const signal = AbortSignal.any([control.signal, failed.signal])
    const totals = new Map<number, ChunkProgress>()
    this.#totals.set(pass, totals)
    const run = async ({ chunk, done: before }: PlannedChunk): Promise<boolean> => {
      if (signal.aborted) return false
      try {
        if (by.workers !== undefined && before) {
          totals.set(chunk, (await this.#outcome({ ...ref, chunk })).total)
          return true
        }
        const task = chunkTask(this.#context, this.plan, { ...ref, chunk })
        const outcome = await by.engine.execute(task, signal)
        const { done, total } =
          by.workers === undefined ? (outcome as ChunkOutcome) : await this.#outcome({ ...ref, chunk })
        totals.set(chunk, total)
        return done
      } catch (error) {
        // Whoever cancels a chunk, and is not us, means the run.
        const cancelled = !signal.aborted && error instanceof EtlError && error.kind === 'interrupted'
        if (by.workers !== undefined && cancelled) control.stop('stop')
        failed.abort()
        throw error
      }
    }
    const ending = Promise.allSettled(chunks.map(run))
    if (by.workers !== undefined) await this.#follow(pass, ending, failed)
    const ended = await ending
    if (pass === 'load' && totals.size === chunks.length) {
      const all = [...totals.values()]
      this.counts = sumCounts(all.map(total => total.counts))
      this.#changes = sumChanges(all.map(total => total.changes))
    }
    // The first failure made the others stop; what they threw then is only that.
    const errors = ended.flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []))
    if (errors.length > 0)
      throw errors.find(error => error instanceof EtlError && error.kind !== 'interrupted') ?? errors[0]
    return ended.every(result => result.status === 'fulfilled' && result.value)
  }

  /** Other processes do the chunks: what the ledger says of them, until they have ended. */
  async #follow(pass: Pass, ending: Promise<unknown>, failed: AbortController): Promise<void> {
    const { emit, budget } = this.#context
    const entity = this.plan.name
    try {
      await lookUntil(ending, async (looked, over) => {
        const [read, causes] = [this.counts.read, new Map(this.#causes)]
        await this.look()
        for (const [key, cause] of this.#causes) {
          const rows = cause.rows - (causes.get(key)?.rows ?? 0)
          if (rows > 0) emit({ type: 'rejected', entity, batch: looked, ...cause, rows })
        }
        if (this.counts.read !== read)
          emit({ type: 'batch', entity, pass, chunk: 0, batch: looked, counts: this.counts, stages: NO_STAGES })
        if (over) return
        this.#budget.check({ read: 0, failed: 0 })
        budget.check({ read: 0, failed: 0 })
      })
    } catch (error) {
      failed.abort()
      await ending
      throw error
    }
  }

  /** What became of a chunk elsewhere: engines are told no keys of rows. */
  async #outcome(ref: ChunkRef): Promise<ChunkOutcome> {
    const { progress } = this.#context
    const total =
      progress === undefined ? undefined : await retried(this.#context, ref.entity, () => progress.chunk(ref))
    if (total?.done !== true)
      throw new EtlError('E511', `chunk ${ref.chunk} of ${ref.entity} is done, but not in the ledger`)
    return { done: true, total }
  }

  /** Counts and causes as the ledger has them. */
  async look(): Promise<void> {
    const { progress, targets, runId } = this.#context
    const ledger = progress?.ledger
    if (ledger === undefined) return
    const entity = this.plan.name
    const [totals, all] = await targets.ask(
      async session =>
        [await ledger.totals(session, runId, entity, 'load'), await ledger.causes(session, runId)] as const,
    )
    this.restoreFrom(totals, all)
  }

  /** Does one of its chunks in this process. */
  async chunk(ref: ChunkRef, signal: AbortSignal): Promise<ChunkOutcome> {
    const { progress } = this.#context
    // Whoever only does chunks finds what was planned in the ledger.
    if (!this.#ranges.has(ref.pass) && progress !== undefined)
      this.#ranges.set(ref.pass, await progress.chunks(ref, () => Promise.resolve([])))
    const range = this.#ranges.get(ref.pass)?.find(({ chunk }) => chunk === ref.chunk)
    if (range === undefined) throw new EtlError('E901', `${ref.entity} has no chunk ${ref.chunk}`)
    return execChunk(this.#context, ref, range, this.#watch(ref.pass, ref.chunk, signal))
  }

  #watch(pass: Pass, chunk: number, signal: AbortSignal): ChunkWatch {
    const { emit } = this.#context
    const entity = this.plan.name
    const totals = this.#totals.get(pass) ?? new Map<number, ChunkProgress>()
    return {
      signal,
      began: total => totals.set(chunk, total),
      dryKeys: this.#dryKeys,
      admit: result => this.#admit(pass, result),
      retry: (error, attempt, waitMs) =>
        emit({
          type: 'retry',
          entity,
          attempt,
          attempts: MAX_ATTEMPTS,
          waitMs,
          code: error.code,
          message: error.message,
        }),
      committed: (batch, result, total, stages) => {
        this.stages = {
          read: this.stages.read + stages.read,
          transform: this.stages.transform + stages.transform,
          write: this.stages.write + stages.write,
        }
        totals.set(chunk, total)
        if (pass === 'load') {
          this.counts = addCounts(this.counts, result.counts)
          this.#changes = sumChanges([this.#changes, batch])
        } else this.unresolved += result.rejects.length
        this.#failedRows += result.rejects.length
        this.#tell(batch, result.rejects)
        this.#preview?.add(batch, result.rejects)
        emit({ type: 'batch', entity, pass, chunk, batch: batch.batch, counts: this.counts, stages })
      },
    }
  }

  async #complete(): Promise<void> {
    await this.#context.windows.complete(this.plan)
    await runHooks(this.#context, this.plan.name, 'hook-after', this.plan.hooks.after)
  }

  #checkCounts(): void {
    const rows = unexplained(this.counts)
    if (rows === 0) return
    throw new EtlError('E511', `${rows} rows of ${this.plan.name} are unaccounted for`, {
      where: this.plan.name,
      hint: 'this is a bug in etl: keep the run folder and report it',
    })
  }

  /** Is the batch to be committed? Throws where the policy or the budget says no. */
  #admit(pass: Pass, result: BatchResult): void {
    const fatal = result.rejects.find(reject => reject.policy === 'fail')
    if (fatal !== undefined) {
      const what = inField(fatal.field, fatal.message)
      const file = this.#context.quarantine?.path(this.plan.name)
      throw new EtlError('E502', `${fatal.code} ${what}`, {
        where: this.plan.name,
        hint: `${file === undefined ? 'see the row above' : `the row is in ${file}`}; mend it and go on with \`etl run … --resume\`, or set ${milder(this.plan, fatal)} and add --accept-changes`,
      })
    }
    if (pass === 'load' && this.counts.read === 0 && this.#context.retry === undefined) refuseLoaded(this.plan, result)
    // The second pass reads rows that are counted already.
    const more = { read: pass === 'load' ? result.counts.read : 0, failed: result.rejects.length }
    this.#budget.check(more)
    this.#context.budget.check(more)
  }

  #tell(batch: PreparedBatch, rejects: readonly RejectRecord[]): void {
    const here = new Map<string, Cause>()
    for (const reject of rejects) {
      const cause: Cause = {
        code: reject.code,
        message: reject.message,
        rows: 1,
        ...(reject.field === undefined ? {} : { field: reject.field }),
      }
      const key = causeKey(cause)
      here.set(key, { ...cause, rows: (here.get(key)?.rows ?? 0) + 1 })
    }
    for (const cause of here.values()) {
      this.#addCause(cause)
      this.#context.emit({ type: 'rejected', entity: this.plan.name, batch: batch.batch, ...cause })
    }
  }

  /** Both passes may have rows of one cause. */
  #addCause(cause: Cause): void {
    const key = causeKey(cause)
    this.#causes.set(key, { ...cause, rows: (this.#causes.get(key)?.rows ?? 0) + cause.rows })
  }
}

function estimate(plan: EntityPlan): { estimatedRows?: number } {
  return plan.estimatedRows === undefined ? {} : { estimatedRows: plan.estimatedRows }
}

function causeKey(cause: Pick<Cause, 'code' | 'field' | 'message'>): string {
  return keyText([cause.code, cause.field ?? null, cause.message] satisfies Value[])
}
