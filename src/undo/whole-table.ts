import type { Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Row } from '../core/row.js'
import { quoteTable } from '../core/sql.js'
import { pageOf } from '../run/keyed-rows.js'
import type { Ledger } from '../run/ledger.js'
import type { UndoBatch } from '../run/undo-ledger.js'
import type { UndoConflict } from './api.js'
import { type Child, referredSql } from './children.js'
import type { Judge } from './judge.js'
import type { TargetTable } from './target-table.js'

/** What a table holds that had no rows before the run: told by the rows' versions, without any key of the ledger. */
export interface WholeTable {
  /** Rows that can be deleted. */
  readonly rows: number
  /** Keys of rows of the run that another run of ours changed and put back: they have a version of their own. */
  readonly putBack: readonly Row[]
  /** At least: a row of somebody else looks like one of the run's that was changed. */
  readonly gone: number
  /** How many rows conflict; `conflicts` lists the first. */
  readonly conflicting: number
  readonly conflicts: readonly UndoConflict[]
}

interface Known {
  readonly database: Database
  readonly ledger: Ledger
  readonly judge: Judge
  readonly target: TargetTable
  /** Of the entity, all of the run. */
  readonly batches: readonly UndoBatch[]
  readonly children: readonly Child[]
}

const LISTED = 100
const PAGE_ROWS = 1000

export async function examineWhole(session: Session, known: Known): Promise<WholeTable> {
  const { target, judge, batches, database, children } = known
  const from = { table: target.head.table }
  const ours = new Set(batches.flatMap(({ version }) => (version === undefined ? [] : [version])))
  const conflicts: UndoConflict[] = []
  const putBack: Row[] = []
  let conflicting = 0
  const add = (conflict: UndoConflict): void => {
    conflicting++
    if (conflicts.length < LISTED) conflicts.push(conflict)
  }
  const read = (where: string) =>
    session.read(
      { from, columns: target.columns, where, order: [], batchRows: PAGE_ROWS, batchBytes: 1 << 24 },
      new AbortController().signal,
    )
  for await (const { rows } of read(`not (${isOurs(known)})`)) {
    for (const row of rows) {
      const key = target.identityOf(row)
      if (ours.has(await judge.versionBefore(session, target, row))) putBack.push(key)
      else add({ table: target.label, key, reason: 'changed' })
    }
  }
  const changed = conflicting
  const rows = (await session.count({ from })) - changed
  let held = 0
  for (const child of children) {
    for await (const batch of read(
      `${isOurs(known)} and ${referredSql(database, quoteTable(dialectOf(known), from.table), child)}`,
    )) {
      held += batch.rows.length
      for (const row of batch.rows)
        add({ table: target.label, key: target.identityOf(row), reason: 'referred', by: child.label })
    }
  }
  const inserted = batches.reduce((sum, batch) => sum + batch.inserted, 0)
  return { rows: rows - held, putBack, gone: Math.max(0, inserted - rows - changed), conflicting, conflicts }
}

/** Deletes all that is the run's; gives how many rows. */
export async function deleteWhole(session: Session, known: Known, { putBack }: WholeTable): Promise<number> {
  const { database, target, children } = known
  const table = quoteTable(dialectOf(known), target.head.table)
  const held = children.map(child => ` and not ${referredSql(database, table, child)}`)
  let deleted = await session.execute(`delete from ${table} where ${isOurs(known)}${held.join('')}`)
  const step = pageOf(target.identity.length)
  for (let from = 0; from < putBack.length; from += step) {
    const keys = putBack.slice(from, from + step)
    if (session.remove === undefined) throw new EtlError('E901', 'the target deletes no rows')
    deleted += await session.remove(target.head.table, target.identity, keys)
  }
  return deleted
}

function isOurs({ database, ledger, batches }: Known): string {
  const version = database.connector.capabilities.rowVersion
  const [first] = batches
  if (version === undefined || first === undefined) throw new EtlError('E901', 'rows without versions')
  return `${version.text} in (${ledger.undo.versions(first.runId, first.entity)})`
}

function dialectOf({ database }: Known) {
  return database.connector.capabilities.dialect
}
