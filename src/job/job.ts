import { join } from 'node:path'
import { EtlError } from '../core/errors.js'
import { asEtlError } from '../core/unforeseen.js'
import { compare } from '../coverage/predict.js'
import { writeRecord } from '../history/write-record.js'
import type { Pipeline } from '../load/pipeline.js'
import { redactor } from '../load/redact.js'
import { compilePlan } from '../plan/compile.js'
import { type Databases, openDatabases } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import { newRunId } from '../run/begin-run.js'
import { emitter, type Happening } from '../run/context.js'
import type { RunEvent } from '../run/events.js'
import { exitCode } from '../run/result.js'
import { appendEvents } from '../run/run-files.js'
import { startRun } from '../run/runner.js'
import { whileStarting } from '../run/while-starting.js'
import { refuseFiles } from '../undo/refuse.js'
import type { Job, JobHandle, JobOptions, JobResult, Step, StepOutcome } from './api.js'
import { AFTER, BEFORE } from './steps.js'

/**
 * Begins a job: the steps before the run, the run, the steps after it. Resolves once the run goes on; throws
 * {@link EtlError} where a step before it or the run's own preparation says no. The handle's result never rejects.
 */
export async function startJob(pipeline: Pipeline, options: JobOptions = {}): Promise<JobHandle> {
  if (options.undoOnFailure) refuseFiles(pipeline.spec)
  const work = new Work(pipeline, options)
  await work.before()
  const run = await startRun(
    pipeline,
    { ...options, ...(options.undoOnFailure ? { undo: true } : {}), runId: work.runId, stateDir: work.stateDir },
    work.signal,
  )
  return {
    ...run,
    stop: reason => {
      work.stop(reason)
      run.stop(reason)
    },
    result: run.result.then(result => work.after(result, run.plan)),
  }
}

type Reason = 'SIGINT' | 'SIGTERM' | 'stop'

class Work implements Job {
  readonly pipeline: Pipeline
  readonly options: JobOptions
  readonly runId: string
  readonly stateDir: string
  readonly signal: AbortSignal
  result: JobResult | undefined
  readonly #stop = new AbortController()
  readonly #events: RunEvent[] = []
  readonly #emit: (event: Happening) => void
  #reason: Reason | undefined
  #found: Partial<JobResult> = {}
  #step: Step | undefined
  #opened: Promise<Databases> | undefined

  constructor(pipeline: Pipeline, options: JobOptions) {
    const { signal, onEvent, stateDir } = options
    this.pipeline = pipeline
    this.options = options
    this.runId = options.runId ?? newRunId()
    this.stateDir = stateDir ?? join(pipeline.baseDir, '.etl', pipeline.spec.name)
    this.signal = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal])
    const keep = (event: RunEvent) => this.#events.push(event)
    this.#emit = emitter([...(onEvent === undefined ? [] : [onEvent]), keep], Date.now, redactor(pipeline.secrets))
  }

  stop(reason: Reason): void {
    this.#reason ??= reason
    this.#stop.abort()
  }

  databases(): Promise<Databases> {
    const applicationName = `etl ${this.pipeline.spec.name} ${this.#step?.name}`
    this.#opened ??= openDatabases(this.pipeline, { readOnly: true, applicationName })
    return this.#opened
  }

  async plan() {
    const { entities, exclude } = this.options
    return compilePlan(this.pipeline, await this.databases(), {
      // A run that went on had its entities chosen when it began.
      ...(this.result === undefined
        ? { ...(entities === undefined ? {} : { entities }), ...(exclude === undefined ? {} : { exclude }) }
        : { entities: this.result.entities.map(entity => entity.name) }),
      mayResume: this.result !== undefined || this.options.resume === true || this.options.takeOver === true,
    })
  }

  progress(message: string): void {
    this.#tell('progress', message)
  }

  async before(): Promise<void> {
    for (const step of BEFORE.filter(each => each.wanted(this))) {
      if (this.signal.aborted) throw interrupted(this.signal.reason)
      const { result } = await this.#perform(step)
      this.#found = { ...this.#found, ...result }
    }
    if (this.signal.aborted) throw interrupted(this.signal.reason)
  }

  async after(run: JobResult, plan: Plan): Promise<JobResult> {
    const { coverage } = this.options
    // Of an entity that did not come to its end, nothing was predicted.
    const ended = run.entities.filter(({ state }) => state === 'done')
    const predicted = coverage === undefined || run.retry !== undefined ? {} : { prediction: compare(coverage, ended) }
    let result: JobResult = { ...run, ...this.#found, ...predicted }
    for (const step of AFTER) {
      this.result = result
      if (!step.wanted(this)) continue
      if (this.signal.aborted && result.status !== 'failed') {
        result = { ...result, ...this.#interrupted() }
        break
      }
      try {
        result = { ...result, ...(await this.#perform(step)).result }
      } catch (error) {
        result = { ...result, ...(this.signal.aborted ? this.#interrupted() : failure(error)) }
      }
    }
    return this.#keep(result, plan)
  }

  async #perform(step: Step): Promise<StepOutcome> {
    this.#step = step
    this.#tell('started', '')
    try {
      // Of a step that failed nothing is left: before the run it may be done again.
      const { signal } = this
      const outcome = await (this.result === undefined
        ? whileStarting(() => this.#attempt(step), { signal, emit: this.#emit })
        : this.#attempt(step))
      this.#tell(outcome.failed === true ? 'failed' : 'done', outcome.message)
      return outcome
    } catch (error) {
      this.#tell('failed', error instanceof EtlError ? error.message : 'internal error')
      throw error
    }
  }

  async #attempt(step: Step): Promise<StepOutcome> {
    try {
      return await step.perform(this)
    } finally {
      const opened = this.#opened
      this.#opened = undefined
      await opened?.then(databases => databases.close()).catch(() => undefined)
    }
  }

  #tell(state: 'started' | 'progress' | 'done' | 'failed', message: string): void {
    if (this.#step !== undefined) this.#emit({ type: 'step', step: this.#step.name, state, message })
  }

  #interrupted(): Partial<JobResult> {
    return { status: 'interrupted', exitCode: exitCode('interrupted', this.#reason, undefined) }
  }

  /** The run's folder gets what the steps did, and the record of everything. */
  async #keep(result: JobResult, plan: Plan): Promise<JobResult> {
    if (result.runDir === undefined) return result
    const { runDir } = result
    const attempt = async (before: JobResult, work: () => Promise<void>): Promise<JobResult> => {
      try {
        await work()
        return before
      } catch (error) {
        return before.error === undefined ? { ...before, ...failure(error) } : before
      }
    }
    const told = await attempt(result, async () => {
      if (this.#events.length > 0) await appendEvents(runDir, this.#events)
    })
    return attempt(told, () => writeRecord(told, plan, runDir, redactor(this.pipeline.secrets)))
  }
}

function failure(error: unknown): Pick<JobResult, 'status' | 'exitCode'> & { readonly error: EtlError } {
  const known = asEtlError(error)
  return { status: 'failed', exitCode: exitCode('failed', undefined, known), error: known }
}

/** @param cause the signal that asked for it, which decides the exit code */
export function interrupted(cause: unknown): EtlError {
  return new EtlError('E515', 'stopped before the run began; nothing was written', { kind: 'interrupted', cause })
}
