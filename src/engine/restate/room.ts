/** Who waits longer for a place goes back: another worker may have one free. Longer, the more are before him. */
const PATIENCE_MS = 500

/** The places of one worker, as Restate pushes to each as much as it likes. First come, first served. */
export class Room {
  readonly #places: number
  #free: number
  readonly #waiting: ((place: boolean) => void)[] = []

  constructor(places: number) {
    this.#places = places
    this.#free = places
  }

  /** Undefined where no place came free in time, or `signal` aborted before. */
  async enter(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined
    if (this.#free > 0) {
      this.#free--
      return () => this.#leave()
    }
    const patience = PATIENCE_MS * (1 + Math.floor(this.#waiting.length / this.#places))
    const place = await new Promise<boolean>(resolve => {
      const settle = (place: boolean): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        resolve(place)
      }
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(settle), 1)
        settle(false)
      }
      const timer = setTimeout(giveUp, patience)
      signal.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(settle)
    })
    return place ? () => this.#leave() : undefined
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next(true)
  }
}
