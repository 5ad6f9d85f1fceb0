import type { Bound } from './values.js'

/** Bind values of rows of equal width, one after the other: a few large things are handed between threads, not many small ones. */
export interface FlatRows {
  readonly width: number
  /** What each value is. */
  readonly kinds: Uint8Array
  /** The number, or how much of `text` or `bytes` is the value's. */
  readonly numbers: Float64Array
  readonly text: string
  readonly bytes: Uint8Array
  /** Integers that a double does not hold. */
  readonly large: readonly bigint[]
}

/** 0 is null. */
const [TEXT, NUMBER, INTEGER, LARGE, BYTES] = [1, 2, 3, 4, 5]

/** Takes values in the order of rows and columns. */
export class FlatWriter {
  readonly #width: number
  readonly #kinds: Uint8Array
  readonly #numbers: Float64Array
  readonly #blobs: Uint8Array[] = []
  readonly #large: bigint[] = []
  #text = ''
  #blobBytes = 0
  #at = 0

  constructor(rows: number, width: number) {
    this.#width = width
    this.#kinds = new Uint8Array(rows * width)
    this.#numbers = new Float64Array(rows * width)
  }

  /** About as many bytes as the values have. */
  get size(): number {
    return this.#text.length + this.#blobBytes + 8 * this.#at
  }

  add(value: Bound): void {
    const at = this.#at++
    if (value === null) return
    if (typeof value === 'string') {
      this.#kinds[at] = TEXT
      this.#numbers[at] = value.length
      this.#text += value
    } else if (typeof value === 'number') {
      this.#kinds[at] = NUMBER
      this.#numbers[at] = value
    } else if (typeof value === 'bigint') {
      const number = Number(value)
      const exact = Number.isSafeInteger(number)
      this.#kinds[at] = exact ? INTEGER : LARGE
      if (exact) this.#numbers[at] = number
      else this.#large.push(value)
    } else {
      this.#kinds[at] = BYTES
      this.#numbers[at] = value.length
      this.#blobs.push(value)
      this.#blobBytes += value.length
    }
  }

  rows(): FlatRows {
    const bytes = new Uint8Array(this.#blobBytes)
    let at = 0
    for (const blob of this.#blobs) {
      bytes.set(blob, at)
      at += blob.length
    }
    return {
      width: this.#width,
      kinds: this.#kinds,
      numbers: this.#numbers,
      text: this.#text,
      bytes,
      large: this.#large,
    }
  }
}

/** Calls `take` for rows `from` to `to` (exclusive), with one array that each row fills anew. */
export function eachRow(flat: FlatRows, from: number, to: number, take: (row: Bound[]) => void): void {
  const { width, kinds, numbers, text, bytes, large } = flat
  const first = from * width
  let [textAt, bytesAt, largeAt] = [0, 0, 0]
  for (let k = 0; k < first; k++) {
    if (kinds[k] === TEXT) textAt += numbers[k] as number
    else if (kinds[k] === BYTES) bytesAt += numbers[k] as number
    else if (kinds[k] === LARGE) largeAt++
  }
  let k = first
  const values: Bound[] = new Array(width)
  for (let row = from; row < to; row++) {
    for (let i = 0; i < width; i++, k++) {
      const number = numbers[k] as number
      switch (kinds[k]) {
        case TEXT:
          values[i] = text.slice(textAt, textAt + number)
          textAt += number
          break
        case NUMBER:
          values[i] = number
          break
        case INTEGER:
          values[i] = BigInt(number)
          break
        case LARGE:
          values[i] = large[largeAt++] as bigint
          break
        case BYTES:
          values[i] = bytes.subarray(bytesAt, bytesAt + number)
          bytesAt += number
          break
        default:
          values[i] = null
      }
    }
    take(values)
  }
}
