import type { ReadColumn, Session, TableWriter, WriteSpec } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { keyText, type Row, type Value } from '../core/row.js'
import type { WritePlan } from '../plan/plan.js'
import type { BulkWritten } from './bulk-write.js'
import { type KeyedTable, rowsByKey } from './keyed-rows.js'
import type { ChunkRef, Ledger } from './ledger.js'
import type { PreparedBatch } from './prepared-batch.js'
import { markAt, marksAt, type RowMarks, rowMarks } from './row-marks.js'
import { encodeRecord, encodeTrace, type UndoRecord, type UndoTable } from './undo-record.js'

/** What the target had of a batch's rows before it was written. */
interface Before {
  /** Key texts of the rows that were there. */
  readonly there: ReadonlySet<string>
  readonly rows: readonly Row[]
  readonly lost: number
}

/** By the one that does not ask. */
const tracing = new WeakMap<WriteSpec, WriteSpec>()

const NOTHING: Before = { there: new Set(), rows: [], lost: 0 }

/** Notes, in a batch's own transaction, what it takes to take the batch back. */
export class UndoRecorder {
  readonly #ledger: Ledger
  readonly #ref: ChunkRef
  readonly #write: WritePlan
  readonly #table: UndoTable
  readonly #keyed: KeyedTable
  readonly #keys: KeyedTable
  readonly #marks: RowMarks
  /** The name of the column with the row's version; it is read after the others. */
  readonly #versioned: boolean

  constructor(options: {
    readonly ledger: Ledger
    readonly ref: ChunkRef
    readonly write: WritePlan
    readonly table: UndoTable
    /** Of `table.columns`. */
    readonly columns: readonly ReadColumn[]
    readonly version: string | undefined
    readonly signedZero: boolean
  }) {
    const { ref, table, columns, version, signedZero } = options
    this.#ledger = options.ledger
    this.#ref = ref
    this.#write = options.write
    this.#table = table
    this.#versioned = version !== undefined
    const all = version === undefined ? columns : [...columns, versionColumn(version)]
    const key = table.key[ref.pass].map(name => columns.findIndex(column => column.name === name))
    this.#keyed = { table: table.table, columns: all, key }
    const ofKey = key.map(index => all[index] as ReadColumn)
    this.#keys = { table: table.table, columns: ofKey, key: ofKey.map((_, i) => i) }
    this.#marks = rowMarks(table, columns, signedZero)
  }

  /** Rows tell by their version which transaction wrote them: savepoints, which have one of their own, must be gone. */
  get outsideSavepoints(): boolean {
    return this.#versioned
  }

  /** Of each specification the same object, so that a prepared writer is found again. */
  asking(spec: WriteSpec): WriteSpec {
    if (!this.#versioned || spec.mode === 'insert') return spec
    let asking = tracing.get(spec)
    if (asking === undefined) {
      asking = { ...spec, trace: this.#keyed.columns.slice(0, this.#table.columns.length) }
      tracing.set(spec, asking)
    }
    return asking
  }

  /** What neither `insert` has a need of nor a writer that tells what it does. */
  async before(session: Session, batch: PreparedBatch, writer: TableWriter | undefined): Promise<Before> {
    const { mode } = this.#write
    if (mode === 'insert' || writer === undefined || writer.traces === true) return NOTHING
    const keys = rowsOf(batch, this.#keys.key.length)
    if (mode === 'ignore') {
      const { rows } = await rowsByKey(session, this.#keys, keys)
      return { there: new Set(rows.map(row => keyText(row))), rows: [], lost: 0 }
    }
    const { rows, damaged } = await rowsByKey(session, this.#keyed, keys)
    const sound = damaged.size === 0 ? rows : rows.filter((_, i) => !damaged.has(i))
    return { there: new Set(rows.map(row => this.#keyText(row))), rows: sound, lost: damaged.size }
  }

  /** @param identities what the batch overwrote in `etl_identity` */
  async after(
    session: Session,
    batch: PreparedBatch,
    written: BulkWritten,
    before: Before,
    identities: UndoRecord['identities'],
  ): Promise<void> {
    if (written.trace !== undefined) {
      const { inserted, updated } = written.trace
      if (inserted.count + updated.count + (identities?.length ?? 0) === 0) return
      await this.#ledger.undo.insert(session, this.#ref, batch.batch, await encodeTrace(written.trace, identities))
      return
    }
    const record = await this.#record(session, batch, written, before)
    const full = identities === undefined || identities.length === 0 ? record : { ...record, identities }
    const { inserted, updated, lost = 0 } = full
    if (inserted.length + updated.length + lost + (full.identities?.length ?? 0) === 0) return
    await this.#ledger.undo.insert(session, this.#ref, batch.batch, await encodeRecord(full))
  }

  async #record(session: Session, batch: PreparedBatch, written: BulkWritten, before: Before): Promise<UndoRecord> {
    if (written.inserted + written.updated === 0 || this.#table.whole) return { inserted: [], updated: [] }
    if (this.#keys.key.length === 0) return { inserted: [], updated: [], lost: written.inserted + written.updated }
    return this.#versioned
      ? this.#byVersion(session, batch, written, before)
      : ((await this.#asWritten(session, batch, written)) ?? this.#byMark(session, batch, written, before))
  }

  async #byVersion(session: Session, batch: PreparedBatch, written: BulkWritten, before: Before): Promise<UndoRecord> {
    const width = this.#table.columns.length
    let updated = before.rows
    if (written.failed.size > 0 && updated.length > 0) {
      // A row that failed is as it was before.
      const keys = updated.map(row => this.#keyOf(row))
      const now = await rowsByKey(session, this.#keyed, keys)
      const versions = new Map(now.rows.map(row => [this.#keyText(row), row[width]]))
      updated = updated.filter(row => versions.get(this.#keyText(row)) !== row[width])
    }
    return this.#checked(written, {
      inserted: await this.#inserted(session, batch, written, before),
      updated: updated.map(row => row.slice(0, width)),
      was: updated.map(row => String(row[width])),
      ...(before.lost === 0 ? {} : { lost: before.lost }),
    })
  }

  async #inserted(
    session: Session,
    batch: PreparedBatch,
    written: BulkWritten,
    before: Before,
  ): Promise<readonly Row[]> {
    if (written.inserted === 0) return []
    const keys = this.#writtenKeys(batch, written)
    if (this.#write.mode === 'insert') return keys
    const { rows } = await rowsByKey(session, this.#keys, keys)
    return rows.filter(row => !before.there.has(keyText(row)))
  }

  /**
   * What was written is what the target holds: the first row and the last are looked at, and where they are as they were
   * written and do not differ in what was not, the batch is not read back. Should a row between them be otherwise, it is
   * taken for changed one day, not for unchanged. Undefined where they are not.
   */
  async #asWritten(session: Session, batch: PreparedBatch, written: BulkWritten): Promise<UndoRecord | undefined> {
    const { marks } = batch
    if (marks === undefined) return undefined
    const places = this.#writtenPlaces(batch, written)
    const inserted = this.#writtenKeys(batch, written)
    const ends = inserted.length < 2 ? inserted : [inserted[0] as Row, inserted.at(-1) as Row]
    const { rows, damaged } = await rowsByKey(session, this.#keyed, ends)
    if (rows.length !== ends.length || damaged.size > 0) return undefined
    const [found, others] = [this.#marks.written(rows), this.#marks.rest(rows)]
    const texts = new Set(rows.map((_, i) => markAt(found, i)))
    const rest = markAt(others, 0)
    if (rows.some((_, i) => markAt(others, i) !== rest)) return undefined
    if ([places[0], places.at(-1)].some(place => !texts.has(markAt(marks, place ?? 0)))) return undefined
    const all = written.failed.size === 0 ? marks : marksAt(marks, places)
    return this.#checked(written, { inserted, updated: [], marks: all, rest })
  }

  async #byMark(session: Session, batch: PreparedBatch, written: BulkWritten, before: Before): Promise<UndoRecord> {
    const hasFailed = written.failed.size > 0
    const keys =
      this.#write.mode === 'update'
        ? before.rows.map(row => this.#keyOf(row))
        : hasFailed
          ? rowsOf(batch, this.#keys.key.length)
          : this.#writtenKeys(batch, written)
    const { rows, damaged } = await rowsByKey(session, this.#keyed, keys)
    const added: Row[] = []
    const later = new Map<string, Row>()
    let lost = before.lost
    for (const [i, row] of rows.entries()) {
      const text = this.#keyText(row)
      if (before.there.has(text)) later.set(text, row)
      else if (damaged.has(i)) lost++
      else added.push(row)
    }
    // A row whose key is another one now is not found again.
    const found = before.rows.filter(row => later.has(this.#keyText(row)))
    lost += before.rows.length - found.length
    const now = (row: Row): Row => later.get(this.#keyText(row)) ?? []
    const mark = (row: Row): string => markAt(this.#marks.all([row]), 0)
    // A row that failed is as it was before.
    const updated = hasFailed ? found.filter(row => mark(row) !== mark(now(row))) : found
    const marks = this.#marks.all([...added, ...updated.map(now)])
    const inserted = added.map(row => this.#keyOf(row))
    return this.#checked(written, { inserted, updated, marks, ...(lost === 0 ? {} : { lost }) })
  }

  /** Somebody else's row is never taken for ours. */
  #checked(written: BulkWritten, record: UndoRecord): UndoRecord {
    const missing = written.inserted - record.inserted.length
    if (missing === 0) return record
    if (missing > 0) return { ...record, lost: (record.lost ?? 0) + missing }
    throw new EtlError('E307', `somebody wrote rows of ${this.#ref.entity} at the same time`, {
      kind: 'transient',
      where: this.#ref.entity,
    })
  }

  #writtenKeys(batch: PreparedBatch, written: BulkWritten): Row[] {
    const width = this.#keys.key.length
    if (batch.targetKeys === undefined) return [...written.keys].sort(([a], [b]) => a - b).map(([, value]) => [value])
    const rows = rowsOf(batch, width)
    return written.failed.size === 0 ? rows : rows.filter((_, i) => !written.failed.has(i))
  }

  /** Of the batch's rows, those that are in the target. */
  #writtenPlaces({ rows }: PreparedBatch, { failed }: BulkWritten): number[] {
    return Array.from({ length: rows }, (_, i) => i).filter(i => !failed.has(i))
  }

  #keyOf(row: Row): Row {
    return this.#keyed.key.map(index => row[index] ?? null)
  }

  #keyText(row: Row): string {
    return keyText(this.#keyOf(row))
  }
}

function rowsOf({ targetKeys = [] }: PreparedBatch, width: number): Row[] {
  if (width === 1) return targetKeys.map((value): Row => [value])
  const rows: Row[] = []
  for (let i = 0; i < targetKeys.length; i += width) rows.push(targetKeys.slice(i, i + width) as Value[])
  return rows
}

/** The column with a row's version, as it is read. */
export function versionColumn(name: string): ReadColumn {
  return { name, type: { kind: 'text' }, decode: false }
}
