import { EtlError } from '../core/errors.js'
import { errorOf } from '../engine/error-data.js'
import type { RemoteEngine, TaskStatus } from '../engine/port.js'
import type { JobOptions, JobResult } from '../job/api.js'
import type { LoadOptions, Pipeline } from '../load/pipeline.js'
import { newRunId } from '../run/begin-run.js'
import type { EventListener, RunEvent } from '../run/events.js'
import { refOf } from './pipeline-ref.js'
import { refuseUnsuited } from './refuse.js'
import { carried, type RunTask, runTask, runTaskOf } from './run-task.js'

/** A run in the hands of workers. */
export interface SubmittedRun {
  readonly runId: string
  /**
   * Follows it until it ends.
   *
   * @param signal ends the following, not the run; then this rejects with E515
   */
  follow(onEvent: EventListener, signal: AbortSignal): Promise<JobResult>
}

/** @param folder below which workers find the same file */
export async function submitRun(
  engine: RemoteEngine,
  pipeline: Pipeline,
  options: JobOptions,
  place: Pick<LoadOptions, 'profile' | 'vars'> & { readonly folder: string },
): Promise<SubmittedRun> {
  refuseUnsuited(pipeline, options)
  const { label } = pipeline.spec.engine
  return handOver(engine, {
    run: options.runId ?? newRunId(),
    turn: 1,
    pipeline: refOf(pipeline, place.folder, place),
    ...(label === undefined ? {} : { label }),
    options: carried(options),
  })
}

/** Hands over once more what is left of a run. Throws E564 for one that is unknown, E565 for one that goes on. */
export async function resumeRun(engine: RemoteEngine, runId: string): Promise<SubmittedRun> {
  const last = await lastTask(engine, runId)
  if (last.state === 'waiting' || last.state === 'active') {
    throw new EtlError('E565', `run ${runId} goes on already`, {
      kind: 'usage',
      hint: `see how far it is: \`etl status ${runId}\``,
    })
  }
  const before = runTaskOf(last)
  const { restart: _, ...options } = before.options
  return handOver(engine, { ...before, turn: before.turn + 1, options })
}

/** The run as the engine knows it. Throws E564 for one that it does not. */
export async function lastTask(engine: RemoteEngine, runId: string): Promise<TaskStatus> {
  const last = (await engine.tasks('run', runId)).at(-1)
  if (last !== undefined) return last
  throw new EtlError('E564', `the engine has no run ${runId}`, {
    kind: 'usage',
    hint: 'runs are kept for 14 days; what the target knows of them: `etl runs`',
  })
}

/** Everything told of a run after the `after`-th line. */
export async function* eventsAfter(
  engine: RemoteEngine,
  runId: string,
  after: number,
): AsyncGenerator<{ readonly seq: number; readonly event: RunEvent }> {
  let last = after
  for (;;) {
    const lines = await engine.told(runId, last)
    if (lines.length === 0) return
    for (const { seq, line } of lines) {
      last = seq
      yield { seq, event: JSON.parse(line) as RunEvent }
    }
  }
}

async function handOver(engine: RemoteEngine, ref: RunTask): Promise<SubmittedRun> {
  let seen = 0
  for await (const { seq } of eventsAfter(engine, ref.run, 0)) seen = seq
  const task = runTask(ref)
  await engine.submit(task)
  return {
    runId: ref.run,
    follow: async (onEvent, signal) => {
      const pass = async (): Promise<void> => {
        for await (const { seq, event } of eventsAfter(engine, ref.run, seen)) {
          seen = seq
          onEvent(event)
        }
      }
      const over = engine.ended(task, signal)
      const ended = over.then(
        () => true,
        () => true,
      )
      for (;;) {
        const last = await Promise.race([ended, sleep(FOLLOW_MS)])
        // What is not told now is told later, or the result tells it.
        await pass().catch(() => undefined)
        if (last) break
      }
      return resultOf(await over)
    },
  }
}

const FOLLOW_MS = 300

function sleep(ms: number): Promise<false> {
  return new Promise(resolve => setTimeout(() => resolve(false), ms))
}

function resultOf(data: unknown): JobResult {
  const { error: told, ...result } = data as JobResult & { readonly error?: unknown }
  const error = errorOf(told)
  return { ...result, ...(error === undefined ? {} : { error }) }
}
