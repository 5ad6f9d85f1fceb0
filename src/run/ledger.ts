import { createHash } from 'node:crypto'
import type { Column, TableRef } from '../core/catalog.js'
import type { ErrorCode } from '../core/codes.js'
import type { Database, Encoder, Session, WriteSpec } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Row, Value } from '../core/row.js'
import { placeholders, quoteName, quoteNames, quoteTable } from '../core/sql.js'
import type { Counts } from './events.js'
import { LEDGER_FORMAT, LEDGER_TABLES, type LedgerTable } from './ledger-tables.js'
import type { RejectRecord } from './quarantine.js'

export type Pass = 'load' | 'defer'

/** A unit of work, described by ids alone. */
export interface ChunkRef {
  readonly runId: string
  readonly entity: string
  readonly pass: Pass
  readonly chunk: number
  readonly epoch: number
}

export interface BatchEntry {
  readonly batch: number
  /** The cursor after the batch, as JSON text. */
  readonly lastKey: string
  readonly counts: Counts
}

/** What is known of a chunk: its totals and the last batch that is safe. */
export interface ChunkProgress {
  readonly done: boolean
  readonly batch: number
  readonly lastKey?: string
  readonly counts: Counts
}

export interface RunRow {
  readonly runId: string
  readonly pipeline: string
  readonly state: 'running' | 'interrupted' | 'failed' | 'completed' | 'abandoned'
  readonly epoch: number
  readonly fingerprint: string
  readonly fingerprintParts: Readonly<Record<string, string>>
  readonly targetUid: string
  readonly owner: string
  readonly options: StoredOptions
  readonly toolVersion: string
  readonly consistency: string
  readonly startedAt: string
  readonly endedAt?: string
}

/** Options that a resume must repeat. */
export interface StoredOptions {
  readonly entities?: readonly string[]
  readonly exclude?: readonly string[]
  readonly limit?: number
}

/** A source key as `etl_identity` holds it; a very long one by its hash, since it must fit an index. */
export function identityKey(key: string): string {
  return key.length <= 400 ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`
}

/** The ledger's statements. Methods with a session run inside the caller's transaction. */
export class Ledger {
  readonly #database: Database
  readonly #schema: string | undefined
  readonly #sql = new Map<string, string>()
  #identity: { readonly spec: WriteSpec; readonly encoder: Encoder } | undefined

  constructor(database: Database, schema: string | undefined) {
    this.#database = database
    this.#schema = schema
  }

  #ref(table: LedgerTable): TableRef {
    return this.#schema === undefined ? { table } : { schema: this.#schema, table }
  }

  #table(table: LedgerTable): string {
    return quoteTable(this.#dialect, this.#ref(table))
  }

  get #dialect() {
    return this.#database.connector.capabilities.dialect
  }

  #name(name: string): string {
    return quoteName(this.#dialect, name)
  }

  #where(columns: readonly string[], first = 1): string {
    return columns.map((column, i) => `${this.#name(column)} = ${this.#dialect.placeholder(first + i)}`).join(' and ')
  }

  #once(key: string, make: () => string): string {
    let sql = this.#sql.get(key)
    if (sql === undefined) {
      sql = make()
      this.#sql.set(key, sql)
    }
    return sql
  }

  /** Creates what is missing; `etl_run` last, so that its presence says the ledger is whole. */
  async prepare(session: Session): Promise<void> {
    const names = Object.keys(LEDGER_TABLES) as LedgerTable[]
    for (const name of [...names.filter(n => n !== 'etl_run'), 'etl_run' as const]) {
      if ((await this.#database.table(this.#ref(name))) !== undefined) continue
      const { columns, primaryKey } = LEDGER_TABLES[name]
      try {
        await session.begin()
        await session.createTable(this.#ref(name), columns, primaryKey)
        await session.commit()
      } catch (error) {
        await session.rollback()
        if ((await this.#database.table(this.#ref(name))) !== undefined) continue
        throw error
      }
    }
    const rows = await session.query(`select max(${this.#name('format')}) from ${this.#table('etl_run')}`)
    const format = Number(rows[0]?.[0] ?? LEDGER_FORMAT)
    if (format > LEDGER_FORMAT) {
      throw new EtlError('E508', `the target's ledger has format ${format}, this version knows ${LEDGER_FORMAT}`, {
        hint: 'update etl-runner',
      })
    }
  }

  async exists(): Promise<boolean> {
    return (await this.#database.table(this.#ref('etl_run'))) !== undefined
  }

  /** The pipeline's newest run. */
  async latestRun(session: Session, pipeline: string): Promise<RunRow | undefined> {
    return this.#run(
      session,
      `${this.#where(['pipeline'])} order by ${quoteNames(this.#dialect, ['started_at', 'run_id'])}`,
      pipeline,
    )
  }

  async findRun(session: Session, runId: string): Promise<RunRow | undefined> {
    return this.#run(session, this.#where(['run_id']), runId)
  }

  async #run(session: Session, where: string, value: string): Promise<RunRow | undefined> {
    const columns = LEDGER_TABLES.etl_run.columns.map(column => column.name)
    const rows = await session.query(
      `select ${quoteNames(this.#dialect, columns)} from ${this.#table('etl_run')} where ${where}`,
      [value],
    )
    const row = rows.at(-1)
    if (row === undefined) return undefined
    const at = (name: string): string => String(row[columns.indexOf(name)] ?? '')
    const endedAt = at('ended_at')
    return {
      runId: at('run_id'),
      pipeline: at('pipeline'),
      state: at('state') as RunRow['state'],
      epoch: Number(at('epoch')),
      fingerprint: at('fingerprint'),
      fingerprintParts: JSON.parse(at('fingerprint_parts')) as Record<string, string>,
      targetUid: at('target_uid'),
      owner: at('owner'),
      options: JSON.parse(at('options')) as StoredOptions,
      toolVersion: at('tool_version'),
      consistency: at('consistency'),
      startedAt: at('started_at'),
      ...(endedAt === '' ? {} : { endedAt }),
    }
  }

  async insertRun(session: Session, run: Omit<RunRow, 'startedAt' | 'state' | 'endedAt'>): Promise<void> {
    const names = [
      'run_id',
      'pipeline',
      'format',
      'state',
      'epoch',
      'fingerprint',
      'fingerprint_parts',
      'target_uid',
      'owner',
      'options',
      'tool_version',
      'consistency',
    ]
    const now = this.#dialect.nowText
    await session.execute(
      `insert into ${this.#table('etl_run')} (${quoteNames(this.#dialect, [...names, 'started_at', 'heartbeat_at'])}) ` +
        `values (${placeholders(this.#dialect, names.length)}, ${now}, ${now})`,
      [
        run.runId,
        run.pipeline,
        LEDGER_FORMAT,
        'running',
        run.epoch,
        run.fingerprint,
        JSON.stringify(run.fingerprintParts),
        run.targetUid,
        run.owner,
        JSON.stringify(run.options),
        run.toolVersion,
        run.consistency,
      ],
    )
  }

  /** Takes an unfinished run over: a new epoch, so that whoever held it is fenced. Also stores what the run now goes by. */
  async takeRun(
    session: Session,
    run: RunRow,
    next: Pick<RunRow, 'epoch' | 'owner' | 'fingerprint' | 'fingerprintParts' | 'consistency'>,
  ): Promise<void> {
    const p = (i: number): string => this.#dialect.placeholder(i)
    const changed = await session.execute(
      `update ${this.#table('etl_run')} set ${this.#name('epoch')} = ${p(1)}, ${this.#name('owner')} = ${p(2)}, ${this.#name('fingerprint')} = ${p(3)}, ` +
        `${this.#name('fingerprint_parts')} = ${p(4)}, ${this.#name('consistency')} = ${p(5)}, ${this.#name('state')} = 'running', ` +
        `${this.#name('heartbeat_at')} = ${this.#dialect.nowText}, ${this.#name('ended_at')} = null ` +
        `where ${this.#name('run_id')} = ${p(6)} and ${this.#name('epoch')} = ${p(7)}`,
      [
        next.epoch,
        next.owner,
        next.fingerprint,
        JSON.stringify(next.fingerprintParts),
        next.consistency,
        run.runId,
        run.epoch,
      ],
    )
    if (changed !== 1) throw fenced(run.runId)
  }

  /** Ends the run, unless someone took it over meanwhile. */
  async endRun(session: Session, runId: string, epoch: number, state: RunRow['state']): Promise<void> {
    const p = (i: number): string => this.#dialect.placeholder(i)
    await session.execute(
      `update ${this.#table('etl_run')} set ${this.#name('state')} = ${p(1)}, ${this.#name('ended_at')} = ${this.#dialect.nowText} ` +
        `where ${this.#name('run_id')} = ${p(2)} and ${this.#name('epoch')} = ${p(3)}`,
      [state, runId, epoch],
    )
  }

  /** In a batch's transaction: fails unless the run still belongs to this epoch, and keeps it so until the commit. */
  async fence(session: Session, runId: string, epoch: number): Promise<void> {
    const sql = this.#once(
      'fence',
      () =>
        `select ${this.#name('epoch')} from ${this.#table('etl_run')} where ${this.#where(['run_id'])}${this.#dialect.shareLock}`,
    )
    const rows = await session.query(sql, [runId])
    if (Number(rows[0]?.[0] ?? -1) !== epoch) throw fenced(runId)
  }

  /** The guard: a second insert of the same batch blocks, then fails. Comes first in the batch's transaction. */
  async insertBatch(session: Session, ref: ChunkRef, entry: BatchEntry): Promise<void> {
    const names = ['run_id', 'entity', 'pass', 'chunk', 'batch_no', 'epoch', 'last_key', ...BATCH_COUNTS]
    const sql = this.#once(
      'insertBatch',
      () =>
        `insert into ${this.#table('etl_batch')} (${quoteNames(this.#dialect, [...names, 'committed_at'])}) ` +
        `values (${placeholders(this.#dialect, names.length)}, ${this.#dialect.nowText})`,
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
    ])
  }

  /** Puts the true counts in, where writing turned out other than expected. */
  async updateBatch(session: Session, ref: ChunkRef, entry: BatchEntry): Promise<void> {
    const sql = this.#once('updateBatch', () => {
      const sets = BATCH_COUNTS.map((name, i) => `${this.#name(name)} = ${this.#dialect.placeholder(i + 1)}`).join(', ')
      return `update ${this.#table('etl_batch')} set ${sets} where ${this.#where(['run_id', 'entity', 'pass', 'chunk', 'batch_no'], BATCH_COUNTS.length + 1)}`
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
    const sql = this.#once(
      'insertReject',
      () =>
        `insert into ${this.#table('etl_reject')} (${quoteNames(this.#dialect, names)}) values (${placeholders(this.#dialect, names.length)})`,
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
        reject.message,
        reject.policy,
        'open',
      ])
    }
  }

  /** Notes which generated keys the rows got; a source key seen before gets its new one. */
  async writeIdentities(
    session: Session,
    pipeline: string,
    entity: string,
    runId: string,
    keys: readonly string[],
    targets: readonly Value[],
  ): Promise<void> {
    if (keys.length === 0) return
    if (this.#identity === undefined) {
      const table = await this.#database.table(this.#ref('etl_identity'))
      if (table === undefined) throw new EtlError('E508', 'the ledger table etl_identity is missing in the target')
      const columns = LEDGER_TABLES.etl_identity.columns.map(
        column => table.columns.find(c => c.name === column.name) as Column,
      )
      const spec: WriteSpec = {
        table: this.#ref('etl_identity'),
        columns,
        mode: 'upsert',
        match: LEDGER_TABLES.etl_identity.primaryKey,
      }
      this.#identity = { spec, encoder: this.#database.connector.encoder(spec) }
    }
    const rows: Row[] = keys.map((key, i) => [pipeline, entity, identityKey(key), String(targets[i] ?? ''), runId])
    const writer = await session.writer(this.#identity.spec)
    await writer.write(this.#identity.encoder.encode(rows), 0, rows.length)
    await writer.close()
  }

  /** The target keys of source keys, as text; source keys that have none are absent. */
  async identities(
    session: Session,
    pipeline: string,
    entity: string,
    keys: readonly string[],
  ): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (let start = 0; start < keys.length; start += 500) {
      const stored = new Map(keys.slice(start, start + 500).map(key => [identityKey(key), key]))
      const rows = await session.query(
        `select ${quoteNames(this.#dialect, ['source_key', 'target_key'])} from ${this.#table('etl_identity')} ` +
          `where ${this.#where(['pipeline', 'entity'])} and ${this.#name('source_key')} in (${placeholders(this.#dialect, stored.size, 3)})`,
        [pipeline, entity, ...stored.keys()],
      )
      for (const row of rows) found.set(stored.get(String(row[0])) ?? '', String(row[1]))
    }
    return found
  }

  /** A chunk's totals and last batch; also says how a one-off step stands. */
  async progress(session: Session, ref: Omit<ChunkRef, 'pass'> & { readonly pass: string }): Promise<ChunkProgress> {
    const where = this.#where(['run_id', 'entity', 'pass', 'chunk'])
    const params: Value[] = [ref.runId, ref.entity, ref.pass, ref.chunk]
    const sums = BATCH_COUNTS.map(name => `coalesce(sum(${this.#name(name)}), 0)`).join(', ')
    const totals = await session.query(
      `select max(${this.#name('batch_no')}), ${sums} from ${this.#table('etl_batch')} where ${where}`,
      params,
    )
    const state = await session.query(
      `select ${this.#name('state')} from ${this.#table('etl_chunk')} where ${where}`,
      params,
    )
    const done = state[0]?.[0] === 'done'
    const row = totals[0] ?? []
    const numbers = row.slice(1).map(Number)
    const counts = toCounts(numbers)
    if (row[0] === null || row[0] === undefined) return { done, batch: 0, counts }
    const batch = Number(row[0])
    const last = await session.query(
      `select ${this.#name('last_key')} from ${this.#table('etl_batch')} where ${where} and ${this.#name('batch_no')} = ${this.#dialect.placeholder(5)}`,
      [...params, batch],
    )
    return { done, batch, lastKey: String(last[0]?.[0]), counts }
  }

  /** The last committed batch of each chunk of a run, by `entity:pass:chunk`. */
  async marks(session: Session, runId: string): Promise<Map<string, number>> {
    const chunk = quoteNames(this.#dialect, ['entity', 'pass', 'chunk'])
    const rows = await session.query(
      `select ${chunk}, max(${this.#name('batch_no')}) from ${this.#table('etl_batch')} where ${this.#where(['run_id'])} group by ${chunk}`,
      [runId],
    )
    return new Map(rows.map(row => [`${String(row[0])}:${String(row[1])}:${String(row[2])}`, Number(row[3])]))
  }

  /** Why rows of a run were quarantined so far, by entity. */
  async causes(
    session: Session,
    runId: string,
  ): Promise<Map<string, { code: ErrorCode; field?: string; message: string; rows: number }[]>> {
    const cause = quoteNames(this.#dialect, ['entity', 'code', 'field', 'message'])
    const rows = await session.query(
      `select ${cause}, count(*) from ${this.#table('etl_reject')} where ${this.#where(['run_id'])} group by ${cause} order by ${cause}`,
      [runId],
    )
    const found = new Map<string, { code: ErrorCode; field?: string; message: string; rows: number }[]>()
    for (const [entity, code, field, message, count] of rows) {
      const list = found.get(String(entity)) ?? []
      found.set(String(entity), list)
      list.push({
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
    const names = ['run_id', 'entity', 'pass', 'chunk', 'state']
    await session.execute(
      `insert into ${this.#table('etl_chunk')} (${quoteNames(this.#dialect, names)}) values (${placeholders(this.#dialect, names.length)})`,
      [ref.runId, ref.entity, ref.pass, ref.chunk, 'done'],
    )
  }

  async audit(session: Session, runId: string, actor: string, action: string, detail: string): Promise<void> {
    const seq = await session.query(
      `select count(*) from ${this.#table('etl_audit')} where ${this.#where(['run_id'])}`,
      [runId],
    )
    const names = ['run_id', 'seq', 'actor', 'action', 'detail']
    await session.execute(
      `insert into ${this.#table('etl_audit')} (${quoteNames(this.#dialect, [...names, 'at'])}) ` +
        `values (${placeholders(this.#dialect, names.length)}, ${this.#dialect.nowText})`,
      [runId, Number(seq[0]?.[0] ?? 0) + 1, actor, action, detail],
    )
  }
}

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

function fenced(runId: string): EtlError {
  return new EtlError(
    'E510',
    `run ${runId} was taken over by another process; this one stops and has written nothing since`,
    {
      hint: 'when that process has ended, go on with `etl run --resume`',
    },
  )
}
