import type { TableRef } from '../core/catalog.js'
import type { ConnectionConfig } from '../core/connector.js'
import type { DocPath } from '../core/diagnostics.js'
import type { Value } from '../core/row.js'
import type { LogicalType } from '../core/types.js'

/**
 * A pipeline as the rest of the program sees it: validated, variables resolved, the profile merged, every short form
 * written out, every default filled in. Made by `load/`, never by hand.
 */
export interface PipelineSpec {
  readonly name: string
  readonly description?: string
  readonly sources: Readonly<Record<string, ConnectionConfig>>
  readonly target: ConnectionConfig
  readonly vars: Readonly<Record<string, Value>>
  readonly maps: Readonly<Record<string, MapSpec>>
  readonly lookups: Readonly<Record<string, LookupSpec>>
  /** After those of the entity. */
  readonly types: readonly TypeRule[]
  /** In the order of the file. */
  readonly entities: readonly EntitySpec[]
  readonly hooks: HooksSpec
  /** Of no entity. */
  readonly checks: readonly CheckSpec[]
  readonly tests: readonly MappingTestSpec[]
  readonly consistency: 'report' | 'strict'
  readonly verify: VerifySpec
  readonly quarantine: {
    /** Rejected rows are kept with their values in the run's folder. */
    readonly keepRows: boolean
    /** Of all entities together; past it the run fails. Undefined: no limit. */
    readonly maxErrors?: MaxErrors
  }
  readonly backup: BackupSpec
  /** Where the ledger's tables live (default: the target's default schema); false switches exactly-once off. */
  readonly ledger: { readonly schema?: string } | false
  /** Runs record what it takes to take them back. */
  readonly undo: boolean
  /** What becomes of what a failed run wrote. */
  readonly onFailure: 'keep' | 'undo'
  readonly engine: EngineSpec
}

/** What workers on several machines have to know. */
export interface EngineSpec {
  /** Only workers of this label take the work; undefined: those without one. */
  readonly label?: string
  /** Local files are the same for every worker. */
  readonly shared: boolean
  /** Chunks at a time, by the name of the source. */
  readonly limits: Readonly<Record<string, number>>
}

export interface BackupSpec {
  /** Before each run, before runs that empty tables with rows, or never. */
  readonly before: 'run' | 'replace' | 'never'
  /** As written. */
  readonly dir: string
  readonly keep: number
  readonly scope: 'touched' | 'database'
  /** Undefined: the files are not encrypted. */
  readonly key?: string
}

export type VerifyLevel = 'counts' | 'sample' | 'full'

/** What a run proves at its end. */
export interface VerifySpec {
  readonly level: 'none' | VerifyLevel
  /** Rows of each entity that a sample takes. */
  readonly sample: number
  readonly allow: VerifyAllowed
}

/** Differences between what should be in the target and what is that are none. */
export interface VerifyAllowed {
  readonly emptyIsNull: boolean
  readonly charPad: boolean
  readonly zeroSign: boolean
  readonly floatUlp: number
  /** Digits of the second that count; undefined: all. */
  readonly tsPrecision?: number
}

/** A source row and what the mapping of an entity is to make of it. Keys of look-ups and refs are texts. */
export interface MappingTestSpec {
  readonly entity: string
  readonly name: string
  readonly given: Readonly<Record<string, Value>>
  readonly lookups: Readonly<Record<string, Readonly<Record<string, Value>>>>
  readonly refs: Readonly<Record<string, Readonly<Record<string, Value>>>>
  /** Target column to value; one of these three is given. */
  readonly expect?: Readonly<Record<string, unknown>>
  readonly expectError?: { readonly field?: string; readonly code?: string }
  readonly expectFiltered: boolean
  readonly path: DocPath
}

/** Gives columns of created tables a type; the first whose every part fits decides. Parts are patterns with `*`. */
export interface TypeRule {
  readonly when: {
    readonly source?: readonly string[]
    readonly column?: readonly string[]
    readonly table?: readonly string[]
  }
  readonly to: LogicalType
  readonly path: DocPath
}

/** Code to value; codes are compared as text. */
export interface MapSpec {
  readonly entries: readonly (readonly [string, Value])[]
}

export interface LookupSpec {
  /** Name of a source, or `target`. */
  readonly in: string
  readonly table: TableRef
  readonly key: readonly string[]
  /** One column gives its value; several give a JSON object of them. */
  readonly value: readonly string[]
  readonly path: DocPath
}

export interface HookSpec {
  /** Name of a source, or `target`. */
  readonly on: string
  readonly sql: string
  readonly transaction: boolean
  readonly path: DocPath
}

export interface HooksSpec {
  readonly before: readonly HookSpec[]
  readonly after: readonly HookSpec[]
}

export type Severity = 'info' | 'warning' | 'error' | 'critical'

/** When a check is made: before anything is written, or when the run has ended. */
export type CheckPhase = 'before' | 'after'

/** What must hold of rows; columns are those of the table that the check is for. */
export type CheckRule =
  | { readonly kind: 'unique'; readonly columns: readonly string[] }
  | { readonly kind: 'not_null'; readonly columns: readonly string[] }
  | { readonly kind: 'accepted'; readonly column: string; readonly values: readonly Value[] }
  | { readonly kind: 'range'; readonly column: string; readonly min?: number | string; readonly max?: number | string }
  | { readonly kind: 'matches'; readonly column: string; readonly pattern: string }
  | { readonly kind: 'references'; readonly column: string; readonly table: TableRef; readonly to: string }
  | {
      readonly kind: 'consistent'
      readonly column: string
      readonly table: TableRef
      readonly with: string
      /** Columns here with those there; undefined: the other table's primary key. */
      readonly on: readonly (readonly [here: string, there: string | undefined])[]
    }
  | {
      readonly kind: 'row_count'
      readonly equals?: number | 'source'
      readonly min?: number
      readonly max?: number
    }
  /** Without `expect` the rows that come break the rule. */
  | {
      readonly kind: 'sql'
      readonly sql: string
      readonly expect?: { readonly value: Value } | { readonly min?: number; readonly max?: number }
    }

export interface CheckSpec {
  readonly name?: string
  readonly rule: CheckRule
  /** Of checks that belong to no entity. */
  readonly table?: TableRef
  readonly where?: string
  /** `source`, `target` or the name of a source. */
  readonly on: string
  readonly phases: readonly CheckPhase[]
  readonly severity: Severity
  readonly path: DocPath
}

/** Rows of one place. */
export type SingleFromSpec =
  | { readonly kind: 'table'; readonly source: string; readonly table: TableRef; readonly columns?: readonly string[] }
  /** `source` is a name, or `$target` for in-place work. */
  | { readonly kind: 'query'; readonly source: string; readonly query: string }
  | { readonly kind: 'rows'; readonly rows: readonly Readonly<Record<string, Value>>[] }
  /** In-place work: the target itself is read. */
  | { readonly kind: 'target'; readonly table: TableRef; readonly columns?: readonly string[] }

export type FromSpec = SingleFromSpec | { readonly kind: 'union'; readonly members: readonly MemberSpec[] }

/** One of the places of a union, read after those before it. */
export interface MemberSpec {
  /** What `$member` holds. */
  readonly name: string
  readonly from: SingleFromSpec
  /** The member's own columns; undefined: the entity's `key`, else the primary key. */
  readonly key?: readonly string[]
  readonly where?: string
  /** Column of the member to its name in the union. */
  readonly rename: Readonly<Record<string, string>>
  /** Columns that have the same value in every row of the member. */
  readonly set: Readonly<Record<string, Value>>
  readonly path: DocPath
}

/** Of rows with equal values the first or the last in read order is kept. `by` names source columns and lets. */
export interface DedupeSpec {
  readonly by: readonly string[]
  readonly keep: 'first' | 'last'
}

export type LoadMode = 'insert' | 'ignore' | 'upsert' | 'update' | 'replace'
export type RowPolicy = 'fail' | 'quarantine' | 'skip'
export type MissPolicy = 'fail' | 'quarantine' | 'null' | 'keep'
export type Lossy = 'fail' | 'quarantine' | 'round' | 'truncate'
export type InvalidPolicy = 'null' | 'default' | 'quarantine' | 'fail'
export type RestPolicy = 'warn' | 'ignore' | 'copy' | 'fail'

/** Failed rows that are let pass, as a number or as a share (0..1) of the rows read. */
export type MaxErrors = { readonly count: number } | { readonly share: number }

export interface EntitySpec {
  readonly name: string
  readonly description?: string
  readonly from: FromSpec
  readonly to: { readonly table: TableRef; readonly create: boolean }
  /** Source columns; undefined means the source's primary key. */
  readonly key?: readonly string[]
  readonly dependsOn: readonly string[]
  readonly load: LoadMode
  /** Target columns; undefined means the target's primary key. */
  readonly match?: readonly string[]
  readonly where?: string
  readonly orderBy: readonly string[]
  /** JSON Logic. */
  readonly filter?: unknown
  readonly dedupe?: DedupeSpec
  /** Later runs read only rows whose column is past the last high-water mark. */
  readonly incremental?: { readonly column: string }
  readonly let: readonly { readonly name: string; readonly rule: unknown; readonly path: DocPath }[]
  readonly fields: readonly FieldSpec[]
  readonly rest: RestPolicy
  /** Before those of the pipeline. */
  readonly types: readonly TypeRule[]
  readonly defer: readonly string[]
  /** Undefined: what suits the target. */
  readonly batchSize?: number
  /** Undefined: as the runner sees fit. */
  readonly chunks?: { readonly count: number } | { readonly rows: number }
  readonly onError: RowPolicy
  /** The file says so, not the default. */
  readonly onErrorGiven: boolean
  /** Past it the entity fails; undefined: no limit. */
  readonly maxErrors?: MaxErrors
  readonly hooks: HooksSpec
  readonly checks: readonly CheckSpec[]
  /** The entity is skipped with a warning where this table is absent from its source. */
  readonly when?: { readonly sourceHas: TableRef }
  readonly path: DocPath
}

export interface FieldSpec {
  /** Target column. */
  readonly target: string
  readonly input:
    | { readonly kind: 'from'; readonly names: readonly string[] }
    | { readonly kind: 'value'; readonly value: Value }
    | { readonly kind: 'expr'; readonly rule: unknown }
  readonly apply: readonly ApplySpec[]
  readonly map?: {
    readonly map: MapSpec
    readonly name?: string
    readonly unmapped: 'fail' | 'quarantine' | 'null' | 'keep'
  }
  readonly lookup?: { readonly name: string; readonly onMissing: MissPolicy }
  readonly ref?: { readonly entity: string; readonly onMissing: MissPolicy }
  readonly default?: Value
  /** As written, for example `decimal(12,2)`. */
  readonly type?: string
  /** Undefined: lost precision is an error of the row. */
  readonly onLossy?: Lossy
  readonly required: boolean
  /** Undefined: the entity's `on_error`. */
  readonly onInvalid?: InvalidPolicy
  readonly path: DocPath
}

export interface ApplySpec {
  readonly fn: string
  readonly params: Readonly<Record<string, unknown>>
  readonly path: DocPath
}
