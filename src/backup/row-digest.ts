import { createHash, type Hash } from 'node:crypto'

const WORDS = 4
const WORD = 8

/**
 * A digest of the rows of a table: of their sequence where a key gives them an order, else of the set, as the sum of the
 * rows' own digests, in which equal rows count as often as they are there.
 */
export class RowDigest {
  readonly #hash: Hash | undefined
  readonly #sum = new BigUint64Array(WORDS)
  rows = 0

  constructor(ordered: boolean) {
    this.#hash = ordered ? createHash('sha256') : undefined
  }

  /** @param line the row as one line of a dump, with its end */
  add(line: string): void {
    this.rows++
    if (this.#hash !== undefined) {
      this.#hash.update(line)
      return
    }
    const digest = createHash('sha256').update(line).digest()
    for (let i = 0; i < WORDS; i++) this.#sum[i] = (this.#sum[i] ?? 0n) + digest.readBigUInt64LE(i * WORD)
  }

  end(): string {
    return this.#hash?.digest('hex') ?? Buffer.from(this.#sum.buffer).toString('hex')
  }
}
