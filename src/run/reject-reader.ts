import type { MalformedRow, ReadSpec, SourceBatch } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { fromJson, type Row, type Value } from '../core/row.js'
import type { ReadPlan } from '../plan/plan.js'
import { keyOf } from './prepared-batch.js'
import type { QuarantineLine } from './quarantine.js'
import type { OpenSource, Reader } from './reading-sessions.js'
import type { KeptRows } from './reject-kept.js'
import { canonicalOf, parseKey } from './reject-key.js'
import { cursorOf, type Reject, type RejectRange } from './reject-ledger.js'
import { slices } from './source-slices.js'

/** Keys asked for by one statement. */
const KEYS = 250

export interface RejectReading {
  readonly read: ReadPlan
  /** `source`: as the source has the row today, found by its key. `kept`: as it was when it was rejected. */
  readonly from: 'source' | 'kept'
  /** Can rows be found in the source by the key of then? */
  readonly findable: boolean
  /** The sources themselves. */
  readonly open: OpenSource
  readonly kept: KeptRows
  readonly range: RejectRange
  batches(range: RejectRange): Promise<readonly RejectRange[]>
  list(range: RejectRange): Promise<readonly Reject[]>
}

/** Reads, in place of an entity's source, the rows of it that were rejected. The cursor is the reject's place. */
export class RejectReader implements Reader {
  readonly #reading: RejectReading

  constructor(reading: RejectReading) {
    this.#reading = reading
  }

  async *read(spec: ReadSpec, signal: AbortSignal): AsyncGenerator<SourceBatch> {
    const { range, batches, list } = this.#reading
    const { after, until, batchRows } = spec
    const bounds = { ...(after === undefined ? {} : { after }), ...(until === undefined ? {} : { until }) }
    for (const part of await batches({ ...range, ...bounds })) {
      const rejects = await list(part)
      for (let from = 0; from < rejects.length; from += batchRows) {
        if (signal.aborted) throw new EtlError('E515', 'reading was stopped', { kind: 'interrupted' })
        yield await this.#rows(spec, rejects.slice(from, from + batchRows), signal)
      }
    }
  }

  async #rows(spec: ReadSpec, rejects: readonly Reject[], signal: AbortSignal): Promise<SourceBatch> {
    const { read, from, findable } = this.#reading
    const keys = rejects.map(reject =>
      from === 'source' && findable && reject.key !== undefined ? parseKey(read, reject.key) : undefined,
    )
    const wanted = new Set(rejects.flatMap(({ key }) => (key === undefined ? [] : [key])))
    const found = await this.#byKey(
      spec,
      keys.filter(key => key !== undefined),
      wanted,
      signal,
    )
    const rows: Row[] = []
    const malformed: MalformedRow[] = []
    for (const [i, reject] of rejects.entries()) {
      const key = keys[i]
      const row = key === undefined ? await this.#keptRow(reject) : (found.get(reject.key ?? '') ?? GONE)
      if (Array.isArray(row)) rows.push(row)
      else {
        malformed.push({ row: i, code: 'E424', message: row.why, values: {} })
        rows.push(keyRow(read, key ?? (reject.key === undefined ? undefined : parseKey(read, reject.key)) ?? []))
      }
    }
    const last = rejects.at(-1) as Reject
    return { rows, cursor: cursorOf(last), ...(malformed.length === 0 ? {} : { malformed }) }
  }

  /** The source's rows of today by their key text. */
  async #byKey(
    spec: ReadSpec,
    keys: readonly (readonly Value[])[],
    wanted: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Row | Unfit>> {
    const { read, open } = this.#reading
    const found = new Map<string, Row | Unfit>()
    if (keys.length === 0) return found
    const note = (batch: SourceBatch): void => {
      const bad = new Set(batch.malformed?.map(({ row }) => row))
      for (const [i, row] of batch.rows.entries()) {
        const text = keyOf(read, row)
        if (!bad.has(i) && wanted.has(text)) found.set(text, found.has(text) ? SEVERAL : row)
      }
    }
    const { from } = read
    // A source with an order of its own knows no keys: all of it is looked through.
    if (from.kind === 'rows' || from.kind === 'union' || read.order.length === 0) {
      const { batchRows: rows, batchBytes: bytes } = spec
      for await (const batch of slices(open, read, { rows, bytes }, signal)) note(batch)
      return found
    }
    const session = await open(from.source)
    const { after: _after, until: _until, limit: _limit, ...whole } = spec
    const order = read.key.map(index => ({ index, nullable: false }))
    const place = from.kind === 'table' ? { table: from.table } : { query: from.query }
    for (let i = 0; i < keys.length; i += KEYS) {
      const some: ReadSpec = { ...whole, from: place, order, keys: keys.slice(i, i + KEYS) }
      for await (const batch of session.read(some, signal)) note(batch)
    }
    return found
  }

  async #keptRow(reject: Reject): Promise<Row | Unfit> {
    const { read, kept } = this.#reading
    const line = (await kept.batch(reject)).get(reject.row)
    return line === undefined ? NOT_KEPT : rowOf(read, line)
  }
}

/** Why there is no row to try again. */
interface Unfit {
  readonly why: string
}

const SEVERAL = { why: 'the source has several rows with this key' }
const GONE = { why: 'the source has no such row any more' }
const NOT_KEPT = { why: 'the row has no key to find it by in the source, and was not kept' }

/** The kept values in the order of today's columns. */
function rowOf(read: ReadPlan, { values }: QuarantineLine): Row | Unfit {
  if (values === undefined) return NOT_KEPT
  const missing = read.columns.find(column => !Object.hasOwn(values, column.name))
  if (missing !== undefined) return { why: `the kept row has no column ${missing.name}` }
  return read.columns.map(({ name, type, decode }) => {
    const value = fromJson(values[name])
    // It may have been kept as the server's own text, where today's file looks into it.
    return decode && typeof value === 'string' ? canonicalOf(value, type) : value
  })
}

/** A row of which only the key is known. */
function keyRow(read: ReadPlan, key: readonly Value[]): Row {
  const row: Row = read.columns.map(() => null)
  for (const [i, index] of read.key.entries()) row[index] = key[i] ?? null
  return row
}
