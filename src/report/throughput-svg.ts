import type { Throughput } from '../history/record.js'
import { formatRate } from '../ui/format.js'
import { html, type Markup } from './markup.js'
import type { TimeScale } from './time-scale.js'
import { axis, CHART } from './timeline-svg.js'

const TOP = 12
const BOTTOM = 150

/** Rows read per second, over the same time as the timeline above it. */
export function throughputSvg({ from, stepMs, rows }: Throughput, scale: TimeScale): Markup {
  const rates = rows.map(count => (count * 1000) / stepMs)
  const most = nice(Math.max(...rates, 1))
  const y = (rate: number): number => Math.round((BOTTOM - (rate / most) * (BOTTOM - TOP)) * 10) / 10
  const points = rates.flatMap((rate, i) => [
    `${scale.x(from + i * stepMs)} ${y(rate)}`,
    `${scale.x(from + (i + 1) * stepMs)} ${y(rate)}`,
  ])
  const [start, end] = [scale.x(from), scale.x(from + rows.length * stepMs)]
  const lines = [most, most / 2].map(
    rate => html`<line class="grid" x1="${CHART.left}" x2="${CHART.right}" y1="${y(rate)}" y2="${y(rate)}"/>
<text class="small" x="${CHART.left - 14}" y="${y(rate) + 4}" text-anchor="end">${formatRate(rate)}</text>`,
  )
  return html`<svg viewBox="0 0 ${CHART.width} ${BOTTOM + 26}" width="${CHART.width}" height="${BOTTOM + 26}" role="img" aria-label="Rows read per second">
${axis(scale, BOTTOM)}${lines}
<path class="area" d="M${start} ${BOTTOM} L${points.join(' L')} L${end} ${BOTTOM}z"/>
<path class="curve" d="M${points.join(' L')}"/>
<line class="grid" x1="${CHART.left}" x2="${CHART.right}" y1="${BOTTOM}" y2="${BOTTOM}"/></svg>`
}

/** The next of 1, 2, 5, 10, 20 … */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find(factor => factor * power >= value) ?? 10) * power
}
