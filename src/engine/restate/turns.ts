import type { Sdk } from './driver.js'

/** So often it is looked whether anybody answers those who wait. */
const LOOK_MS = 2000

/** The tasks of one worker that wait for their turns at limits. */
export class Turns {
  readonly #sdk: Sdk
  readonly #leaving: AbortSignal
  readonly #look: () => Promise<void>
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  #looking = false

  /**
   * @param leaving aborts where the worker is to leave: its tasks wait elsewhere
   * @param look while any of them waits; what it throws is for the next look to find
   */
  constructor(sdk: Sdk, leaving: AbortSignal, look: () => Promise<void>) {
    this.#sdk = sdk
    this.#leaving = leaving
    this.#look = look
  }

  /** @param over aborts where the call that waits has ended */
  async wait(turn: PromiseLike<void>, over: AbortSignal): Promise<void> {
    this.#waiting++
    this.#timer ??= setInterval(() => void this.#lookOnce(), LOOK_MS)
    try {
      await Promise.race([turn, this.#elsewhere(AbortSignal.any([over, this.#leaving]))])
    } finally {
      this.#waiting--
      if (this.#waiting === 0) {
        clearInterval(this.#timer)
        this.#timer = undefined
      }
    }
  }

  #elsewhere(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const left = (): void => reject(new this.#sdk.RetryableError('it waits elsewhere', { retryAfter: 50 }))
      if (signal.aborted) left()
      else signal.addEventListener('abort', left, { once: true })
    })
  }

  async #lookOnce(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    await this.#look().catch(() => undefined)
    this.#looking = false
  }
}
