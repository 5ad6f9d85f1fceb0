import type { ReactElement } from 'react'
import { bar, percent } from '../bar.js'
import { totalEta } from '../eta.js'
import { formatCount, formatRate, plural } from '../format.js'
import { rateAt } from '../rate.js'
import { activeTime, type RunState, totals } from '../run-state.js'
import { type Columns, formatEta, justify, type Line, usableWidth, type View } from '../view.js'
import { Row } from './row.js'

interface Props {
  readonly state: RunState
  readonly columns: Columns
  readonly view: View
}

/** All entities together, then what happened beside progress. */
export function TotalRows({ state, columns, view }: Props): ReactElement {
  const { theme } = view
  const { symbols } = theme
  const all = totals(state)
  const share = all.rows === undefined ? undefined : all.rows === 0 ? 1 : all.read / all.rows
  const progress =
    share === undefined ? ' '.repeat(columns.bar + 5) : `${bar(share, columns.bar, symbols)} ${percent(share)}`
  const eta = state.phase === 'running' ? totalEta(state, view.now) : undefined
  return (
    <>
      <Row
        view={view}
        line={[
          { text: ` ${symbols.total} ${'total'.padEnd(columns.name)} ${progress}`, tone: 'strong' },
          { text: counts(all, columns) },
          { text: columns.rate === 0 ? '' : rate(state, view).padStart(columns.rate) },
          { text: (eta === undefined ? '' : formatEta(eta)).padStart(columns.time) },
        ]}
      />
      <Row view={view} line={status(state, view)} />
    </>
  )
}

function counts(all: { readonly read: number; readonly rows?: number }, columns: Columns): string {
  if (columns.count === 0) return ''
  const read = ` ${formatCount(all.read).padStart(columns.count)}`
  return all.rows === undefined
    ? `${read} rows`.padEnd(2 * columns.count + 4)
    : `${read} / ${formatCount(all.rows).padStart(columns.count)}`
}

function rate(state: RunState, view: View): string {
  let sum: number | undefined
  for (const entity of state.entities) {
    if (entity.state !== 'running') continue
    const own = rateAt(entity.rate, activeTime(state, view.now))
    if (own !== undefined) sum = (sum ?? 0) + own
  }
  return sum === undefined ? '' : formatRate(sum)
}

function status(state: RunState, view: View): Line {
  const { symbols } = view.theme
  const { quarantined } = totals(state)
  const left = [` ${quarantined > 0 ? symbols.failed : symbols.done} ${formatCount(quarantined)} rejected`]
  if (state.retries > 0) left.push(`${symbols.retry} ${plural(state.retries, 'retry', 'retries')}`)
  const end: string[] = []
  if (state.checkpointAt !== undefined) {
    end.push(`checkpoint ${Math.max(0, Math.floor((view.now - state.checkpointAt) / 1000))}s ago`)
  }
  if (view.memory !== undefined) end.push(`memory ${Math.round(view.memory / 1_048_576)} MB`)
  const text = left.join('   ')
  const whole = justify(text, [end.join('   '), end[0] ?? ''], usableWidth(view))
  return [{ text, ...(quarantined > 0 ? { tone: 'warn' as const } : {}) }, { text: whole.slice(text.length) }]
}
