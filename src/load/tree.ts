import type { DocPath } from '../core/diagnostics.js'

/** Offsets into the file's text; end is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

export type Scalar = string | number | boolean | null

/** The document with the place of every key and value; what profiles and variables work on. */
export type Node = MapNode | SeqNode | ScalarNode

export interface MapNode {
  readonly kind: 'map'
  readonly span: Span
  readonly entries: ReadonlyMap<string, { readonly key: Span; readonly value: Node }>
}

export interface SeqNode {
  readonly kind: 'seq'
  readonly span: Span
  readonly items: readonly Node[]
}

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly span: Span
  readonly value: Scalar
  /** The text of a value that got its number, boolean or null from a variable: where text is wanted, this is it. */
  readonly text?: string
  /**
   * The number or boolean that a quoted variable alone would be without its quotes, which inside `{ }` it cannot do
   * without: where that is wanted, this is it.
   */
  readonly unquoted?: number | boolean
  /** Written without quotes. */
  readonly plain: boolean
}

/** The document as plain data. */
export function toData(node: Node): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'seq') return node.items.map(toData)
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toData(value)]))
}

function child(node: Node, step: string | number): Node | undefined {
  if (node.kind === 'map') return node.entries.get(String(step))?.value
  return node.kind === 'seq' ? node.items[Number(step)] : undefined
}

/** The node at the path; undefined where there is none. */
export function nodeAt(root: Node, path: DocPath): Node | undefined {
  let node: Node | undefined = root
  for (const step of path) node = node && child(node, step)
  return node
}

/** Where the path's value stands, or its key; the nearest parent's key where it does not exist. */
export function spanAt(root: Node, path: DocPath, want: 'key' | 'value' = 'value'): Span {
  let node = root
  let span: Span = { start: root.span.start, end: root.span.start }
  for (const [depth, step] of path.entries()) {
    const next = child(node, step)
    if (next === undefined) return span
    const key = node.kind === 'map' ? node.entries.get(String(step))?.key : undefined
    const last = depth === path.length - 1
    // A whole block is too much to underline: its key stands for it.
    const block = next.kind !== 'scalar'
    span = key !== undefined && (block || (last && want === 'key')) ? key : next.span
    node = next
  }
  return span
}

/** The same tree with the scalar at each place changed by `change`. */
export function mapScalars(
  node: Node,
  change: (scalar: ScalarNode, path: DocPath) => ScalarNode,
  path: DocPath = [],
): Node {
  if (node.kind === 'scalar') return change(node, path)
  if (node.kind === 'seq')
    return { ...node, items: node.items.map((item, i) => mapScalars(item, change, [...path, i])) }
  const entries = new Map(
    [...node.entries].map(([name, { key, value }]) => [
      name,
      { key, value: mapScalars(value, change, [...path, name]) },
    ]),
  )
  return { ...node, entries }
}

/** The same map without some keys. */
export function without(node: Node, ...keys: readonly string[]): Node {
  if (node.kind !== 'map') return node
  return { ...node, entries: new Map([...node.entries].filter(([key]) => !keys.includes(key))) }
}

/** The same map with one key of another. */
export function withKeyOf(node: Node, other: Node, key: string): Node {
  const entry = other.kind === 'map' ? other.entries.get(key) : undefined
  if (node.kind !== 'map' || entry === undefined) return node
  return { ...node, entries: new Map([...node.entries, [key, entry]]) }
}
