import type { TableRef } from '../core/catalog.js'
import type { Session } from '../core/connector.js'
import type { Row, Value } from '../core/row.js'
import { placeholders, quoteNames, quoteTable } from '../core/sql.js'
import type { ChunkRef, Pass } from './ledger.js'
import type { LedgerSql } from './ledger-sql.js'
import type { UndoTable } from './undo-record.js'

/** A committed batch, as far as taking it back goes. */
export interface UndoBatch {
  readonly runId: string
  readonly entity: string
  readonly pass: Pass
  readonly chunk: number
  readonly batch: number
  readonly inserted: number
  readonly updated: number
  /** What its rows carry; undefined where rows have no versions. */
  readonly version?: string
  /** Set when it was taken back: to what the rows carry that were put back, or `-`. */
  readonly undone?: string
}

/** An entity's pass in the place of a {@link Pass}: the row that tells of its table. */
const TABLE = 'table'
const PART_BYTES = 1 << 20
const BATCH = ['run_id', 'entity', 'pass', 'chunk', 'batch_no'] as const

/** `etl_undo`, and what `etl_batch` says of taking batches back. */
export class UndoLedger {
  readonly #sql: LedgerSql

  constructor(sql: LedgerSql) {
    this.#sql = sql
  }

  /** A table of the ledger's schema with a name of its own. */
  keptTable(name: string): TableRef {
    return { ...this.#sql.ref('etl_undo'), table: name }
  }

  identityTable(): TableRef {
    return this.#sql.ref('etl_identity')
  }

  /** One statement outside of transactions, whose end a bad connection could lose. The ledger knows a run by now. */
  async hasRows(session: Session, table: TableRef): Promise<boolean> {
    const { dialect } = this.#sql
    const some = `select 1 from ${quoteTable(dialect, table)}`
    const rows = await session.query(`select count(*) from ${this.#sql.table('etl_run')} where exists (${some})`)
    return Number(rows[0]?.[0]) > 0
  }

  async insertTable(session: Session, runId: string, entity: string, table: UndoTable): Promise<void> {
    await this.#insert(session, [runId, entity, TABLE, 0, 0], Buffer.from(JSON.stringify(table)))
  }

  /** Of the run's entities that record what they do, by name. */
  async tables(session: Session, runId: string): Promise<Map<string, UndoTable>> {
    const rows = await session.query(
      `select ${quoteNames(this.#sql.dialect, ['entity', 'content'])} from ${this.#sql.table('etl_undo')} ` +
        `where ${this.#sql.where(['run_id', 'pass'])} order by ${quoteNames(this.#sql.dialect, ['entity', 'part'])}`,
      [runId, TABLE],
    )
    const contents = new Map<string, Buffer[]>()
    for (const [entity, content] of rows) {
      const parts = contents.get(String(entity)) ?? []
      contents.set(String(entity), parts)
      parts.push(content as Buffer)
    }
    return new Map(
      [...contents].map(([entity, parts]) => [entity, JSON.parse(Buffer.concat(parts).toString('utf8')) as UndoTable]),
    )
  }

  async insert(session: Session, ref: ChunkRef, batch: number, content: Buffer): Promise<void> {
    await this.#insert(session, [ref.runId, ref.entity, ref.pass, ref.chunk, batch], content)
  }

  /** What a batch recorded; undefined where it recorded nothing. */
  async find(session: Session, batch: UndoBatch): Promise<Buffer | undefined> {
    const rows = await session.query(
      `select ${this.#sql.name('content')} from ${this.#sql.table('etl_undo')} where ${this.#sql.where(BATCH)} ` +
        `order by ${this.#sql.name('part')}`,
      keyOf(batch),
    )
    return rows.length === 0 ? undefined : Buffer.concat(rows.map(row => row[0] as Buffer))
  }

  /** A run's batches that wrote something, oldest first. */
  async batches(session: Session, runId: string): Promise<UndoBatch[]> {
    const order = quoteNames(this.#sql.dialect, ['committed_at', 'batch_no'])
    return this.#batches(session, `${this.#sql.where(['run_id'])} order by ${order}`, [runId])
  }

  /** Batches that were taken back and left rows with the version: those put back, or those that nothing was to be put back of. */
  async undoneAs(session: Session, version: string): Promise<UndoBatch[]> {
    const own = `${this.#sql.where(['version'], 2)} and ${this.#sql.name('undone')} is not null`
    return this.#batches(session, `(${this.#sql.where(['undone'])} or (${own}))`, [version, version])
  }

  async markUndone(session: Session, batch: UndoBatch): Promise<void> {
    const version = this.#sql.database.connector.capabilities.rowVersion?.current ?? "'-'"
    await session.execute(
      `update ${this.#sql.table('etl_batch')} set ${this.#sql.name('undone')} = ${version} where ${this.#sql.where(BATCH)}`,
      keyOf(batch),
    )
  }

  /** The same of all batches of an entity. */
  async markAllUndone(session: Session, runId: string, entity: string): Promise<void> {
    const version = this.#sql.database.connector.capabilities.rowVersion?.current ?? "'-'"
    await session.execute(
      `update ${this.#sql.table('etl_batch')} set ${this.#sql.name('undone')} = ${version} where ${this.#sql.where(['run_id', 'entity'])}`,
      [runId, entity],
    )
  }

  /** SQL that gives the versions of the rows that an entity's batches wrote. */
  versions(runId: string, entity: string): string {
    const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
    const [name, run] = [this.#sql.name.bind(this.#sql), text(runId)]
    return (
      `select ${name('version')} from ${this.#sql.table('etl_batch')} ` +
      `where ${name('run_id')} = ${run} and ${name('entity')} = ${text(entity)} and ${name('version')} is not null`
    )
  }

  /** Runs of the same pipeline that began after the run and stand, newest first. */
  async laterRuns(
    session: Session,
    run: { readonly runId: string; readonly pipeline: string; readonly startedAt: string },
  ) {
    const [name, p] = [this.#sql.name.bind(this.#sql), this.#sql.dialect.placeholder]
    const rows = await session.query(
      `select ${name('run_id')} from ${this.#sql.table('etl_run')} where ${name('pipeline')} = ${p(1)} ` +
        `and ${name('started_at')} > ${p(2)} and ${name('state')} <> 'undone' and ${name('run_id')} <> ${p(3)} ` +
        `order by ${name('started_at')} desc`,
      [run.pipeline, run.startedAt, run.runId],
    )
    return rows.map(row => String(row[0]))
  }

  /** Runs, of any pipeline, that noted something, and whether they wrote rows. */
  async noted(session: Session): Promise<ReadonlyMap<string, boolean>> {
    const [undo, batch] = [this.#sql.table('etl_undo'), this.#sql.table('etl_batch')]
    const [run, inserted, updated] = ['run_id', 'inserted', 'updated'].map(name => this.#sql.name(name))
    const noted = await session.query(`select distinct ${run} from ${undo} where ${this.#sql.where(['pass'])}`, [TABLE])
    const wrote = await session.query(`select distinct ${run} from ${batch} where ${inserted} + ${updated} > 0`)
    const writing = new Set(wrote.map(row => String(row[0])))
    return new Map(noted.map(row => [String(row[0]), writing.has(String(row[0]))]))
  }

  /** The run cannot be taken back any more. */
  async forget(session: Session, runId: string): Promise<void> {
    await session.execute(`delete from ${this.#sql.table('etl_undo')} where ${this.#sql.where(['run_id'])}`, [runId])
  }

  async #batches(session: Session, where: string, params: readonly Value[]): Promise<UndoBatch[]> {
    const columns = quoteNames(this.#sql.dialect, [...BATCH, 'inserted', 'updated', 'version', 'undone'])
    const rows = await session.query(`select ${columns} from ${this.#sql.table('etl_batch')} where ${where}`, params)
    return rows.map(batchOf).filter(({ inserted, updated }) => inserted + updated > 0)
  }

  async #insert(session: Session, key: readonly Value[], content: Buffer): Promise<void> {
    const sql = this.#sql.once('insertUndo', () => {
      const names = [...BATCH, 'part', 'content']
      return `insert into ${this.#sql.table('etl_undo')} (${quoteNames(this.#sql.dialect, names)}) values (${placeholders(this.#sql.dialect, names.length)})`
    })
    for (let part = 0; part * PART_BYTES < content.length; part++) {
      const bytes = content.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)
      await session.execute(sql, [...key, part, bytes])
    }
  }
}

function keyOf({ runId, entity, pass, chunk, batch }: UndoBatch): Value[] {
  return [runId, entity, pass, chunk, batch]
}

function batchOf([runId, entity, pass, chunk, batch, inserted, updated, version, undone]: Row): UndoBatch {
  return {
    runId: String(runId),
    entity: String(entity),
    pass: String(pass) as Pass,
    chunk: Number(chunk),
    batch: Number(batch),
    inserted: Number(inserted),
    updated: Number(updated),
    ...(version === null || version === undefined ? {} : { version: String(version) }),
    ...(undone === null || undone === undefined ? {} : { undone: String(undone) }),
  }
}
