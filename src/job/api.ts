import type { BackupResult } from '../backup/backup.js'
import type { ChecksResult } from '../checks/result.js'
import type { Coverage } from '../coverage/coverage.js'
import type { Compared } from '../coverage/predict.js'
import type { Pipeline } from '../load/pipeline.js'
import type { Databases } from '../plan/open.js'
import type { Plan } from '../plan/plan.js'
import type { RunHandle, RunOptions, RunResult } from '../run/api.js'
import type { StepName } from '../run/events.js'
import type { VerifySpec } from '../spec/model.js'
import type { UndoResult } from '../undo/api.js'
import type { VerifyReport } from '../verify/api.js'

export interface JobOptions extends RunOptions {
  /** Checks of severity `error` that fail do not stop the run, nor make it fail. Default false. */
  readonly force?: boolean
  /** What the plan that this job follows predicted; the result compares. */
  readonly coverage?: Coverage
  /** Takes back what a run wrote that failed. Default: what the file says (`on_failure`). */
  readonly undoOnFailure?: boolean
  /** Ends the steps before the run, which has a handle of its own; the run then does not begin. Its reason may be SIGTERM. */
  readonly signal?: AbortSignal
  /** What the run proves at its end. Default: what the file says. */
  readonly verify?: VerifySpec['level']
  /** False: no backup is made before the run, whatever the file says. */
  readonly backup?: false
}

/** What a run did, with what the steps around it found. */
export interface JobResult extends RunResult {
  /** Absent where there was nothing to check. */
  readonly checks?: ChecksResult
  /** What the verification at its end found; absent where there was none. */
  readonly verification?: VerifyReport
  /** What was saved before the run; absent where nothing had to be. */
  readonly backup?: BackupResult
  /** Absent where nothing was predicted. */
  readonly prediction?: readonly Compared[]
  /** What was taken back of a run that failed. */
  readonly undone?: UndoResult
}

export interface JobHandle extends RunHandle {
  readonly result: Promise<JobResult>
}

/** What a step has to work with. */
export interface Job {
  readonly pipeline: Pipeline
  readonly options: JobOptions
  /** Of the run, where it is a new one. */
  readonly runId: string
  /** Absolute folder of the pipeline's state. */
  readonly stateDir: string
  /** Aborted: leave as soon as that harms nothing. */
  readonly signal: AbortSignal
  /** What the run came to, with what earlier steps added. Undefined in the steps before it. */
  readonly result: JobResult | undefined
  /** Opened read-only with the first call; closed after the step, so that the run and the steps never wait for each other. */
  databases(): Promise<Databases>
  /** The plan of what this job runs, by the catalogs as they are now. */
  plan(): Promise<Plan>
  /** Tells whoever watches how far the step is. Names and counts only, never a row's value. */
  progress(message: string): void
}

/** One thing that is done before or after the run, in the order of the list it stands in. */
export interface Step {
  readonly name: StepName
  /** Is there anything to do? Looks at options, file and result only, and opens nothing. */
  wanted(job: Job): boolean
  /**
   * Before the run: what it gives is added to the result; what it throws stops the job before anything is written.
   * After the run: what it gives replaces parts of the result, `status`, `exitCode` and `error` too where it failed; what
   * it throws is the job's error.
   */
  perform(job: Job): Promise<StepOutcome>
}

export interface StepOutcome {
  /** One line for whoever watches. */
  readonly message: string
  /** Default: it went well. */
  readonly failed?: boolean
  readonly result?: Partial<JobResult>
}
