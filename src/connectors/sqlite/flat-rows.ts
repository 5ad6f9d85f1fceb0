import type { Bound } from './values.js'

/** Bind values of rows of equal width, one after the other: a few buffers are handed between threads, not many small things. */
export interface FlatRows {
  readonly width: number
  /** What each value is. */
  readonly kinds: Uint8Array
  /** The number, or how many bytes of `text` or `bytes` are the value's. */
  readonly numbers: Float64Array
  /** Texts of ASCII. */
  readonly text: Uint8Array
  /** Where each row's part of `text` ends. */
  readonly ends: Uint32Array
  /** Other texts, in UTF-16, and bytes. */
  readonly bytes: Uint8Array
  /** Integers that a double does not hold. */
  readonly large: readonly bigint[]
}

/** 0 is null. */
const [TEXT, NUMBER, INTEGER, LARGE, BYTES, WIDE_TEXT] = [1, 2, 3, 4, 5, 6]
/** Longer texts go through the runtime's own calls, which cost more than a loop over a few characters. */
const SHORT = 64

/** Takes values in the order of rows and columns. */
export class FlatWriter {
  readonly #width: number
  readonly #kinds: Uint8Array
  readonly #numbers: Float64Array
  readonly #ends: Uint32Array
  readonly #others: Uint8Array[] = []
  readonly #large: bigint[] = []
  #text: Buffer
  #textBytes = 0
  #otherBytes = 0
  #at = 0
  #row = 0
  #column = 0

  /** @param textBytes of all texts, about */
  constructor(rows: number, width: number, textBytes: number) {
    this.#width = width
    this.#kinds = new Uint8Array(rows * width)
    this.#numbers = new Float64Array(rows * width)
    this.#ends = new Uint32Array(rows)
    this.#text = Buffer.allocUnsafeSlow(textBytes)
  }

  get textBytes(): number {
    return this.#textBytes
  }

  /** About as many bytes as the values have. */
  get size(): number {
    return this.#textBytes + this.#otherBytes + 8 * this.#at
  }

  add(value: Bound): void {
    const at = this.#at++
    if (typeof value === 'string') this.#addText(at, value)
    else if (typeof value === 'number') {
      this.#kinds[at] = NUMBER
      this.#numbers[at] = value
    } else if (typeof value === 'bigint') {
      const number = Number(value)
      const exact = Number.isSafeInteger(number)
      this.#kinds[at] = exact ? INTEGER : LARGE
      if (exact) this.#numbers[at] = number
      else this.#large.push(value)
    } else if (value !== null) this.#addBytes(at, BYTES, value)
    if (++this.#column < this.#width) return
    this.#column = 0
    this.#ends[this.#row++] = this.#textBytes
  }

  #addText(at: number, text: string): void {
    const { length } = text
    this.#room(length)
    const bytes = this.#text
    const begin = this.#textBytes
    if (length > SHORT) {
      // What is one byte a character in UTF-8 is ASCII.
      if (Buffer.byteLength(text) !== length) {
        this.#addBytes(at, WIDE_TEXT, Buffer.from(text, 'utf16le'))
        return
      }
      bytes.write(text, begin, 'latin1')
    } else {
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 127) {
          this.#addBytes(at, WIDE_TEXT, Buffer.from(text, 'utf16le'))
          return
        }
        bytes[begin + i] = code
      }
    }
    this.#kinds[at] = TEXT
    this.#numbers[at] = length
    this.#textBytes = begin + length
  }

  #addBytes(at: number, kind: number, value: Uint8Array): void {
    this.#kinds[at] = kind
    this.#numbers[at] = value.length
    this.#others.push(value)
    this.#otherBytes += value.length
  }

  #room(need: number): void {
    if (this.#text.length - this.#textBytes >= need) return
    const next = Buffer.allocUnsafeSlow(Math.max(this.#text.length * 2, this.#textBytes + need))
    this.#text.copy(next, 0, 0, this.#textBytes)
    this.#text = next
  }

  rows(): FlatRows {
    const bytes = new Uint8Array(this.#otherBytes)
    let at = 0
    for (const other of this.#others) {
      bytes.set(other, at)
      at += other.length
    }
    return {
      width: this.#width,
      kinds: this.#kinds,
      numbers: this.#numbers,
      text: this.#text.subarray(0, this.#textBytes),
      ends: this.#ends,
      bytes,
      large: this.#large,
    }
  }
}

/** Calls `take` for rows `from` to `to` (exclusive), with one array that each row fills anew. */
export function eachRow(flat: FlatRows, from: number, to: number, take: (row: Bound[]) => void): void {
  const { width, kinds, numbers, ends, bytes, large } = flat
  const [text, wide] = [bufferOf(flat.text), bufferOf(bytes)]
  const first = from * width
  let [bytesAt, largeAt] = [0, 0]
  for (let k = 0; k < first; k++) {
    if (kinds[k] === BYTES || kinds[k] === WIDE_TEXT) bytesAt += numbers[k] as number
    else if (kinds[k] === LARGE) largeAt++
  }
  let k = first
  let begin = from === 0 ? 0 : (ends[from - 1] as number)
  const values: Bound[] = new Array(width)
  for (let row = from; row < to; row++) {
    const end = ends[row] as number
    // The texts of a row are parts of one, which is as young as they are when it is forgotten.
    const all = begin === end ? '' : text.toString('latin1', begin, end)
    begin = end
    let textAt = 0
    for (let i = 0; i < width; i++, k++) {
      const number = numbers[k] as number
      switch (kinds[k]) {
        case TEXT:
          values[i] = all.slice(textAt, textAt + number)
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
        case WIDE_TEXT:
          values[i] = wide.toString('utf16le', bytesAt, bytesAt + number)
          bytesAt += number
          break
        default:
          values[i] = null
      }
    }
    take(values)
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}
