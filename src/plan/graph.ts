import type { PipelineSpec } from '../spec/model.js'
import { orderEntities, specDependencies } from './dependencies.js'
import type { Plan } from './plan.js'

interface Node {
  readonly name: string
  readonly wave: number
  readonly after: readonly string[]
}

/** The dependency graph for people: one line an entity, wave by wave. A plan also knows the target's foreign keys. */
export function graphText(subject: PipelineSpec | Plan): string {
  const nodes = nodesOf(subject)
  const width = Math.max(0, ...nodes.map(node => node.name.length))
  const lines: string[] = []
  const waves = [...new Set(nodes.map(node => node.wave))].toSorted((a, b) => a - b)
  for (const wave of waves) {
    lines.push(`wave ${wave}`)
    for (const node of nodes.filter(n => n.wave === wave)) {
      lines.push(
        node.after.length === 0 ? `  ${node.name}` : `  ${node.name.padEnd(width)}  after ${node.after.join(', ')}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

/** The same as a Mermaid flow chart; an arrow goes from what is loaded first to what waits for it. */
export function graphMermaid(subject: PipelineSpec | Plan): string {
  const nodes = nodesOf(subject)
  const id = new Map(nodes.map((node, i) => [node.name, `e${i + 1}`]))
  const lines = ['flowchart LR']
  for (const node of nodes) lines.push(`  ${id.get(node.name)}["${node.name.replaceAll('"', '#quot;')}"]`)
  for (const node of nodes) for (const on of node.after) lines.push(`  ${id.get(on)} --> ${id.get(node.name)}`)
  return `${lines.join('\n')}\n`
}

function nodesOf(subject: PipelineSpec | Plan): Node[] {
  if ('format' in subject) {
    return subject.entities.map(e => ({ name: e.name, wave: e.wave, after: e.after }))
  }
  const order = orderEntities(
    subject.entities.map(entity => entity.name),
    specDependencies(subject),
  )
  return order.names.map(name => ({
    name,
    wave: order.wave.get(name) ?? 1,
    after: order.after.get(name) ?? [],
  }))
}
