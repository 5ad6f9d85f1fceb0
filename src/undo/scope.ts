import type { ConnectionConfig, Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Ledger } from '../run/ledger.js'
import type { RunRow } from '../run/run-ledger.js'
import type { UndoBatch } from '../run/undo-ledger.js'
import type { UndoTable } from '../run/undo-record.js'
import { type Child, Children } from './children.js'
import { Judge } from './judge.js'
import { TargetTable } from './target-table.js'

/** An entity of the run, in the plan's order. */
export interface UndoEntity {
  readonly name: string
  readonly head: UndoTable
  /** Undefined where the table is gone. */
  readonly target: TargetTable | undefined
  /** All that wrote something, oldest first. */
  readonly batches: readonly UndoBatch[]
  /** Foreign keys of other tables that refer to its table. */
  readonly children: readonly Child[]
}

/** A part that is taken back in one transaction: a batch, or all of a table that had no rows before. */
export type Unit = { readonly entity: UndoEntity; readonly batch: UndoBatch | undefined }

/** Everything that taking a run back goes by. */
export interface Scope {
  readonly run: RunRow
  readonly ledger: Ledger
  readonly database: Database
  readonly judge: Judge
  readonly entities: readonly UndoEntity[]
  /** What is left to be taken back, in order. */
  readonly units: readonly Unit[]
}

export async function scopeOf(
  session: Session,
  known: Pick<Scope, 'run' | 'ledger' | 'database'> & { readonly config: ConnectionConfig },
): Promise<Scope> {
  const { run, ledger, database, config } = known
  const heads = await ledger.undo.tables(session, run.runId)
  const batches = await ledger.undo.batches(session, run.runId)
  const unknown = batches.find(({ entity }) => !heads.has(entity))
  if (unknown !== undefined) throw notRecorded(run)
  const children = new Children(database)
  const entities: UndoEntity[] = []
  for (const [name, head] of [...heads].sort(([, a], [, b]) => a.position - b.position)) {
    const target = await TargetTable.open(database, config, head)
    const mine = batches.filter(batch => batch.entity === name)
    entities.push({
      name,
      head,
      target,
      batches: mine,
      children: target === undefined || mine.length === 0 ? [] : await children.of(target),
    })
  }
  return { ...known, judge: new Judge(ledger), entities, units: unitsOf(entities, batches) }
}

/**
 * Newest first, children before their parents. The second passes come first of all: they fill what refers to rows in a
 * cycle, so nothing could be deleted before they are taken back.
 */
function unitsOf(entities: readonly UndoEntity[], batches: readonly UndoBatch[]): Unit[] {
  const byName = new Map(entities.map(entity => [entity.name, entity]))
  // Entities of one table go by the table's first one: between them only the order of time counts.
  const ranks = new Map<string, number>()
  for (const { head } of entities) {
    const label = JSON.stringify(head.table)
    ranks.set(label, Math.min(ranks.get(label) ?? head.position, head.position))
  }
  const rankOf = ({ head }: UndoEntity): number => ranks.get(JSON.stringify(head.table)) ?? 0
  const left = batches
    .filter(({ undone }) => undone === undefined)
    .reverse()
    .flatMap(batch => {
      const entity = byName.get(batch.entity)
      return entity === undefined ? [] : [{ entity, batch }]
    })
  const second = left.filter(({ batch }) => batch.pass === 'defer')
  const first = left.filter(({ batch }) => batch.pass === 'load').sort((a, b) => rankOf(b.entity) - rankOf(a.entity))
  const units: Unit[] = [...second]
  const wholes = new Set<UndoEntity>()
  for (const unit of first) {
    if (!unit.entity.head.whole) units.push(unit)
    else if (!wholes.has(unit.entity)) {
      wholes.add(unit.entity)
      units.push({ entity: unit.entity, batch: undefined })
    }
  }
  return units
}

export function notRecorded({ runId }: Pick<RunRow, 'runId'>): EtlError {
  return new EtlError('E536', `run ${runId} did not record what taking it back needs`, {
    kind: 'usage',
    hint: 'restore a backup; runs record it unless the file says `undo: false`, and it is kept for four of them',
  })
}
