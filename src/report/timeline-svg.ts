import type { Span, Timeline } from '../history/record.js'
import { fitText, formatDuration } from '../ui/format.js'
import { html, type Markup } from './markup.js'
import type { TimeScale } from './time-scale.js'

export const CHART = { width: 1070, left: 170, right: 990 }
const ROW = 26
const NAME_LENGTH = 22

/** One line for each entity and step, with a bar for each time that it was at work. */
export function timelineSvg({ spans }: Timeline, scale: TimeScale): Markup {
  // A step may look at something before the run that it needs at the end.
  const steps = new Map(spans.filter(({ kind }) => kind === 'step').map(({ name, from }) => [name, from]))
  const start = ({ name, kind, from }: Span): number => (kind === 'step' ? (steps.get(name) ?? from) : from)
  const names = [...new Set(spans.toSorted((a, b) => start(a) - start(b)).map(({ name, kind }) => key(name, kind)))]
  const height = names.length * ROW + 26
  const bottom = height - 22
  const rows = names.map((of, i) => {
    const mine = spans.filter(({ name, kind }) => key(name, kind) === of)
    const y = i * ROW + 4
    const ms = mine.reduce((sum, { from, to }) => sum + to - from, 0)
    const end = Math.max(...mine.map(({ to }) => scale.x(to)))
    const name = mine[0]?.name ?? ''
    return html`<g><text x="${CHART.left - 14}" y="${y + 14}" text-anchor="end">${
      [...name].length > NAME_LENGTH ? fitText(name, NAME_LENGTH) : name
    }</text>${mine.map(span => bar(span, y, scale))}<text class="small" x="${end + 8}" y="${y + 14}">${formatDuration(ms)}</text></g>`
  })
  return html`<svg viewBox="0 0 ${CHART.width} ${height}" width="${CHART.width}" height="${height}" role="img" aria-label="When each entity was at work">
${axis(scale, bottom)}${rows}</svg>`
}

/** Vertical lines at moments, and marks where idle time is left out. */
export function axis({ ticks, breaks }: TimeScale, bottom: number): Markup {
  return html`${ticks.map(
    ({ x, label }) =>
      html`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${bottom}"/><text class="small" x="${x}" y="${bottom + 16}" text-anchor="middle">${label}</text>`,
  )}${breaks.map(
    ({ x, ms }) =>
      html`<g><title>nothing at work for ${formatDuration(ms)}</title><line class="gap" x1="${x}" x2="${x}" y1="0" y2="${bottom}"/><text class="small" x="${x}" y="${bottom + 16}" text-anchor="middle">⋯</text></g>`,
  )}`
}

function bar(span: Span, y: number, scale: TimeScale): Markup {
  const x = scale.x(span.from)
  const width = Math.max(3, Math.round((scale.x(span.to) - x) * 10) / 10)
  const tone = span.end === 'failed' ? 'bad' : span.end === 'stopped' || span.end === 'lost' ? 'warn' : span.kind
  const words = span.kind === 'defer' ? 'second pass' : span.kind
  return html`<rect class="k-${tone}" x="${x}" y="${y + 2}" width="${width}" height="16" rx="4"><title>${span.name}: ${words}, ${span.end}, ${formatDuration(span.to - span.from)}</title></rect>`
}

/** The second pass of an entity stands in the line of the first. */
function key(name: string, kind: Span['kind']): string {
  return kind === 'step' ? `step ${name}` : `entity ${name}`
}
