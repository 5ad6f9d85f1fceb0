import type { ErrorCode } from '../core/codes.js'
import type { LoadMode, MaxErrors } from '../spec/model.js'
import type { Consistency } from './source-snapshots.js'

/** Row counts of an entity. Always: read = written + skipped + filtered + deduped + quarantined. */
export interface Counts {
  readonly read: number
  /** Inserted + updated. */
  readonly written: number
  readonly inserted: number
  readonly updated: number
  /** There already (`ignore`), or failed under `on_error: skip`. */
  readonly skipped: number
  readonly filtered: number
  readonly deduped: number
  readonly quarantined: number
}

export const NO_COUNTS: Counts = {
  read: 0,
  written: 0,
  inserted: 0,
  updated: 0,
  skipped: 0,
  filtered: 0,
  deduped: 0,
  quarantined: 0,
}

export type EntityState = 'waiting' | 'running' | 'deferring' | 'done' | 'failed' | 'skipped' | 'stopped'

export type StepName = 'checks' | 'backup' | 'verify' | 'undo' | 'report'

/** Milliseconds each stage was busy, to say which one is the bottleneck. */
export interface StageTimes {
  readonly read: number
  readonly transform: number
  readonly write: number
}

export const NO_STAGES: StageTimes = { read: 0, transform: 0, write: 0 }

interface At {
  /** Milliseconds since the epoch. */
  readonly at: number
}

/**
 * Everything a person or a machine can learn of a run while it goes on: a closed set of plain objects. The screen, the
 * plain lines, `--json`, the log and the report are renderings of it. No row's value and no secret is ever in one.
 */
export type RunEvent = At &
  (
    | {
        readonly type: 'run_started'
        readonly runId: string
        readonly pipeline: string
        readonly source: string
        readonly target: string
        readonly dryRun: boolean
        readonly resumed: boolean
        /** 0: workers elsewhere do the work, as many as there are. */
        readonly concurrency: number
        readonly consistency: Consistency
        readonly entities: readonly {
          readonly name: string
          readonly wave: number
          readonly after: readonly string[]
          /** Where its rows come from, in words, and the table they go to. */
          readonly from: string
          readonly to: string
          readonly load: LoadMode
          readonly estimatedRows?: number
          /** More rows than this may not be rejected; absent: any number. */
          readonly maxErrors?: MaxErrors
          readonly state: EntityState
          readonly counts: Counts
        }[]
      }
    | {
        readonly type: 'entity_started'
        readonly entity: string
        readonly pass: 'load' | 'defer'
        readonly estimatedRows?: number
        readonly counts: Counts
      }
    /** One batch is committed (or, in a dry run, checked). `counts` are the entity's totals so far. */
    | {
        readonly type: 'batch'
        readonly entity: string
        readonly pass: 'load' | 'defer'
        readonly chunk: number
        readonly batch: number
        readonly counts: Counts
        readonly stages: StageTimes
      }
    /** Rows rejected by one batch, by cause. */
    | {
        readonly type: 'rejected'
        readonly entity: string
        readonly batch: number
        readonly code: ErrorCode
        readonly field?: string
        readonly message: string
        readonly rows: number
      }
    | {
        readonly type: 'retry'
        readonly entity: string
        readonly attempt: number
        readonly attempts: number
        readonly waitMs: number
        readonly code: ErrorCode
        readonly message: string
      }
    | {
        readonly type: 'entity_finished'
        readonly entity: string
        readonly state: 'done' | 'failed' | 'skipped' | 'stopped'
        readonly counts: Counts
        readonly ms: number
        readonly message?: string
      }
    | { readonly type: 'checkpoint'; readonly file: string }
    | { readonly type: 'warning'; readonly entity?: string; readonly code?: ErrorCode; readonly message: string }
    | { readonly type: 'info'; readonly message: string }
    | { readonly type: 'paused' | 'resumed_work' | 'stopping' }
    /** What is done before and after the rows move. `message` is empty where the step only starts. */
    | {
        readonly type: 'step'
        readonly step: StepName
        readonly state: 'started' | 'progress' | 'done' | 'failed'
        readonly message: string
      }
    | {
        readonly type: 'run_finished'
        readonly runId: string
        readonly status: RunStatus
        readonly counts: Counts
        readonly ms: number
        readonly exitCode: number
        readonly error?: {
          readonly code: ErrorCode
          readonly message: string
          readonly hint?: string
          readonly where?: string
        }
      }
  )

export type RunStatus = 'ok' | 'quarantined' | 'failed' | 'interrupted'

/** A listener must not throw; it is called in the run's own turn and should only note what it heard. */
export type EventListener = (event: RunEvent) => void
