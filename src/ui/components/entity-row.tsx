import type { ReactElement } from 'react'
import { bar, percent } from '../bar.js'
import { ETA_HIDDEN_MS, entityEta, waitingDuration } from '../eta.js'
import { fitText, formatCount, formatRate } from '../format.js'
import { rateAt } from '../rate.js'
import { activeTime, type EntityView, expectedRows, type Retrying, type RunState } from '../run-state.js'
import type { Symbols, Tone } from '../theme.js'
import { type Columns, formatEta, formatTaken, type View } from '../view.js'
import { Row } from './row.js'

interface Props {
  readonly state: RunState
  readonly entity: EntityView
  readonly columns: Columns
  readonly view: View
}

/** State, progress, counts, speed and time of one entity. */
export function EntityRow({ state, entity, columns, view }: Props): ReactElement {
  const { symbols } = view.theme
  const { mark, tone } = markOf(entity, state.phase, symbols)
  const selected = view.looking?.selected === entity.name
  return (
    <Row
      view={view}
      line={[
        { text: selected ? symbols.selected : ' ', tone: 'strong' },
        { text: `${mark} `, tone },
        {
          text: `${fitText(entity.name, columns.name, symbols.ellipsis)} `,
          ...(selected ? { tone: 'strong' as const } : {}),
        },
        progress(state, entity, columns, view, tone),
        { text: counts(entity, columns) },
        { text: speed(state, entity, columns, view) },
        { text: time(state, entity, view).padStart(columns.time) },
      ]}
    />
  )
}

function markOf(
  entity: EntityView,
  phase: RunState['phase'],
  symbols: Symbols,
): { readonly mark: string; readonly tone: Tone } {
  const rejects = entity.counts.quarantined > 0
  switch (entity.state) {
    case 'done':
      return rejects ? { mark: symbols.warning, tone: 'warn' } : { mark: symbols.done, tone: 'good' }
    case 'failed':
      return { mark: symbols.failed, tone: 'bad' }
    case 'stopped':
      return { mark: symbols.stopped, tone: 'warn' }
    case 'skipped':
      return { mark: symbols.skipped, tone: 'dim' }
    case 'waiting':
      return { mark: symbols.waiting, tone: 'dim' }
    default:
      if (entity.retrying !== undefined) return { mark: symbols.retry, tone: 'warn' }
      return phase === 'paused'
        ? { mark: symbols.stopped, tone: 'warn' }
        : { mark: symbols.running, tone: rejects ? 'warn' : 'active' }
  }
}

function progress(state: RunState, entity: EntityView, columns: Columns, view: View, tone: Tone) {
  const { symbols } = view.theme
  const width = columns.bar + 5
  if (entity.retrying !== undefined)
    return { text: fitText(retryWords(entity.retrying, view.now), width, symbols.ellipsis), tone: 'warn' as const }
  const words = wordsInstead(state, entity)
  if (words !== undefined) return { text: fitText(words, width, symbols.ellipsis), tone: 'dim' as const }
  const expected = expectedRows(entity)
  if (expected === undefined) return { text: ' '.repeat(width) }
  const share = expected === 0 ? 1 : entity.counts.read / expected
  return { text: `${bar(share, columns.bar, symbols)} ${percent(share)}`, tone }
}

/** The code first, then which attempt, then when: what finds no room is cut from the end. */
function retryWords({ code, attempt, attempts, until }: Retrying, now: number): string {
  const seconds = Math.ceil((until - now) / 1000)
  return `${code}, try ${attempt} of ${attempts}${seconds > 0 ? ` in ${seconds}s` : ''}`
}

/** Words where a bar would say nothing. */
function wordsInstead(state: RunState, entity: EntityView): string | undefined {
  if (entity.state === 'skipped') return 'skipped'
  if (entity.state === 'deferring') return 'fills deferred columns'
  if (entity.state !== 'waiting' || entity.counts.read > 0) return undefined
  const unfinished = entity.after.filter(name => {
    const before = state.entities.find(other => other.name === name)
    return before !== undefined && before.state !== 'done' && before.state !== 'skipped'
  })
  return unfinished.length === 0 ? 'next' : `waits for ${unfinished.join(', ')}`
}

function counts(entity: EntityView, columns: Columns): string {
  if (columns.count === 0) return ''
  const read = ` ${formatCount(entity.counts.read).padStart(columns.count)}`
  const expected = expectedRows(entity)
  return expected === undefined
    ? `${read} rows`.padEnd(2 * columns.count + 4)
    : `${read} / ${formatCount(expected).padStart(columns.count)}`
}

/** The speed of an entity at work; how many rows were rejected when it is finished. */
function speed(state: RunState, entity: EntityView, columns: Columns, view: View): string {
  if (columns.rate === 0) return ''
  const rejected = entity.counts.quarantined
  const rate = rateAt(entity.rate, activeTime(state, view.now))
  const text = atWork(entity)
    ? rate === undefined
      ? ''
      : formatRate(rate)
    : rejected === 0
      ? ''
      : `${rejected < 10_000 ? rejected : `${Math.round(rejected / 1000)}k`} rej`
  return text.padStart(columns.rate)
}

function time(state: RunState, entity: EntityView, view: View): string {
  if (entity.state === 'deferring') return ''
  if (entity.state === 'running') {
    const begun = entity.started === undefined ? 0 : activeTime(state, view.now) - entity.started.active
    const eta = begun < ETA_HIDDEN_MS ? undefined : entityEta(state, entity, view.now)
    return eta === undefined ? '' : formatEta(eta)
  }
  if (entity.state === 'waiting') {
    const duration = activeTime(state, view.now) < ETA_HIDDEN_MS ? undefined : waitingDuration(state, entity, view.now)
    return duration === undefined ? '' : view.theme.symbols.approx + formatEta(duration)
  }
  if (entity.state === 'done') return entity.ms === undefined ? 'before' : formatTaken(entity.ms)
  return entity.state === 'skipped' ? '' : entity.state
}

function atWork(entity: EntityView): boolean {
  return entity.state === 'running' || entity.state === 'deferring'
}
