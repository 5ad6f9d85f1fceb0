import type { Duplex } from 'node:stream'

/** Type and length before each message of the server. */
export const HEADER = 5
const DATA_ROW = 'D'.charCodeAt(0)

/** Rows as the server sent them, message after message. */
export interface RowPage {
  readonly bytes: Buffer
  readonly rows: number
}

/**
 * Stands between the stream and the driver, which makes an object of each row and calls the runtime for each value: rows
 * that are wanted stay here as they came, all other messages go on to the driver.
 */
export class RowTap {
  readonly #driver: readonly ((bytes: Buffer) => void)[]
  /** Of a header whose end has not come yet. */
  #start: Buffer | undefined
  /** Bytes of the message at hand that have not come yet. */
  #missing = 0
  #keeps = false
  #pieces: Buffer[] | undefined
  #rows = 0

  /** @param stream of a driver that is between two messages */
  constructor(stream: Duplex) {
    this.#driver = stream.listeners('data') as ((bytes: Buffer) => void)[]
    stream.on('data', (bytes: Buffer) => this.#receive(bytes))
    for (const listener of this.#driver) stream.off('data', listener)
  }

  /** From now on rows are kept. */
  begin(): void {
    this.#pieces = []
    this.#rows = 0
  }

  end(): RowPage {
    const page = { bytes: Buffer.concat(this.#pieces ?? []), rows: this.#rows }
    this.#pieces = undefined
    return page
  }

  #receive(received: Buffer): void {
    const bytes = this.#start === undefined ? received : Buffer.concat([this.#start, received])
    this.#start = undefined
    let from = 0
    let at = 0
    while (at < bytes.length) {
      if (this.#missing === 0) {
        if (bytes.length - at < HEADER) {
          this.#start = bytes.subarray(at)
          break
        }
        const keeps = this.#pieces !== undefined && bytes[at] === DATA_ROW
        if (keeps !== this.#keeps) {
          this.#give(bytes.subarray(from, at))
          from = at
          this.#keeps = keeps
        }
        if (keeps) this.#rows++
        this.#missing = 1 + Math.max(HEADER - 1, bytes.readInt32BE(at + 1))
      }
      const step = Math.min(this.#missing, bytes.length - at)
      this.#missing -= step
      at += step
    }
    this.#give(bytes.subarray(from, at))
  }

  #give(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (this.#keeps) this.#pieces?.push(bytes)
    else for (const listener of this.#driver) listener(bytes)
  }
}
