import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { RunEvent } from '../run/events.js'
import type { Span, Throughput, Timeline } from './record.js'

/**
 * Reads what the run's folder has of its events; lines that a crash cut short are passed over. A log that could not even
 * be begun tells nothing, and the folder's own time is all there is.
 */
export async function readTimeline(file: string): Promise<Timeline & { readonly from: number; readonly to: number }> {
  const collected = new TimelineCollector()
  if (!existsSync(file)) {
    const { mtimeMs } = await stat(dirname(file))
    return { ...collected.timeline(), from: mtimeMs, to: mtimeMs }
  }
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) {
    const event = parse(line)
    if (event !== undefined) collected.add(event)
  }
  return collected.timeline()
}

function parse(line: string): RunEvent | undefined {
  try {
    return JSON.parse(line) as RunEvent
  } catch {
    return undefined
  }
}

/** Folds events into spans and a series of bounded length, in constant memory. */
export class TimelineCollector {
  readonly #spans: Span[] = []
  readonly #open = new Map<string, { readonly name: string; readonly kind: Span['kind']; readonly from: number }>()
  readonly #read = new Map<string, number>()
  readonly #since = new Map<string, number>()
  readonly #series = new Series()
  #from = 0
  #to = 0

  add(event: RunEvent): void {
    this.#from = this.#from === 0 ? event.at : Math.min(this.#from, event.at)
    switch (event.type) {
      case 'run_started':
        // An attempt before that could not say goodbye.
        for (const key of [...this.#open.keys()]) this.#end(key, this.#to, 'lost')
        for (const { name, counts } of event.entities) this.#read.set(name, counts.read)
        break
      case 'entity_started':
        this.#end(event.entity, event.at, 'done')
        this.#since.set(event.entity, event.at)
        this.#open.set(event.entity, { name: event.entity, kind: event.pass, from: event.at })
        break
      case 'batch':
        // Its rows came since the batch before.
        this.#series.add(
          this.#since.get(event.entity) ?? event.at,
          event.at,
          event.counts.read - (this.#read.get(event.entity) ?? 0),
        )
        this.#read.set(event.entity, event.counts.read)
        this.#since.set(event.entity, event.at)
        break
      case 'entity_finished':
        this.#end(event.entity, event.at, event.state)
        break
    }
    this.#step(event)
    this.#to = Math.max(this.#to, event.at)
  }

  timeline(): Timeline & { readonly from: number; readonly to: number } {
    for (const key of [...this.#open.keys()]) this.#end(key, this.#to, 'lost')
    return { spans: this.#spans, throughput: this.#series.throughput(), from: this.#from, to: this.#to }
  }

  #step(event: RunEvent): void {
    const { type, step, state, at } = event as { type: string; step?: string; state?: string; at: number }
    if (type !== 'step' || step === undefined) return
    const key = `step ${step}`
    if (state === 'started') this.#open.set(key, { name: step, kind: 'step', from: at })
    else if (state !== 'progress') this.#end(key, at, state === 'failed' ? 'failed' : 'done')
  }

  #end(key: string, to: number, end: Span['end']): void {
    const span = this.#open.get(key)
    if (span === undefined) return
    this.#open.delete(key)
    this.#spans.push({ ...span, to: Math.max(to, span.from), end })
  }
}

const MOST_STEPS = 160

/** Rows by time; whenever there are too many steps, each two become one. */
class Series {
  #from = 0
  #stepMs = 100
  #rows: number[] = []

  /** Spreads rows evenly over the time in which they were read. */
  add(from: number, to: number, rows: number): void {
    if (rows <= 0) return
    if (this.#rows.length === 0) this.#from = from
    while (this.#index(to) >= MOST_STEPS) this.#halve()
    const [first, last] = [this.#index(from), this.#index(to)]
    while (this.#rows.length <= last) this.#rows.push(0)
    const share = rows / (last - first + 1)
    for (let i = first; i <= last; i++) this.#rows[i] = (this.#rows[i] ?? 0) + share
  }

  throughput(): Throughput {
    return { from: this.#from, stepMs: this.#stepMs, rows: this.#rows.map(Math.round) }
  }

  #index(at: number): number {
    return Math.max(0, Math.floor((at - this.#from) / this.#stepMs))
  }

  #halve(): void {
    const pairs = Array.from({ length: Math.ceil(this.#rows.length / 2) }, (_, i) => i * 2)
    this.#rows = pairs.map(i => (this.#rows[i] ?? 0) + (this.#rows[i + 1] ?? 0))
    this.#stepMs *= 2
  }
}
