import type { Json, Task } from '../engine/port.js'
import type { JobOptions } from '../job/api.js'
import type { PipelineRef } from './pipeline-ref.js'

/** The options that go along with a run; all others are for the process in front of it. */
const CARRIED = [
  'entities',
  'exclude',
  'limit',
  'batchSize',
  'concurrency',
  'resume',
  'acceptChanges',
  'takeOver',
  'restart',
  'force',
  'verify',
  'backup',
  'undoOnFailure',
  'logic',
] as const satisfies readonly (keyof JobOptions)[]

export type CarriedOptions = Pick<JobOptions, (typeof CARRIED)[number]>

export interface RunTask {
  readonly run: string
  /** 1-based: how often the run was handed over, by `run` and by `resume`. */
  readonly turn: number
  readonly pipeline: PipelineRef
  readonly label?: string
  readonly options: CarriedOptions
}

export function carried(options: JobOptions): CarriedOptions {
  return Object.fromEntries(
    CARRIED.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])),
  ) as CarriedOptions
}

export function runTask({ run, turn, pipeline, label, options }: RunTask): Task {
  return {
    id: `${run}/run/${turn}`,
    kind: 'run',
    run,
    data: { pipeline, turn, options, ...(label === undefined ? {} : { label }) } as unknown as Record<string, Json>,
    ...(label === undefined ? {} : { label }),
  }
}

export function runTaskOf({ run, data }: Pick<Task, 'run' | 'data'>): RunTask {
  return { run, ...(data as unknown as Omit<RunTask, 'run'>) }
}
