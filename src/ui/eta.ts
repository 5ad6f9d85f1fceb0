import type { EntityView, RunState } from './run-state.js'
import { activeTime, expectedRows } from './run-state.js'

/** Estimates of the first seconds jump about; none is shown before. */
export const ETA_HIDDEN_MS = 5000

/** Milliseconds an entity at work still needs, from its mean speed since this process took it up: one stall does not throw it off. */
export function entityEta(state: RunState, entity: EntityView, now: number): number | undefined {
  const expected = expectedRows(entity)
  if (entity.started === undefined || expected === undefined) return undefined
  const worked = activeTime(state, now) - entity.started.active
  const read = entity.counts.read - entity.started.read
  if (read <= 0 || worked <= 0) return undefined
  return ((expected - entity.counts.read) * worked) / read
}

/**
 * How long an entity that has not begun will take: its rows at the mean speed of the entities that have.
 * Undefined where its rows or the speed are unknown.
 */
export function waitingDuration(state: RunState, entity: EntityView, now: number): number | undefined {
  const expected = expectedRows(entity)
  const speed = meanSpeed(state, now)
  return expected === undefined || speed === undefined ? undefined : (expected - entity.counts.read) / speed
}

/**
 * Milliseconds the whole run still needs: the longest way through the graph, and never less than the work left shared by
 * all places; of workers elsewhere as many as there are entities at work. Undefined in the first seconds and where some entity's rows are unknown.
 */
export function totalEta(state: RunState, now: number): number | undefined {
  if (activeTime(state, now) < ETA_HIDDEN_MS) return undefined
  const finish = new Map<string, number>()
  let work = 0
  // The plan lists every entity after those it waits for.
  for (const entity of state.entities) {
    const own = remaining(state, entity, now)
    if (own === undefined) return undefined
    work += own
    finish.set(entity.name, own + Math.max(0, ...entity.after.map(name => finish.get(name) ?? 0)))
  }
  const places = state.concurrency === 0 ? state.entities.filter(isAtWork).length : state.concurrency
  return Math.max(0, work / Math.max(1, places), ...finish.values())
}

function isAtWork({ state }: EntityView): boolean {
  return state === 'running' || state === 'deferring'
}

function remaining(state: RunState, entity: EntityView, now: number): number | undefined {
  // Of one that has only begun, the others' speed says more than nothing.
  if (isAtWork(entity)) return entityEta(state, entity, now) ?? waitingDuration(state, entity, now)
  return entity.state === 'waiting' ? waitingDuration(state, entity, now) : 0
}

/** Rows per millisecond of one entity at work. */
function meanSpeed(state: RunState, now: number): number | undefined {
  let rows = 0
  let time = 0
  for (const entity of state.entities) {
    if (entity.started === undefined) continue
    rows += entity.counts.read - entity.started.read
    time += entity.ms ?? activeTime(state, now) - entity.started.active
  }
  return rows > 0 && time > 0 ? rows / time : undefined
}
