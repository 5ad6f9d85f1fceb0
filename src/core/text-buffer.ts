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
    const escaped = escapeAll(text)
    // Three bytes for each UTF-16 unit is the most UTF-8 takes.
    const most = escaped.length * 3
    const need = most <= this.bytes.length - this.length ? most : Buffer.byteLength(escaped)
    if (this.bytes.length - this.length < need) this.#grow(need)
    this.length += this.bytes.write(escaped, this.length, 'utf8')
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

/** The `special` of {@link TextBuffer.text}. */
export function specialCodes(characters: string): Uint8Array {
  const codes = new Uint8Array(128)
  for (const character of characters) codes[character.charCodeAt(0)] = 1
  return codes
}
