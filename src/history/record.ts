import type { JobResult } from '../job/api.js'
import type { VerificationWithoutRows } from '../verify/without-rows.js'

/** The name of a run's page within its folder. */
export const PAGE_FILE = 'report.html'

/**
 * `report.json`: everything that is known of one run, in one document that needs neither its folder nor its databases. The
 * HTML page, the JUnit file and the history are made from it alone. No row's value and no secret is in it. What later
 * steps found (`checks`, `verification`, `backup`, `undone`) stands under the names that it has in the result.
 */
export type RunRecord = Omit<JobResult, 'error' | 'verification'> & {
  readonly format: 1
  readonly error?: RecordedError
  readonly verification?: VerificationWithoutRows
  /** ISO in UTC: the first event of the first attempt, the last event of the last one. */
  readonly startedAt: string
  readonly endedAt: string
  readonly versions: {
    readonly etl: string
    readonly node: string
    /** `linux x64`. */
    readonly platform: string
  }
  /** What decides the target's contents, as one hash and part by part. */
  readonly fingerprint: string
  readonly fingerprintParts: Readonly<Record<string, string>>
  readonly sources: readonly RecordedDatabase[]
  readonly target: RecordedDatabase
  readonly graph: readonly GraphNode[]
  /** Left out by `when`. */
  readonly leftOut: readonly { readonly entity: string; readonly reason: string }[]
  readonly lineage: readonly EntityLineage[]
  readonly timeline: Timeline
}

export interface RecordedError {
  readonly code: string
  readonly message: string
  readonly where?: string
  readonly hint?: string
}

export interface RecordedDatabase {
  readonly name: string
  readonly type: string
  readonly label: string
}

export interface GraphNode {
  readonly name: string
  /** 1-based. */
  readonly wave: number
  readonly after: readonly string[]
  /** `insert`, …, `replace`. */
  readonly load: string
  readonly from: string
  readonly to: string
  readonly estimatedRows?: number
}

export interface EntityLineage {
  readonly entity: string
  readonly from: string
  readonly to: string
  readonly columns: readonly ColumnLineage[]
}

/** How one target column is made. */
export interface ColumnLineage {
  readonly target: string
  readonly type: string
  /** Source columns, those behind a `let` included; empty for a constant. */
  readonly sources: readonly string[]
  readonly steps: readonly LineageStep[]
}

export interface LineageStep {
  readonly kind: 'value' | 'let' | 'expr' | 'function' | 'map' | 'lookup' | 'ref' | 'default' | 'cast' | 'second pass'
  readonly text: string
}

/** When what was at work. Times are milliseconds since the epoch. */
export interface Timeline {
  readonly spans: readonly Span[]
  readonly throughput: Throughput
}

export interface Span {
  /** An entity, or a step of the job. */
  readonly name: string
  readonly kind: 'load' | 'defer' | 'step'
  readonly from: number
  readonly to: number
  /** `lost`: the attempt ended without a word, as by a kill. */
  readonly end: 'done' | 'failed' | 'stopped' | 'skipped' | 'lost'
}

/** Rows read in equal steps of time. */
export interface Throughput {
  readonly from: number
  readonly stepMs: number
  readonly rows: readonly number[]
}
