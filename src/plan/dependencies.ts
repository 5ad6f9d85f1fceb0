import { alg, Graph } from '@dagrejs/graphlib'
import type { TableRef } from '../core/catalog.js'
import type { Diagnostic, DocPath } from '../core/diagnostics.js'
import type { EntitySpec, PipelineSpec } from '../spec/model.js'

/** One entity must be finished before another begins, and why. */
export interface Dependency {
  readonly entity: string
  readonly on: string
  readonly reason: 'depends_on' | 'ref' | 'foreign key' | 'lookup'
  /** The target column that causes it, where one does; deferring it removes the dependency. */
  readonly column?: string
  readonly path: DocPath
}

/** What the file alone says: `depends_on`, refs that are not deferred, look-ups in tables that other entities load. */
export function specDependencies(spec: PipelineSpec): Dependency[] {
  return spec.entities.flatMap(entity => [
    ...entity.dependsOn.map((on, i): Dependency => {
      return { entity: entity.name, on, reason: 'depends_on', path: [...entity.path, 'depends_on', i] }
    }),
    ...entity.fields
      .filter(field => !entity.defer.includes(field.target))
      .flatMap(field => fieldDependencies(spec, entity, field)),
  ])
}

function fieldDependencies(spec: PipelineSpec, entity: EntitySpec, field: EntitySpec['fields'][number]): Dependency[] {
  const found: Dependency[] = []
  if (field.ref !== undefined) {
    found.push({
      entity: entity.name,
      on: field.ref.entity,
      reason: 'ref',
      column: field.target,
      path: [...field.path, 'ref'],
    })
  }
  const lookup = field.lookup === undefined ? undefined : spec.lookups[field.lookup.name]
  if (lookup?.in === 'target') {
    for (const other of writersOf(spec, lookup.table)) {
      if (other.name === entity.name) continue
      found.push({
        entity: entity.name,
        on: other.name,
        reason: 'lookup',
        column: field.target,
        path: [...field.path, 'lookup'],
      })
    }
  }
  return found
}

/** Entities that write to a target table. */
export function writersOf(spec: PipelineSpec, table: TableRef): readonly EntitySpec[] {
  return spec.entities.filter(entity => sameTable(entity.to.table, table))
}

/** A ref without a schema means the default schema, so it matches the same name in any one schema. */
export function sameTable(a: TableRef, b: TableRef): boolean {
  return a.table === b.table && (a.schema === undefined || b.schema === undefined || a.schema === b.schema)
}

export interface EntityOrder {
  /** Topological; where dependencies leave a choice, as declared. */
  readonly names: readonly string[]
  /** 1-based: one more than the latest wave it waits for. */
  readonly wave: ReadonlyMap<string, number>
  readonly after: ReadonlyMap<string, readonly string[]>
}

/** Orders entities that have no cycle; dependencies on names that are not among them do not count. */
export function orderEntities(declared: readonly string[], dependencies: readonly Dependency[]): EntityOrder {
  const after = new Map<string, string[]>()
  for (const name of declared) {
    const on = new Set(dependencies.filter(d => d.entity === name && d.on !== name).map(d => d.on))
    after.set(
      name,
      declared.filter(other => on.has(other)),
    )
  }
  const names: string[] = []
  const wave = new Map<string, number>()
  while (names.length < declared.length) {
    const next = declared.find(name => !wave.has(name) && (after.get(name) ?? []).every(on => wave.has(on)))
    if (next === undefined) throw new TypeError('a cycle reached orderEntities')
    wave.set(next, 1 + Math.max(0, ...(after.get(next) ?? []).map(on => wave.get(on) ?? 0)))
    names.push(next)
  }
  return { names, wave, after }
}

/** One diagnostic per knot of entities that wait for each other, naming every entity on a way round it. */
export function cycleProblems(declared: readonly string[], dependencies: readonly Dependency[]): Diagnostic[] {
  const graph = new Graph()
  for (const name of declared) graph.setNode(name)
  for (const { entity, on } of dependencies) if (graph.hasNode(on) && graph.hasNode(entity)) graph.setEdge(entity, on)
  const position = new Map(declared.map((name, i) => [name, i]))
  const rank = (name: string): number => position.get(name) ?? 0
  return alg
    .findCycles(graph)
    .map(knot => knot.toSorted((a, b) => rank(a) - rank(b)))
    .toSorted((a, b) => rank(a[0] as string) - rank(b[0] as string))
    .map(knot => cycleProblem(knot, wayRound(graph, knot), dependencies))
}

/** The longest simple way round would be NP-hard; the shortest through the first entity is what a person can act on. */
function wayRound(graph: Graph, knot: readonly string[]): string[] {
  const start = knot[0] as string
  const came = new Map<string, string>()
  const queue = [start]
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const next of knot.filter(other => graph.hasEdge(name, other))) {
      if (next === start) {
        const way = [name]
        for (let back = name; back !== start; ) {
          back = came.get(back) as string
          way.unshift(back)
        }
        return way
      }
      if (came.has(next)) continue
      came.set(next, name)
      queue.push(next)
    }
  }
  return [...knot]
}

function cycleProblem(knot: readonly string[], way: readonly string[], all: readonly Dependency[]): Diagnostic {
  const steps = way.map((entity, i) => {
    const on = way[(i + 1) % way.length] as string
    const edges = all.filter(d => d.entity === entity && d.on === on)
    return { entity, edges, breakable: edges.every(edge => edge.column !== undefined) }
  })
  const words = steps.map(({ entity, edges }) => {
    return `${entity} (${edges.map(e => (e.column === undefined ? e.reason : `${e.reason} ${e.column}`)).join(', ')})`
  })
  const rest = knot.filter(name => !way.includes(name))
  const also = rest.length === 0 ? '' : `; also in it: ${rest.join(', ')}`
  const first = steps[0]?.edges[0]
  return {
    code: 'E209',
    severity: 'error',
    message: `these entities wait for each other: ${words.join(' → ')} → ${way[0]}${also}`,
    path: first?.path ?? ['entities', way[0] as string],
    hint: breakHint(steps),
  }
}

function breakHint(steps: readonly { entity: string; edges: readonly Dependency[]; breakable: boolean }[]): string {
  const offers = steps
    .filter(step => step.breakable)
    .map(step => {
      const columns = new Set(step.edges.flatMap(edge => (edge.column === undefined ? [] : [edge.column])))
      return `\`defer: [${[...columns].join(', ')}]\` in ${step.entity}`
    })
  if (offers.length === 0) return 'remove one of the depends_on'
  return `fill one side in a second pass: ${offers.join(', or ')}`
}
