import type { Encoder, Payload, SourceBatch } from '../core/connector.js'
import { failpoint } from '../core/failpoint.js'
import type { Row, Value } from '../core/row.js'
import type { BatchOutcome } from '../plan/outcome.js'
import { newOutcome } from '../plan/outcome.js'
import type { EntityPlan, ReadPlan } from '../plan/plan.js'
import type { RowProgram } from '../plan/row-program.js'
import type { RowPolicy } from '../spec/model.js'
import { keyOf, type PreparedBatch, rejectRecord } from './prepared-batch.js'
import type { RejectRecord } from './quarantine.js'
import type { OpenSource } from './reading-sessions.js'
import { joinMarks, type Marks } from './row-marks.js'
import { checkOrder, cursorText, parseCursor, reread, type SoundRows, slices, soundRows } from './source-slices.js'

/** Rows read, transformed and encoded between two turns of the event loop; their memory is free again after it. */
const SLICE_ROWS = 1000
const BATCH_BYTES = 16 * 1024 * 1024

export interface ProduceOptions {
  readonly read: ReadPlan
  readonly program: RowProgram
  readonly encoder: Encoder
  readonly batchRows: number
  /** What becomes of rows that the source could not make sense of. */
  readonly policy: RowPolicy
  /** What makes rows duplicates of others. */
  readonly dedupe?: EntityPlan['dedupe']
  /** Rows to read at most, over all batches. */
  readonly limit?: number
  /** Where to go on: the cursor of the last safe batch, or the chunk's lower bound. */
  readonly after?: string
  /** The chunk's upper bound. */
  readonly until?: string
  readonly firstBatch: number
  /** Rejected rows keep their values. */
  readonly keepValues: boolean
  readonly keepKeys: boolean
  /** Dry run: target rows are kept beside their encoding. */
  readonly keepRows: boolean
  /** Indexes into the written columns: their values are kept beside the encoding. */
  readonly targetKey: readonly number[]
  readonly marksOf: ((rows: readonly Row[]) => Marks) | undefined
  /** Second pass: target columns that find the row; a miss there means that the first pass rejected it. */
  readonly findBy: readonly string[]
  /** Second pass: source keys of rows that the first one rejected, though the target may have rows like them. */
  readonly leaveOut: ReadonlySet<string>
  readonly signal: AbortSignal
  readonly now: () => number
}

/** Reads, transforms and encodes: batches in key order, each read once. */
export async function* produce(open: OpenSource, options: ProduceOptions): AsyncGenerator<PreparedBatch, void, void> {
  const { read, program, now, limit } = options
  const size = Math.min(SLICE_ROWS, options.batchRows)
  let cursor = options.after === undefined ? undefined : parseCursor(options.after)
  let batch = new Collector(open, options, options.firstBatch, cursor)
  const source = slices(
    open,
    read,
    {
      rows: size,
      bytes: BATCH_BYTES,
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { after: cursor }),
      ...(options.until === undefined ? {} : { until: parseCursor(options.until) }),
    },
    options.signal,
  )
  let lastRow: Row | undefined
  let started = now()
  for await (const slice of source) {
    batch.readMs += now() - started
    started = now()
    checkOrder(read, slice.rows, lastRow)
    lastRow = slice.rows.at(-1)
    cursor = [...slice.cursor]
    const sound = soundRows(slice)
    if (program.needsPrefetch) await program.prefetch(sound.rows)
    batch.add(slice, sound)
    batch.transformMs += now() - started
    if (batch.read >= options.batchRows || batch.bytes >= BATCH_BYTES || slice.rows.length < size) {
      failpoint('read-batch')
      yield batch.done(cursor)
      batch = new Collector(open, options, batch.number + 1, cursor)
    }
    started = now()
    if (options.signal.aborted) return
  }
  if (batch.read > 0) yield batch.done(cursor ?? [])
}

/** Gathers the encoded slices of one batch. */
class Collector {
  readonly number: number
  read = 0
  bytes = 0
  readMs = 0
  transformMs = 0
  readonly #open: OpenSource
  readonly #options: ProduceOptions
  readonly #after: readonly Value[] | undefined
  readonly #parts: Payload[] = []
  readonly #rejects: RejectRecord[] = []
  readonly #duplicates: RejectRecord[] = []
  /** Of each slice: its first row's place, those of its rows that are sound, those that became rows. */
  readonly #slices: { readonly first: number; readonly indexes: SoundRows['indexes']; readonly sources: number[] }[] =
    []
  readonly #keys: string[] = []
  readonly #kept: Row[] = []
  readonly #targetKeys: Value[] = []
  readonly #marks: Marks[] = []
  readonly #losses = new Map<string, number>()
  readonly #substituted = new Map<string, number>()
  #firstSource: Row | undefined
  #rows = 0
  #filtered = 0
  #absent = 0

  constructor(open: OpenSource, options: ProduceOptions, number: number, after: readonly Value[] | undefined) {
    this.#open = open
    this.#options = options
    this.number = number
    this.#after = after
  }

  add(slice: SourceBatch, { rows, indexes }: SoundRows): void {
    const { program, encoder, read, keepKeys, keepRows, targetKey, marksOf, leaveOut } = this.#options
    const place = (index: number): number => placeOf(this.read, indexes, index)
    const outcome = newOutcome()
    program.run(rows, outcome)
    if (leaveOut.size > 0) this.#leaveOut(rows, outcome)
    if (outcome.rows.length > 0) {
      const payload = encoder.encode(outcome.rows)
      this.#parts.push(payload)
      this.bytes += payload.bytes
    }
    this.#slices.push({ first: this.read, indexes, sources: outcome.sources })
    if (keepKeys) for (const source of outcome.sources) this.#keys.push(keyOf(read, rows[source] ?? []))
    for (const row of targetKey.length === 0 ? [] : outcome.rows) {
      for (const index of targetKey) this.#targetKeys.push(row[index] ?? null)
    }
    if (marksOf !== undefined) this.#marks.push(marksOf(outcome.rows))
    if (keepRows) {
      for (const row of outcome.rows) this.#kept.push(row)
      this.#firstSource ??= rows[outcome.sources[0] ?? -1]
    }
    this.#drop(rows, outcome, place)
    this.#reject(rows, outcome, place)
    this.#rejectMalformed(slice)
    this.#rows += outcome.rows.length
    this.#filtered += outcome.filtered
    addAll(this.#losses, outcome.losses)
    addAll(this.#substituted, outcome.substituted)
    this.read += slice.rows.length
  }

  /** Takes out what the first pass rejected: the rows of the target that are like them are not this run's. */
  #leaveOut(rows: readonly Row[], outcome: BatchOutcome): void {
    const { read, leaveOut } = this.#options
    let kept = 0
    for (let i = 0; i < outcome.rows.length; i++) {
      const source = outcome.sources[i] as number
      if (leaveOut.has(keyOf(read, rows[source] ?? []))) {
        this.#absent++
        continue
      }
      outcome.rows[kept] = outcome.rows[i] as Row
      outcome.sources[kept] = source
      kept++
    }
    outcome.rows.length = kept
    outcome.sources.length = kept
  }

  done(cursor: readonly Value[]): PreparedBatch {
    const { read, keepKeys, keepRows, targetKey, marksOf } = this.#options
    const open = this.#open
    const range = { after: this.#after, until: cursor, rows: this.read }
    return {
      batch: this.number,
      lastKey: cursorText(cursor),
      read: this.read,
      filtered: this.#filtered,
      absent: this.#absent,
      rows: this.#rows,
      parts: this.#parts,
      rejects: this.#rejects,
      duplicates: this.#duplicates,
      sources: this.#rows === this.read ? undefined : this.#sources(),
      keys: keepKeys ? this.#keys : undefined,
      targetKeys: targetKey.length > 0 ? this.#targetKeys : undefined,
      marks: marksOf === undefined ? undefined : joinMarks(this.#marks),
      kept: keepRows ? { rows: this.#kept, firstSource: this.#firstSource } : undefined,
      losses: this.#losses,
      substituted: this.#substituted,
      readMs: this.readMs,
      transformMs: this.transformMs,
      reread: () => reread(open, read, range),
    }
  }

  #sources(): number[] {
    return this.#slices.flatMap(({ first, indexes, sources }) => sources.map(index => placeOf(first, indexes, index)))
  }

  #rejectMalformed({ rows, malformed = [] }: SourceBatch): void {
    const { read, findBy, policy, keepValues } = this.#options
    // The first pass has counted them.
    if (findBy.length > 0) this.#absent += malformed.length
    else {
      for (const { row, code, message, values } of malformed) {
        const why = { stage: 'read', code, message } as const
        const record = rejectRecord(read, this.read + row, rows[row] ?? [], why, policy, false)
        this.#rejects.push(keepValues ? { ...record, values } : record)
      }
    }
  }

  #drop(rows: readonly Row[], outcome: BatchOutcome, place: (index: number) => number): void {
    const { read, findBy, dedupe } = this.#options
    // The first pass has counted them.
    if (findBy.length > 0) {
      this.#absent += outcome.duplicates.length
      return
    }
    const message = `another row has the same ${dedupe?.names.join(', ')} and is kept`
    for (const { row, kept } of outcome.duplicates) {
      const why = { stage: 'dedupe', code: 'E425', message } as const
      this.#duplicates.push({ ...rejectRecord(read, place(row), rows[row] ?? [], why, 'dedupe', false), kept })
    }
  }

  #reject(rows: readonly Row[], outcome: BatchOutcome, place: (index: number) => number): void {
    const { read, findBy, keepValues } = this.#options
    for (const reject of outcome.rejects) {
      if (reject.code === 'E412' && findBy.includes(reject.field ?? '')) this.#absent++
      else {
        const row = rows[reject.row] ?? []
        this.#rejects.push(rejectRecord(read, place(reject.row), row, reject, reject.policy, keepValues))
      }
    }
  }
}

function placeOf(first: number, indexes: SoundRows['indexes'], index: number): number {
  return first + (indexes?.[index] ?? index)
}

function addAll(into: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [field, count] of from) into.set(field, (into.get(field) ?? 0) + count)
}
