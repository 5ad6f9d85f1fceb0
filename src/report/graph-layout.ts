import type { GraphNode } from '../history/record.js'

export interface PlacedNode {
  readonly node: GraphNode
  readonly column: number
  /** From the top, in slots. */
  readonly row: number
}

export interface PlacedEdge {
  /** Column and row of each point that it passes, ends included. */
  readonly points: readonly { readonly column: number; readonly row: number }[]
}

export interface GraphLayout {
  readonly nodes: readonly PlacedNode[]
  readonly edges: readonly PlacedEdge[]
  readonly columns: number
  readonly rows: number
}

/** A place in a column: a node, or where an edge passes by. */
interface Slot {
  readonly node?: GraphNode
  readonly before: Slot[]
  readonly after: Slot[]
  column: number
  row: number
}

const ROWS_WITHOUT_EDGES = 4

/** Waves from left to right; within a wave each node near what it depends on. Edges that longer ones imply are left out. */
export function layoutGraph(graph: readonly GraphNode[]): GraphLayout {
  const needed = reduced(graph)
  const slots = new Map<string, Slot>()
  const columns: Slot[][] = []
  const put = (slot: Slot): Slot => {
    while (columns.length <= slot.column) columns.push([])
    const column = columns[slot.column] as Slot[]
    slot.row = column.length
    column.push(slot)
    return slot
  }
  const unconnected = graph.every(node => node.after.length === 0)
  for (const [i, node] of graph.entries()) {
    const column = unconnected ? Math.floor(i / ROWS_WITHOUT_EDGES) : node.wave - 1
    slots.set(node.name, put({ node, before: [], after: [], column, row: 0 }))
  }
  const paths: Slot[][] = []
  for (const node of graph) {
    const to = slots.get(node.name) as Slot
    for (const name of needed.get(node.name) ?? []) {
      const from = slots.get(name)
      if (from === undefined || from.column >= to.column) continue
      const path = [from]
      for (let column = from.column + 1; column < to.column; column++)
        path.push(put({ before: [], after: [], column, row: 0 }))
      path.push(to)
      for (const [i, slot] of path.entries()) {
        if (i === 0) continue
        const last = path[i - 1] as Slot
        slot.before.push(last)
        last.after.push(slot)
      }
      paths.push(path)
    }
  }
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const column of columns) settle(column, 'before')
    for (const column of columns.toReversed()) settle(column, 'after')
  }
  const rows = Math.max(0, ...columns.map(column => column.length))
  // Short columns stand in the middle.
  for (const column of columns) for (const slot of column) slot.row += (rows - column.length) / 2
  return {
    nodes: [...slots.values()].flatMap(({ node, column, row }) => (node === undefined ? [] : [{ node, column, row }])),
    edges: paths.map(path => ({ points: path.map(({ column, row }) => ({ column, row })) })),
    columns: columns.length,
    rows,
  }
}

/** Orders a column by the middle of its neighbours on one side. */
function settle(column: Slot[], side: 'before' | 'after'): void {
  const middle = new Map(column.map(slot => [slot, middleOf(slot[side], slot.row)]))
  column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0))
  for (const [row, slot] of column.entries()) slot.row = row
}

function middleOf(slots: readonly Slot[], otherwise: number): number {
  return slots.length === 0 ? otherwise : slots.reduce((sum, slot) => sum + slot.row, 0) / slots.length
}

/** Per node the dependencies that no other dependency of it has already. */
function reduced(graph: readonly GraphNode[]): Map<string, string[]> {
  const all = new Map<string, Set<string>>()
  const result = new Map<string, string[]>()
  for (const node of graph.toSorted((a, b) => a.wave - b.wave)) {
    const implied = new Set(node.after.flatMap(name => [...(all.get(name) ?? [])]))
    all.set(node.name, new Set([...implied, ...node.after]))
    result.set(
      node.name,
      node.after.filter(name => !implied.has(name)),
    )
  }
  return result
}
