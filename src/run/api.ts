import type { ErrorCode } from '../core/codes.js'
import type { EtlError } from '../core/errors.js'
import type { Plan } from '../plan/plan.js'
import type { ChunkEngine } from './chunk-tasks.js'
import type { Counts, EntityState, EventListener, RunStatus, StageTimes } from './events.js'
import type { RetryOptions } from './retry-run.js'
import type { Consistency } from './source-snapshots.js'
import type { ShownWindow } from './windows.js'

export const DEFAULT_CONCURRENCY = 2
/** Where workers elsewhere do the chunks: entities at work. */
export const ELSEWHERE_CONCURRENCY = 64

export interface RunOptions {
  /** Records what taking the run back needs. Default: what the file says. */
  readonly undo?: boolean
  /** Reads, transforms, casts and checks every row; both sides opened read-only; writes nothing. */
  readonly dryRun?: boolean
  /** Goes on with the pipeline's unfinished run. */
  readonly resume?: boolean
  /** With `resume`: go on although the pipeline or a schema changed; the differences are written to the audit. */
  readonly acceptChanges?: boolean
  /** Goes on with a run whose process is dead but still holds its lock or sessions; refused where nothing proves it dead. */
  readonly takeOver?: boolean
  /** With `takeOver`: what proves the owner dead though nobody can look at its process. */
  readonly proof?: string
  /** Gives up an unfinished run of the same pipeline and begins a new one. */
  readonly restart?: boolean
  /** Rows read per entity, at most. */
  readonly limit?: number
  readonly batchSize?: number
  /** Entities and chunks at work at the same time. Default 2; where workers elsewhere do the chunks, entities only, and 64. */
  readonly concurrency?: number
  /** Names, `+name` with what it depends on, `name+` with what depends on it. Default: all. */
  readonly entities?: readonly string[]
  readonly exclude?: readonly string[]
  /** What a new run is called. Default: eight random hexadecimal digits. */
  readonly runId?: string
  /** Default `<folder of the file>/.etl/<pipeline>`. */
  readonly stateDir?: string
  /** Loads nothing but the rows that a run rejected, and closes them. */
  readonly retry?: RetryOptions
  /** Refuses to begin (E528) where the pipeline, a source's or the target's schema is another one than this was made of. */
  readonly expected?: Pick<Plan, 'fingerprint' | 'fingerprintParts'>
  /** Quarantined rows are kept in the run's folder with their values. Default: what the file says. */
  readonly keepRejectedRows?: boolean
  /** `reference` runs expressions in json-logic-js itself, slowly, to compare. Default compiled. */
  readonly logic?: 'compiled' | 'reference'
  /** Who does the chunks. Default: this process. */
  readonly chunks?: ChunkEngine
  readonly onEvent?: EventListener
}

/** A run under way. */
export interface RunHandle {
  readonly runId: string
  /** What is being run, in full. */
  readonly plan: Plan
  pause(): void
  unpause(): void
  /** Finishes the batches in work, writes the checkpoint, resolves with status `interrupted`. */
  stop(reason: 'SIGINT' | 'SIGTERM' | 'stop'): void
  readonly result: Promise<RunResult>
}

export interface EntityResult {
  readonly name: string
  readonly state: EntityState
  readonly counts: Counts
  /** Rows in the target whose deferred columns could not be filled; they are counted as written. */
  readonly unresolved: number
  readonly ms: number
  readonly stages: StageTimes
  readonly rejects: readonly {
    readonly code: ErrorCode
    readonly field?: string
    readonly message: string
    readonly rows: number
  }[]
  /** Values changed under `on_lossy: round | truncate`, by target column. */
  readonly losses: readonly { readonly field: string; readonly rows: number }[]
  /** Values that `on_invalid`, `unmapped` or `on_missing` replaced, by target column. */
  readonly substituted: readonly { readonly field: string; readonly rows: number }[]
  /** What an incremental entity read, for each place it reads. */
  readonly windows?: readonly ShownWindow[]
  /** Dry run: the first row before and after, and the first rejected rows, as text for the user's own screen. */
  readonly preview?: EntityPreview
}

export interface EntityPreview {
  readonly from: string
  readonly to: string
  readonly fields: readonly { readonly target: string; readonly before: string; readonly after: string }[]
  readonly rejected: readonly {
    readonly row: number
    readonly field?: string
    readonly value: string
    readonly code: ErrorCode
    readonly message: string
  }[]
}

/** The outcome has the same shape whether the run succeeded or not; `error` says why it did not. */
export interface RunResult {
  readonly runId: string
  readonly pipeline: string
  readonly status: RunStatus
  /** 0, 1, 3, 5, 130 or 143; see the command line's exit codes. */
  readonly exitCode: number
  readonly dryRun: boolean
  readonly consistency: Consistency
  readonly counts: Counts
  readonly entities: readonly EntityResult[]
  readonly ms: number
  /** Absolute folder with events.ndjson, report.json …; undefined for a dry run. */
  readonly runDir?: string
  /** Absolute folder with `<entity>.ndjson` of the rejected rows, within `runDir`. */
  readonly quarantineDir?: string
  readonly warnings: readonly string[]
  /** A retry: of which run, and how many of its rows are still rejected (of the entities chosen). */
  readonly retry?: { readonly of: string; readonly left: number }
  readonly error?: EtlError
}
