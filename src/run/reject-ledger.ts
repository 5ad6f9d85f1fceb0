import type { ErrorCode } from '../core/codes.js'
import type { Session } from '../core/connector.js'
import type { Row, Value } from '../core/row.js'
import { type KeyColumn, keysetPredicate, quoteNames } from '../core/sql.js'
import type { Pass } from './ledger.js'
import type { LedgerSql } from './ledger-sql.js'
import type { RejectRecord, RejectStage } from './quarantine.js'

/** What tells one rejected row of a run and entity from the others, in the order in which they are retried. */
export interface RejectPlace {
  readonly pass: Pass
  readonly chunk: number
  readonly batch: number
  /** 1-based number of the row within its batch. */
  readonly row: number
}

/** A rejected row as the ledger has it. */
export interface Reject extends RejectPlace {
  readonly entity: string
  readonly key?: string
  readonly stage: RejectStage
  readonly field?: string
  readonly code: ErrorCode
  readonly message: string
  /** `loaded`: written, but its deferred columns are still to be filled. */
  readonly state: 'open' | 'loaded'
}

/** Which rows of a run are meant: one entity's, those that a pass of a retry takes up, a part of them. */
export interface RejectRange {
  readonly runId: string
  readonly entity: string
  /** The pass of the retry. Undefined: all that is not closed. */
  readonly pass?: Pass
  readonly after?: readonly Value[]
  readonly until?: readonly Value[]
}

const BATCH = ['pass', 'chunk', 'batch_no'] as const
const PLACE = [...BATCH, 'row_no'] as const
const KEY = ['run_id', 'entity', ...PLACE] as const
const MESSAGE_LENGTH = 1000

/** The place as a cursor. */
export function cursorOf({ pass, chunk, batch, row }: RejectPlace): Value[] {
  return [pass, chunk, batch, row]
}

/** `etl_reject` and `etl_closed`: quarantined rows and what became of them. */
export class RejectLedger {
  readonly #sql: LedgerSql

  constructor(sql: LedgerSql) {
    this.#sql = sql
  }

  /** Rows not closed yet, by entity. */
  async open(session: Session, runId: string): Promise<Map<string, number>> {
    const name = this.#sql.name('entity')
    const rows = await session.query(
      `select ${name}, count(*) from ${this.#sql.table('etl_reject')} where ${this.#sql.where(['run_id', 'policy'])} and ${this.#sql.name('state')} <> 'closed' group by ${name} order by ${name}`,
      [runId, 'quarantine'],
    )
    return new Map(rows.map(row => [String(row[0]), Number(row[1])]))
  }

  /**
   * Source keys of the rows of an entity that a run did not bring into the target, or brought without their deferred columns;
   * of those that it did not bring and that have no key, how many.
   */
  async left(
    session: Session,
    runId: string,
    entity: string,
  ): Promise<{ readonly load: Set<string>; readonly defer: Set<string>; readonly unnamed: number }> {
    const [policy, state] = [this.#sql.name('policy'), this.#sql.name('state')]
    const rows = await session.query(
      `select ${quoteNames(this.#sql.dialect, ['source_key', 'pass', 'state'])} from ${this.#sql.table('etl_reject')} ` +
        `where ${this.#sql.where(['run_id', 'entity'])} and ${policy} <> 'dedupe' and ${state} <> 'closed'`,
      [runId, entity],
    )
    const keyed = rows.flatMap(([key, pass, at]) => (typeof key === 'string' ? [{ key, pass, at }] : []))
    return {
      load: new Set(keyed.filter(({ pass, at }) => pass === 'load' && at === 'open').map(({ key }) => key)),
      defer: new Set(keyed.map(({ key }) => key)),
      unnamed: rows.filter(([key, pass, at]) => typeof key !== 'string' && pass === 'load' && at === 'open').length,
    }
  }

  /** Rows that retries have settled since, by entity. */
  async closed(session: Session, runId: string): Promise<Map<string, number>> {
    const name = this.#sql.name('entity')
    const rows = await session.query(
      `select ${name}, count(*) from ${this.#sql.table('etl_reject')} where ${this.#sql.where(['run_id', 'state', 'pass'])} group by ${name}`,
      [runId, 'closed', 'load'],
    )
    return new Map(rows.map(row => [String(row[0]), Number(row[1])]))
  }

  /** The rows of a range, in order. A range of many batches may be large: see {@link RejectLedger.batches}. */
  async list(session: Session, range: RejectRange): Promise<Reject[]> {
    const names = [...PLACE, 'source_key', 'stage', 'field', 'code', 'message', 'state']
    const { sql, params } = this.#where(range, 1)
    const rows = await session.query(
      `select ${quoteNames(this.#sql.dialect, names)} from ${this.#sql.table('etl_reject')} where ${sql} order by ${quoteNames(this.#sql.dialect, PLACE)}`,
      params,
    )
    return rows.map(row => rejectOf(range.entity, row))
  }

  /** The range cut into parts of one batch each. */
  async batches(session: Session, range: RejectRange): Promise<RejectRange[]> {
    const columns = quoteNames(this.#sql.dialect, BATCH)
    const { sql, params } = this.#where(range, 1)
    const rows = await session.query(
      `select ${columns}, min(${this.#sql.name('row_no')}), max(${this.#sql.name('row_no')}) from ${this.#sql.table('etl_reject')} where ${sql} group by ${columns} order by ${columns}`,
      params,
    )
    return rows.map(([pass, chunk, batch, first, last]) => {
      const place = [String(pass), Number(chunk), Number(batch)]
      return { ...range, after: [...place, Number(first) - 1], until: [...place, Number(last)] }
    })
  }

  /**
   * Closes all rows of a range within the caller's transaction; rows that a retry of an entity's first pass has loaded
   * wait for the second one where there is one.
   *
   * @returns how many rows there were
   */
  async close(session: Session, range: RejectRange, closedBy: string, deferred: boolean): Promise<number> {
    const table = this.#sql.table('etl_reject')
    if (!deferred) {
      const { sql, params } = this.#where(range, 2)
      const columns = quoteNames(this.#sql.dialect, KEY)
      await session.execute(
        `insert into ${this.#sql.table('etl_closed')} (${quoteNames(this.#sql.dialect, ['closed_by', 'closed_at', ...KEY])}) ` +
          `select ${this.#sql.dialect.placeholder(1)}, ${this.#sql.dialect.nowText}, ${columns} from ${table} where ${sql}`,
        [closedBy, ...params],
      )
    }
    const { sql, params } = this.#where(range, 1)
    const state = deferred ? 'loaded' : 'closed'
    return session.execute(`update ${table} set ${this.#sql.name('state')} = '${state}' where ${sql}`, params)
  }

  /** What a retry closed is open again. */
  async reopenAll(session: Session, closedBy: string): Promise<void> {
    const [name, closed] = [this.#sql.name.bind(this.#sql), this.#sql.table('etl_closed')]
    const same = KEY.map(column => `c.${name(column)} = r.${name(column)}`).join(' and ')
    const reject = this.#sql.table('etl_reject')
    const rows = await session.query(
      `select ${KEY.map(column => `r.${name(column)}`).join(', ')} from ${reject} r join ${closed} c on ${same} ` +
        `where c.${name('closed_by')} = ${this.#sql.dialect.placeholder(1)}`,
      [closedBy],
    )
    for (const key of rows)
      await session.execute(`update ${reject} set ${name('state')} = 'open' where ${this.#sql.where(KEY)}`, key)
    await session.execute(`delete from ${closed} where ${this.#sql.where(['closed_by'])}`, [closedBy])
  }

  /** Takes the closing of a row back: it failed once more, for this cause. */
  async reopen(session: Session, runId: string, reject: Reject, why: RejectRecord): Promise<void> {
    const key = [runId, reject.entity, ...cursorOf(reject)]
    await session.execute(`delete from ${this.#sql.table('etl_closed')} where ${this.#sql.where(KEY)}`, key)
    const set = ['stage', 'field', 'code', 'message', 'state']
    const sets = set.map((name, i) => `${this.#sql.name(name)} = ${this.#sql.dialect.placeholder(i + 1)}`).join(', ')
    await session.execute(
      `update ${this.#sql.table('etl_reject')} set ${sets} where ${this.#sql.where(KEY, set.length + 1)}`,
      [why.stage, why.field ?? null, why.code, why.message.slice(0, MESSAGE_LENGTH), reject.state, ...key],
    )
  }

  #where(
    { runId, entity, pass, after, until }: RejectRange,
    first: number,
  ): { readonly sql: string; readonly params: Value[] } {
    const state = this.#sql.name('state')
    const inPass = this.#sql.name('pass')
    const taken =
      pass === undefined
        ? `${state} <> 'closed'`
        : pass === 'load'
          ? `${inPass} = 'load' and ${state} = 'open'`
          : `((${inPass} = 'load' and ${state} = 'loaded') or (${inPass} = 'defer' and ${state} = 'open'))`
    const parts = [`${this.#sql.where(['run_id', 'entity', 'policy'], first)} and ${taken}`]
    const params: Value[] = [runId, entity, 'quarantine']
    const columns = PLACE.map(
      (name): KeyColumn => ({ sql: this.#sql.name(name), nullable: false, bind: placeholder => placeholder }),
    )
    for (const [position, inclusive] of [[after, false] as const, [until, true] as const]) {
      if (position === undefined) continue
      const predicate = keysetPredicate(this.#sql.dialect, columns, position, first + params.length, inclusive)
      parts.push(`(${predicate.sql})`)
      params.push(...predicate.params)
    }
    return { sql: parts.join(' and '), params }
  }
}

function rejectOf(entity: string, row: Row): Reject {
  const [pass, chunk, batch, number, key, stage, field, code, message, state] = row
  return {
    entity,
    pass: String(pass) as Pass,
    chunk: Number(chunk),
    batch: Number(batch),
    row: Number(number),
    ...(key === null || key === undefined ? {} : { key: String(key) }),
    stage: String(stage) as RejectStage,
    ...(field === null || field === undefined ? {} : { field: String(field) }),
    code: String(code) as ErrorCode,
    message: String(message),
    state: String(state) as Reject['state'],
  }
}
