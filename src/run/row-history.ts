import type { Database, Session } from '../core/connector.js'
import { quoteNames } from '../core/sql.js'
import type { Pass } from './ledger.js'
import { LedgerSql } from './ledger-sql.js'

/** What a run noted of one row that it rejected or left out. */
export interface NotedRow {
  readonly runId: string
  readonly pass: Pass
  readonly batch: number
  readonly stage: string
  readonly field?: string
  readonly code: string
  readonly message: string
  readonly policy: string
  readonly state: string
}

/** A committed batch and where it ends. */
export interface CommittedBatch {
  readonly chunk: number
  readonly batch: number
  /** The cursor after it, as JSON text. */
  readonly lastKey: string
  readonly committedAt: string
  readonly undone: boolean
}

/** Asks the ledger about single rows. */
export class RowHistory {
  readonly #sql: LedgerSql

  constructor(database: Database, schema: string | undefined) {
    this.#sql = new LedgerSql(database, schema)
  }

  /** What was noted under a source key, in all runs of the pipeline. */
  async noted(session: Session, pipeline: string, entity: string, key: string): Promise<NotedRow[]> {
    const names = ['run_id', 'pass', 'batch_no', 'stage', 'field', 'code', 'message', 'policy', 'state']
    const columns = names.map(name => `j.${this.#sql.name(name)}`).join(', ')
    const { placeholder } = this.#sql.dialect
    const rows = await session.query(
      `select ${columns} from ${this.#sql.table('etl_reject')} j join ${this.#sql.table('etl_run')} r ` +
        `on r.${this.#sql.name('run_id')} = j.${this.#sql.name('run_id')} ` +
        `where r.${this.#sql.name('pipeline')} = ${placeholder(1)} and j.${this.#sql.name('entity')} = ${placeholder(2)} ` +
        `and j.${this.#sql.name('source_key')} = ${placeholder(3)}`,
      [pipeline, entity, key],
    )
    return rows.map(([runId, pass, batch, stage, field, code, message, policy, state]) => ({
      runId: String(runId),
      pass: pass as Pass,
      batch: Number(batch),
      stage: String(stage),
      ...(typeof field === 'string' ? { field } : {}),
      code: String(code),
      message: String(message),
      policy: String(policy),
      state: String(state),
    }))
  }

  /** The batches of an entity's first pass, in their order. */
  async batches(session: Session, runId: string, entity: string): Promise<CommittedBatch[]> {
    const columns = ['chunk', 'batch_no', 'last_key', 'committed_at', 'undone']
    const rows = await session.query(
      `select ${quoteNames(this.#sql.dialect, columns)} from ${this.#sql.table('etl_batch')} ` +
        `where ${this.#sql.where(['run_id', 'entity', 'pass'])} order by ${quoteNames(this.#sql.dialect, ['chunk', 'batch_no'])}`,
      [runId, entity, 'load'],
    )
    return rows.map(([chunk, batch, lastKey, committedAt, undone]) => ({
      chunk: Number(chunk),
      batch: Number(batch),
      lastKey: String(lastKey),
      committedAt: String(committedAt),
      undone: undone !== null && undone !== undefined,
    }))
  }
}
