import type { Session } from '../core/connector.js'
import { placeholders, quoteNames } from '../core/sql.js'
import type { LedgerSql } from './ledger-sql.js'
import type { Owner } from './owner.js'

/**
 * `etl_owner`: which process has a run, and when it was last heard of. Not in `etl_run`, whose row every batch locks until
 * it commits: a beat could wait there for ever.
 */
export class OwnerLedger {
  readonly #sql: LedgerSql

  constructor(sql: LedgerSql) {
    this.#sql = sql
  }

  async claim(
    session: Session,
    run: { readonly runId: string; readonly epoch: number },
    owner: Pick<Owner, 'host' | 'pid' | 'sessions'>,
  ): Promise<void> {
    const { dialect } = this.#sql
    await session.execute(`delete from ${this.#sql.table('etl_owner')} where ${this.#sql.where(['run_id'])}`, [
      run.runId,
    ])
    const names = ['run_id', 'epoch', 'host', 'pid', 'sessions']
    await session.execute(
      `insert into ${this.#sql.table('etl_owner')} (${quoteNames(dialect, [...names, 'since', 'heartbeat_at'])}) ` +
        `values (${placeholders(dialect, names.length)}, ${dialect.nowText}, ${dialect.nowText})`,
      [run.runId, run.epoch, owner.host, owner.pid, owner.sessions.join(',')],
    )
  }

  /** False where the run is somebody else's by now. */
  async beat(session: Session, runId: string, epoch: number, sessions: readonly string[]): Promise<boolean> {
    const sql = this.#sql.once('beat', () => {
      const set = `${this.#sql.name('sessions')} = ${this.#sql.dialect.placeholder(1)}, ${this.#sql.name('heartbeat_at')} = ${this.#sql.dialect.nowText}`
      return `update ${this.#sql.table('etl_owner')} set ${set} where ${this.#sql.where(['run_id', 'epoch'], 2)}`
    })
    return (await session.execute(sql, [sessions.join(','), runId, epoch])) > 0
  }

  async find(session: Session, runId: string): Promise<Owner | undefined> {
    const columns = quoteNames(this.#sql.dialect, ['host', 'pid', 'sessions', 'since', 'heartbeat_at'])
    const rows = await session.query(
      `select ${columns}, ${this.#sql.dialect.nowText} from ${this.#sql.table('etl_owner')} where ${this.#sql.where(['run_id'])}`,
      [runId],
    )
    const [row] = rows
    if (row === undefined) return undefined
    const [host, pid, sessions, since, heardAt, now] = row.map(String) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    return {
      host,
      pid: Number(pid),
      sessions: row[2] === null || sessions === '' ? [] : sessions.split(','),
      since,
      heardAt,
      quietSeconds: Math.max(0, Math.round((Date.parse(now) - Date.parse(heardAt)) / 1000)),
    }
  }
}
