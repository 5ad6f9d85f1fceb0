import type { TextChunk } from './text-stream.js'

/** The latest part of a text, for looking at its bytes once more. */
export class TextWindow {
  #chunks: TextChunk[] = []
  #end = 0

  get end(): number {
    return this.#end
  }

  add(chunk: TextChunk): void {
    this.#chunks.push(chunk)
    this.#end = chunk.at + chunk.bytes.length
  }

  /** Forgets what lies before the position. */
  drop(before: number): void {
    const first = this.#chunks.findIndex(({ at, bytes }) => at + bytes.length > before)
    this.#chunks = first < 0 ? [] : this.#chunks.slice(first)
  }

  slice(from: number, to: number): Buffer {
    const parts = this.#chunks
      .filter(({ at, bytes }) => at < to && at + bytes.length > from)
      .map(({ at, bytes }) => bytes.subarray(Math.max(0, from - at), to - at))
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  }
}
