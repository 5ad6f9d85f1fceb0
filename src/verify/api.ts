import type { VerifyAllowed, VerifyLevel } from '../spec/model.js'

export interface VerifyOptions {
  /** Default: the newest run of the pipeline. */
  readonly run?: string
  /** Default: what the file says, else `full`. */
  readonly level?: VerifyLevel
  /** Goes on with a verification that was interrupted. */
  readonly resume?: boolean
  /** Rows of each entity that a sample takes. Default: what the file says, else 10,000. */
  readonly sample?: number
  /**
   * False: each row is compared here, also where both databases could hash their rows and say that they are the same.
   * Default true.
   */
  readonly hashes?: boolean
  /** Differences are told with their values, which may be personal data. Default false. */
  readonly showValues?: boolean
  /** Default `<folder of the file>/.etl/<pipeline>`. */
  readonly stateDir?: string
  /** Aborted: what is done so far is kept and the state is `suspended`. */
  readonly signal?: AbortSignal
  /** How far it is; names and counts only. */
  readonly onProgress?: (message: string) => void
}

/**
 * `verified`: everything that the level looks at is as it should be. `mismatch`: something is not. `not-verifiable`: nothing
 * wrong was found, and something could not be looked at; it says what and why. `suspended`: interrupted, can be resumed.
 */
export type VerifyState = 'verified' | 'mismatch' | 'not-verifiable' | 'suspended'

export interface VerifyReport {
  readonly pipeline: string
  /** Undefined where the ledger is switched off. */
  readonly runId?: string
  readonly level: VerifyLevel
  /** The worst of its entities. */
  readonly state: VerifyState
  /** 0, 4 on a mismatch, 130 where it was suspended. */
  readonly exitCode: number
  readonly entities: readonly EntityVerification[]
  readonly warnings: readonly string[]
  readonly ms: number
}

export interface EntityVerification {
  readonly name: string
  readonly table: string
  readonly state: VerifyState
  readonly counts: VerifiedCounts
  /** Of the rows that were compared; absent at level `counts`. */
  readonly rows?: ComparedRows
  /** At level `sample`: what it proves, in one sentence. */
  readonly proves?: string
  /**
   * At level `full`. `rows`: each was put through the mapping and compared field by field. `hashes`: nothing is done to any
   * value, both databases are of one kind and large, and hashed their rows by ranges of the key; rows of ranges that differ
   * were compared one by one.
   */
  readonly comparedBy?: 'rows' | 'hashes'
  /** Columns with values that differ. */
  readonly fields: readonly { readonly column: string; readonly step: string; readonly rows: number }[]
  /** What could not be looked at. Without a column: the entity as a whole. */
  readonly notVerifiable: readonly { readonly column?: string; readonly why: string }[]
  /** Differences that the file allows, and how often each was met. */
  readonly allowed: readonly { readonly rule: string; readonly values: number }[]
  /** The first hundred. */
  readonly differences: readonly Difference[]
  readonly notes: readonly string[]
  readonly ms: number
}

export interface VerifiedCounts {
  /** What the source has now, of what the run was to read. */
  readonly source: number
  /** By the ledger, as all below but `target`. */
  readonly read: number
  readonly filtered: number
  readonly deduped: number
  /** Without those that a retry has loaded since. */
  readonly quarantined: number
  readonly skipped: number
  readonly inserted: number
  readonly updated: number
  /** Rows of the target before the run. Absent where nothing tells. */
  readonly before?: number
  /** Rows of the target now. */
  readonly target: number
  /** What does not add up, one sentence each. */
  readonly problems: readonly string[]
}

export interface ComparedRows {
  /** Rows that should be in the target. */
  readonly expected: number
  readonly equal: number
  readonly different: number
  readonly missing: number
  /** Rows of the target that nothing explains. */
  readonly extra: number
  /** Rows of the target that were there before, or came from others. */
  readonly other: number
}

export interface Difference {
  /** `doubled`: the row is there more often than it should be. */
  readonly kind: 'missing' | 'extra' | 'doubled' | 'different'
  /** Target columns that identify the row, with their values as text. */
  readonly key: Readonly<Record<string, string | null>>
  /** Of a row that is different. */
  readonly fields?: readonly FieldDifference[]
}

export interface FieldDifference {
  readonly column: string
  /** What made the value: `from NAME, trim, cast varchar(40)`. */
  readonly step: string
  /** In what the values differ, without telling them. */
  readonly how: string
  /** Only with `showValues`. */
  readonly expected?: string | null
  readonly actual?: string | null
}

/** What a comparison goes by, beside the plan. */
export interface VerifySettings {
  readonly level: VerifyLevel
  readonly sample: number
  readonly hashes: boolean
  readonly allow: VerifyAllowed
  readonly showValues: boolean
}
