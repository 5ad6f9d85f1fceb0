import type { Counts } from './events.js'
import type { PreparedBatch } from './prepared-batch.js'
import type { RejectRecord } from './quarantine.js'

/** What became of a batch. */
export interface BatchResult {
  readonly counts: Counts
  /** All rows of the batch that failed: while transforming and while writing. */
  readonly rejects: readonly RejectRecord[]
}

/** Where batches go: into the target with their ledger entry, or, in a dry run, through every check and nowhere. */
export interface Sink {
  /** @param busy called when the database has the batch: what others have to do meanwhile keeps it waiting no longer */
  write(batch: PreparedBatch, busy?: () => void): Promise<BatchResult>
  close(): Promise<void>
}

/** What the target made of a batch's rows. */
export interface Written {
  inserted: number
  updated: number
  /** There already. */
  skipped: number
  readonly rejects: RejectRecord[]
}

/** The counts of a batch from what was read and what was written: every row is somewhere. */
export function batchCounts(batch: PreparedBatch, written: Written): Counts {
  const rejects = [...batch.rejects, ...written.rejects]
  const quarantined = rejects.filter(reject => reject.policy === 'quarantine').length
  return {
    read: batch.read,
    written: written.inserted + written.updated,
    inserted: written.inserted,
    updated: written.updated,
    skipped: written.skipped + batch.absent + rejects.filter(reject => reject.policy === 'skip').length,
    filtered: batch.filtered,
    deduped: batch.duplicates.length,
    quarantined,
  }
}
