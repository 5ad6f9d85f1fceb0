import type { RunEvent } from '../run/events.js'
import { ETA_HIDDEN_MS, entityEta } from './eta.js'
import { type EventText, eventText } from './event-text.js'
import { formatClock, formatCount, formatRate, printable } from './format.js'
import { rateAt } from './rate.js'
import { activeTime, type EntityView, expectedRows, type RunState } from './run-state.js'
import { paint, type Theme } from './theme.js'

/** How often an entity at work is mentioned although nothing about its state changed. */
export const PLAIN_INTERVAL_MS = 30_000

export interface PlainOptions {
  readonly theme: Theme
  /** Writes one line, without its end. */
  readonly write: (line: string) => void
  /** Text for milliseconds since the epoch. */
  readonly time: (at: number) => string
}

/** Lines for logs and dumb terminals: one per entity per state change, problems, and a look at what is at work on each tick. */
export class PlainProgress {
  readonly #options: PlainOptions
  /** Causes of rejections told already; how often each happened is in the summary. */
  readonly #told = new Set<string>()
  #dryRun = false

  constructor(options: PlainOptions) {
    this.#options = options
  }

  readonly onEvent = (event: RunEvent): void => {
    if (event.type === 'run_started') this.#dryRun = event.dryRun
    if (event.type === 'rejected') {
      const cause = JSON.stringify([event.entity, event.code, event.field, event.message])
      if (this.#told.has(cause)) return
      this.#told.add(cause)
    }
    const text = eventText(event, this.#options.theme.symbols, this.#dryRun)
    if (text !== undefined) this.#line(event.at, text)
  }

  /** Where each entity at work stands. */
  tick(state: RunState, now: number): void {
    const mark = this.#options.theme.symbols.running
    for (const entity of state.entities) {
      if (entity.state !== 'running' && entity.state !== 'deferring') continue
      this.#line(now, { mark, tone: 'active', text: progressText(state, entity, now) })
    }
  }

  #line(at: number, { mark, tone, text }: EventText): void {
    const { theme, time, write } = this.#options
    write(`${time(at)} ${plainLine({ mark, tone, text }, theme)}`)
  }
}

export function plainLine({ mark, tone, text }: EventText, theme: Theme): string {
  return `${paint(theme, tone, mark)} ${printable(text)}`
}

function progressText(state: RunState, entity: EntityView, now: number): string {
  const expected = expectedRows(entity)
  const read = formatCount(entity.counts.read)
  const parts = [
    expected === undefined || expected === 0
      ? `${read} rows`
      : `${Math.min(99, Math.floor((entity.counts.read * 100) / expected))}%  ${read} / ${formatCount(expected)}`,
  ]
  const active = activeTime(state, now)
  const rate = rateAt(entity.rate, active)
  if (rate !== undefined) parts.push(formatRate(rate))
  const eta = active < ETA_HIDDEN_MS ? undefined : entityEta(state, entity, now)
  if (eta !== undefined) parts.push(`eta ${formatClock(eta)}`)
  if (entity.counts.quarantined > 0) parts.push(`${formatCount(entity.counts.quarantined)} rejected`)
  return `${entity.name}  ${parts.join('  ')}`
}
