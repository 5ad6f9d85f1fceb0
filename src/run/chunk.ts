import { EtlError } from '../core/errors.js'
import type { EntityPlan } from '../plan/plan.js'
import { changesText, sumChanges } from './changes.js'
import { databaseNamed, entityNamed, type RunContext, sourcesOf } from './context.js'
import { addCounts } from './counts.js'
import type { DryKeys } from './dry-keys.js'
import { DrySink } from './dry-sink.js'
import { environmentOf } from './environment.js'
import type { StageTimes } from './events.js'
import { NO_COUNTS } from './events.js'
import type { ChunkProgress, ChunkRef, PlannedChunk } from './ledger.js'
import { LedgerSink } from './ledger-sink.js'
import type { PreparedBatch } from './prepared-batch.js'
import { type ProduceJob, produceHere } from './produce-job.js'
import { produceInThread } from './produce-thread.js'
import { ReadingSessions } from './reading-sessions.js'
import { withRetries } from './retry.js'
import { rejectedRows } from './retry-run.js'
import type { BatchResult, Sink } from './sink.js'
import { isGone } from './source-snapshots.js'
import { suitsThread } from './suits-thread.js'
import { writeSpec } from './writers.js'

const NONE: ReadonlySet<string> = new Set()

export interface ChunkOutcome {
  /** False where the run was asked to stop before the end. */
  readonly done: boolean
  /** Of all attempts and runs so far. */
  readonly total: ChunkProgress
}

/** What an entity watches while its chunks run. */
export interface ChunkWatch {
  /** Aborts when the run, or another chunk of the entity, is to end. */
  readonly signal: AbortSignal
  /** What the chunk did before this attempt. */
  began(total: ChunkProgress): void
  /** A batch is committed; `total` is of the chunk. */
  committed(batch: PreparedBatch, result: BatchResult, total: ChunkProgress, stages: StageTimes): void
  /** Before a batch is committed; throws to end the entity (E501, E502). */
  admit(result: BatchResult): void
  retry(error: EtlError, attempt: number, waitMs: number): void
  readonly dryKeys: DryKeys | undefined
}

/**
 * The unit of work: reads a chunk from where the ledger says it stands, transforms, writes, batch by batch, until its end
 * or the signal. Described by ids alone; whoever has the plan and connections can run it. Errors that pass are tried
 * again from the ledger's position, so a batch whose commit was in doubt is neither lost nor doubled.
 */
export async function execChunk(
  context: RunContext,
  ref: ChunkRef,
  range: Pick<PlannedChunk, 'lower' | 'upper'>,
  watch: ChunkWatch,
): Promise<ChunkOutcome> {
  let last = 0
  return withRetries(
    (_attempt, progressed) =>
      attemptChunk(context, ref, range, watch, batch => {
        // Also what the ledger has of an attempt whose commit was thought lost is progress.
        if (batch > last) progressed()
        last = Math.max(last, batch)
      }),
    {
      signal: watch.signal,
      onRetry: watch.retry,
    },
  )
}

async function attemptChunk(
  context: RunContext,
  ref: ChunkRef,
  range: Pick<PlannedChunk, 'lower' | 'upper'>,
  watch: ChunkWatch,
  reached: (batch: number) => void,
): Promise<ChunkOutcome> {
  const entity = entityNamed(context.plan, ref.entity)
  const before: ChunkProgress = (await context.progress?.chunk(ref)) ?? { done: false, batch: 0, counts: NO_COUNTS }
  watch.began(before)
  reached(before.batch)
  if (before.done) return { done: true, total: before }
  await context.quarantine?.trim(ref.entity, ref.pass, ref.chunk, before.batch)
  const pass = ref.pass === 'defer' && entity.deferred !== undefined ? entity.deferred : entity
  const { program } = pass
  const write = context.undo?.write(ref.entity, ref.pass, pass.write) ?? pass.write
  const read = await context.windows.within(entity, pass.read)
  const leaveOut = ref.pass === 'defer' ? ((await context.progress?.rejectedKeys(ref.runId, ref.entity)) ?? NONE) : NONE
  const job = jobOf(context, ref, entity, { read, program, write }, range, before, leaveOut)
  const producer = await openProducer(context, ref, entity, job, watch.signal)
  const { batches } = producer
  const sink = openSink(context, ref, entity, { read, write }, watch, before.lastKey)
  try {
    const last = await drain(context, ref, batches, sink, before, watch, reached)
    if (watch.signal.aborted) return { done: false, total: last }
    await context.progress?.markDone(ref, last)
    return { done: true, total: last }
  } finally {
    // First the producer: a batch that is still being waited for would keep the generator from returning.
    await producer.close()
    await batches.return()
    await sink.close()
  }
}

/** Writes each batch while the next one is read and transformed. */
async function drain(
  context: RunContext,
  ref: ChunkRef,
  batches: AsyncGenerator<PreparedBatch, void, void>,
  sink: Sink,
  before: ChunkProgress,
  watch: ChunkWatch,
  reached: (batch: number) => void,
): Promise<ChunkProgress> {
  let progress = before
  let next = batches.next()
  for (;;) {
    const { value: batch, done } = await next
    if (done === true || batch === undefined) return progress
    await context.control.gate()
    const started = context.now()
    const { writing, busy } = begun(sink, batch)
    await Promise.race([busy, writing])
    // What is read meanwhile waits for its turn above. A failed read is thrown there too.
    next = batches.next()
    next.catch(() => undefined)
    const result = await writing
    batch.written?.()
    const changes = changesText(sumChanges([progress.changes, batch]))
    progress = {
      done: false,
      batch: batch.batch,
      lastKey: batch.lastKey,
      counts: addCounts(progress.counts, result.counts),
      ...(changes === undefined ? {} : { changes }),
    }
    await context.progress?.committed(ref, progress)
    reached(batch.batch)
    watch.committed(batch, result, progress, {
      read: batch.readMs,
      transform: batch.transformMs,
      write: context.now() - started,
    })
    if (watch.signal.aborted) return progress
  }
}

/** Reading and transforming in this thread would keep the small statements before the rows waiting, and the database idle. */
function begun(
  sink: Sink,
  batch: PreparedBatch,
): { readonly writing: Promise<BatchResult>; readonly busy: Promise<void> } {
  let resolve = (): void => {}
  const busy = new Promise<void>(done => {
    resolve = done
  })
  return { writing: sink.write(batch, resolve), busy }
}

interface Producer {
  readonly batches: AsyncGenerator<PreparedBatch, void, void>
  close(): Promise<void>
}

/** A thread of its own reads and transforms where there is enough to do. */
async function openProducer(
  context: RunContext,
  ref: ChunkRef,
  entity: EntityPlan,
  job: ProduceJob,
  signal: AbortSignal,
): Promise<Producer> {
  const apart = !context.dryRun && context.retry === undefined && suitsThread(context, entity, job)
  const thread = apart ? await openThread(context, job) : undefined
  if (thread !== undefined) return thread
  const sessions = new ReadingSessions(name => context.snapshots.session(name))
  const { retry } = context
  return {
    batches:
      retry === undefined
        ? produceHere(job, sessions.get, context.resolvers, signal, context.now)
        : produceHere(
            rejectedRows(job),
            retry.open(context, ref, job, sessions.get),
            context.resolvers,
            signal,
            context.now,
          ),
    close: () => sessions.close(),
  }
}

/** Undefined where the thread would see another state of a source than the run's other readers. */
async function openThread(context: RunContext, job: ProduceJob): Promise<Producer | undefined> {
  const held = sourcesOf(job.read).map(name => {
    const snapshot = context.snapshots.of(name)
    return { name, snapshot, joins: databaseNamed(context, name).connector.capabilities.sharedSnapshot }
  })
  if (held.some(({ snapshot, joins }) => !joins && snapshot !== undefined && snapshot.unchanged === undefined)) return
  const addresses = held.map(({ name, snapshot, joins }) => {
    const address = context.address(name)
    return [name, joins && snapshot !== undefined ? { ...address, snapshot: snapshot.id } : address] as const
  })
  const producer = produceInThread(job, Object.fromEntries(addresses), context.resolvers)
  try {
    await producer.ready
    for (const { snapshot, joins } of held) {
      if (joins || (await snapshot?.unchanged?.()) !== false) continue
      await producer.close()
      return
    }
    return producer
  } catch (error) {
    await producer.close()
    if (!isGone(error)) throw error
    // Who reads here finds that out too, and sees to another one.
    return
  }
}

function jobOf(
  context: RunContext,
  ref: ChunkRef,
  entity: EntityPlan,
  plan: Pick<EntityPlan, 'read' | 'program' | 'write'>,
  range: Pick<PlannedChunk, 'lower' | 'upper'>,
  before: ChunkProgress,
  leaveOut: ReadonlySet<string>,
): ProduceJob {
  const after = before.lastKey ?? range.lower
  const marks = context.undo?.marksOf(ref.entity, ref.pass, plan.write, context.target.connector.capabilities)
  return {
    read: plan.read,
    program: plan.program,
    write: writeSpec(plan.write),
    target: context.targetConfig,
    environment: environmentOf(context, entity, plan.read),
    batchRows: entity.batchRows,
    ...(entity.dedupe === undefined ? {} : { dedupe: entity.dedupe }),
    ...(context.runDir === undefined ? {} : { scratch: context.runDir }),
    ...(context.limit === undefined ? {} : { limit: context.limit - before.counts.read }),
    ...(after === undefined ? {} : { after }),
    ...(range.upper === undefined ? {} : { until: range.upper }),
    firstBatch: before.batch + 1,
    keepValues: context.keepRejectedRows,
    keepKeys: entity.keepsIdentity,
    keepRows: context.dryRun,
    targetKey: context.undo?.keyOf(ref.entity, ref.pass, plan.write) ?? [],
    ...(marks === undefined ? {} : { marks }),
    // A retry says of each row what became of it, also of one that the target does not have.
    findBy: ref.pass === 'defer' && context.retry === undefined ? plan.write.match : [],
    leaveOut,
  }
}

function openSink(
  context: RunContext,
  ref: ChunkRef,
  entity: EntityPlan,
  plan: Pick<EntityPlan, 'read' | 'write'>,
  watch: ChunkWatch,
  after: string | undefined,
): Sink {
  if (context.progress === undefined) {
    if (watch.dryKeys === undefined) throw new EtlError('E901', 'a dry run has no place for its keys')
    return new DrySink(context, entity, watch.dryKeys, watch.admit)
  }
  const { progress, retry } = context
  if (retry !== undefined) return retry.sink({ context, progress, ref, entity, ...plan, admit: watch.admit }, after)
  return new LedgerSink({ context, progress, ref, entity, ...plan, admit: watch.admit })
}
