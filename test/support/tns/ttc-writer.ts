const MAX_SHORT = 252
const CHUNK = 32767

/** Writes the scalars of a TTC message; the inverse of TtcReader. */
export class TtcWriter {
  readonly #parts: Buffer[] = []

  u8(...values: readonly number[]): this {
    this.#parts.push(Buffer.from(values.map(value => value & 0xff)))
    return this
  }

  u16(value: number): this {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16BE(value)
    return this.raw(bytes)
  }

  u16le(value: number): this {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16LE(value)
    return this.raw(bytes)
  }

  raw(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }

  ub(...values: readonly number[]): this {
    for (const value of values) this.#parts.push(encodeUb(value))
    return this
  }

  bytes(value: Buffer | null): this {
    if (value === null || value.length === 0) return this.u8(0)
    if (value.length <= MAX_SHORT) return this.u8(value.length).raw(value)
    this.u8(254)
    for (let at = 0; at < value.length; at += CHUNK) {
      const chunk = value.subarray(at, at + CHUNK)
      this.ub(chunk.length).raw(chunk)
    }
    return this.ub(0)
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value))
  }

  longText(value: string): this {
    const bytes = Buffer.from(value)
    this.ub(bytes.length)
    return bytes.length === 0 ? this : this.bytes(bytes)
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

function encodeUb(value: number): Buffer {
  const negative = value < 0
  let left = Math.abs(value)
  const bytes: number[] = []
  while (left > 0) {
    bytes.unshift(left % 256)
    left = Math.floor(left / 256)
  }
  return Buffer.from([bytes.length | (negative ? 0x80 : 0), ...bytes])
}
