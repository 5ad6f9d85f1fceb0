import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { RunEvent } from '../run/events.js'
import type { Span, Throughput, Timeline } from './record.js'

/** Reads what the run's folder has of its events; lines that a crash cut short are passed over. */
export async function readTimeline(file: string): Promise<Timeline & { readonly from: number; readonly to: number }> {
  const collected = new TimelineCollector()
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
  readonly #series = new Series()
  #from = 0
  #to = 0

  add(event: RunEvent): void {
    if (this.#from === 0) this.#from = event.at
    switch (event.type) {
      case 'run_started':
        // An attempt before that could not say goodbye.
        for (const key of [...this.#open.keys()]) this.#end(key, this.#to, 'lost')
        for (const { name, counts } of event.entities) this.#read.set(name, counts.read)
        break
      case 'entity_started':
        this.#end(event.entity, event.at, 'done')
        this.#open.set(event.entity, { name: event.entity, kind: event.pass, from: event.at })
        break
      case 'batch':
        this.#series.add(event.at, event.counts.read - (this.#read.get(event.entity) ?? 0))
        this.#read.set(event.entity, event.counts.read)
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
    return { spans: this.#spans, throughput: this.#series.throughput(this.#from), from: this.#from, to: this.#to }
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

const MOST_STEPS = 240

/** Rows by time; whenever there are too many steps, each two become one. */
class Series {
  #from = 0
  #stepMs = 100
  #rows: number[] = []

  add(at: number, rows: number): void {
    if (rows <= 0) return
    if (this.#from === 0) this.#from = at
    while (this.#index(at) >= MOST_STEPS) this.#halve()
    const index = this.#index(at)
    while (this.#rows.length <= index) this.#rows.push(0)
    this.#rows[index] = (this.#rows[index] ?? 0) + rows
  }

  throughput(from: number): Throughput {
    return { from: this.#from === 0 ? from : this.#from, stepMs: this.#stepMs, rows: this.#rows }
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
