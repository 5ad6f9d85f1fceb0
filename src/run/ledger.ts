import type { ErrorCode } from '../core/codes.js'
import type { Database, MissingRight, NewColumn, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import { placeholders, quoteNames } from '../core/sql.js'
import { type Changes, changesText, sumChanges } from './changes.js'
import { ClaimLedger } from './claim-ledger.js'
import type { Counts } from './events.js'
import { IdentityLedger } from './identity-ledger.js'
import { LedgerSql } from './ledger-sql.js'
import { LEDGER_FORMAT, LEDGER_TABLES, type LedgerTable } from './ledger-tables.js'
import type { Owner } from './owner.js'
import type { RejectRecord } from './quarantine.js'
import { RejectLedger } from './reject-ledger.js'
import { RunLedger } from './run-ledger.js'
import { UndoLedger } from './undo-ledger.js'

export type Pass = 'load' | 'defer'

/** A unit of work, described by ids alone. */
export interface ChunkRef {
  readonly runId: string
  readonly entity: string
  readonly pass: Pass
  readonly chunk: number
  readonly epoch: number
  /** Which delivery of it this is, where an engine gave it to a worker: a later one fences this one. */
  readonly claim?: number
}

/** A range of the read order: after `lower`, up to and with `upper`; an open end takes whatever lies beyond. */
export interface PlannedChunk {
  readonly chunk: number
  /** Cursors as JSON text. */
  readonly lower?: string
  readonly upper?: string
  readonly done: boolean
}

/** Why rows of an entity were quarantined, and how many. */
export type RejectCauses = Map<
  string,
  { pass: string; code: ErrorCode; field?: string; message: string; rows: number }[]
>

export interface BatchEntry {
  readonly batch: number
  /** The cursor after the batch, as JSON text. */
  readonly lastKey: string
  readonly counts: Counts
  readonly changes?: Changes
}

/** What became of rows, and of values in them. */
export interface Totals {
  readonly counts: Counts
  readonly changes: Changes
}

/** What is known of a chunk: its totals and the last batch that is safe. */
export interface ChunkProgress {
  readonly done: boolean
  readonly batch: number
  readonly lastKey?: string
  readonly counts: Counts
  /** Of its batches, as {@link changesText} puts them. */
  readonly changes?: string
}

/** The ledger in the target. Methods with a session run inside the caller's transaction. */
export class Ledger {
  readonly runs: RunLedger
  readonly identities: IdentityLedger
  readonly rejects: RejectLedger
  readonly undo: UndoLedger
  readonly claims: ClaimLedger
  readonly #sql: LedgerSql

  constructor(database: Database, schema: string | undefined) {
    this.#sql = new LedgerSql(database, schema)
    this.runs = new RunLedger(this.#sql)
    this.identities = new IdentityLedger(this.#sql)
    this.rejects = new RejectLedger(this.#sql)
    this.undo = new UndoLedger(this.#sql)
    this.claims = new ClaimLedger(this.#sql)
  }

  /**
   * Creates what is missing, also columns that an older version did not have; `etl_run` last, so that its presence says the
   * ledger is whole.
   */
  async prepare(session: Session): Promise<void> {
    const names = Object.keys(LEDGER_TABLES) as LedgerTable[]
    for (const name of [...names.filter(n => n !== 'etl_run'), 'etl_run' as const]) {
      const { columns, primaryKey } = LEDGER_TABLES[name]
      const missing = await this.#missing(name)
      if (missing.length === 0) continue
      try {
        await session.begin()
        if (missing.length === columns.length) await session.createTable(this.#sql.ref(name), columns, primaryKey)
        // Rows that are there have no value for it.
        else
          await session.addColumns(
            this.#sql.ref(name),
            missing.map(column => ({ ...column, nullable: true })),
          )
        await session.commit()
      } catch (error) {
        await session.rollback()
        // Another process was faster.
        if ((await this.#missing(name)).length > 0) throw error
      }
    }
    const format = (await this.format(session)) ?? LEDGER_FORMAT
    if (format > LEDGER_FORMAT) {
      throw new EtlError('E508', `the target's ledger has format ${format}, this version knows ${LEDGER_FORMAT}`, {
        hint: 'update etl-runner',
      })
    }
  }

  /** The newest format that a run of it has; undefined where it has had none. */
  async format(session: Session): Promise<number | undefined> {
    const rows = await session.query(`select max(${this.#sql.name('format')}) from ${this.#sql.table('etl_run')}`)
    return rows[0]?.[0] == null ? undefined : Number(rows[0][0])
  }

  async #missing(name: LedgerTable): Promise<readonly NewColumn[]> {
    const table = await this.#sql.database.table(this.#sql.ref(name))
    const there = new Set(table?.columns.map(column => column.name))
    return LEDGER_TABLES[name].columns.filter(column => !there.has(column.name))
  }

  /** What keeps the login from creating those of its tables that are missing. */
  async missingCreateRight(): Promise<MissingRight | undefined> {
    const { database } = this.#sql
    for (const name of Object.keys(LEDGER_TABLES) as LedgerTable[]) {
      const there = (await this.#missing(name)).length < LEDGER_TABLES[name].columns.length
      const right = there ? undefined : await database.missingCreateRight?.(this.#sql.ref(name))
      if (right !== undefined) return right
    }
    return undefined
  }

  /** The process that has a run; undefined where an older version began it. */
  async owner(session: Session, runId: string): Promise<Owner | undefined> {
    return (await this.#missing('etl_owner')).length > 0 ? undefined : this.runs.owners.find(session, runId)
  }

  async exists(): Promise<boolean> {
    return (await this.#sql.database.table(this.#sql.ref('etl_run'))) !== undefined
  }

  /** The guard: a second insert of the same batch blocks, then fails. Comes first in the batch's transaction. */
  async insertBatch(session: Session, ref: ChunkRef, entry: BatchEntry): Promise<void> {
    const names = ['run_id', 'entity', 'pass', 'chunk', 'batch_no', 'epoch', 'last_key', ...BATCH_COUNTS, 'changes']
    const version = this.#sql.database.connector.capabilities.rowVersion?.current ?? 'null'
    const sql = this.#sql.once(
      'insertBatch',
      () =>
        `insert into ${this.#sql.table('etl_batch')} (${quoteNames(this.#sql.dialect, [...names, 'version', 'committed_at'])}) ` +
        `values (${placeholders(this.#sql.dialect, names.length)}, ${version}, ${this.#sql.dialect.nowText})`,
    )
    await session.execute(sql, [
      ref.runId,
      ref.entity,
      ref.pass,
      ref.chunk,
      entry.batch,
      ref.epoch,
      entry.lastKey,
      ...countValues(entry.counts),
      (entry.changes && changesText(entry.changes)) ?? null,
    ])
  }

  /** Puts the true counts in, where writing turned out other than expected. */
  async updateBatch(session: Session, ref: ChunkRef, entry: BatchEntry): Promise<void> {
    const sql = this.#sql.once('updateBatch', () => {
      const sets = BATCH_COUNTS.map(
        (name, i) => `${this.#sql.name(name)} = ${this.#sql.dialect.placeholder(i + 1)}`,
      ).join(', ')
      return `update ${this.#sql.table('etl_batch')} set ${sets} where ${this.#sql.where(['run_id', 'entity', 'pass', 'chunk', 'batch_no'], BATCH_COUNTS.length + 1)}`
    })
    await session.execute(sql, [...countValues(entry.counts), ref.runId, ref.entity, ref.pass, ref.chunk, entry.batch])
  }

  async insertRejects(session: Session, ref: ChunkRef, batch: number, rejects: readonly RejectRecord[]): Promise<void> {
    const names = [
      'run_id',
      'entity',
      'pass',
      'chunk',
      'batch_no',
      'row_no',
      'source_key',
      'stage',
      'field',
      'code',
      'message',
      'policy',
      'state',
    ]
    const sql = this.#sql.once(
      'insertReject',
      () =>
        `insert into ${this.#sql.table('etl_reject')} (${quoteNames(this.#sql.dialect, names)}) values (${placeholders(this.#sql.dialect, names.length)})`,
    )
    for (const reject of rejects) {
      await session.execute(sql, [
        ref.runId,
        ref.entity,
        ref.pass,
        ref.chunk,
        batch,
        reject.row,
        reject.key ?? null,
        reject.stage,
        reject.field ?? null,
        reject.code,
        reject.message.slice(0, MESSAGE_LENGTH),
        reject.policy,
        reject.policy === 'dedupe' ? 'deduped' : 'open',
      ])
    }
  }

  /** A chunk's totals and last batch; also says how a one-off step stands. */
  async progress(session: Session, ref: Omit<ChunkRef, 'pass'> & { readonly pass: string }): Promise<ChunkProgress> {
    const where = this.#sql.where(['run_id', 'entity', 'pass', 'chunk'])
    const params: Value[] = [ref.runId, ref.entity, ref.pass, ref.chunk]
    const sums = BATCH_COUNTS.map(name => `coalesce(sum(${this.#sql.name(name)}), 0)`).join(', ')
    const totals = await session.query(
      `select max(${this.#sql.name('batch_no')}), ${sums} from ${this.#sql.table('etl_batch')} where ${where}`,
      params,
    )
    const state = await session.query(
      `select ${this.#sql.name('state')} from ${this.#sql.table('etl_chunk')} where ${where}`,
      params,
    )
    const done = state[0]?.[0] === 'done'
    const row = totals[0] ?? []
    const numbers = row.slice(1).map(Number)
    const counts = toCounts(numbers)
    if (row[0] === null || row[0] === undefined) return { done, batch: 0, counts }
    const batch = Number(row[0])
    const last = await session.query(
      `select ${this.#sql.name('last_key')} from ${this.#sql.table('etl_batch')} where ${where} and ${this.#sql.name('batch_no')} = ${this.#sql.dialect.placeholder(5)}`,
      [...params, batch],
    )
    const changes = changesText(await this.#changes(session, ['run_id', 'entity', 'pass', 'chunk'], params))
    return { done, batch, lastKey: String(last[0]?.[0]), counts, ...(changes === undefined ? {} : { changes }) }
  }

  /** The planned ranges of an entity's pass, in order; empty where nothing is planned yet. */
  async chunks(session: Session, runId: string, entity: string, pass: string): Promise<PlannedChunk[]> {
    const columns = quoteNames(this.#sql.dialect, ['chunk', 'lower_key', 'upper_key', 'state'])
    const rows = await session.query(
      `select ${columns} from ${this.#sql.table('etl_chunk')} where ${this.#sql.where(['run_id', 'entity', 'pass'])} order by ${this.#sql.name('chunk')}`,
      [runId, entity, pass],
    )
    return rows.map(([chunk, lower, upper, state]) => ({
      chunk: Number(chunk),
      ...(lower === null || lower === undefined ? {} : { lower: String(lower) }),
      ...(upper === null || upper === undefined ? {} : { upper: String(upper) }),
      done: state === 'done',
    }))
  }

  async insertChunks(
    session: Session,
    runId: string,
    entity: string,
    pass: string,
    chunks: readonly PlannedChunk[],
  ): Promise<void> {
    const names = ['run_id', 'entity', 'pass', 'chunk', 'lower_key', 'upper_key', 'state']
    const sql = `insert into ${this.#sql.table('etl_chunk')} (${quoteNames(this.#sql.dialect, names)}) values (${placeholders(this.#sql.dialect, names.length)})`
    for (const { chunk, lower, upper } of chunks) {
      await session.execute(sql, [runId, entity, pass, chunk, lower ?? null, upper ?? null, 'planned'])
    }
  }

  /** Upper ends of an entity's finished steps of a kind, over all runs of the pipeline that stand, oldest first. */
  async doneSteps(session: Session, pipeline: string, entity: string, step: string): Promise<string[]> {
    const [p, name] = [this.#sql.dialect.placeholder, this.#sql.name.bind(this.#sql)]
    const rows = await session.query(
      `select c.${name('upper_key')} from ${this.#sql.table('etl_chunk')} c join ${this.#sql.table('etl_run')} r ` +
        `on r.${name('run_id')} = c.${name('run_id')} where r.${name('pipeline')} = ${p(1)} and c.${name('entity')} = ${p(2)} ` +
        `and c.${name('pass')} = ${p(3)} and c.${name('state')} = 'done' ` +
        `and r.${name('state')} not in ('undoing', 'undone') order by r.${name('started_at')}, r.${name('run_id')}`,
      [pipeline, entity, step],
    )
    return rows.flatMap(row => (typeof row[0] === 'string' ? [row[0]] : []))
  }

  /** An entity's totals over all chunks of a pass. */
  async totals(session: Session, runId: string, entity: string, pass: Pass): Promise<Totals> {
    const sums = BATCH_COUNTS.map(name => `coalesce(sum(${this.#sql.name(name)}), 0)`).join(', ')
    const rows = await session.query(
      `select ${sums} from ${this.#sql.table('etl_batch')} where ${this.#sql.where(['run_id', 'entity', 'pass'])}`,
      [runId, entity, pass],
    )
    const changes = await this.#changes(session, ['run_id', 'entity', 'pass'], [runId, entity, pass])
    return { counts: toCounts((rows[0] ?? []).map(Number)), changes }
  }

  async #changes(session: Session, columns: readonly string[], params: readonly Value[]): Promise<Changes> {
    const name = this.#sql.name('changes')
    const rows = await session.query(
      `select ${name} from ${this.#sql.table('etl_batch')} where ${this.#sql.where(columns)} and ${name} is not null`,
      params,
    )
    return sumChanges(rows.map(row => String(row[0])))
  }

  /** The last committed batch of each chunk of a run, by `entity:pass:chunk`. */
  async marks(session: Session, runId: string): Promise<Map<string, number>> {
    const chunk = quoteNames(this.#sql.dialect, ['entity', 'pass', 'chunk'])
    const rows = await session.query(
      `select ${chunk}, max(${this.#sql.name('batch_no')}) from ${this.#sql.table('etl_batch')} where ${this.#sql.where(['run_id'])} group by ${chunk}`,
      [runId],
    )
    return new Map(rows.map(row => [`${String(row[0])}:${String(row[1])}:${String(row[2])}`, Number(row[3])]))
  }

  /** Source keys of the rows that an entity's first pass rejected. */
  async rejectedKeys(session: Session, runId: string, entity: string): Promise<Set<string>> {
    const rows = await session.query(
      `select ${this.#sql.name('source_key')} from ${this.#sql.table('etl_reject')} where ${this.#sql.where(['run_id', 'entity', 'pass'])}`,
      [runId, entity, 'load'],
    )
    return new Set(rows.flatMap(row => (typeof row[0] === 'string' ? [row[0]] : [])))
  }

  /** Why rows of a run were quarantined so far, by entity. */
  async causes(session: Session, runId: string): Promise<RejectCauses> {
    const cause = quoteNames(this.#sql.dialect, ['entity', 'pass', 'code', 'field', 'message'])
    const rows = await session.query(
      `select ${cause}, count(*) from ${this.#sql.table('etl_reject')} where ${this.#sql.where(['run_id'])} group by ${cause} order by ${cause}`,
      [runId],
    )
    const found: RejectCauses = new Map()
    for (const [entity, pass, code, field, message, count] of rows) {
      const list = found.get(String(entity)) ?? []
      found.set(String(entity), list)
      list.push({
        pass: String(pass),
        code: String(code) as ErrorCode,
        ...(field === null ? {} : { field: String(field) }),
        message: String(message),
        rows: Number(count),
      })
    }
    return found
  }

  /** Marks a chunk or a one-off step (`pass` names it) as done, within the caller's transaction. */
  async markDone(session: Session, ref: Omit<ChunkRef, 'pass'> & { readonly pass: string }): Promise<void> {
    const key = [ref.runId, ref.entity, ref.pass, ref.chunk]
    const changed = await session.execute(
      `update ${this.#sql.table('etl_chunk')} set ${this.#sql.name('state')} = 'done' where ${this.#sql.where(['run_id', 'entity', 'pass', 'chunk'])}`,
      key,
    )
    if (changed > 0) return
    const names = ['run_id', 'entity', 'pass', 'chunk', 'state']
    await session.execute(
      `insert into ${this.#sql.table('etl_chunk')} (${quoteNames(this.#sql.dialect, names)}) values (${placeholders(this.#sql.dialect, names.length)})`,
      [...key, 'done'],
    )
  }
}

const MESSAGE_LENGTH = 1000

const BATCH_COUNTS = ['rows_read', 'inserted', 'updated', 'skipped', 'filtered', 'deduped', 'quarantined'] as const

function countValues(counts: Counts): number[] {
  return [
    counts.read,
    counts.inserted,
    counts.updated,
    counts.skipped,
    counts.filtered,
    counts.deduped,
    counts.quarantined,
  ]
}

function toCounts(values: readonly number[]): Counts {
  const [read = 0, inserted = 0, updated = 0, skipped = 0, filtered = 0, deduped = 0, quarantined = 0] = values
  return { read, written: inserted + updated, inserted, updated, skipped, filtered, deduped, quarantined }
}
