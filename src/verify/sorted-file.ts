import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { EtlError } from '../core/errors.js'

const PART_BYTES = 64 * 1024

interface Heap {
  readonly parts: { readonly at: number; readonly bytes: number }[]
  /** What is not on disk yet. */
  end: Buffer
  used: number
}

/**
 * Lines sorted into so many heaps, on disk but for the end of each. The file has no name, so it is gone with this process,
 * whichever way that ends, and nobody else opens it.
 */
export class SortedFile {
  readonly #file: number
  readonly #heaps: Heap[]
  #size = 0

  /** @param folder created where it is missing */
  constructor(folder: string, heaps: number) {
    const path = join(folder, `verify-${randomBytes(6).toString('hex')}.rows`)
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      this.#file = openSync(path, 'wx+', 0o600)
      unlinkSync(path)
    } catch (cause) {
      throw cannotWrite(folder, cause)
    }
    this.#heaps = Array.from({ length: heaps }, () => ({ parts: [], end: Buffer.allocUnsafeSlow(1024), used: 0 }))
  }

  add(heap: number, line: Buffer): void {
    const to = this.#heaps[heap] as Heap
    if (to.used + line.length > to.end.length) {
      if (to.used + line.length > PART_BYTES) this.#flush(to)
      if (to.used + line.length > to.end.length) {
        const next = Buffer.allocUnsafeSlow(Math.max(line.length, Math.min(PART_BYTES, (to.used + line.length) * 2)))
        to.end.copy(next, 0, 0, to.used)
        to.end = next
      }
    }
    to.used += line.copy(to.end, to.used)
  }

  /** All lines of a heap, in the order in which they came. */
  read(heap: number): Buffer {
    const { parts, end, used } = this.#heaps[heap] as Heap
    const size = parts.reduce((sum, part) => sum + part.bytes, used)
    const all = Buffer.allocUnsafeSlow(size)
    let at = 0
    for (const part of parts) at += readSync(this.#file, all, at, part.bytes, part.at)
    end.copy(all, at, 0, used)
    return all
  }

  close(): void {
    closeSync(this.#file)
  }

  #flush(heap: Heap): void {
    if (heap.used === 0) return
    try {
      writeSync(this.#file, heap.end, 0, heap.used, this.#size)
    } catch (cause) {
      throw cannotWrite('the folder of the state', cause)
    }
    heap.parts.push({ at: this.#size, bytes: heap.used })
    this.#size += heap.used
    heap.used = 0
  }
}

function cannotWrite(where: string, cause: unknown): EtlError {
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new EtlError('E513', `rows that are compared cannot be sorted on disk${reason}`, {
    cause,
    where,
    hint: 'free some space there, or give another folder of the state',
  })
}
