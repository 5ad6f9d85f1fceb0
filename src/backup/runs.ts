import type { Database, Session } from '../core/connector.js'
import type { Pipeline } from '../load/pipeline.js'
import { runOwner } from '../run/begin-run.js'
import { Ledger } from '../run/ledger.js'
import { isUnfinished } from '../run/reconcile.js'
import type { BackupMetadata } from './metadata.js'

/** What the ledger in the target says of the pipeline's runs; nothing where there is none. */
export class RunsOfTarget {
  readonly ledger: Ledger | undefined
  readonly #database: Database
  readonly #pipeline: string

  constructor({ spec }: Pipeline, database: Database) {
    this.ledger = spec.ledger === false ? undefined : new Ledger(database, spec.ledger.schema)
    this.#database = database
    this.#pipeline = spec.name
  }

  /** When a run was last taken up; empty where there was none. */
  async lastTaken(): Promise<string> {
    const { ledger } = this
    if (ledger === undefined || !(await ledger.exists())) return ''
    const session = await this.#database.session({ readOnly: true })
    try {
      return await ledger.runs.lastTaken(session, this.#pipeline)
    } finally {
      await session.close()
    }
  }

  /** A run that can be gone on with: the next one is refused, or takes its place. */
  async unfinished(): Promise<string | undefined> {
    const { ledger } = this
    if (ledger === undefined || !(await ledger.exists())) return undefined
    const session = await this.#database.session({ readOnly: true })
    try {
      const run = await ledger.runs.latestRun(session, this.#pipeline)
      return run !== undefined && isUnfinished(run) ? run.runId : undefined
    } finally {
      await session.close()
    }
  }

  /**
   * After a restore, within its transaction: runs later than the backup count as undone, and the audit says what was done.
   * Gives their ids.
   */
  async restored(session: Session, { runsUntil, runId }: BackupMetadata, detail: string): Promise<readonly string[]> {
    const { ledger } = this
    if (ledger === undefined || !(await ledger.exists())) return []
    const undone = await ledger.runs.undoneSince(session, this.#pipeline, runsUntil, runId)
    await ledger.runs.audit(session, runId ?? undone.at(-1) ?? 'restore', runOwner(), 'restore', detail)
    return undone
  }
}
