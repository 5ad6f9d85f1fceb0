import { formatCount, formatDuration, plural } from '../ui/format.js'
import { graphSvg } from './graph-svg.js'
import { html } from './markup.js'
import type { SectionMaker } from './section.js'
import { htmlTable } from './table.js'
import { throughputSvg } from './throughput-svg.js'
import { timeScale } from './time-scale.js'
import { CHART, timelineSvg } from './timeline-svg.js'
import { entityTone } from './tone.js'

/** What was loaded in which order. */
export const graphSection: SectionMaker = record => {
  const waves = Math.max(0, ...record.graph.map(({ wave }) => wave))
  if (waves === 0) return undefined
  const left = record.leftOut.map(({ entity, reason }) => html`<li><b>${entity}</b> was left out: ${reason}</li>`)
  return {
    id: 'graph',
    title: 'Order',
    lead: `${plural(record.graph.length, 'entity', 'entities')} in ${plural(waves, 'wave')}; an arrow leads from what had to be loaded first.`,
    body: html`<figure class="scroll">${graphSvg(record)}</figure>${left.length > 0 && html`<ul>${left}</ul>`}`,
  }
}

const OPTIONAL = ['skipped', 'filtered', 'deduped', 'quarantined'] as const

/** What became of the rows of each entity. */
export const entitiesSection: SectionMaker = record => {
  if (record.entities.length === 0) return undefined
  const shown = OPTIONAL.filter(key => key === 'quarantined' || record.counts[key] > 0)
  const cells = (counts: typeof record.counts, ms: number) => [
    formatCount(counts.read),
    formatCount(counts.written),
    ...shown.map(key => (counts[key] === 0 ? html`<span class="faint">·</span>` : formatCount(counts[key]))),
    formatDuration(ms),
    ms < 500 || counts.read === 0
      ? html`<span class="faint">·</span>`
      : formatCount(Math.round((counts.read * 1000) / ms)),
  ]
  const rows = record.entities.map(entity => {
    const node = record.graph.find(({ name }) => name === entity.name)
    const { read, transform, write } = entity.stages
    const busy = read + transform + write
    const share = (ms: number): string => `${busy === 0 ? 0 : Math.round((ms / busy) * 100)} %`
    return [
      html`<b>${entity.name}</b><span class="keys">${node !== undefined && html`${node.from} → ${node.to}`}</span>`,
      html`<span class="tag ${entityTone(entity)}">${entity.state}</span>`,
      node?.load ?? '',
      ...cells(entity.counts, entity.ms),
      html`<span class="faint">${busy === 0 ? '·' : `${share(read)} · ${share(transform)} · ${share(write)}`}</span>`,
    ]
  })
  const numeric = (title: string) => ({ title, numeric: true })
  const columns = ['Entity', 'State', 'Load', numeric('Read'), numeric('Written')]
  const more = [
    ...shown.map(key => numeric(`${key[0]?.toUpperCase()}${key.slice(1)}`)),
    numeric('Time'),
    numeric('Rows/s'),
  ]
  return {
    id: 'entities',
    title: 'Entities',
    lead: 'Every row read is accounted for: read = written + skipped + filtered + deduped + quarantined.',
    body: htmlTable([...columns, ...more, numeric('Read · transform · write')], rows, [
      'Total',
      '',
      '',
      ...cells(record.counts, record.ms),
      '',
    ]),
  }
}

const LEGEND = {
  load: 'load',
  defer: 'second pass',
  step: 'step around the run',
  bad: 'failed',
  warn: 'stopped',
} as const

/** When what was at work, and how fast. */
export const timeSection: SectionMaker = record => {
  const { spans, throughput } = record.timeline
  if (spans.length === 0) return undefined
  const scale = timeScale(record.timeline, CHART.left, CHART.right)
  const used = (Object.keys(LEGEND) as (keyof typeof LEGEND)[]).filter(key =>
    spans.some(({ kind, end }) =>
      key === 'bad' ? end === 'failed' : key === 'warn' ? end === 'stopped' || end === 'lost' : kind === key,
    ),
  )
  const legend = used.map(
    key =>
      html`<span><svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><rect class="k-${key}" width="12" height="12" rx="3"/></svg>${LEGEND[key]}</span>`,
  )
  return {
    id: 'time',
    title: 'Time',
    lead: `${formatDuration(record.ms)} in all. Above: when each entity was at work; below: rows read per second.`,
    body: html`<figure class="scroll">${timelineSvg(record.timeline, scale)}</figure><div class="legend">${legend}</div>
${throughput.rows.length > 0 && html`<figure class="scroll">${throughputSvg(throughput, scale)}</figure>`}`,
  }
}

/** What incremental entities read. */
export const windowsSection: SectionMaker = record => {
  const rows = record.entities.flatMap(({ name, windows = [] }) =>
    windows.map(({ member, column, after, until }) => [
      member === undefined ? name : `${name} (${member})`,
      column,
      after ?? 'the beginning',
      until ?? 'nothing yet',
    ]),
  )
  if (rows.length === 0) return undefined
  return {
    id: 'windows',
    title: 'Incremental windows',
    body: htmlTable(['Entity', 'Column', 'From', 'To'], rows),
  }
}
