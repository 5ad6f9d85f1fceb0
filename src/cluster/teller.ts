import type { RemoteEngine } from '../engine/port.js'
import type { RunEvent } from '../run/events.js'

const TELL_MS = 500

/** Passes a run's events on to whoever watches it from elsewhere. What is not delivered is not missed: the ledger has it. */
export class Teller {
  readonly #engine: RemoteEngine
  readonly #run: string
  readonly #redact: (text: string) => string
  #events: RunEvent[] = []
  #telling: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  constructor(engine: RemoteEngine, run: string, redact: (text: string) => string) {
    this.#engine = engine
    this.#run = run
    this.#redact = redact
    this.#timer = setInterval(() => this.#tell(), TELL_MS)
  }

  /** Of an entity's batches only the last one is told: its counts are the totals. */
  readonly onEvent = (event: RunEvent): void => {
    if (event.type === 'checkpoint') return
    if (event.type === 'batch')
      this.#events = this.#events.filter(other => other.type !== 'batch' || other.entity !== event.entity)
    this.#events.push(event)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#tell()
    await this.#telling
  }

  #tell(): void {
    if (this.#events.length === 0) return
    const lines = this.#events.map(event => this.#redact(JSON.stringify(event)))
    this.#events = []
    this.#telling = this.#telling.then(() => this.#engine.tell(this.#run, lines)).catch(() => undefined)
  }
}
