import type { RunEvent } from '../run/events.js'
import { ETA_HIDDEN_MS, entityEta } from './eta.js'
import { formatClock, formatCount, formatDuration, formatRate, plural, printable } from './format.js'
import { type ProblemLine, problemMark, problemText } from './problem-text.js'
import { rateAt } from './rate.js'
import { activeTime, type EntityView, expectedRows, type RunState } from './run-state.js'
import type { StateStore } from './store.js'
import type { Theme, Tone } from './theme.js'
import { paint } from './theme.js'

/** How often an entity at work is mentioned although nothing about its state changed. */
export const PLAIN_INTERVAL_MS = 30_000

export interface PlainOptions {
  readonly store: StateStore
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

  constructor(options: PlainOptions) {
    this.#options = options
  }

  /** To be called after the store has heard the event. */
  readonly onEvent = (event: RunEvent): void => {
    const { symbols } = this.#options.theme
    switch (event.type) {
      case 'run_started':
        for (const line of startLines(event, symbols.arrow)) this.#line(event.at, symbols.dot, 'dim', line)
        return
      case 'entity_started': {
        const rows = event.estimatedRows === undefined ? '' : `, about ${plural(event.estimatedRows, 'row')}`
        const from = event.counts.read > 0 ? ` from row ${formatCount(event.counts.read)}` : ''
        const text = event.pass === 'defer' ? 'fills deferred columns' : `started${from}${rows}`
        return this.#line(event.at, symbols.running, 'active', `${event.entity}  ${text}`)
      }
      case 'entity_finished':
        return this.#finished(event)
      case 'rejected':
        return this.#rejected(event)
      case 'retry':
        return this.#problem(event.at, {
          kind: 'retry',
          entity: event.entity,
          code: event.code,
          text: `${event.message} · attempt ${event.attempt} of ${event.attempts} in ${formatDuration(event.waitMs)}`,
          rows: 0,
        })
      case 'warning':
        return this.#problem(event.at, {
          kind: 'warning',
          entity: event.entity,
          code: event.code,
          text: event.message,
          rows: 0,
        })
      case 'info':
        return this.#line(event.at, symbols.dot, 'dim', event.message)
      case 'paused':
        return this.#line(event.at, symbols.stopped, 'warn', 'paused')
      case 'resumed_work':
        return this.#line(event.at, symbols.running, 'active', 'going on')
      case 'stopping':
        return this.#line(event.at, symbols.stopped, 'warn', 'stopping after the batches in work')
      case 'run_finished':
        return this.#line(
          event.at,
          event.status === 'failed' ? symbols.failed : symbols.dot,
          event.status === 'failed' ? 'bad' : 'dim',
          `run ${event.runId} ${STATUS_WORDS[event.status]} after ${formatDuration(event.ms)}`,
        )
    }
  }

  /** Where each entity at work stands. */
  tick(now: number): void {
    const { state } = this.#options.store
    for (const entity of state.entities) {
      if (entity.state !== 'running' && entity.state !== 'deferring') continue
      this.#line(now, this.#options.theme.symbols.running, 'active', progressText(state, entity, now))
    }
  }

  #finished(event: RunEvent & { type: 'entity_finished' }): void {
    const { symbols } = this.#options.theme
    const { counts } = event
    const marks = {
      done: counts.quarantined > 0 ? symbols.warning : symbols.done,
      failed: symbols.failed,
      skipped: symbols.skipped,
      stopped: symbols.stopped,
    }
    const tones = {
      done: counts.quarantined > 0 ? 'warn' : 'good',
      failed: 'bad',
      skipped: 'dim',
      stopped: 'warn',
    } as const
    const parts = [`${formatCount(counts.read)} read`, `${formatCount(counts.written)} written`]
    if (counts.skipped > 0) parts.push(`${formatCount(counts.skipped)} skipped`)
    if (counts.filtered > 0) parts.push(`${formatCount(counts.filtered)} filtered`)
    if (counts.deduped > 0) parts.push(`${formatCount(counts.deduped)} deduped`)
    if (counts.quarantined > 0) parts.push(`${formatCount(counts.quarantined)} quarantined`)
    const reason = event.message === undefined ? '' : `: ${event.message}`
    const tail = event.state === 'skipped' ? '' : ` in ${formatDuration(event.ms)}  ${parts.join(', ')}`
    this.#line(event.at, marks[event.state], tones[event.state], `${event.entity}  ${event.state}${tail}${reason}`)
  }

  #rejected(event: RunEvent & { type: 'rejected' }): void {
    const text = event.field === undefined ? event.message : `${event.field}: ${event.message}`
    const cause = JSON.stringify([event.entity, event.code, text])
    if (this.#told.has(cause)) return
    this.#told.add(cause)
    this.#problem(event.at, { kind: 'rejected', entity: event.entity, code: event.code, text, rows: event.rows })
  }

  #problem(at: number, problem: ProblemLine): void {
    const { mark, tone } = problemMark(problem, this.#options.theme.symbols)
    this.#line(at, mark, tone, problemText(problem))
  }

  #line(at: number, mark: string, tone: Tone, text: string): void {
    const { theme, time, write } = this.#options
    write(`${time(at)} ${paint(theme, tone, mark)} ${printable(text)}`)
  }
}

const STATUS_WORDS = {
  ok: 'finished',
  quarantined: 'finished with quarantined rows',
  failed: 'failed',
  interrupted: 'interrupted, can be resumed',
} as const

function startLines(event: RunEvent & { type: 'run_started' }, arrow: string): string[] {
  const work = `${plural(event.entities.length, 'entity', 'entities')}, ${plural(event.concurrency, 'worker')}`
  const began = event.resumed ? 'resumed' : event.dryRun ? 'dry run, nothing is written' : 'started'
  return [`run ${event.runId} ${began}: ${event.pipeline}, ${event.source} ${arrow} ${event.target}, ${work}`]
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
