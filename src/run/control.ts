/** The two things a person may ask of a run under way: hold on, or stop after the batches in work. */
export class Control {
  readonly #abort = new AbortController()
  #waiting: (() => void)[] = []
  #paused = false
  #reason: 'SIGINT' | 'SIGTERM' | 'stop' | undefined

  /** Aborts when the run shall end early; readers end at once, a batch being written is finished. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get reason(): 'SIGINT' | 'SIGTERM' | 'stop' | undefined {
    return this.#reason
  }

  get paused(): boolean {
    return this.#paused
  }

  pause(): void {
    this.#paused = true
  }

  unpause(): void {
    this.#paused = false
    for (const wake of this.#waiting.splice(0)) wake()
  }

  stop(reason: 'SIGINT' | 'SIGTERM' | 'stop'): void {
    this.#reason ??= reason
    this.#abort.abort()
    this.unpause()
  }

  /** Resolves at once, or when the pause is over. */
  async gate(): Promise<void> {
    while (this.#paused) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }
}
