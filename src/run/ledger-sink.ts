import type { Session, TableWriter, WriteSpec } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { failpoint } from '../core/failpoint.js'
import type { EntityPlan, ReadPlan, WritePlan } from '../plan/plan.js'
import { type BulkWritten, isRowError, Known, nothing, StartOver, writeAround, writeWhole } from './bulk-write.js'
import type { RunContext } from './context.js'
import { unexplained } from './counts.js'
import type { Counts } from './events.js'
import { IdentityRecorder } from './identity-recorder.js'
import type { ChunkRef } from './ledger.js'
import { type PreparedBatch, rejectRecord, type Why } from './prepared-batch.js'
import type { Progress } from './progress.js'
import type { RejectRecord } from './quarantine.js'
import { transaction } from './sessions.js'
import { type BatchResult, batchCounts, type Sink } from './sink.js'
import type { UndoRecord } from './undo-record.js'
import type { UndoRecorder } from './undo-recorder.js'
import { writerOf, writeSpec } from './writers.js'

export type Settle = (session: Session, batch: PreparedBatch, rejects: readonly RejectRecord[]) => Promise<void>

export interface LedgerSinkOptions {
  readonly context: RunContext
  readonly progress: Progress
  readonly ref: ChunkRef
  readonly entity: EntityPlan
  readonly write: WritePlan
  readonly read: ReadPlan
  readonly admit: (result: BatchResult) => void
  /** Notes what became of rows within the batch's transaction. Default: rejected ones in the ledger. */
  readonly settle?: Settle
}

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
  readonly #read: ReadPlan
  readonly #missing: Why
  readonly #spec: WriteSpec
  /** The first attempt at the batch came as far as listing its rejected rows. */
  #listed = false
  /** Checked before the commit: may throw E501 or E502. */
  readonly #admit: (result: BatchResult) => void
  readonly #settle: Settle | undefined
  readonly #undo: UndoRecorder | undefined
  readonly #noted: IdentityRecorder | undefined

  constructor(options: LedgerSinkOptions) {
    this.#context = options.context
    this.#progress = options.progress
    this.#ref = options.ref
    this.#entity = options.entity
    this.#write = options.write
    this.#read = options.read
    this.#missing = {
      stage: 'constraint',
      code: 'E416',
      message: `no row of the target has this ${options.write.match.join(', ')}`,
    }
    this.#admit = options.admit
    this.#settle = options.settle
    const { capabilities } = options.context.target.connector
    const { plan } = options.context
    const identities = this.#progress.ledger?.identities
    if (identities !== undefined && this.#entity.keepsIdentity)
      this.#noted = new IdentityRecorder(identities, plan.pipeline, this.#ref)
    this.#undo = options.context.undo?.recorder(options.ref, options.write, capabilities)
    const spec = writeSpec(options.write)
    this.#spec = this.#undo === undefined ? spec : this.#undo.asking(spec)
  }

  async write(batch: PreparedBatch, busy: () => void = () => {}): Promise<BatchResult> {
    return this.#context.targets.write(async session => {
      this.#listed = false
      try {
        return await transaction(session, () => this.#commit(session, batch, undefined, busy))
      } catch (error) {
        if (!isRowError(error)) throw error
      }
      const known = new Known(batch)
      for (;;) {
        try {
          return await transaction(session, () => this.#commit(session, batch, known, busy))
        } catch (error) {
          if (!(error instanceof StartOver)) throw error
        }
      }
    })
  }

  async close(): Promise<void> {}

  /** @param known a row is at fault: write around it */
  async #commit(
    session: Session,
    batch: PreparedBatch,
    known: Known | undefined,
    busy: () => void,
  ): Promise<BatchResult> {
    const { ledger } = this.#progress
    const ref = this.#ref
    const expected = this.#expected(batch)
    const entry = { batch: batch.batch, lastKey: batch.lastKey, changes: batch }
    await ledger?.runs.fence(session, ref.runId, ref.epoch)
    await ledger?.claims.fence(session, ref)
    try {
      await ledger?.insertBatch(session, ref, { ...entry, counts: expected })
    } catch (cause) {
      if (!isRowError(cause)) throw cause
      // A commit that was thought lost: the next attempt goes by what the ledger says.
      const message = `batch ${batch.batch} of ${ref.entity} is in the ledger already`
      throw new EtlError('E307', message, { kind: 'transient', cause, where: ref.entity })
    }
    failpoint('after-ledger-row')
    const writer = batch.rows === 0 ? undefined : await writerOf(session, this.#spec)
    const before = await this.#undo?.before(session, batch, writer)
    const writing = this.#rows(session, writer, batch, known)
    busy()
    const written = await writing
    failpoint('after-write')
    const result: BatchResult = { counts: batchCounts(batch, written), rejects: [...batch.rejects, ...written.rejects] }
    const listed = [...result.rejects.filter(reject => reject.policy !== 'skip'), ...batch.duplicates]
    if (known !== undefined && this.#listed)
      await this.#context.quarantine?.trim(ref.entity, ref.pass, ref.chunk, batch.batch - 1)
    await this.#context.quarantine?.append(ref.entity, ref.pass, ref.chunk, batch.batch, listed)
    this.#listed = true
    this.#admit(result)
    if (unexplained(result.counts) !== 0) {
      throw new EtlError(
        'E511',
        `${unexplained(result.counts)} rows of batch ${batch.batch} are unaccounted for; it was rolled back`,
        { where: ref.entity },
      )
    }
    const identities = await this.#identities(session, batch, written)
    if (before !== undefined) await this.#undo?.after(session, batch, written, before, identities)
    // Skipped rows too: a resumed run counts them, and the second pass leaves them out.
    const noted = [...result.rejects, ...batch.duplicates]
    if (this.#settle === undefined) await ledger?.insertRejects(session, ref, batch.batch, noted)
    else await this.#settle(session, batch, listed)
    if (!sameCounts(expected, result.counts))
      await ledger?.updateBatch(session, ref, { ...entry, counts: result.counts })
    return result
  }

  /** Notes the keys that the rows got; gives what was noted under them before, where that is to be put back one day. */
  async #identities(session: Session, batch: PreparedBatch, written: BulkWritten): Promise<UndoRecord['identities']> {
    if (this.#noted === undefined || written.keys.size === 0) return undefined
    const keys = [...written.keys.keys()].map(index => batch.keys?.[index] ?? '')
    return this.#noted.note(session, keys, [...written.keys.values()], this.#undo !== undefined)
  }

  async #rows(
    session: Session,
    writer: TableWriter | undefined,
    batch: PreparedBatch,
    known: Known | undefined,
  ): Promise<BulkWritten> {
    if (writer === undefined) return nothing()
    const late: Late[] = []
    const missing = (index: number): void => {
      late.push({ index, why: this.#missing })
    }
    const guilty = (index: number, error: EtlError): void => {
      late.push({ index, why: whyOf(error) })
    }
    const written =
      known === undefined
        ? await writeWhole(writer, batch, missing)
        : await writeAround(session, writer, known, guilty, missing)
    // What can go in is known now: it goes in once more, without savepoints.
    if (this.#undo?.outsideSavepoints === true && known !== undefined && known.savepoints > 0) throw new StartOver()
    for (const { index, why } of late) if (why !== this.#missing) written.failed.add(index)
    if (this.#ref.pass === 'defer') {
      // Rows that the first pass rejected are not there to be completed.
      const absent = late.filter(({ why }) => why === this.#missing)
      written.skipped += absent.length
      await this.#reject(
        batch,
        late.filter(({ why }) => why !== this.#missing),
        written,
      )
    } else await this.#reject(batch, late, written)
    return written
  }

  async #reject(batch: PreparedBatch, late: readonly Late[], written: BulkWritten): Promise<void> {
    if (late.length === 0) return
    const rows = await batch.reread()
    for (const { index, why } of [...late].sort((a, b) => a.index - b.index)) {
      const source = batch.sources?.[index] ?? index
      const { onError } = this.#entity
      const { keepRejectedRows } = this.#context
      written.rejects.push(rejectRecord(this.#read, source, rows[source] ?? [], why, onError, keepRejectedRows))
    }
  }

  /** What the counts will be if the target takes every row as new: then no second statement is needed. */
  #expected(batch: PreparedBatch): Counts {
    const updating = this.#write.mode === 'update'
    return batchCounts(batch, {
      inserted: updating ? 0 : batch.rows,
      updated: updating ? batch.rows : 0,
      skipped: 0,
      rejects: [],
    })
  }
}

interface Late {
  readonly index: number
  readonly why: Why
}

/** What a row is told that the target refused. */
function whyOf(error: EtlError): Why {
  const { code, message, column } = error
  return { stage: 'constraint', code, message, ...(column === undefined ? {} : { field: column }) }
}

function sameCounts(a: Counts, b: Counts): boolean {
  return (
    a.inserted === b.inserted && a.updated === b.updated && a.skipped === b.skipped && a.quarantined === b.quarantined
  )
}
