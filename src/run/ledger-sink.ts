import type { Session, WriteSpec } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { EntityPlan, WritePlan } from '../plan/plan.js'
import { type BulkWritten, guiltyReject, isRowError, missingReject, writeAround, writeWhole } from './bulk-write.js'
import type { RunContext } from './context.js'
import { unexplained } from './counts.js'
import type { Counts } from './events.js'
import type { ChunkRef } from './ledger.js'
import type { PreparedBatch } from './produce.js'
import type { Progress } from './progress.js'
import { transaction } from './sessions.js'
import { type BatchResult, batchCounts, type Sink } from './sink.js'
import { writerOf, writeSpec } from './writers.js'

/**
 * Commits each batch's rows and its ledger entry together: fence, entry, rows, generated keys, rejected rows, commit.
 * The entry comes first: its key lets a batch in only once.
 */
export class LedgerSink implements Sink {
  readonly #context: RunContext
  readonly #progress: Progress
  readonly #ref: ChunkRef
  readonly #entity: EntityPlan
  readonly #write: WritePlan
  readonly #spec: WriteSpec
  /** Checked before the commit: may throw E501 or E502. */
  readonly #admit: (result: BatchResult) => void

  constructor(options: {
    readonly context: RunContext
    readonly progress: Progress
    readonly ref: ChunkRef
    readonly entity: EntityPlan
    readonly write: WritePlan
    readonly admit: (result: BatchResult) => void
  }) {
    this.#context = options.context
    this.#progress = options.progress
    this.#ref = options.ref
    this.#entity = options.entity
    this.#write = options.write
    this.#spec = writeSpec(options.write)
    this.#admit = options.admit
  }

  async write(batch: PreparedBatch): Promise<BatchResult> {
    return this.#context.targets.write(async session => {
      try {
        return await transaction(session, () => this.#commit(session, batch, false))
      } catch (error) {
        if (!isRowError(error)) throw error
        return transaction(session, () => this.#commit(session, batch, true))
      }
    })
  }

  async close(): Promise<void> {}

  /** @param careful a row is known to be at fault: write around it */
  async #commit(session: Session, batch: PreparedBatch, careful: boolean): Promise<BatchResult> {
    const { ledger } = this.#progress
    const ref = this.#ref
    const expected = this.#expected(batch)
    const entry = { batch: batch.batch, lastKey: batch.lastKey }
    await ledger?.runs.fence(session, ref.runId, ref.epoch)
    await ledger?.insertBatch(session, ref, { ...entry, counts: expected })
    const written = batch.payload.rows === 0 ? NOTHING() : await this.#rows(session, batch, careful)
    const result: BatchResult = { counts: batchCounts(batch, written), rejects: [...batch.rejects, ...written.rejects] }
    const listed = result.rejects.filter(reject => reject.policy !== 'skip')
    await this.#context.quarantine?.append(ref.entity, ref.pass, ref.chunk, batch.batch, listed)
    this.#admit(result)
    if (unexplained(result.counts) !== 0) {
      throw new EtlError(
        'E511',
        `${unexplained(result.counts)} rows of batch ${batch.batch} are unaccounted for; it was rolled back`,
        { where: ref.entity },
      )
    }
    if (written.keys.size > 0) {
      const indexes = [...written.keys.keys()]
      await ledger?.identities.write(
        session,
        this.#context.plan.pipeline,
        ref.entity,
        ref.runId,
        indexes.map(batch.keyOf),
        [...written.keys.values()],
      )
    }
    await ledger?.insertRejects(session, ref, batch.batch, listed)
    if (!sameCounts(expected, result.counts))
      await ledger?.updateBatch(session, ref, { ...entry, counts: result.counts })
    return result
  }

  async #rows(session: Session, batch: PreparedBatch, careful: boolean): Promise<BulkWritten> {
    const writer = await writerOf(session, this.#spec)
    const policy = this.#entity.onError
    const late: { index: number; error?: EtlError }[] = []
    const missing = (index: number): void => {
      late.push({ index })
    }
    const written = careful
      ? await writeAround(session, writer, batch, (index, error) => late.push({ index, error }), missing)
      : await writeWhole(writer, batch, missing)
    for (const { index, error } of late.sort((a, b) => a.index - b.index)) {
      if (error !== undefined) written.rejects.push(guiltyReject(batch, index, error, policy))
      else if (this.#ref.pass === 'defer') written.skipped++
      else written.rejects.push(missingReject(batch, index, this.#write.match, policy))
    }
    return written
  }

  /** What the counts will be if the target takes every row as new: then no second statement is needed. */
  #expected(batch: PreparedBatch): Counts {
    const updating = this.#write.mode === 'update'
    return batchCounts(batch, {
      inserted: updating ? 0 : batch.payload.rows,
      updated: updating ? batch.payload.rows : 0,
      skipped: 0,
      rejects: [],
    })
  }
}

const NOTHING = (): BulkWritten => ({ inserted: 0, updated: 0, skipped: 0, rejects: [], keys: new Map() })

function sameCounts(a: Counts, b: Counts): boolean {
  return (
    a.inserted === b.inserted && a.updated === b.updated && a.skipped === b.skipped && a.quarantined === b.quarantined
  )
}
