/** Longer texts go through the runtime's own calls, which cost more than a loop over a few characters and less than one over many. */
const SHORT = 64

/**
 * Where encoders write their rows: UTF-8 in a buffer that grows. Characters of ASCII go byte by byte, with no string made
 * of the row in between.
 */
export class TextBuffer {
  bytes: Buffer
  length = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }

  byte(code: number): void {
    if (this.length === this.bytes.length) this.#grow(1)
    this.bytes[this.length++] = code
  }

  /** Text of ASCII that stays as it is. */
  ascii(text: string): void {
    const { length } = text
    if (this.bytes.length - this.length < length) this.#grow(length)
    if (length > SHORT) {
      this.length += this.bytes.write(text, this.length, 'latin1')
      return
    }
    const { bytes } = this
    let at = this.length
    for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i)
    this.length = at
  }

  /**
   * Any text.
   *
   * @param special 1 for each code of ASCII that `escapeAll` must see
   * @param escapeAll gives what stands for a text that may hold such codes
   */
  text(text: string, special: Uint8Array, escapeAll: (text: string) => string): void {
    const { length } = text
    if (length <= SHORT) {
      if (this.bytes.length - this.length < length) this.#grow(length)
      const { bytes } = this
      let at = this.length
      let i = 0
      for (; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 127 || special[code] === 1) break
        bytes[at++] = code
      }
      if (i === length) {
        this.length = at
        return
      }
    }
    this.write(escapeAll(text))
  }

  /** Any text as it is; gives its bytes. */
  write(text: string): number {
    // Three bytes for each UTF-16 unit is the most UTF-8 takes.
    const most = text.length * 3
    const need = most <= this.bytes.length - this.length ? most : Buffer.byteLength(text)
    if (this.bytes.length - this.length < need) this.#grow(need)
    const written = this.bytes.write(text, this.length, 'utf8')
    this.length += written
    return written
  }

  /** How many of these codes were written from a place on. */
  count(special: Uint8Array, from: number): number {
    const { bytes, length } = this
    let found = 0
    for (let i = from; i < length; i++) found += special[bytes[i] as number] as number
    return found
  }

  /**
   * How many bytes from a place on are below a code, four at a time.
   *
   * @param code of ASCII
   */
  countBelow(code: number, from: number): number {
    const { bytes, length } = this
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, length >> 2)
    // No byte carries into the next one: its upper bit is set where the rest of it, or all of it, is not below.
    const rest = (128 - code) * 0x01010101
    let found = 0
    let at = from
    for (; at % 4 > 0 && at < length; at++) if ((bytes[at] as number) < code) found++
    for (; at + 4 <= length; at += 4) {
      const word = words[at >> 2] as number
      const below = ~(((word & 0x7f7f7f7f) + rest) | word) & 0x80808080
      found += Math.imul(below >>> 7, 0x01010101) >>> 24
    }
    for (; at < length; at++) if ((bytes[at] as number) < code) found++
    return found
  }

  /** All that was written. */
  take(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  #grow(need: number): void {
    const next = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + need))
    this.bytes.copy(next, 0, 0, this.length)
    this.bytes = next
  }
}

/** 1 for each of these characters of ASCII, 0 for all other bytes of UTF-8. */
export function specialCodes(characters: string): Uint8Array {
  const codes = new Uint8Array(256)
  for (const character of characters) codes[character.charCodeAt(0)] = 1
  return codes
}
