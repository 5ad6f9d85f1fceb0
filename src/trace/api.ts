import type { Value } from '../core/row.js'

/** A value with the name of its column. */
export interface NamedValue {
  readonly name: string
  readonly value: Value
}

/** What one step made of the value that the one before it gave. */
export interface TraceStep {
  /** `from NAME`, the function with its parameters, `map countries`, `look-up regions`, `ref customers`, `as varchar(20)`. */
  readonly step: string
  readonly value?: Value
  readonly error?: { readonly code: string; readonly message: string }
  /** `found`, `missed`, `rounded or cut`, `replaced`. */
  readonly note?: string
}

export interface TracedField {
  readonly target: string
  readonly steps: readonly TraceStep[]
  /** Filled in the second pass. */
  readonly pass?: 'defer'
}

export interface TracedRun {
  readonly runId: string
  readonly state: string
  readonly startedAt: string
  /** The batch that the row lies in. */
  readonly batch?: { readonly number: number; readonly committedAt: string; readonly undone: boolean }
  /** Why it was rejected, or left out as a duplicate. */
  readonly noted?: {
    readonly batch: number
    readonly code: string
    readonly field?: string
    readonly message: string
    readonly policy: string
    readonly state: string
  }
}

/** One row on its way. It holds values: it is made for whoever asked for this row. */
export interface RowTrace {
  readonly pipeline: string
  readonly entity: string
  readonly key: string
  readonly source: {
    /** Where it is read. */
    readonly from: string
    readonly row?: readonly NamedValue[]
    /** Why there is none, or why a run would not read it. */
    readonly note?: string
  }
  readonly lets: readonly (NamedValue | { readonly name: string; readonly error: TraceStep['error'] })[]
  /** `false`: the filter leaves the row out. Absent: there is no filter, or it failed. */
  readonly passesFilter?: boolean
  /** The key of the row that `dedupe` keeps: this one's own, or another's. */
  readonly kept?: string
  readonly fields: readonly TracedField[]
  /** What a run of today would do with the row; absent where there is none. */
  readonly outcome?:
    | { readonly kind: 'written'; readonly row: readonly NamedValue[] }
    | { readonly kind: 'filtered' | 'duplicate' }
    | { readonly kind: 'rejected'; readonly code: string; readonly field?: string; readonly message: string }
  readonly target: {
    readonly table: string
    readonly row?: readonly (NamedValue & {
      /** Other than what a run of today would write. */ readonly differs: boolean
    })[]
    readonly note?: string
  }
  /** Newest first. */
  readonly runs: readonly TracedRun[]
  /** Why there are none, where that is not to be expected. */
  readonly note?: string
}
