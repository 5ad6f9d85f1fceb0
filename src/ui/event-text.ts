import type { Counts, RunEvent } from '../run/events.js'
import { inField } from '../run/in-field.js'
import { formatCount, formatDuration, plural, workersText } from './format.js'
import { problemMark, problemText } from './problem-text.js'
import { stepLine } from './step-text.js'
import type { Symbols, Tone } from './theme.js'

export interface EventText {
  readonly mark: string
  readonly tone: Tone
  readonly text: string
}

/** An event in one line of words; undefined where it is progress that nobody wants a line for. */
export function eventText(event: RunEvent, symbols: Symbols, dryRun = false): EventText | undefined {
  switch (event.type) {
    case 'run_started':
      return { mark: symbols.dot, tone: 'dim', text: runStarted(event, symbols.arrow) }
    case 'entity_started':
      return { mark: symbols.running, tone: 'active', text: entityStarted(event) }
    case 'entity_finished':
      return entityFinished(event, symbols, dryRun)
    case 'rejected': {
      const text = inField(event.field, event.message)
      const problem = { kind: 'rejected', entity: event.entity, code: event.code, text, rows: event.rows } as const
      return { ...problemMark(problem, symbols), text: problemText(problem) }
    }
    case 'retry': {
      const text = `${event.message}, attempt ${event.attempt} of ${event.attempts} in ${formatDuration(event.waitMs)}`
      const problem = { kind: 'retry', entity: event.entity, code: event.code, text, rows: 0 } as const
      return { ...problemMark(problem, symbols), text: problemText(problem) }
    }
    case 'warning': {
      const problem = { kind: 'warning', entity: event.entity, code: event.code, text: event.message, rows: 0 } as const
      return { ...problemMark(problem, symbols), text: problemText(problem) }
    }
    case 'info':
      return { mark: symbols.dot, tone: 'dim', text: event.message }
    case 'paused':
      return { mark: symbols.stopped, tone: 'warn', text: 'paused' }
    case 'resumed_work':
      return { mark: symbols.running, tone: 'active', text: 'going on' }
    case 'stopping':
      return { mark: symbols.stopped, tone: 'warn', text: 'stopping after the batches in work' }
    case 'step':
      return stepLine(event, symbols)
    case 'run_finished': {
      const text = `run ${event.runId} ${STATUS_WORDS[event.status]} after ${formatDuration(event.ms)}`
      return event.status === 'failed'
        ? { mark: symbols.failed, tone: 'bad', text }
        : { mark: symbols.dot, tone: 'dim', text }
    }
    default:
      return undefined
  }
}

const STATUS_WORDS = {
  ok: 'finished',
  quarantined: 'finished with quarantined rows',
  failed: 'failed',
  interrupted: 'interrupted',
} as const

function runStarted(event: RunEvent & { type: 'run_started' }, arrow: string): string {
  const work = `${plural(event.entities.length, 'entity', 'entities')}, ${workersText(event.concurrency)}`
  const began = event.resumed ? 'resumed' : event.dryRun ? 'dry run, nothing is written' : 'started'
  return `run ${event.runId} ${began}: ${event.pipeline}, ${event.source} ${arrow} ${event.target}, ${work}`
}

function entityStarted(event: RunEvent & { type: 'entity_started' }): string {
  if (event.pass === 'defer') return `${event.entity}  fills deferred columns`
  const rows = event.estimatedRows === undefined ? '' : `, about ${plural(event.estimatedRows, 'row')}`
  const from = event.counts.read > 0 ? ` from row ${formatCount(event.counts.read)}` : ''
  return `${event.entity}  started${from}${rows}`
}

function entityFinished(event: RunEvent & { type: 'entity_finished' }, symbols: Symbols, dryRun: boolean): EventText {
  const reason = event.message === undefined ? '' : `: ${event.message}`
  const text = `${event.entity}  ${event.state}`
  const rows = ` in ${formatDuration(event.ms)}  ${countsText(event.counts, dryRun)}`
  switch (event.state) {
    case 'done':
      return event.counts.quarantined > 0
        ? { mark: symbols.warning, tone: 'warn', text: text + rows }
        : { mark: symbols.done, tone: 'good', text: text + rows }
    case 'failed':
      return { mark: symbols.failed, tone: 'bad', text: text + rows + reason }
    case 'stopped':
      return { mark: symbols.stopped, tone: 'warn', text: text + rows }
    case 'skipped':
      return { mark: symbols.skipped, tone: 'dim', text: text + reason }
  }
}

/** `950,000 read, 949,937 written, 63 quarantined`: what happened to the rows, without what did not happen. */
export function countsText(counts: Counts, dryRun: boolean): string {
  const parts = [`${formatCount(counts.read)} read`, `${formatCount(counts.written)} ${dryRun ? 'ok' : 'written'}`]
  for (const key of ['skipped', 'filtered', 'deduped', 'quarantined'] as const) {
    if (counts[key] > 0) parts.push(`${formatCount(counts[key])} ${key}`)
  }
  return parts.join(', ')
}
