import { join } from 'node:path'
import { ROW_NUMBER } from '../core/catalog.js'
import { EtlError } from '../core/errors.js'
import type { EntityPlan, Plan } from '../plan/plan.js'
import type { RunContext } from './context.js'
import type { ChunkRef, Ledger } from './ledger.js'
import { LedgerSink, type LedgerSinkOptions } from './ledger-sink.js'
import type { PreparedBatch } from './prepared-batch.js'
import type { ProduceJob } from './produce-job.js'
import { quarantineFile, type RejectRecord } from './quarantine.js'
import type { OpenSource } from './reading-sessions.js'
import { KeptRows } from './reject-kept.js'
import type { RejectRange } from './reject-ledger.js'
import { RejectReader } from './reject-reader.js'
import type { RunRow } from './run-ledger.js'
import type { Sessions } from './sessions.js'
import type { BatchResult, Sink } from './sink.js'
import { parseCursor } from './source-slices.js'

export interface RetryOptions {
  /** The run whose rejected rows are tried again, or `last`: the pipeline's newest that was not taken back. */
  readonly run: string
  /**
   * `source`: each row as the source has it today, found by its key; one without a key as it was kept. `kept`: as it was
   * when it was rejected. Default source.
   */
  readonly from?: 'source' | 'kept'
}

/**
 * A plan that loads nothing but rejected rows: no hook runs, no table is emptied, no row ends the entity. High-water marks
 * stay where they are, and which of several duplicates is loaded was decided by the run.
 */
export function retryPlan(plan: Plan, open: ReadonlyMap<string, number>): Plan {
  const entities = plan.entities.flatMap((entity): EntityPlan[] => {
    const estimatedRows = open.get(entity.name)
    if (estimatedRows === undefined) return []
    const { maxErrors: _, chunks: __, incremental: ___, dedupe: ____, ...rest } = entity
    return [
      {
        ...rest,
        write: { ...entity.write, replace: false },
        onError: entity.onError === 'fail' ? 'quarantine' : entity.onError,
        hooks: NO_HOOKS,
        estimatedRows,
      },
    ]
  })
  return { ...plan, entities, hooks: NO_HOOKS }
}

const NO_HOOKS = { before: [], after: [] }

/** The job of an entity with rejected rows as its only source. */
export function rejectedRows(job: ProduceJob): ProduceJob {
  return { ...job, read: { ...job.read, from: { kind: 'table', source: '$rejected', table: { table: '$rejected' } } } }
}

/** Reads what a run rejected in place of the sources, and closes each row in the transaction that writes it. */
export class Retry {
  readonly parent: RunRow
  readonly #from: 'source' | 'kept'
  readonly #ledger: Ledger
  readonly #chosen: readonly string[] | undefined
  readonly #parentDir: string
  readonly #moved: ReadonlySet<string>

  constructor(options: {
    readonly parent: RunRow
    readonly from: 'source' | 'kept'
    readonly ledger: Ledger
    readonly stateDir: string
    readonly plan: Plan
    /** Entities that were chosen; undefined: all. */
    readonly chosen: readonly string[] | undefined
  }) {
    const { parent, plan } = options
    this.parent = parent
    this.#from = options.from
    this.#chosen = options.chosen
    this.#ledger = options.ledger
    this.#parentDir = join(options.stateDir, 'runs', parent.runId)
    this.#moved = new Set(
      plan.entities.filter(entity => keyMoved(entity.name, parent, plan)).map(entity => entity.name),
    )
  }

  /** What is read instead of the sources, for a job of {@link rejectedRows}. */
  open(context: RunContext, ref: ChunkRef, job: ProduceJob, open: OpenSource): OpenSource {
    const { rejects } = this.#ledger
    const reader = new RejectReader({
      read: job.read,
      from: this.#from,
      findable: !this.#moved.has(ref.entity) && hasKey(job),
      open,
      kept: new KeptRows(quarantineFile(this.#parentDir, ref.entity)),
      range: this.#range(ref),
      batches: range => context.targets.ask(session => rejects.batches(session, range)),
      list: range => context.targets.ask(session => rejects.list(session, range)),
    })
    return async () => reader
  }

  /** @param after the cursor of the last safe batch */
  sink(options: LedgerSinkOptions, after: string | undefined): Sink {
    return new RetrySink(options, this.#ledger, this.#range(options.ref), after)
  }

  /** How many rows of the run are still rejected, in the entities that were chosen or, where none were, in all. */
  async outcome(targets: Sessions): Promise<{ readonly of: string; readonly left: number }> {
    const { runId } = this.parent
    const open = await targets.ask(session => this.#ledger.rejects.open(session, runId))
    const left = [...open].filter(([name]) => this.#chosen?.includes(name) !== false)
    return { of: runId, left: left.reduce((sum, [, rows]) => sum + rows, 0) }
  }

  #range(ref: ChunkRef): RejectRange {
    return { runId: this.parent.runId, entity: ref.entity, pass: ref.pass }
  }
}

/** The number of a file's row says nothing once the file was mended. */
function hasKey({ read }: ProduceJob): boolean {
  return read.key.length > 0 && read.key.every(index => read.columns[index]?.name !== ROW_NUMBER)
}

/** Would the key of then name another row today? */
function keyMoved(entity: string, parent: RunRow, plan: Plan): boolean {
  const before = parent.fingerprintParts
  const after = plan.fingerprintParts
  const differs = (path: string): boolean => before[path] !== after[path]
  if (differs(`entities.${entity}.key`)) return true
  if (before[`entities.${entity}.key`] !== undefined) return false
  return (
    differs(`entities.${entity}.from`) ||
    Object.keys({ ...before, ...after }).some(
      path => path.startsWith('source.') && path.endsWith('.primary_key') && differs(path),
    )
  )
}

class RetrySink implements Sink {
  readonly #inner: LedgerSink
  #after: string | undefined

  constructor(options: LedgerSinkOptions, ledger: Ledger, range: RejectRange, after: string | undefined) {
    this.#after = after
    const { runId, pass } = options.ref
    const deferred = pass === 'load' && options.entity.deferred !== undefined
    this.#inner = new LedgerSink({
      ...options,
      settle: async (session, batch, failed) => {
        const part: RejectRange = {
          ...range,
          until: parseCursor(batch.lastKey),
          ...(this.#after === undefined ? {} : { after: parseCursor(this.#after) }),
        }
        const rejects = failed.length === 0 ? [] : await ledger.rejects.list(session, part)
        const closed = await ledger.rejects.close(session, part, runId, deferred)
        if (closed !== batch.read) {
          throw new EtlError('E511', `${batch.read} rejected rows were read, ${closed} are in the ledger now`, {
            where: range.entity,
            hint: 'nothing of this batch was written: retry once more',
          })
        }
        for (const why of failed) {
          const reject = rejects[why.row - 1]
          if (reject !== undefined) await ledger.rejects.reopen(session, range.runId, reject, why)
        }
      },
    })
  }

  async write(batch: PreparedBatch, busy?: () => void): Promise<BatchResult> {
    const result = await this.#inner.write({ ...batch, rejects: batch.rejects.map(kept) }, busy)
    this.#after = batch.lastKey
    return result
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

/** What failed once more stays in quarantine, whatever its field's policy says; a row that was not found is not skipped. */
function kept(reject: RejectRecord): RejectRecord {
  return reject.policy === 'skip' && reject.code !== 'E424' ? reject : { ...reject, policy: 'quarantine' }
}
