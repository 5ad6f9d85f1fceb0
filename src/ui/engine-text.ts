import type { EngineRun, RunStatusReport } from '../cluster/status.js'
import type { EngineFacts } from '../engine/port.js'
import { formatClock, formatCount, plural, printable } from './format.js'
import { table } from './table.js'
import type { Theme } from './theme.js'

const COUNTED = new Set(['READ', 'OF ABOUT', 'WRITTEN', 'QUARANTINED'])

/** What the engine says of itself. */
export function engineText({ label, version, waiting, active, failed }: EngineFacts, { symbols }: Theme): string {
  const work = `${plural(waiting, 'chunk')} waiting, ${formatCount(active)} in work, ${formatCount(failed)} failed`
  return `${printable(` ${symbols.done} ${label}  ${version}`)}\n   ${work}\n`
}

/** All runs that the engine knows. */
export function statusesText(runs: readonly EngineRun[], { symbols }: Theme): string {
  if (runs.length === 0) return ` ${symbols.dot} the engine has no runs\n`
  const rows = runs.map(({ runId, submittedAt, state, file }) => [runId, moment(submittedAt), state, file])
  return lines(table(left('RUN', 'HANDED OVER (UTC)', 'STATE', 'FILE'), rows, '   '))
}

/** One run, entity by entity, and how long it will still take where that can be known. */
export function statusText(run: RunStatusReport & { readonly msLeft?: number }, { symbols }: Theme): string {
  const { chunks, msLeft } = run
  const rows = run.entities.map(({ name, state, counts, estimatedRows }) => [
    name,
    state,
    formatCount(counts.read),
    estimatedRows === undefined ? symbols.dot : formatCount(estimatedRows),
    formatCount(counts.written),
    formatCount(counts.quarantined),
  ])
  const over = run.state !== 'waiting' && run.state !== 'active'
  const next = run.state === 'done' ? [] : ['', `   next   etl ${over ? 'resume' : 'cancel'} ${run.runId}`]
  return lines([
    ` ${symbols.dot} run ${run.runId}  ${run.state}  ${run.file}  handed over ${moment(run.submittedAt)} UTC`,
    `   chunks: ${formatCount(chunks.waiting)} waiting, ${formatCount(chunks.active)} in work, ${formatCount(chunks.done)} done, ${formatCount(chunks.failed)} failed`,
    ...(msLeft === undefined ? [] : [`   about ${formatClock(msLeft)} left`]),
    '',
    ...table(left('ENTITY', 'STATE', 'READ', 'OF ABOUT', 'WRITTEN', 'QUARANTINED'), rows, '   '),
    ...next,
  ])
}

function left(...titles: readonly string[]) {
  return titles.map(title => ({ title, align: COUNTED.has(title) ? ('right' as const) : ('left' as const) }))
}

function moment(at: string): string {
  return at.slice(0, 19).replace('T', ' ')
}

function lines(texts: readonly string[]): string {
  return `${texts.map(printable).join('\n')}\n`
}
