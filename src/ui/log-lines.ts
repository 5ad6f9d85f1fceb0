import { eventText } from './event-text.js'
import { formatClock } from './format.js'
import type { RunState } from './run-state.js'
import { type Line, usableWidth, type View } from './view.js'
import { wrap } from './wrap.js'

/** The end of what happened, newest last, in at most `rows` lines. */
export function logLines(state: RunState, view: View, rows: number): Line[] {
  const { symbols } = view.theme
  const newer = Math.max(0, state.logged - (view.looking?.foot ?? state.logged))
  const lines: Line[] = []
  for (const event of state.log.slice(0, state.log.length - newer).reverse()) {
    if (lines.length >= rows) break
    const said = eventText(event, symbols, state.dryRun)
    if (said === undefined) continue
    const time = ` ${formatClock(event.at - (state.startedAt ?? event.at))} `
    const hang = [...time].length + 2
    const [first = '', ...rest] = wrap(' '.repeat(hang) + said.text, usableWidth(view), hang)
    lines.unshift(
      [{ text: time }, { text: said.mark, tone: said.tone }, { text: first.slice(hang - 1) }],
      ...rest.map(text => [{ text }]),
    )
  }
  const more = newer === 0 ? [] : [[{ text: ` ${symbols.ellipsis} ${newer} newer`, tone: 'dim' as const }]]
  return [...lines.slice(-Math.max(1, rows - more.length)), ...more]
}
