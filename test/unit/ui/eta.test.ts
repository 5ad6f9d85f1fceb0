import { expect, test } from 'vitest'
import { entityEta, totalEta, waitingDuration } from '../../../src/ui/eta.js'
import type { EntityView } from '../../../src/ui/run-state.js'
import { after, batch, entityFinished, entityStarted, runStarted, SAMPLE_EVENTS, stateAfter } from './sample-run.js'

function entity(state: ReturnType<typeof stateAfter>, name: string): EntityView {
  const found = state.entities.find(e => e.name === name)
  if (found === undefined) throw new Error(`no entity ${name}`)
  return found
}

test('an entity is estimated from its mean since the start, so a stall moves it little', () => {
  const state = stateAfter([
    runStarted([{ name: 'a', rows: 1000 }]),
    entityStarted('a', 0),
    batch('a', 10, 400),
    batch('a', 20, 410),
  ])
  expect(entityEta(state, entity(state, 'a'), after(20))).toBeCloseTo((590 * 20_000) / 410, 6)
})

test('rows of an earlier process and pauses do not count as speed', () => {
  const state = stateAfter([
    runStarted([{ name: 'a', rows: 1000 }]),
    entityStarted('a', 0, 500),
    { type: 'paused', at: after(5) },
    { type: 'resumed_work', at: after(105) },
    batch('a', 110, 600),
  ])
  expect(entityEta(state, entity(state, 'a'), after(110))).toBe(40_000)
})

test('nothing is estimated without rows, without progress, or past the estimate', () => {
  const unknown = stateAfter([runStarted([{ name: 'a' }]), entityStarted('a', 0), batch('a', 10, 5)])
  expect(entityEta(unknown, entity(unknown, 'a'), after(10))).toBeUndefined()
  const still = stateAfter([runStarted([{ name: 'a', rows: 9 }]), entityStarted('a', 0)])
  expect(entityEta(still, entity(still, 'a'), after(10))).toBeUndefined()
  const beyond = stateAfter([runStarted([{ name: 'a', rows: 9 }]), entityStarted('a', 0), batch('a', 10, 10)])
  expect(entityEta(beyond, entity(beyond, 'a'), after(10))).toBeUndefined()
})

test('the total is the longest way through the graph, not rows left over rate', () => {
  // orders: 100 rows/s, 100 s left; then items: 5,000 rows at the mean of 100 rows/s, 50 s. log: 100 s left.
  const state = stateAfter([
    runStarted([
      { name: 'orders', rows: 11_000 },
      { name: 'log', rows: 11_000 },
      { name: 'items', rows: 5000, after: ['orders'] },
    ]),
    entityStarted('orders', 0),
    entityStarted('log', 0),
    batch('orders', 10, 1000),
    batch('log', 10, 1000),
  ])
  expect(waitingDuration(state, entity(state, 'items'), after(10))).toBe(50_000)
  expect(totalEta(state, after(10))).toBe(150_000)
})

test('few workers make independent entities wait for each other', () => {
  const entities = ['a', 'b', 'c', 'd'].map(name => ({ name, rows: 2000 }))
  const state = stateAfter([runStarted(entities, { concurrency: 1 }), entityStarted('a', 0), batch('a', 10, 1000)])
  expect(totalEta(state, after(10))).toBe(10_000 + 3 * 20_000)
})

test('workers elsewhere are as many as there are entities at work', () => {
  const entities = ['a', 'b', 'c', 'd'].map(name => ({ name, rows: 2000 }))
  const begun = [runStarted(entities, { concurrency: 0 }), entityStarted('a', 0), entityStarted('b', 0)]
  const state = stateAfter([...begun, batch('a', 10, 1000), batch('b', 10, 1000)])
  expect(totalEta(state, after(10))).toBe((2 * 10_000 + 2 * 20_000) / 2)
})

test('the total is hidden for five seconds and where a size is unknown', () => {
  const known = [runStarted([{ name: 'a', rows: 1000 }]), entityStarted('a', 0), batch('a', 4, 100)]
  expect(totalEta(stateAfter(known), after(4.9))).toBeUndefined()
  expect(totalEta(stateAfter(known), after(5))).toBeCloseTo(45_000, 6)
  const unknown = [runStarted([{ name: 'a', rows: 1000 }, { name: 'b' }]), entityStarted('a', 0), batch('a', 4, 100)]
  expect(totalEta(stateAfter(unknown), after(10))).toBeUndefined()
})

test('what is finished needs no time', () => {
  const state = stateAfter([
    runStarted([
      { name: 'a', rows: 10 },
      { name: 'b', rows: 10, after: ['a'] },
    ]),
    entityStarted('a', 0),
    entityFinished('a', 6, 10, 6000),
    entityStarted('b', 6),
    entityFinished('b', 7, 10, 1000),
  ])
  expect(totalEta(state, after(8))).toBe(0)
})

test('the run of the documentation', () => {
  const state = stateAfter(SAMPLE_EVENTS)
  const orders = entityEta(state, entity(state, 'orders'), after(106)) ?? 0
  const items = waitingDuration(state, entity(state, 'order_items'), after(106)) ?? 0
  expect(Math.round(orders / 1000)).toBe(83)
  expect(totalEta(state, after(106))).toBeCloseTo(orders + items, 6)
})
