/** Reads the variable-length scalars of a TTC message. Every `ub` is a length byte and that many big-endian bytes. */
export class TtcReader {
  #at = 0
  readonly #data: Buffer

  constructor(data: Buffer) {
    this.#data = data
  }

  get left(): number {
    return this.#data.length - this.#at
  }

  u8(): number {
    this.#need(1)
    return this.#data[this.#at++] as number
  }

  peek(): number {
    this.#need(1)
    return this.#data[this.#at] as number
  }

  u16(): number {
    return this.raw(2).readUInt16BE()
  }

  u16le(): number {
    return this.raw(2).readUInt16LE()
  }

  raw(length: number): Buffer {
    this.#need(length)
    const bytes = this.#data.subarray(this.#at, this.#at + length)
    this.#at += length
    return bytes
  }

  ub(): number {
    const head = this.u8()
    const bytes = this.raw(head & 0x7f)
    let value = 0
    for (const byte of bytes) value = value * 256 + byte
    return (head & 0x80) === 0 ? value : -value
  }

  /** Skips `count` variable-length integers. */
  skipUb(count: number): void {
    for (let i = 0; i < count; i++) this.ub()
  }

  /** A value with its length, in chunks where it is long; null for the two null lengths. */
  bytes(): Buffer | null {
    const length = this.u8()
    if (length === 0 || length === 255) return null
    if (length !== 254) return this.raw(length)
    const chunks: Buffer[] = []
    for (;;) {
      const size = this.ub()
      if (size === 0) return Buffer.concat(chunks)
      chunks.push(this.raw(size))
    }
  }

  text(): string {
    return this.bytes()?.toString('utf8') ?? ''
  }

  /** A length, then (unless it is 0) the text with its length again. */
  longText(): string {
    return this.ub() === 0 ? '' : this.text()
  }

  untilZero(): Buffer {
    const start = this.#at
    while (this.u8() !== 0);
    return this.#data.subarray(start, this.#at - 1)
  }

  #need(length: number): void {
    if (this.#at + length > this.#data.length) throw new RangeError('the message ends early')
  }
}
