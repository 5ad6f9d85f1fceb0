import { formatTable } from '../core/catalog.js'
import type { Session } from '../core/connector.js'
import { keyText, type Row } from '../core/row.js'
import type { Ledger, Pass } from '../run/ledger.js'
import { markAt } from '../run/row-marks.js'
import type { UndoBatch } from '../run/undo-ledger.js'
import { decodeRecord, type UndoRecord, type UndoTable } from '../run/undo-record.js'
import type { TargetTable } from './target-table.js'

/** Versions of rows put back that are kept in memory: a batch's rows have one. */
const REMEMBERED = 8

/** Says whether a row is as a batch left it. */
export class Judge {
  readonly #ledger: Ledger
  readonly #heads = new Map<string, Promise<ReadonlyMap<string, UndoTable>>>()
  /** By version: the batches whose taking back gave it to rows. */
  readonly #putBack = new Map<string, readonly PutBack[]>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /**
   * @param mark of the row in the batch's record; undefined where rows have versions
   * @param rest of the columns that the mark is not of; undefined where it is of all
   */
  async isAsLeft(
    session: Session,
    target: TargetTable,
    batch: UndoBatch,
    row: Row,
    mark: string | undefined,
    rest: string | undefined,
  ): Promise<boolean> {
    if (!target.versioned) {
      const { all, written, rest: others } = target.marks
      const markOf = (marks: typeof all): string => markAt(marks([row]), 0)
      return rest === undefined ? markOf(all) === mark : markOf(written) === mark && markOf(others) === rest
    }
    if (target.version(row) === batch.version) return true
    return (await this.versionBefore(session, target, row)) === batch.version
  }

  /**
   * The version that a row had before other batches of ours changed it, and were taken back: putting a row back gives it
   * a new one.
   */
  async versionBefore(session: Session, target: TargetTable, row: Row): Promise<string> {
    let version = target.version(row)
    for (;;) {
      const batches = await this.#before(session, version)
      const before = batches.map(batch => batch.versionOf(target, row)).find(found => found !== undefined)
      if (before === undefined || before === version) return version
      version = before
    }
  }

  async #before(session: Session, version: string): Promise<readonly PutBack[]> {
    const known = this.#putBack.get(version)
    if (known !== undefined) return known
    const found: PutBack[] = []
    for (const batch of await this.#ledger.undo.undoneAs(session, version)) {
      const content = await this.#ledger.undo.find(session, batch)
      const head = (await this.#headsOf(session, batch.runId)).get(batch.entity)
      if (content !== undefined && head !== undefined) found.push(new PutBack(head, batch.pass, decodeRecord(content)))
    }
    const oldest = this.#putBack.keys().next().value
    if (this.#putBack.size >= REMEMBERED && oldest !== undefined) this.#putBack.delete(oldest)
    this.#putBack.set(version, found)
    return found
  }

  #headsOf(session: Session, runId: string): Promise<ReadonlyMap<string, UndoTable>> {
    let heads = this.#heads.get(runId)
    if (heads === undefined) {
      heads = this.#ledger.undo.tables(session, runId)
      this.#heads.set(runId, heads)
    }
    return heads
  }
}

/** The versions that a batch's rows had before it, by key. */
class PutBack {
  readonly #table: string
  readonly #key: readonly string[]
  readonly #versions = new Map<string, string>()

  constructor(head: UndoTable, pass: Pass, { updated, was = [] }: UndoRecord) {
    this.#table = formatTable(head.table)
    this.#key = head.key[pass]
    for (const [i, row] of updated.entries()) this.#versions.set(this.#text(head.columns, row), was[i] ?? '')
  }

  versionOf(target: TargetTable, row: Row): string | undefined {
    if (target.label !== this.#table) return undefined
    return this.#versions.get(this.#text(target.head.columns, row))
  }

  #text(columns: readonly string[], row: Row): string {
    return keyText(this.#key.map(name => row[columns.indexOf(name)] ?? null))
  }
}
