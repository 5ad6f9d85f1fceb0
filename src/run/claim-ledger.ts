import type { Database, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { ChunkRef } from './ledger.js'
import type { LedgerSql } from './ledger-sql.js'

const KEY = ['run_id', 'entity', 'pass', 'chunk'] as const

/** What an engine may deliver of one chunk in one epoch. */
const ATTEMPTS = 1_000_000

/** A number that grows with each epoch, and within it with each delivery. */
export function claimOf(epoch: number, attempt: number): number {
  return epoch * ATTEMPTS + attempt
}

/**
 * `etl_chunk.claim`: to whom an engine gave a chunk last. An engine that believes a worker dead gives its chunk to another
 * one; the first may only be frozen: it must not write beside the second when it wakes, nor keep locked what it was at.
 */
export class ClaimLedger {
  readonly #sql: LedgerSql

  constructor(sql: LedgerSql) {
    this.#sql = sql
  }

  /** Ends what an earlier delivery has open in the target. Throws E510 where a later one has the chunk. */
  async endEarlier(database: Database, session: Session, ref: ChunkRef): Promise<void> {
    const columns = ['claim', 'claimed_by'].map(name => this.#sql.name(name)).join(', ')
    const [row] = await session.query(
      `select ${columns} from ${this.#sql.table('etl_chunk')} where ${this.#sql.where(KEY)}`,
      [ref.runId, ref.entity, ref.pass, ref.chunk],
    )
    const [claim, by] = row ?? []
    const before = Number(claim ?? 0)
    if (before > (ref.claim ?? 0)) throw fenced(ref)
    if (before < (ref.claim ?? 0) && typeof by === 'string' && by !== '') await database.endSessions?.([by])
  }

  /**
   * From here on whoever claimed it before is fenced. Throws E510 where a later delivery has claimed it.
   *
   * @param by the server's name of the session that the chunk is written by
   */
  async take(session: Session, ref: ChunkRef, by: string | undefined): Promise<void> {
    const p = (i: number): string => this.#sql.dialect.placeholder(i)
    const claim = this.#sql.name('claim')
    const taken = await session.execute(
      `update ${this.#sql.table('etl_chunk')} set ${claim} = ${p(1)}, ${this.#sql.name('claimed_by')} = ${p(2)} ` +
        `where ${this.#sql.where(KEY, 3)} and (${claim} is null or ${claim} <= ${p(7)})`,
      [ref.claim ?? 0, by ?? null, ref.runId, ref.entity, ref.pass, ref.chunk, ref.claim ?? 0],
    )
    if (taken !== 1) throw fenced(ref)
  }

  /** In a batch's transaction: fails unless the chunk is still this delivery's, and keeps it so until the commit. */
  async fence(session: Session, ref: Omit<ChunkRef, 'pass'> & { readonly pass: string }): Promise<void> {
    if (ref.claim === undefined) return
    const sql = this.#sql.once(
      'claim',
      () =>
        `select ${this.#sql.name('claim')} from ${this.#sql.table('etl_chunk')} where ${this.#sql.where(KEY)}${this.#sql.dialect.shareLock}`,
    )
    const [row] = await session.query(sql, [ref.runId, ref.entity, ref.pass, ref.chunk])
    if (Number(row?.[0] ?? -1) !== ref.claim) throw fenced(ref)
  }
}

function fenced({ entity, chunk }: Pick<ChunkRef, 'entity' | 'chunk'>): EtlError {
  return new EtlError(
    'E510',
    `chunk ${chunk} of ${entity} was given to another worker; this one stops and has written nothing since`,
    { where: entity, hint: 'nothing is to be done: the other worker goes on where this one stopped' },
  )
}
