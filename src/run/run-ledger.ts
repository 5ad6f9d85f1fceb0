import type { Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { placeholders, quoteNames } from '../core/sql.js'
import type { LedgerSql } from './ledger-sql.js'
import { LEDGER_FORMAT, LEDGER_TABLES } from './ledger-tables.js'
import { OwnerLedger } from './owner-ledger.js'
import type { KeptSnapshots } from './source-snapshots.js'

export interface RunRow {
  readonly runId: string
  readonly pipeline: string
  readonly state: 'running' | 'interrupted' | 'failed' | 'completed' | 'abandoned' | 'undoing' | 'undone'
  readonly epoch: number
  readonly fingerprint: string
  readonly fingerprintParts: Readonly<Record<string, string>>
  readonly targetUid: string
  readonly owner: string
  readonly options: StoredOptions
  readonly toolVersion: string
  /** A {@link Consistency}; older versions wrote other words. */
  readonly consistency: string
  /** What a resume may read by. */
  readonly snapshots: KeptSnapshots
  readonly startedAt: string
  readonly endedAt?: string
}

/** Options that a resume must repeat. */
export interface StoredOptions {
  readonly entities?: readonly string[]
  readonly exclude?: readonly string[]
  readonly limit?: number
  /** A retry of what this run rejected. There is nothing to resume: every row is settled on its own. */
  readonly retryOf?: string
}

/** `etl_run` and `etl_audit`: which runs there are, who holds them, what was decided. */
export class RunLedger {
  readonly owners: OwnerLedger
  readonly #sql: LedgerSql

  constructor(sql: LedgerSql) {
    this.#sql = sql
    this.owners = new OwnerLedger(sql)
  }

  /** The pipeline's newest run. */
  async latestRun(session: Session, pipeline: string): Promise<RunRow | undefined> {
    return (await this.all(session, pipeline)).at(-1)
  }

  /** @param name a run's id, or `last`: the pipeline's newest run that was not taken back */
  async named(session: Session, pipeline: string, name: string): Promise<RunRow | undefined> {
    if (name !== 'last') return this.findRun(session, name)
    return (await this.all(session, pipeline)).findLast(({ state }) => state !== 'undone')
  }

  async findRun(session: Session, runId: string): Promise<RunRow | undefined> {
    return (await this.#rows(session, this.#sql.where(['run_id']), runId)).at(-1)
  }

  /** The pipeline's runs, oldest first. */
  async all(session: Session, pipeline: string): Promise<RunRow[]> {
    const order = quoteNames(this.#sql.dialect, ['started_at', 'run_id'])
    return this.#rows(session, `${this.#sql.where(['pipeline'])} order by ${order}`, pipeline)
  }

  async #rows(session: Session, where: string, value: string): Promise<RunRow[]> {
    const columns = LEDGER_TABLES.etl_run.columns.map(column => column.name)
    const rows = await session.query(
      `select ${quoteNames(this.#sql.dialect, columns)} from ${this.#sql.table('etl_run')} where ${where}`,
      [value],
    )
    return rows.map(row => runRow(name => String(row[columns.indexOf(name)] ?? '')))
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
      'snapshots',
    ]
    const now = this.#sql.dialect.nowText
    await session.execute(
      `insert into ${this.#sql.table('etl_run')} (${quoteNames(this.#sql.dialect, [...names, 'started_at', 'heartbeat_at'])}) ` +
        `values (${placeholders(this.#sql.dialect, names.length)}, ${now}, ${now})`,
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
        JSON.stringify(run.snapshots),
      ],
    )
  }

  /** Takes an unfinished run over: a new epoch, so that whoever held it is fenced. Also stores what the run now goes by. */
  async takeRun(
    session: Session,
    run: RunRow,
    next: Pick<RunRow, 'epoch' | 'owner' | 'fingerprint' | 'fingerprintParts' | 'consistency' | 'snapshots'>,
  ): Promise<void> {
    const p = (i: number): string => this.#sql.dialect.placeholder(i)
    const changed = await session.execute(
      `update ${this.#sql.table('etl_run')} set ${this.#sql.name('epoch')} = ${p(1)}, ${this.#sql.name('owner')} = ${p(2)}, ${this.#sql.name('fingerprint')} = ${p(3)}, ` +
        `${this.#sql.name('fingerprint_parts')} = ${p(4)}, ${this.#sql.name('consistency')} = ${p(5)}, ${this.#sql.name('snapshots')} = ${p(6)}, ${this.#sql.name('state')} = 'running', ` +
        `${this.#sql.name('heartbeat_at')} = ${this.#sql.dialect.nowText}, ${this.#sql.name('ended_at')} = null ` +
        `where ${this.#sql.name('run_id')} = ${p(7)} and ${this.#sql.name('epoch')} = ${p(8)}`,
      [
        next.epoch,
        next.owner,
        next.fingerprint,
        JSON.stringify(next.fingerprintParts),
        next.consistency,
        JSON.stringify(next.snapshots),
        run.runId,
        run.epoch,
      ],
    )
    if (changed !== 1) throw this.fenced(run.runId)
  }

  /** A snapshot was lost on the way. */
  async setConsistency(
    session: Session,
    run: Pick<RunRow, 'runId' | 'epoch' | 'consistency' | 'snapshots'>,
  ): Promise<void> {
    const set = ['consistency', 'snapshots'].map(
      (name, i) => `${this.#sql.name(name)} = ${this.#sql.dialect.placeholder(i + 1)}`,
    )
    await session.execute(
      `update ${this.#sql.table('etl_run')} set ${set.join(', ')} where ${this.#sql.where(['run_id', 'epoch'], 3)}`,
      [run.consistency, JSON.stringify(run.snapshots), run.runId, run.epoch],
    )
  }

  /** Ends a run that is not complete; a second time changes nothing. Throws E510 where someone took it over meanwhile. */
  async endRun(session: Session, runId: string, epoch: number, state: RunRow['state']): Promise<void> {
    const p = (i: number): string => this.#sql.dialect.placeholder(i)
    const changed = await session.execute(
      `update ${this.#sql.table('etl_run')} set ${this.#sql.name('state')} = ${p(1)}, ${this.#sql.name('ended_at')} = ${this.#sql.dialect.nowText} ` +
        `where ${this.#sql.name('run_id')} = ${p(2)} and ${this.#sql.name('epoch')} = ${p(3)} and ${this.#sql.name('state')} in ('running', 'interrupted', 'failed')`,
      [state, runId, epoch],
    )
    if (changed === 1) return
    const [row] = await session.query(
      `select ${this.#sql.name('epoch')} from ${this.#sql.table('etl_run')} where ${this.#sql.where(['run_id'])}`,
      [runId],
    )
    if (Number(row?.[0]) !== epoch) throw this.fenced(runId)
  }

  /** Gives an unfinished run up for good: a new epoch, so that whoever may still hold it is fenced. */
  async abandon(session: Session, run: RunRow): Promise<void> {
    const p = (i: number): string => this.#sql.dialect.placeholder(i)
    const changed = await session.execute(
      `update ${this.#sql.table('etl_run')} set ${this.#sql.name('state')} = 'abandoned', ${this.#sql.name('epoch')} = ${p(1)}, ` +
        `${this.#sql.name('ended_at')} = ${this.#sql.dialect.nowText} ` +
        `where ${this.#sql.name('run_id')} = ${p(2)} and ${this.#sql.name('epoch')} = ${p(3)}`,
      [run.epoch + 1, run.runId, run.epoch],
    )
    if (changed !== 1) throw this.fenced(run.runId)
  }

  /** The run is being taken back, under a new epoch: whoever held it is fenced. */
  async beginUndo(session: Session, run: Pick<RunRow, 'runId' | 'epoch'>): Promise<void> {
    const p = (i: number): string => this.#sql.dialect.placeholder(i)
    const changed = await session.execute(
      `update ${this.#sql.table('etl_run')} set ${this.#sql.name('state')} = 'undoing', ${this.#sql.name('epoch')} = ${p(1)} ` +
        `where ${this.#sql.name('run_id')} = ${p(2)} and ${this.#sql.name('epoch')} = ${p(3)}`,
      [run.epoch + 1, run.runId, run.epoch],
    )
    if (changed !== 1) throw this.fenced(run.runId)
  }

  /** Nothing of the run is left. When it ended itself stays known. */
  async endUndo(session: Session, runId: string, epoch: number): Promise<void> {
    await this.fence(session, runId, epoch, 'undoing')
    await session.execute(
      `update ${this.#sql.table('etl_run')} set ${this.#sql.name('state')} = 'undone', ` +
        `${this.#sql.name('ended_at')} = coalesce(${this.#sql.name('ended_at')}, ${this.#sql.dialect.nowText}) ` +
        `where ${this.#sql.where(['run_id'])}`,
      [runId],
    )
  }

  /** In a batch's transaction: fails unless the run still belongs to this epoch, and keeps it so until the commit. */
  async fence(session: Session, runId: string, epoch: number, expected: RunRow['state'] = 'running'): Promise<void> {
    const sql = this.#sql.once(
      'fence',
      () =>
        `select ${quoteNames(this.#sql.dialect, ['epoch', 'state'])} from ${this.#sql.table('etl_run')} where ${this.#sql.where(['run_id'])}${this.#sql.dialect.shareLock}`,
    )
    const rows = await session.query(sql, [runId])
    const [held, state] = rows[0] ?? []
    if (Number(held ?? -1) !== epoch || state !== expected) throw this.fenced(runId)
  }

  /** When a run of the pipeline was last begun or taken up, by the target's clock; empty where there is none. */
  async lastTaken(session: Session, pipeline: string): Promise<string> {
    const [row] = await session.query(
      `select max(${this.#sql.name('heartbeat_at')}) from ${this.#sql.table('etl_run')} where ${this.#sql.where(['pipeline'])}`,
      [pipeline],
    )
    return String(row?.[0] ?? '')
  }

  /** What the runs taken up since wrote is not there any more: nobody may go on with them. Gives their ids. */
  async undoneSince(session: Session, pipeline: string, since: string, runId: string | undefined): Promise<string[]> {
    const p = (i: number): string => this.#sql.dialect.placeholder(i)
    const rows = await session.query(
      `select ${this.#sql.name('run_id')} from ${this.#sql.table('etl_run')} where ${this.#sql.name('pipeline')} = ${p(1)} ` +
        `and (${this.#sql.name('heartbeat_at')} > ${p(2)} or ${this.#sql.name('run_id')} = ${p(3)}) and ${this.#sql.name('state')} <> 'undone'`,
      // An empty text is a null to some databases, and nothing is greater than that.
      [pipeline, since === '' ? '0' : since, runId ?? '-'],
    )
    const ids = rows.map(row => String(row[0]))
    for (const id of ids) {
      await session.execute(
        `update ${this.#sql.table('etl_run')} set ${this.#sql.name('state')} = 'undone', ${this.#sql.name('epoch')} = ${this.#sql.name('epoch')} + 1, ` +
          `${this.#sql.name('ended_at')} = ${this.#sql.dialect.nowText} where ${this.#sql.where(['run_id'])}`,
        [id],
      )
    }
    return ids
  }

  async audit(session: Session, runId: string, actor: string, action: string, detail: string): Promise<void> {
    const seq = await session.query(
      `select count(*) from ${this.#sql.table('etl_audit')} where ${this.#sql.where(['run_id'])}`,
      [runId],
    )
    const names = ['run_id', 'seq', 'actor', 'action', 'detail']
    await session.execute(
      `insert into ${this.#sql.table('etl_audit')} (${quoteNames(this.#sql.dialect, [...names, 'at'])}) ` +
        `values (${placeholders(this.#sql.dialect, names.length)}, ${this.#sql.dialect.nowText})`,
      [runId, Number(seq[0]?.[0] ?? 0) + 1, actor, action, detail],
    )
  }

  fenced(runId: string): EtlError {
    return new EtlError(
      'E510',
      `run ${runId} was taken over by another process; this one stops and has written nothing since`,
      { hint: 'when that process has ended, go on with `etl run --resume`' },
    )
  }
}

function runRow(at: (name: (typeof LEDGER_TABLES.etl_run.columns)[number]['name']) => string): RunRow {
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
    snapshots: JSON.parse(at('snapshots') || '{}') as KeptSnapshots,
    startedAt: at('started_at'),
    ...(endedAt === '' ? {} : { endedAt }),
  }
}
