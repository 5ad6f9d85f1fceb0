import { openKeyTally } from '../connectors/sqlite/key-tally.js'
import { formatTable } from '../core/catalog.js'
import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { keyText, type Row } from '../core/row.js'
import { decodeRecord, type UndoRecord } from '../run/undo-record.js'
import type { UndoConflict, UndoneEntity } from './api.js'
import { type Examined, examine } from './examine.js'
import type { Scope, UndoEntity, Unit } from './scope.js'
import { notRecorded } from './scope.js'
import type { TargetTable } from './target-table.js'
import { examineWhole } from './whole-table.js'

export const LISTED_CONFLICTS = 100

/** What was found, or done, entity by entity. */
export class Tally {
  readonly conflicts: UndoConflict[] = []
  readonly #entities = new Map<string, UndoneEntity>()

  constructor(entities: readonly UndoEntity[]) {
    for (const { name, target, head } of entities) {
      const table = target?.label ?? JSON.stringify(head.table)
      const none = { deleted: 0, restored: 0, gone: 0, conflicts: 0, putBack: 0, dropped: false }
      this.#entities.set(name, { entity: name, table, ...none })
    }
  }

  get entities(): readonly UndoneEntity[] {
    return [...this.#entities.values()]
  }

  get conflicting(): number {
    return this.entities.reduce((sum, entity) => sum + entity.conflicts, 0)
  }

  add(name: string, more: Partial<Omit<UndoneEntity, 'entity' | 'table'>>): void {
    const now = this.#entities.get(name)
    if (now === undefined) return
    this.#entities.set(name, {
      ...now,
      deleted: now.deleted + (more.deleted ?? 0),
      restored: now.restored + (more.restored ?? 0),
      gone: now.gone + (more.gone ?? 0),
      conflicts: now.conflicts + (more.conflicts ?? 0),
      putBack: now.putBack + (more.putBack ?? 0),
      dropped: now.dropped || more.dropped === true,
    })
  }

  list(conflicts: readonly UndoConflict[]): void {
    this.conflicts.push(...conflicts.slice(0, LISTED_CONFLICTS - this.conflicts.length))
  }
}

/** Looks at every row that would be taken back; changes nothing. */
export async function survey(session: Session, scope: Scope, progress: (unit: number) => void): Promise<Tally> {
  const tally = new Tally(scope.entities)
  const newer = await Newer.open(scope)
  // Rows of tables that the run wrote are taken back themselves, or found then.
  const tables = new Set(scope.entities.map(({ target }) => (target === undefined ? '' : formatTable(target.table))))
  try {
    for (const [i, { entity, batch }] of scope.units.entries()) {
      progress(i)
      const { target } = entity
      if (target === undefined) {
        tally.add(entity.name, { gone: batch === undefined ? 0 : batch.inserted + batch.updated })
        continue
      }
      const children = entity.children.filter(({ table }) => !tables.has(formatTable(table)))
      if (batch === undefined) {
        const found = await examineWhole(session, { ...scope, ...entity, target, children })
        tally.add(entity.name, { deleted: found.rows, gone: found.gone, conflicts: found.conflicting })
        tally.list(found.conflicts)
        continue
      }
      const record = await recordOf(session, scope, { entity, batch })
      const covered = (row: Row): boolean => newer.had(target, row, batch.version)
      const { judge } = scope
      const found = await examine({ session, judge, target, batch, record, children, covered, lock: false })
      tally.add(entity.name, {
        deleted: found.inserted.length,
        restored: found.updated.length,
        gone: found.gone,
        conflicts: found.conflicts.length,
      })
      tally.list(found.conflicts)
      newer.note(target, found)
    }
  } finally {
    newer.close()
  }
  for (const { name, head } of scope.entities) {
    if (head.kept === undefined) continue
    if ((await scope.database.table(head.kept)) === undefined) continue
    tally.add(name, { putBack: await session.count({ from: { table: head.kept } }) })
  }
  return tally
}

/** What a batch recorded. Throws E536 where that does not do. */
export async function recordOf(session: Session, scope: Scope, { entity, batch }: Unit): Promise<UndoRecord> {
  const content = batch === undefined ? undefined : await scope.ledger.undo.find(session, batch)
  if (content === undefined) throw notRecorded(scope.run)
  const record = decodeRecord(content)
  if (record.lost === undefined) return record
  const where = entity.target?.label ?? entity.name
  throw new EtlError(
    'E536',
    `${record.lost} rows that run ${scope.run.runId} wrote to ${where} cannot be told from others`,
    {
      kind: 'usage',
      where: entity.name,
      hint: 'the table has no key that the run knew, or the rows hold damaged text: restore a backup',
    },
  )
}

type KeyTally = Awaited<ReturnType<typeof openKeyTally>>

/** Rows that newer batches of the run wrote: what an older one left is not there to be seen any more. */
class Newer {
  readonly #versions: ReadonlySet<string>
  readonly #tally: KeyTally | undefined

  private constructor(versions: ReadonlySet<string>, tally: KeyTally | undefined) {
    this.#versions = versions
    this.#tally = tally
  }

  static async open(scope: Scope): Promise<Newer> {
    const versions = scope.units.flatMap(({ entity, batch }) =>
      batch === undefined ? entity.batches.map(({ version }) => version) : [batch.version],
    )
    // Rows that are only inserted, by one entity, have one batch each.
    const repeated = scope.units.some(
      ({ batch, entity }) =>
        batch !== undefined &&
        (batch.updated > 0 ||
          scope.entities.some(other => other !== entity && other.target?.label === entity.target?.label)),
    )
    return new Newer(
      new Set(versions.flatMap(version => (version === undefined ? [] : [version]))),
      repeated ? await openKeyTally(undefined) : undefined,
    )
  }

  had(target: TargetTable, row: Row, own: string | undefined): boolean {
    if (target.versioned && target.version(row) !== own && this.#versions.has(target.version(row))) return true
    return (
      this.#tally !== undefined && this.#tally.take(keyText([target.label, ...target.identityOf(row)])).owner !== ''
    )
  }

  /** Where rows have versions, those only that somebody else gave one: they are told of once. */
  note(target: TargetTable, { rows, conflicts }: Examined): void {
    const keys = target.versioned ? conflicts.map(({ key }) => key) : rows.map(row => target.identityOf(row))
    for (const key of keys) this.#tally?.note(keyText([target.label, ...key]), 'newer')
  }

  close(): void {
    this.#tally?.close()
  }
}
