import type { Value } from '../core/row.js'

export interface UndoOptions {
  /** The run's id, or `last`: the pipeline's newest run that was not taken back. */
  readonly run: string
  /** Leaves rows that were changed since, or that others refer to, as they are. Default false: they refuse the whole. */
  readonly skipConflicts?: boolean
  /** Looks only, with the target opened read-only. */
  readonly dryRun?: boolean
  /** Called before anything is written, with what would be done; what it throws stops it. Not called in a dry run. */
  readonly confirm?: (survey: UndoSurvey) => Promise<void>
  /** Aborted: the batch at work is finished; the rest can be taken back later. */
  readonly signal?: AbortSignal
  /** One line for whoever watches. Names and counts only, never a row's value. */
  readonly onProgress?: (message: string) => void
}

/** A row that cannot be taken back. */
export interface UndoConflict {
  readonly table: string
  /** Values of the table's key; empty where it has none. */
  readonly key: readonly Value[]
  /** `changed`: since the run. `referred`: rows that the run did not write refer to it. */
  readonly reason: 'changed' | 'referred'
  /** The table that refers to it. */
  readonly by?: string
}

/** One entity of the run: rows found, or in the result rows taken back. */
export interface UndoneEntity {
  readonly entity: string
  readonly table: string
  /** Inserted rows. */
  readonly deleted: number
  /** Updated rows. */
  readonly restored: number
  /** Rows that somebody deleted since. */
  readonly gone: number
  readonly conflicts: number
  /** `load: replace`: rows that were there before. */
  readonly putBack: number
  /** The run made the table, and it is dropped. */
  readonly dropped: boolean
}

export interface UndoSurvey {
  readonly runId: string
  readonly pipeline: string
  /** The target, for people. */
  readonly target: string
  readonly entities: readonly UndoneEntity[]
  /** The first hundred. */
  readonly conflicts: readonly UndoConflict[]
  /** What is left as it is, and why. */
  readonly notes: readonly string[]
}

export interface UndoResult extends UndoSurvey {
  readonly dryRun: boolean
  /** False where a table whose rows are known to the ledger has another number of them now. */
  readonly verified: boolean
  readonly ms: number
}
