import type { Value } from '../core/row.js'

export interface InspectOptions {
  /** Only these, as they are called there. Default: all of the default schema. */
  readonly tables?: readonly string[]
  /** A table of more rows is not read as a whole. Default 2,000,000. */
  readonly sampleOver?: number
  /** Rows that are read of such a table, from its beginning. Default 100,000. */
  readonly sampleRows?: number
  /** Ends the work between two tables. */
  readonly signal?: AbortSignal
  /** Called with the name of each table before it is looked at. */
  readonly onTable?: (name: string, done: number, of: number) => void
}

/** What a database or files look like to somebody who is to move them. Values of the data are in it. */
export interface Inspection {
  /** For people: `postgres 15.3 localhost:5432/app`. */
  readonly source: string
  readonly tables: readonly TableProfile[]
  /** References that the schema declares, and those that only names suggest. */
  readonly references: readonly Reference[]
  /** Tables that may hold the same kind of thing. */
  readonly alike: readonly Alike[]
  /** What could not be looked at, and why. */
  readonly notes: readonly string[]
}

export interface TableProfile {
  readonly name: string
  readonly kind: 'table' | 'view'
  readonly rows: number
  /** Rows that everything below was learned from, where these are not all: then nothing below is exact, and `rows` an estimate. */
  readonly sampled?: number
  /** With its indexes; undefined where the database does not say. */
  readonly bytes?: number
  readonly primaryKey: readonly string[]
  readonly uniques: readonly (readonly string[])[]
  readonly columns: readonly ColumnProfile[]
  /** Equal values in columns that look as if they told rows apart, and that no key keeps unique. */
  readonly duplicates: readonly Duplicates[]
}

export interface ColumnProfile {
  readonly name: string
  /** In the database's own words. */
  readonly type: string
  readonly nullable: boolean
  readonly nulls: number
  /** Undefined where values of the type cannot be compared. */
  readonly distinct?: number
  readonly min?: Value
  readonly max?: Value
  /** All values, the most frequent first, where there are few. */
  readonly values?: readonly ValueCount[]
  /** Text that looks like dates: how they are written, the most frequent first. */
  readonly dates?: DateFormats
}

export interface ValueCount {
  readonly value: Value
  readonly rows: number
}

export interface DateFormats {
  /** Rows looked at that have a value. */
  readonly of: number
  readonly formats: readonly { readonly format: string; readonly rows: number }[]
  /** Values that are no date. */
  readonly others: number
}

export interface Duplicates {
  readonly columns: readonly string[]
  /** Compared without regard to case. */
  readonly ignoringCase?: true
  /** Values that more than one row has. */
  readonly groups: number
  readonly rows: number
  /** The most frequent ones, five at most. */
  readonly examples: readonly { readonly values: readonly Value[]; readonly rows: number }[]
}

export interface Reference {
  readonly table: string
  readonly columns: readonly string[]
  readonly to: string
  readonly toColumns: readonly string[]
  /** False: no constraint says so, only the names. */
  readonly declared: boolean
  /** Rows that refer to nothing that is there. */
  readonly orphans: number
  /** Some of what they refer to, five at most. */
  readonly examples: readonly (readonly Value[])[]
  /** Rows without a reference. */
  readonly missing: number
}

export interface Alike {
  readonly tables: readonly [string, string]
  /** Columns that both have, the same or nearly so, as `a` or `a ~ b`. */
  readonly shared: readonly string[]
  /** 0 to 1. */
  readonly score: number
}
