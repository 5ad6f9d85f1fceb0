const TWO_TO_32 = 4_294_967_296

/** Bytes that grow, and numbers in the order of the network. */
export class WireBuffer {
  bytes: Buffer
  length = 0
  #view: DataView

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.#view = viewOf(this.bytes)
  }

  /** Makes room for so many bytes; without it what is written is lost. */
  room(need: number): void {
    if (this.bytes.length - this.length >= need) return
    const next = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + need))
    this.bytes.copy(next, 0, 0, this.length)
    this.bytes = next
    this.#view = viewOf(next)
  }

  int16(value: number): void {
    this.#view.setInt16(this.length, value)
    this.length += 2
  }

  int32(value: number): void {
    this.#view.setInt32(this.length, value)
    this.length += 4
  }

  /** A safe integer. */
  int64(value: number): void {
    this.#view.setInt32(this.length, Math.floor(value / TWO_TO_32))
    this.#view.setUint32(this.length + 4, value >>> 0)
    this.length += 8
  }

  bigint64(value: bigint): void {
    this.#view.setBigInt64(this.length, value)
    this.length += 8
  }

  float64(value: number): void {
    this.#view.setFloat64(this.length, value)
    this.length += 8
  }

  /** All that was written. */
  take(): Buffer {
    return this.bytes.subarray(0, this.length)
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}
