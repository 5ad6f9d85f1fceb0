import type { CanonicalData } from '../run/canonical-rows.js'
import { textsOf } from '../run/canonical-rows.js'
import type { PreparedBatch } from '../run/prepared-batch.js'
import type { Key } from './compare-keys.js'

/** What became of the rows that were read so far. */
export interface ReadTotals {
  read: number
  filtered: number
  deduped: number
  /** Rejected on their way, by what is done about them. */
  quarantined: number
  skipped: number
  /** Rejected by the run, as the ledger says. */
  left: number
}

/** One side of a comparison: lines of canonical texts, a part of a batch in memory at a time. */
export class Rows {
  readonly totals: ReadTotals
  bytes: Buffer = Buffer.alloc(0)
  ends: Uint32Array = new Uint32Array(0)
  /** Rows in the part, and how many of them are done. */
  count = 0
  at = 0
  /** The cursor after the last batch that is done. */
  passed: string | undefined
  readonly #batches: AsyncIterator<PreparedBatch, void, void>
  readonly #keyColumns: number
  #parts: CanonicalData[] = []
  #batch: PreparedBatch | undefined
  #lastKey: Key | undefined

  constructor(batches: AsyncIterable<PreparedBatch>, keyColumns: number, totals?: ReadTotals) {
    this.#batches = batches[Symbol.asyncIterator]()
    this.#keyColumns = keyColumns
    this.totals = totals ?? { read: 0, filtered: 0, deduped: 0, quarantined: 0, skipped: 0, left: 0 }
  }

  /** Is there another row? Fetches the next part where this one is done. */
  async more(): Promise<boolean> {
    while (this.at >= this.count) {
      if (this.count > 0) this.#lastKey = this.keyAt(this.count - 1)
      letGo(this.bytes)
      const part = this.#parts.shift()
      if (part !== undefined) {
        this.bytes = Buffer.from(part.bytes.buffer as ArrayBuffer, part.bytes.byteOffset, part.bytes.byteLength)
        this.ends = part.ends
        this.count = part.ends.length
        this.at = 0
        continue
      }
      this.count = 0
      this.at = 0
      if (this.#batch !== undefined) this.passed = this.#batch.lastKey
      const next = await this.#batches.next()
      if (next.done === true) {
        this.#batch = undefined
        return false
      }
      this.#take(next.value)
    }
    return true
  }

  start(row: number): number {
    return row === 0 ? 0 : (this.ends[row - 1] as number)
  }

  /** A view, good until the next part. */
  line(row: number = this.at): Buffer {
    return this.bytes.subarray(this.start(row), this.ends[row])
  }

  keyAt(row: number = this.at): Key {
    return keyTexts(this.line(row), this.#keyColumns)
  }

  /** Of the last row that is done; undefined before the first. */
  get lastKey(): Key | undefined {
    return this.at > 0 ? this.keyAt(this.at - 1) : this.#lastKey
  }

  #take(batch: PreparedBatch): void {
    this.#batch = batch
    this.#parts = batch.parts.map(part => part.data as CanonicalData)
    const { totals } = this
    const skipped = batch.rejects.filter(({ policy }) => policy === 'skip').length
    totals.read += batch.read
    totals.filtered += batch.filtered
    totals.deduped += batch.duplicates.length
    totals.skipped += skipped
    totals.quarantined += batch.rejects.length - skipped
    totals.left += batch.absent
  }
}

/** Nobody listens at the other end: what is handed over is free at once, and not when so much of it has come that it is looked for. */
const { port1: drain, port2: other } = new MessageChannel()
other.close()

function letGo({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) drain.postMessage(undefined, [buffer])
}

/** The first columns of a line. */
export function keyTexts(line: Buffer, columns: number): Key {
  return textsOf(columns === 0 ? line : line.subarray(0, keyEnd(line, columns) + 1)).slice(0, columns || undefined)
}

const TAB = 9

/** Where the first columns of a line end; without columns the line is its own key. */
export function keyEnd(line: Buffer, columns: number): number {
  let end = -1
  for (let i = 0; i < columns; i++) {
    end = line.indexOf(TAB, end + 1)
    if (end < 0) return line.length - 1
  }
  return columns === 0 ? line.length - 1 : end
}
