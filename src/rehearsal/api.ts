import type { Counts, RunStatus } from '../run/events.js'
import type { VerifyState } from '../verify/api.js'

export interface RehearseOptions {
  /** Rows of each entity, one rehearsal each. */
  readonly sizes: readonly number[]
  /** Another one draws other rows; the same one always the same. Default 1. */
  readonly seed?: number
  /** Rows that are in every sample: SQL, by table (or file's entity). */
  readonly include?: readonly Included[]
  /** Leaves the scratch and the run's folder where they are. Default false. */
  readonly keep?: boolean
  /** Checks of severity `error` that fail do not stop a run. Default false. */
  readonly force?: boolean
  /** Ends the rehearsal at work, removes its scratch and leaves out those after it. */
  readonly signal?: AbortSignal
  /** One line for whoever watches. Names and counts only, never a row's value. */
  readonly onProgress?: (message: string) => void
}

export interface Included {
  /** An entity, or a table that is copied. */
  readonly name: string
  readonly where: string
}

/** Runs of a pipeline on samples, in scratch targets: neither its sources nor its target were written to. */
export interface RehearsalReport {
  readonly pipeline: string
  readonly seed: number
  /** 0, else that of the gravest: 130, 5, 2, 1, 4 (not as it should be), 3 (rows put aside). */
  readonly exitCode: number
  readonly sizes: readonly SizeReport[]
  readonly ms: number
}

export interface SizeReport {
  readonly size: number
  readonly exitCode: number
  /** Removed at the end unless `kept`. */
  readonly scratch: { readonly label: string; readonly rows: number; readonly kept: boolean }
  readonly status: RunStatus | 'stopped'
  /** What ended the run, or kept it from beginning. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string }
  readonly counts: Counts
  readonly entities: readonly { readonly name: string; readonly counts: Counts }[]
  readonly checks: { readonly held: number; readonly broken: readonly BrokenCheck[] }
  /** Level `full`; absent where the run did not get there. */
  readonly verification?: { readonly state: VerifyState; readonly wrong: readonly string[] }
  readonly undo: UndoVerdict
  /** What the sample is not, one sentence each. */
  readonly notes: readonly string[]
  readonly ms: number
}

export interface BrokenCheck {
  readonly name: string
  readonly severity: string
  readonly count?: number
}

/** `as-before`: every table holds what it held, compared row by row. */
export type UndoVerdict =
  | { readonly state: 'as-before' }
  | { readonly state: 'different'; readonly tables: readonly string[] }
  | { readonly state: 'not-undone'; readonly why: string }
