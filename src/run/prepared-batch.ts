import type { Payload } from '../core/connector.js'
import { keyText, type Row, toJson, type Value } from '../core/row.js'
import type { ReadPlan } from '../plan/plan.js'
import type { RejectRecord } from './quarantine.js'
import type { Marks } from './row-marks.js'

/**
 * A batch on its way from reading to writing: everything the writer must know. Rows are encoded already and their source
 * is forgotten, so that nothing large lives long; the few that the target refuses are read again.
 */
export interface PreparedBatch {
  readonly batch: number
  /** The cursor after this batch, as JSON text. */
  readonly lastKey: string
  readonly read: number
  readonly filtered: number
  /** Second pass: rows the first one did not bring into the target. */
  readonly absent: number
  /** Target rows in `parts`. */
  readonly rows: number
  readonly parts: readonly Payload[]
  /** Rows that failed on their way. */
  readonly rejects: readonly RejectRecord[]
  /** Rows that are dropped because another like them is kept. */
  readonly duplicates: readonly RejectRecord[]
  /** Index of the source row of each target row; undefined where they are the same. */
  readonly sources: readonly number[] | undefined
  /** Source keys of the target rows, where generated keys are to be noted or for a dry run. */
  readonly keys: readonly string[] | undefined
  /** Values that identify the target rows, row after row, where they are to be noted. */
  readonly targetKeys: readonly Value[] | undefined
  /** Marks of the target rows, where they are to be noted without reading the rows back. */
  readonly marks: Marks | undefined
  /** Dry run: the target rows themselves, and the first source row. */
  readonly kept: { readonly rows: readonly Row[]; readonly firstSource: Row | undefined } | undefined
  /** Uses of `on_lossy: round | truncate`, by target column. */
  readonly losses: ReadonlyMap<string, number>
  /** Values that `on_invalid`, `unmapped` or `on_missing` replaced, by target column. */
  readonly substituted: ReadonlyMap<string, number>
  readonly readMs: number
  readonly transformMs: number
  /** The batch's source rows once more, from the same snapshot. Throws E522 where they are not the same any more. */
  reread(): Promise<readonly Row[]>
  /** To be called when `parts` are used no more: their memory goes back to where they were made. Absent: there is no need. */
  written?(): void
}

/** What the encoded rows take, to be handed from thread to thread rather than copied. */
export function memoryOf({ parts }: Pick<PreparedBatch, 'parts'>): ArrayBuffer[] {
  return parts.flatMap(({ data }) =>
    typeof data !== 'object' || data === null
      ? []
      : Object.values(data).flatMap(value =>
          ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
        ),
  )
}

export type Why = Pick<RejectRecord, 'stage' | 'field' | 'code' | 'message'>

/** The record of a rejected row. */
export function rejectRecord(
  read: ReadPlan,
  index: number,
  row: Row,
  why: Why,
  policy: RejectRecord['policy'],
  keepValues: boolean,
): RejectRecord {
  // Without a value in it the key finds nothing, and its text is none that every database can hold.
  const hasKey = read.key.some(column => (row[column] ?? null) !== null)
  return {
    row: index + 1,
    ...(hasKey ? { key: keyOf(read, row) } : {}),
    stage: why.stage,
    ...(why.field === undefined ? {} : { field: why.field }),
    code: why.code,
    message: why.message,
    policy,
    ...(keepValues ? { values: byName(read, row) } : {}),
  }
}

export function keyOf(read: ReadPlan, row: Row): string {
  return keyText(read.key.map(column => row[column] ?? null))
}

function byName(read: ReadPlan, row: Row): Record<string, unknown> {
  return Object.fromEntries(read.columns.map((column, i) => [column.name, toJson(row[i] ?? null)]))
}
