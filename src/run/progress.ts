import type { Session } from '../core/connector.js'
import { sumChanges } from './changes.js'
import type { Checkpoint, CheckpointFile, ChunkMark } from './checkpoint.js'
import { sumCounts } from './counts.js'
import { NO_COUNTS } from './events.js'
import type { ChunkProgress, ChunkRef, Ledger, Pass, PlannedChunk, Totals } from './ledger.js'
import type { Sessions } from './sessions.js'
import { transaction } from './sessions.js'

/** With a ledger the file only shows; once a second is enough. Without, it is the memory: each batch. */
const FILE_INTERVAL_MS = 1000

/** A chunk or a one-off step such as a hook; steps have names of their own as `pass`. */
export type StepRef = Omit<ChunkRef, 'pass'> & { readonly pass: string }

/**
 * What is done, kept in two places: the ledger in the target, which decides, and the checkpoint file, which people read.
 * Where the ledger is switched off only the file is left: then a batch whose commit the file missed is loaded again.
 */
export class Progress {
  readonly ledger: Ledger | undefined
  readonly #sessions: Sessions
  readonly #file: CheckpointFile | undefined
  readonly #head: Omit<Checkpoint, 'entities' | 'updatedAt' | 'state'>
  readonly #chunks = new Map<string, Map<string, ChunkMark>>()
  readonly #now: () => number
  readonly #onWrite: (file: string) => void
  #writing: Promise<void> = Promise.resolve()
  #lastWrite = 0
  #queued = false

  constructor(options: {
    readonly ledger: Ledger | undefined
    readonly sessions: Sessions
    /** Undefined in a process that only does chunks: the file is for whoever has the run. */
    readonly file: CheckpointFile | undefined
    readonly head: Omit<Checkpoint, 'entities' | 'updatedAt' | 'state'>
    readonly restored: Checkpoint | undefined
    readonly now: () => number
    readonly onWrite: (file: string) => void
  }) {
    this.ledger = options.ledger
    this.#sessions = options.sessions
    this.#file = options.file
    this.#head = options.head
    this.#now = options.now
    this.#onWrite = options.onWrite
    for (const [entity, marks] of Object.entries(options.restored?.entities ?? {})) {
      for (const mark of marks) this.#set(entity, mark)
    }
  }

  async chunk(ref: StepRef): Promise<ChunkProgress> {
    const { ledger } = this
    if (ledger !== undefined) {
      const progress = await this.#sessions.ask(session => ledger.progress(session, ref))
      if (progress.batch > 0 || progress.done)
        this.#set(ref.entity, { ...progress, pass: ref.pass as ChunkMark['pass'], chunk: ref.chunk })
      return progress
    }
    return this.#chunks.get(ref.entity)?.get(`${ref.pass}:${ref.chunk}`) ?? { done: false, batch: 0, counts: NO_COUNTS }
  }

  /**
   * The ranges of an entity's pass: those planned by whoever began it, else new ones. Without a ledger there is one,
   * since nothing else would remember where the others begin.
   */
  async chunks(
    ref: Omit<ChunkRef, 'chunk'>,
    plan: () => Promise<readonly PlannedChunk[]>,
  ): Promise<readonly PlannedChunk[]> {
    const { ledger } = this
    if (ledger === undefined) return [{ chunk: 0, done: false }]
    const known = await this.#sessions.ask(session => ledger.chunks(session, ref.runId, ref.entity, ref.pass))
    if (known.length > 0) return known
    const planned = await plan()
    await this.#sessions.write(session =>
      transaction(session, async () => {
        await ledger.runs.fence(session, ref.runId, ref.epoch)
        await ledger.insertChunks(session, ref.runId, ref.entity, ref.pass, planned)
      }),
    )
    return planned
  }

  /** How far an entity is: its totals, and whether every pass it has is over. */
  async entity(runId: string, entity: string, passes: readonly Pass[]): Promise<Totals & { readonly done: boolean }> {
    const { ledger } = this
    if (ledger === undefined) {
      const marks = [...(this.#chunks.get(entity)?.values() ?? [])]
      const done = passes.every(pass => marks.some(mark => mark.pass === pass && mark.done))
      const loaded = marks.filter(mark => mark.pass === 'load')
      const counts = sumCounts(loaded.map(mark => mark.counts))
      return { counts, changes: sumChanges(loaded.map(mark => mark.changes)), done }
    }
    return this.#sessions.ask(async session => {
      let done = true
      for (const pass of passes) {
        const chunks = await ledger.chunks(session, runId, entity, pass)
        done &&= chunks.length > 0 && chunks.every(chunk => chunk.done)
      }
      return { ...(await ledger.totals(session, runId, entity, 'load')), done }
    })
  }

  /** Source keys of the rows that the entity's first pass rejected. */
  async rejectedKeys(runId: string, entity: string): Promise<ReadonlySet<string>> {
    const { ledger } = this
    return ledger === undefined ? new Set() : this.#sessions.ask(session => ledger.rejectedKeys(session, runId, entity))
  }

  /** A batch is committed: notes it for the file. */
  async committed(ref: ChunkRef, progress: ChunkProgress): Promise<void> {
    this.#set(ref.entity, { ...progress, pass: ref.pass, chunk: ref.chunk })
    if (this.ledger === undefined) await this.save('running')
    else this.#saveSoon()
  }

  /** Marks a chunk, or a one-off step, as done. With `work` both happen in one transaction. */
  async markDone(
    ref: StepRef,
    progress: ChunkProgress | undefined,
    work?: (session: Session) => Promise<void>,
  ): Promise<void> {
    const { ledger } = this
    await this.#sessions.write(session =>
      transaction(session, async () => {
        await ledger?.runs.fence(session, ref.runId, ref.epoch)
        await ledger?.claims.fence(session, ref)
        await work?.(session)
        await ledger?.markDone(session, ref)
      }),
    )
    this.#set(ref.entity, {
      ...(progress ?? { batch: 0, counts: NO_COUNTS }),
      pass: ref.pass as ChunkMark['pass'],
      chunk: ref.chunk,
      done: true,
    })
    if (ledger === undefined) await this.save('running')
    else this.#saveSoon()
  }

  /** Writes the file now. */
  async save(state: string): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    this.#lastWrite = this.#now()
    const checkpoint: Checkpoint = {
      ...this.#head,
      state,
      updatedAt: new Date(this.#lastWrite).toISOString(),
      entities: Object.fromEntries([...this.#chunks].map(([entity, marks]) => [entity, [...marks.values()]])),
    }
    this.#writing = this.#writing.then(() => file.write(checkpoint))
    await this.#writing
    this.#onWrite(file.path)
  }

  /** Throws what an unattended write of the file failed with. */
  async settle(): Promise<void> {
    await this.#writing
  }

  #saveSoon(): void {
    if (this.#queued || this.#now() - this.#lastWrite < FILE_INTERVAL_MS) return
    this.#queued = true
    const saved = this.save('running')
    this.#writing = saved.finally(() => {
      this.#queued = false
    })
    this.#writing.catch(() => undefined)
  }

  #set(entity: string, mark: ChunkMark): void {
    let marks = this.#chunks.get(entity)
    if (marks === undefined) {
      marks = new Map()
      this.#chunks.set(entity, marks)
    }
    marks.set(`${mark.pass}:${mark.chunk}`, mark)
  }
}
