export type StopSignal = 'SIGINT' | 'SIGTERM'

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

export interface SignalTarget {
  /** The first signal: finish what is in work. */
  readonly stop: (signal: StopSignal) => void
  /** The second: leave at once. */
  readonly exit: (code: number) => void
}

/** Turns signals into an orderly stop; a second one means now. */
export class Signals {
  readonly #target: SignalTarget
  #asked: boolean = false

  constructor(target: SignalTarget) {
    this.#target = target
  }

  readonly onSignal = (signal: StopSignal): void => {
    if (this.#asked) {
      this.#target.exit(EXIT_CODES[signal])
      return
    }
    this.#asked = true
    this.#target.stop(signal)
  }

  listen(): void {
    process.on('SIGINT', this.onSignal)
    process.on('SIGTERM', this.onSignal)
  }

  unlisten(): void {
    process.off('SIGINT', this.onSignal)
    process.off('SIGTERM', this.onSignal)
  }
}
