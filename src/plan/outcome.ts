import type { ErrorCode } from '../core/codes.js'
import { RowError } from '../core/errors.js'
import type { Row } from '../core/row.js'
import type { RowPolicy } from '../spec/model.js'

/** The step of a row's way at which it failed. */
export type Stage = 'read' | 'key' | 'let' | 'filter' | 'transform' | 'map' | 'lookup' | 'ref' | 'cast' | 'required'

/** A row that cannot go on, and what is to be done about it. */
export interface Reject {
  /** Index of the source row within the batch. */
  readonly row: number
  readonly stage: Stage
  /** Target column, or the name of a `let`. */
  readonly field?: string
  readonly code: ErrorCode
  readonly message: string
  readonly policy: RowPolicy
}

/** What became of the rows of one batch: `rows.length + filtered + duplicates.length + rejects.length` is the number of source rows. */
export interface BatchOutcome {
  /** Values in the order of `WritePlan.columns`. */
  readonly rows: Row[]
  /** Index of the source row of each of `rows`. */
  readonly sources: number[]
  filtered: number
  /** Rows that are dropped because another with the same values is kept, by its source key. */
  readonly duplicates: { readonly row: number; readonly kept: string }[]
  readonly rejects: Reject[]
  /** Uses of `on_lossy: round | truncate` in `rows`, by target column. */
  readonly losses: Map<string, number>
  /** Values that `on_invalid`, `unmapped` or `on_missing` replaced in `rows`, by target column. */
  readonly substituted: Map<string, number>
}

export function newOutcome(): BatchOutcome {
  return { rows: [], sources: [], filtered: 0, duplicates: [], rejects: [], losses: new Map(), substituted: new Map() }
}

/** A {@link RowError} that knows what is to be done about its row. */
export class Rejection extends RowError {
  readonly stage: Stage
  readonly policy: RowPolicy

  constructor(stage: Stage, policy: RowPolicy, code: ErrorCode, message: string) {
    super(code, message)
    this.stage = stage
    this.policy = policy
  }
}
