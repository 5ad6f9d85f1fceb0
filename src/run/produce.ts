import type { Encoder, Payload, ReadSpec, Session, SourceBatch } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { fromJson, keyText, type Row, toJson, type Value } from '../core/row.js'
import type { BatchOutcome } from '../plan/outcome.js'
import { newOutcome } from '../plan/outcome.js'
import type { ReadPlan } from '../plan/plan.js'
import type { RowProgram } from '../plan/row-program.js'
import type { RowPolicy } from '../spec/model.js'
import type { RejectRecord } from './quarantine.js'

/** Rows read and transformed between two turns of the event loop, so that writing goes on meanwhile. */
const SLICE_ROWS = 500
const BATCH_BYTES = 16 * 1024 * 1024

/** A batch on its way from reading to writing: everything the writer must know, and nothing that needs the source. */
export interface PreparedBatch {
  readonly batch: number
  /** The cursor after this batch, as JSON text. */
  readonly lastKey: string
  readonly read: number
  readonly filtered: number
  /** Second pass: rows the first one did not bring into the target. */
  readonly absent: number
  /** Target rows, in the order of the payload. */
  readonly rows: readonly Row[]
  readonly payload: Payload
  readonly rejects: readonly RejectRecord[]
  /** Uses of `on_lossy: round | truncate`, by target column. */
  readonly losses: ReadonlyMap<string, number>
  /** Values that `on_invalid`, `unmapped` or `on_missing` replaced, by target column. */
  readonly substituted: ReadonlyMap<string, number>
  /** A rejection of target row `index`, found while writing. */
  reject(
    index: number,
    why: Pick<RejectRecord, 'stage' | 'field' | 'code' | 'message'>,
    policy: RowPolicy,
  ): RejectRecord
  /** The source key of target row `index`. */
  keyOf(index: number): string
  /** The source row of target row `index`. */
  sourceOf(index: number): Row | undefined
  readonly readMs: number
  readonly transformMs: number
}

export interface ProduceOptions {
  readonly read: ReadPlan
  readonly program: RowProgram
  readonly encoder: Encoder
  readonly policy: RowPolicy
  readonly batchRows: number
  /** Rows to read at most, over all batches. */
  readonly limit?: number
  /** Where to go on. */
  readonly after?: string
  readonly firstBatch: number
  readonly keepRows: boolean
  /** Second pass: target columns that find the row; a miss there means that the first pass rejected it. */
  readonly findBy: readonly string[]
  readonly signal: AbortSignal
  readonly now: () => number
}

/** Reads, transforms and encodes: batches in key order, each read once. */
export async function* produce(
  session: Session | undefined,
  options: ProduceOptions,
): AsyncGenerator<PreparedBatch, void, void> {
  const { read, program, now } = options
  let batch = options.firstBatch
  let previous: readonly Value[] | undefined = options.after === undefined ? undefined : parseCursor(options.after)
  let collected: Row[] = []
  let outcome = newOutcome()
  let readMs = 0
  let transformMs = 0
  let started = now()
  for await (const slice of slices(session, options)) {
    readMs += now() - started
    started = now()
    previous = advance(read, slice, previous)
    if (program.needsPrefetch) await program.prefetch(slice.rows)
    const part = newOutcome()
    program.run(slice.rows, part)
    merge(outcome, part, collected.length)
    for (const row of slice.rows) collected.push(row)
    transformMs += now() - started
    if (collected.length >= options.batchRows || slice.full) {
      yield prepare()
      batch++
      collected = []
      outcome = newOutcome()
      readMs = 0
      transformMs = 0
    }
    started = now()
    if (options.signal.aborted) return
  }
  if (collected.length > 0) yield prepare()

  function prepare(): PreparedBatch {
    const at = now()
    const payload = options.encoder.encode(outcome.rows)
    return prepared(
      options,
      batch,
      JSON.stringify((previous ?? []).map(toJson)),
      collected,
      outcome,
      payload,
      readMs,
      transformMs + now() - at,
    )
  }
}

/** Adds what became of a slice whose first row is row `offset` of the batch. */
function merge(outcome: BatchOutcome, part: BatchOutcome, offset: number): void {
  for (const row of part.rows) outcome.rows.push(row)
  for (const source of part.sources) outcome.sources.push(source + offset)
  for (const reject of part.rejects) outcome.rejects.push({ ...reject, row: reject.row + offset })
  outcome.filtered += part.filtered
  addAll(outcome.losses, part.losses)
  addAll(outcome.substituted, part.substituted)
}

function addAll(into: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [field, count] of from) into.set(field, (into.get(field) ?? 0) + count)
}

function prepared(
  options: ProduceOptions,
  batch: number,
  lastKey: string,
  source: readonly Row[],
  outcome: BatchOutcome,
  payload: Payload,
  readMs: number,
  transformMs: number,
): PreparedBatch {
  const { read } = options
  const keyAt = (index: number): string => keyText(read.key.map(column => source[index]?.[column] ?? null))
  const record = (
    index: number,
    why: Pick<RejectRecord, 'stage' | 'field' | 'code' | 'message'>,
    policy: RowPolicy,
  ): RejectRecord => ({
    row: index + 1,
    ...(read.key.length === 0 ? {} : { key: keyAt(index) }),
    stage: why.stage,
    ...(why.field === undefined ? {} : { field: why.field }),
    code: why.code,
    message: why.message,
    policy,
    ...(options.keepRows ? { values: byName(read, source[index] ?? []) } : {}),
  })
  const isAbsent = (reject: BatchOutcome['rejects'][number]): boolean =>
    reject.code === 'E412' && options.findBy.includes(reject.field ?? '')
  const rejects = outcome.rejects.filter(reject => !isAbsent(reject))
  return {
    batch,
    lastKey,
    read: source.length,
    filtered: outcome.filtered,
    absent: outcome.rejects.length - rejects.length,
    rows: outcome.rows,
    payload,
    rejects: rejects.map(reject => record(reject.row, reject, reject.policy)),
    losses: outcome.losses,
    substituted: outcome.substituted,
    reject: (index, why, policy) => record(outcome.sources[index] ?? 0, why, policy),
    keyOf: index => keyAt(outcome.sources[index] ?? 0),
    sourceOf: index => source[outcome.sources[index] ?? -1],
    readMs,
    transformMs,
  }
}

function byName(read: ReadPlan, row: Row): Record<string, unknown> {
  return Object.fromEntries(read.columns.map((column, i) => [column.name, toJson(row[i] ?? null)]))
}

interface Slice extends SourceBatch {
  /** Ended by its size in bytes: write it as it is. */
  readonly full: boolean
}

async function* slices(session: Session | undefined, options: ProduceOptions): AsyncGenerator<Slice, void, void> {
  const { read, limit = Number.POSITIVE_INFINITY } = options
  if (limit <= 0) return
  const after = options.after === undefined ? undefined : parseCursor(options.after)
  if (read.from.kind === 'rows') {
    yield* inlineRows(read.from.rows, after, Math.min(options.batchRows, limit), limit)
    return
  }
  if (session === undefined) throw new EtlError('E901', 'no session to read with')
  const rows = Math.min(SLICE_ROWS, options.batchRows)
  const spec: ReadSpec = {
    from: read.from.kind === 'table' ? { table: read.from.table } : { query: read.from.query },
    columns: read.columns,
    ...(read.where === undefined ? {} : { where: read.where }),
    order: read.order.map(index => ({ index, nullable: read.columns[index]?.nullable ?? true })),
    batchRows: rows,
    batchBytes: BATCH_BYTES,
  }
  const start = { ...spec, ...(after === undefined ? {} : { after }), ...(Number.isFinite(limit) ? { limit } : {}) }
  for await (const part of session.read(start, options.signal)) yield { ...part, full: part.rows.length < rows }
}

async function* inlineRows(
  rows: readonly (readonly unknown[])[],
  after: readonly Value[] | undefined,
  size: number,
  limit: number,
): AsyncGenerator<Slice, void, void> {
  let at = Number(after?.[0] ?? 0)
  const end = Math.min(rows.length, limit === Number.POSITIVE_INFINITY ? rows.length : at + limit)
  while (at < end) {
    const next = Math.min(end, at + size)
    yield { rows: rows.slice(at, next).map(row => row.map(fromJson)), cursor: [next], full: false }
    at = next
  }
}

/** Rows must come in strictly ascending order of the cursor; equal neighbours mean the key is not unique and rows could be lost. */
function advance(read: ReadPlan, slice: SourceBatch, previous: readonly Value[] | undefined): readonly Value[] {
  const { order } = read
  const { rows } = slice
  const first = rows[0]
  if (order.length === 0 || first === undefined) return slice.cursor
  let twice =
    previous !== undefined && order.every((column, i) => sameValue(first[column] ?? null, previous[i] ?? null))
  for (let r = 1; r < rows.length && !twice; r++) {
    const row = rows[r] as Row
    const before = rows[r - 1] as Row
    twice = true
    for (const column of order) {
      if (!sameValue(row[column] ?? null, before[column] ?? null)) {
        twice = false
        break
      }
    }
  }
  if (!twice) return slice.cursor
  throw new EtlError('E518', `two rows have the same key (${read.key.map(i => read.columns[i]?.name).join(', ')})`, {
    hint: 'name columns under `key:` that identify a row',
  })
}

function sameValue(a: Value, b: Value): boolean {
  return a === b || (Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b))
}

export function parseCursor(text: string): Value[] {
  return (JSON.parse(text) as unknown[]).map(fromJson)
}
