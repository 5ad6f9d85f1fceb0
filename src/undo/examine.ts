import type { Session } from '../core/connector.js'
import { keyText, type Row } from '../core/row.js'
import { rowsByKey } from '../run/keyed-rows.js'
import { markAt } from '../run/row-marks.js'
import type { UndoBatch } from '../run/undo-ledger.js'
import type { UndoRecord } from '../run/undo-record.js'
import type { UndoConflict } from './api.js'
import { type Child, referred } from './children.js'
import type { Judge } from './judge.js'
import type { TargetTable } from './target-table.js'

const NONE = new Uint32Array(0)

/** What of a batch can be taken back, as the target is now. */
export interface Examined {
  /** Rows as they are now. */
  readonly inserted: readonly Row[]
  /** Rows as they were before the batch. */
  readonly updated: readonly Row[]
  readonly gone: number
  readonly conflicts: readonly UndoConflict[]
  /** All that were found, as they are now. */
  readonly rows: readonly Row[]
}

export interface Examination {
  readonly session: Session
  readonly judge: Judge
  readonly target: TargetTable
  readonly batch: UndoBatch
  readonly record: UndoRecord
  /** Foreign keys that may hold on to rows that were inserted. */
  readonly children: readonly Child[]
  /** A newer batch of the run had the row, and answers for it. */
  readonly covered: (row: Row) => boolean
  readonly lock: boolean
}

export async function examine(of: Examination): Promise<Examined> {
  const { session, target, batch, record, lock } = of
  const { pass } = batch
  const { inserted, updated, marks = NONE, rest } = record
  const conflicts: UndoConflict[] = []
  const asLeft = async (row: Row, mark: string | undefined): Promise<boolean> => {
    if (of.covered(row) || (await of.judge.isAsLeft(session, target, batch, row, mark, rest))) return true
    conflicts.push({ table: target.label, key: target.identityOf(row), reason: 'changed' })
    return false
  }
  const keyed = target.keyed(pass)
  const mine = await rowsByKey(session, keyed, inserted, lock)
  const insertedMarks = new Map(inserted.map((key, i) => [target.textOf(pass, key), markAt(marks, i)]))
  const sound: Row[] = []
  for (const row of mine.rows) if (await asLeft(row, insertedMarks.get(target.keyText(pass, row)))) sound.push(row)

  const keys = updated.map(row => target.keyOf(pass, row))
  const now = await rowsByKey(session, keyed, keys, lock)
  const rows = new Map(now.rows.map(row => [target.keyText(pass, row), row]))
  const restorable: Row[] = []
  for (const [i, before] of updated.entries()) {
    const row = rows.get(target.keyText(pass, before))
    if (row !== undefined && (await asLeft(row, markAt(marks, inserted.length + i)))) restorable.push(before)
  }
  const free = await withoutChildren(of, sound, conflicts)
  const gone = inserted.length - mine.rows.length + updated.length - rows.size
  return { inserted: free, updated: restorable, gone, conflicts, rows: [...mine.rows, ...now.rows] }
}

/** Rows that no other table refers to. */
async function withoutChildren(
  of: Examination,
  rows: readonly Row[],
  conflicts: UndoConflict[],
): Promise<readonly Row[]> {
  const { session, target, lock } = of
  const textOf = (row: Row): string => keyText(target.identityOf(row))
  let free = rows
  for (const child of of.children) {
    const held = await referred(session, target, child, free, textOf, lock)
    if (held.size === 0) continue
    for (const row of free) {
      if (!held.has(textOf(row))) continue
      conflicts.push({ table: target.label, key: target.identityOf(row), reason: 'referred', by: child.label })
    }
    free = free.filter(row => !held.has(textOf(row)))
  }
  return free
}
