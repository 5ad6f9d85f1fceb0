/** What a plan will meet in the data, as far as the databases can say without a row being moved. Plain data (JSON). */
export interface Coverage {
  readonly entities: readonly EntityCoverage[]
}

export interface EntityCoverage {
  readonly entity: string
  /** What will become of the rows. */
  readonly predicted: Prediction
  readonly findings: readonly Finding[]
  /** What cannot be said, and why, in words. */
  readonly unknown: readonly string[]
}

/** Rows. Absent: nothing can be said. */
export interface Prediction {
  readonly read?: Amount
  readonly written?: Amount
  readonly skipped?: Amount
  readonly filtered?: Amount
  readonly deduped?: Amount
  readonly quarantined?: Amount
  /** The run will fail: rows are bad where the file says `fail`. */
  readonly fails?: boolean
}

export interface Amount {
  readonly rows: number
  /** Absent: exactly so many. */
  readonly bound?: 'at least' | 'at most'
}

export type FindingKind =
  | 'unmapped value'
  | 'look-up misses'
  | 'orphan'
  | 'text too long'
  | 'number too large'
  | 'digits lost'
  | 'null'
  | 'duplicate key'
  | 'exists already'
  | 'missing in the target'

export interface Finding {
  readonly kind: FindingKind
  /** Target column, or the columns of a key. */
  readonly field: string
  readonly rows: number
  readonly means: 'quarantined' | 'skipped' | 'fails' | 'null' | 'kept' | 'cut' | 'default' | 'updated'
  /** The most frequent values that are not in the map: for the user's own screen, never in a saved plan or a log. */
  readonly values?: readonly { readonly value: string; readonly rows: number }[]
}

/** The coverage without values of rows. */
export function withoutValues(coverage: Coverage): Coverage {
  const entities = coverage.entities.map(entity => ({
    ...entity,
    findings: entity.findings.map(({ values: _, ...finding }) => finding),
  }))
  return { entities }
}
