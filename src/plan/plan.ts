import type { Column, TableRef } from '../core/catalog.js'
import type { NewColumn, ReadColumn, ReadWindow, WriteMode } from '../core/connector.js'
import type { Diagnostic } from '../core/diagnostics.js'
import type { Value } from '../core/row.js'
import type { LogicalType } from '../core/types.js'
import type {
  CheckPhase,
  CheckRule,
  InvalidPolicy,
  Lossy,
  MaxErrors,
  MissPolicy,
  RowPolicy,
  Severity,
} from '../spec/model.js'

/**
 * What a run will do: deterministic, plain data (JSON), frozen. Whoever has the plan and open connections can run any
 * part of it: the runner, a worker thread, another machine, the verifier.
 */
export interface Plan {
  readonly format: 1
  readonly pipeline: string
  /** Hash over everything that decides what ends up in the target; see fingerprint.ts. */
  readonly fingerprint: string
  /** What the fingerprint was made of, path by path, so that a difference can be named. */
  readonly fingerprintParts: Readonly<Record<string, string>>
  readonly sources: Readonly<Record<string, SourceSummary>>
  readonly target: DatabaseSummary
  readonly vars: Readonly<Record<string, Value>>
  readonly lookups: Readonly<Record<string, LookupPlan>>
  /** Topological order; entities of one wave do not depend on each other. */
  readonly entities: readonly EntityPlan[]
  /** Entities left out by `when`, with the reason. */
  readonly skipped: readonly { readonly entity: string; readonly reason: string }[]
  readonly hooks: { readonly before: readonly HookPlan[]; readonly after: readonly HookPlan[] }
  /** Those of the entities that are planned, in the order of the file. */
  readonly checks: readonly CheckPlan[]
  readonly ledger: { readonly schema?: string } | false
  readonly consistency: 'report' | 'strict'
  readonly warnings: readonly Diagnostic[]
}

export interface DatabaseSummary {
  readonly type: string
  readonly uid: string
  readonly label: string
}

export interface SourceSummary extends DatabaseSummary {
  /** What readers see of it while others write there; for people. */
  readonly reading: string
}

export interface HookPlan {
  readonly on: string
  readonly sql: string
  /** False: outside of any transaction, at least once. */
  readonly transaction: boolean
}

/** A rule whose tables and columns are there, or will be when the run has made them. */
export interface CheckPlan {
  readonly name: string
  readonly entity?: string
  /** A name of `Plan.sources`, or `$target`. */
  readonly on: string
  readonly phases: readonly CheckPhase[]
  readonly severity: Severity
  readonly rule: CheckRule
  /** What is looked at; absent for `sql`. */
  readonly rows?: CheckRows
  /** In the file. */
  readonly line: number
}

export type CheckRows =
  /** Asked in SQL; `shown` are the columns that name an offender. */
  | {
      readonly kind: 'sql'
      readonly from: { readonly table: TableRef } | { readonly query: string }
      readonly where?: string
      readonly shown: readonly ReadColumn[]
    }
  /** Read and looked at here; `key` of the read plan names an offender. */
  | { readonly kind: 'scan'; readonly read: ReadPlan }

export interface LookupPlan {
  readonly in: string
  readonly table: TableRef
  readonly key: readonly Column[]
  readonly value: readonly Column[]
}

export interface EntityPlan {
  readonly name: string
  /** 1-based. */
  readonly wave: number
  /** Entities that must be finished first, and why. */
  readonly after: readonly string[]
  readonly read: ReadPlan
  readonly program: ProgramPlan
  readonly write: WritePlan
  /** The second pass for `defer`: runs when the entity and everything it refers to is finished. */
  readonly deferred?: DeferredPlan
  /** `dedupe`: columns or `let` names that make rows duplicates, and which of them is kept. */
  readonly dedupe?: { readonly names: readonly string[]; readonly keep: 'first' | 'last' }
  /** `incremental`: later runs read only what is past the mark, `inclusive` with the rows equal to it. */
  readonly incremental?: { readonly column: string; readonly inclusive: boolean }
  /** Key needed by others' refs and kept in the ledger because the database generates it. */
  readonly keepsIdentity: boolean
  readonly conversions: readonly Conversion[]
  /** The columns of a table that is to be created; empty for one that is there. */
  readonly created: readonly CreatedColumn[]
  readonly onError: RowPolicy
  /** The file says so, not the default. */
  readonly onErrorGiven: boolean
  readonly maxErrors?: MaxErrors
  readonly batchRows: number
  /** How the key range, or the file, is split; undefined: as the runner sees fit. */
  readonly chunks?: { readonly count: number } | { readonly rows: number }
  readonly hooks: { readonly before: readonly HookPlan[]; readonly after: readonly HookPlan[] }
  /** Source's estimate; undefined where unknown. */
  readonly estimatedRows?: number
}

/** One place that rows are read from. */
export type SingleFrom =
  | { readonly kind: 'table'; readonly source: string; readonly table: TableRef }
  | { readonly kind: 'query'; readonly source: string; readonly query: string }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly unknown[])[] }

export type ReadFrom = SingleFrom | { readonly kind: 'union'; readonly members: readonly MemberPlan[] }

/** One place of a union, read after those before it. */
export interface MemberPlan {
  readonly name: string
  readonly read: MemberRead
  /** How each column of the union is made: from a column of `read`, or the same (`toJson`) value in every row. */
  readonly values: readonly ({ readonly index: number } | { readonly value: unknown })[]
  readonly estimatedRows?: number
}

export type MemberRead = ReadPlan & { readonly from: SingleFrom }

/** What is read place by place. */
export function readsOf(read: ReadPlan): readonly MemberRead[] {
  const { from } = read
  return from.kind === 'union' ? from.members.map(member => member.read) : [{ ...read, from }]
}

export interface ReadPlan {
  /** `source` is a name of `Plan.sources`, or `$target` for in-place work. Rows are JSON values (`toJson`). */
  readonly from: ReadFrom
  readonly columns: readonly {
    readonly name: string
    readonly type: LogicalType
    readonly native: string
    readonly nullable: boolean
    readonly decode: boolean
  }[]
  readonly where?: string
  /** `Table.version` as it was planned with; rows of another one are not read. */
  readonly version?: string
  /** False where the table keeps no transactions: its rows are not of one moment. */
  readonly snapshot?: false
  /** `incremental`: index into `columns` of the column that the window is of. */
  readonly mark?: number
  /** Of a run, never of a plan: the rows that an incremental run reads. */
  readonly window?: ReadWindow
  /** Indexes into `columns`: the read order, ending with the key. Empty for inline rows, files and unions. */
  readonly order: readonly number[]
  /** Indexes into `columns` of the source key. Empty: rows have no key (inline rows without `key`). */
  readonly key: readonly number[]
}

/** The row program in readable form; `row-program.ts` compiles it to closures. */
export interface ProgramPlan {
  /** Computed in this order after the source's columns; value i is column `columns.length + i` of the frame. */
  readonly lets: readonly { readonly name: string; readonly rule: unknown }[]
  readonly filter?: unknown
  /** Frame indexes of what makes rows duplicates, and which of them is kept. */
  readonly dedupe?: { readonly by: readonly number[]; readonly keep: 'first' | 'last' }
  /** One per written column, in the order of `WritePlan.columns`. */
  readonly fields: readonly FieldPlan[]
}

export interface FieldPlan {
  readonly target: string
  readonly input: /** Frame indexes: source columns first, then lets. */
    | { readonly kind: 'columns'; readonly indexes: readonly number[]; readonly names: readonly string[] }
    | { readonly kind: 'value'; readonly value: unknown }
    | { readonly kind: 'expr'; readonly rule: unknown }
  readonly apply: readonly { readonly fn: string; readonly params: Readonly<Record<string, unknown>> }[]
  readonly map?: {
    readonly entries: readonly (readonly [string, unknown])[]
    readonly name?: string
    readonly unmapped: 'fail' | 'quarantine' | 'null' | 'keep'
  }
  readonly lookup?: { readonly name: string; readonly onMissing: MissPolicy }
  readonly ref?: RefPlan
  readonly default?: unknown
  /** What arrives at the cast; `any` after functions and expressions. */
  readonly castFrom: LogicalType
  readonly castTo: LogicalType
  /** The column's own type, where it may hold less than `castTo`: the value is cast to it as well. */
  readonly castThen?: LogicalType
  readonly onLossy?: Lossy
  readonly onInvalid?: InvalidPolicy
  /** `required: true`, or NOT NULL without a default in the target. */
  readonly required: boolean
}

/** How a source key becomes the key that its row got in the target. */
export interface RefPlan {
  readonly entity: string
  readonly onMissing: MissPolicy
  /**
   * `identity`: the pair is in the ledger's `etl_identity`, because the key is generated.
   * `computed`: the entity's key field is a function of its source key alone, so it is computed by that field and
   * looked for in the target.
   */
  readonly kind: 'identity' | 'computed'
  /** `computed`: the field of the referenced entity, its input indexes pointing into the ref's own values. */
  readonly field?: FieldPlan
  /** `computed`: names of the referenced entity's source key, in the order of the ref's values. */
  readonly keyColumns?: readonly string[]
  /** `computed`: where the key must exist. */
  readonly table?: TableRef
  readonly column?: Column
}

export interface WritePlan {
  readonly table: TableRef
  /** `create: if_missing` and it is missing: created before the first batch. */
  readonly create: boolean
  /** What a table to be created is asked for, second pass included; its database may hold another type: see `columns`. */
  readonly newColumns: readonly NewColumn[]
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  readonly uniques: readonly { readonly name: string; readonly columns: readonly string[] }[]
  readonly foreignKeys: readonly {
    readonly name: string
    readonly columns: readonly string[]
    readonly references: TableRef
    readonly referencedColumns: readonly string[]
  }[]
  readonly mode: WriteMode
  /** `load: replace`: the table is emptied before the first batch, within this run. */
  readonly replace: boolean
  readonly match: readonly string[]
  /** `ignore` by columns that no constraint of the table keeps unique: read in one piece, each row looked for. */
  readonly unkeyed?: true
  /** The target's own triggers, which run for each row. */
  readonly triggers: readonly string[]
  /** The generated key column that nobody maps, where its values are wanted. */
  readonly returning?: Column
  /** Identity or auto-increment columns that get explicit values: their sequences are moved afterwards. */
  readonly advance: readonly string[]
}

export interface DeferredPlan {
  /** Reads the entity's source again; fields are the match columns, then the deferred ones. */
  readonly read: ReadPlan
  readonly program: ProgramPlan
  readonly write: WritePlan
  /** Columns filled in the second pass. */
  readonly columns: readonly string[]
}

export interface CreatedColumn {
  readonly column: string
  /** What is asked for, as in `type:`. */
  readonly type: string
  /** What the target makes of it, in its own words. */
  readonly native: string
  /** What decided the type: `field type`, `rule types[0] of the pipeline`, `source NUMBER(10,0)`. */
  readonly by: string
}

export interface Conversion {
  readonly field: string
  readonly from: string
  readonly to: string
  readonly risk: 'lossless' | 'checked' | 'lossy'
  readonly note?: string
}
