import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Row } from '../core/row.js'
import { isRowError } from '../run/bulk-write.js'
import { pageOf } from '../run/keyed-rows.js'
import type { Pass } from '../run/ledger.js'
import { writerOf } from '../run/writers.js'
import type { UndoConflict } from './api.js'
import type { TargetTable } from './target-table.js'

const SAVEPOINT = 'etl_undo'

/** Deletes rows, all or, where others of the same table refer to them, as many as can be; gives those that are held. */
export async function deleteRows(
  session: Session,
  target: TargetTable,
  pass: Pass,
  rows: readonly Row[],
): Promise<readonly UndoConflict[]> {
  const columns = target.keyColumns(pass)
  const keys = rows.map(row => target.keyOf(pass, row))
  const step = pageOf(columns.length)
  const held: Row[] = []
  for (let from = 0; from < keys.length; from += step) {
    const page = keys.slice(from, from + step)
    if (!(await removed(session, target, columns, page))) held.push(...rows.slice(from, from + step))
  }
  return leftovers(session, target, pass, held)
}

/** One row after the other, the last inserted first: parents of the same table come after their children. */
async function leftovers(
  session: Session,
  target: TargetTable,
  pass: Pass,
  held: readonly Row[],
): Promise<readonly UndoConflict[]> {
  let left = [...held].reverse()
  for (let before = -1; left.length !== before; ) {
    before = left.length
    const still: Row[] = []
    for (const row of left) {
      const key = [target.keyOf(pass, row)]
      if (!(await removed(session, target, target.keyColumns(pass), key))) still.push(row)
    }
    left = still
  }
  return left.map(row => ({
    table: target.label,
    key: target.identityOf(row),
    reason: 'referred' as const,
    by: target.label,
  }))
}

/** False where a foreign key holds one of them: then none is deleted. */
async function removed(
  session: Session,
  target: TargetTable,
  columns: ReturnType<TargetTable['keyColumns']>,
  keys: readonly Row[],
): Promise<boolean> {
  if (session.remove === undefined) throw new EtlError('E901', 'the target deletes no rows')
  await session.savepoint(SAVEPOINT)
  try {
    const count = await session.remove(target.head.table, columns, keys)
    await session.releaseSavepoint(SAVEPOINT)
    if (count === keys.length) return true
  } catch (error) {
    if (!isRowError(error) || error.code !== 'E418') throw error
    await session.rollbackTo(SAVEPOINT)
    return false
  }
  throw changedMeanwhile(target)
}

/** Gives rows the values that they had. */
export async function restoreRows(
  session: Session,
  target: TargetTable,
  pass: Pass,
  rows: readonly Row[],
): Promise<void> {
  const spec = target.writeSpec(pass)
  if (spec === undefined || rows.length === 0) return
  const writer = await writerOf(session, spec)
  for (let from = 0; from < rows.length; from += PAGE) {
    const page = rows.slice(from, from + PAGE).map(row => target.written(spec, row))
    const payload = target.encoder(spec).encode(page)
    const { missing } = await writer.write(payload, 0, page.length)
    if (missing.length > 0) throw changedMeanwhile(target)
  }
}

const PAGE = 1000

function changedMeanwhile({ label }: TargetTable): EtlError {
  return new EtlError('E307', `${label} was written by somebody else at the same time`, {
    kind: 'transient',
    where: label,
  })
}
