import type { DocPath } from '../core/diagnostics.js'
import type { Scope } from './shape.js'
import { listed, nameList, record, text } from './shape.js'

interface Edge {
  readonly from: string
  readonly to: string
  readonly path: DocPath
  /** Target column of a `ref`; undefined for `depends_on`. */
  readonly column?: string
}

/** Entities that wait for each other through `ref` and `depends_on`; deferred refs wait for nobody. */
export async function checkCycles(scope: Scope): Promise<void> {
  const edges = Object.entries(scope.entities).flatMap(([name, raw]) => edgesOf(name, record(raw)))
  const known = edges.filter(edge => Object.hasOwn(scope.entities, edge.to))
  // An edge back is part of every cycle: a file in whose order everything is ready needs no library.
  const order = Object.keys(scope.entities)
  if (known.every(edge => order.indexOf(edge.to) < order.indexOf(edge.from))) return
  const { Graph, alg } = await import('@dagrejs/graphlib')
  const graph = new Graph()
  for (const edge of known) graph.setEdge(edge.from, edge.to)
  for (const cycle of alg.findCycles(graph)) {
    const members = order.filter(name => cycle.includes(name))
    const inside = known.filter(edge => members.includes(edge.from) && members.includes(edge.to))
    report(members, inside, scope)
  }
}

function edgesOf(name: string, entity: Readonly<Record<string, unknown>>): Edge[] {
  const path: DocPath = ['entities', name]
  const deferred = nameList(entity.defer)
  const depends = nameList(entity.depends_on).map((to, i) => ({ from: name, to, path: [...path, 'depends_on', i] }))
  const refs = Object.entries(record(entity.fields)).flatMap(([column, field]) => {
    const to = text(record(field).ref)
    if (to === undefined || deferred.includes(column)) return []
    return [{ from: name, to, column, path: [...path, 'fields', column, 'ref'] }]
  })
  return [...refs, ...depends]
}

function report(members: readonly string[], edges: readonly Edge[], scope: Scope): void {
  const order = Object.keys(scope.entities)
  // The reference to something further down is the one to defer: the rest of the file reads in order.
  const forward = edges.filter(edge => order.indexOf(edge.to) >= order.indexOf(edge.from))
  const edge = forward.find(({ column }) => column !== undefined) ?? forward[0] ?? edges[0]
  if (edge === undefined) return
  const message = members.length === 1 ? `${members[0]} waits for itself` : `${listed(members)} wait for each other`
  const hint =
    edge.column === undefined
      ? `Take ${edge.to} out of \`depends_on\`.`
      : `Fill it in a second pass: \`defer: [${edge.column}]\` in entity ${edge.from}.`
  scope.report('E209', edge.path, message, hint)
}
