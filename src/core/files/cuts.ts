import type { FilePosition } from './format.js'

/** Takes, of positions that come one after the other, the first at or after each of some bytes. */
export class Cuts {
  readonly found: FilePosition[] = []
  readonly #bytes: readonly number[]
  #at = 0

  /** @param bytes in ascending order */
  constructor(bytes: readonly number[]) {
    this.#bytes = bytes
  }

  /** The byte to be reached next; beyond all where there is no more. */
  get next(): number {
    return this.#bytes[this.#at] ?? Number.POSITIVE_INFINITY
  }

  /** Takes the position, which has reached `next`; gives the next `next`. */
  take(position: FilePosition): number {
    this.found.push(position)
    while (this.next <= position.byte) this.#at++
    return this.next
  }
}
