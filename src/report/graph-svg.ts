import type { RunRecord } from '../history/record.js'
import { fitText, formatCount } from '../ui/format.js'
import { layoutGraph } from './graph-layout.js'
import { html, type Markup } from './markup.js'
import { entityTone } from './tone.js'

const BOX = { width: 190, height: 50 }
const STEP = { x: 252, y: 66 }
const NAME_LENGTH = 21

/** Entities wave by wave, each with what became of its rows; arrows go from what is loaded first. */
export function graphSvg({ graph, entities }: RunRecord): Markup {
  const layout = layoutGraph(graph)
  const width = (layout.columns - 1) * STEP.x + BOX.width + 2
  const height = (layout.rows - 1) * STEP.y + BOX.height + 2
  const left = (column: number): number => 1 + column * STEP.x
  const middle = (row: number): number => round(1 + row * STEP.y + BOX.height / 2)
  const edges = layout.edges.map(({ points }) => {
    const [first, ...rest] = points.map(({ column, row }) => ({ x: left(column), y: middle(row) }))
    if (first === undefined) return ''
    let x = first.x + BOX.width
    let path = `M${x} ${first.y}`
    let y = first.y
    for (const [i, point] of rest.entries()) {
      const isEnd = i === rest.length - 1
      const end = point.x - (isEnd ? 5 : 0)
      const bend = (end - x) / 2
      path += ` C${round(x + bend)} ${y} ${round(end - bend)} ${point.y} ${end} ${point.y}`
      // Past a wave that it has nothing to do with.
      if (!isEnd) path += ` H${point.x + BOX.width}`
      x = point.x + BOX.width
      y = point.y
    }
    return html`<path class="edge" d="${path}" marker-end="url(#head)"/>`
  })
  const nodes = layout.nodes.map(({ node, column, row }) => {
    const [x, y] = [left(column), middle(row) - BOX.height / 2]
    const entity = entities.find(({ name }) => name === node.name)
    const tone = entity === undefined ? 'plain' : entityTone(entity)
    const rows = entity === undefined ? '' : `${formatCount(entity.counts.written)} written`
    const rejected = entity?.counts.quarantined ?? 0
    return html`<g><title>${node.name}: ${node.from} → ${node.to} (${node.load})</title>
<rect class="box" x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="9"/>
<rect class="s-${tone}" x="${x + 8}" y="${y + 12}" width="4" height="${BOX.height - 24}" rx="2"/>
<text class="name" x="${x + 22}" y="${y + 22}">${short(node.name)}</text>
<text class="small" x="${x + 22}" y="${y + 38}">${rows}${rejected > 0 && ` · ${formatCount(rejected)} rej.`}</text></g>`
  })
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Entities and what they wait for">
<defs><marker id="head" viewBox="0 0 8 8" refX="3" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 .8 6 4 0 7.2z"/></marker></defs>
${edges}${nodes}</svg>`
}

function short(name: string): string {
  return [...name].length > NAME_LENGTH ? fitText(name, NAME_LENGTH) : name
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
