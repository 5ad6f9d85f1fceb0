import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/run/events.js'
import { activeTime, initialState, MAX_PROBLEMS, totals } from '../../../src/ui/run-state.js'
import { reduce } from '../../../src/ui/state.js'
import { StateStore } from '../../../src/ui/store.js'
import {
  after,
  batch,
  counts,
  entityFinished,
  entityStarted,
  runStarted,
  SAMPLE_EVENTS,
  stateAfter,
} from './sample-run.js'

function rejected(entity: string, seconds: number, rows: number, field = 'email'): RunEvent {
  const cause = { code: 'E401', field, message: 'required value is missing' } as const
  return { type: 'rejected', at: after(seconds), entity, batch: 1, rows, ...cause }
}

test('a run begins with every entity of the plan', () => {
  const state = stateAfter([
    runStarted([
      { name: 'a', rows: 10, state: 'done', counts: counts(10) },
      { name: 'b', after: ['a'] },
    ]),
  ])
  expect(state.phase).toBe('running')
  expect(state.entities.map(e => [e.name, e.state, e.counts.read, e.estimatedRows, e.after])).toEqual([
    ['a', 'done', 10, 10, []],
    ['b', 'waiting', 0, undefined, ['a']],
  ])
})

test('an entity goes from waiting over running to done', () => {
  const events = [
    runStarted([{ name: 'a', rows: 10 }]),
    entityStarted('a', 1),
    batch('a', 2, 7, { quarantined: 2 }),
    entityFinished('a', 3, 10, 2000, { quarantined: 2 }),
  ]
  const states = events.map((_, i) => stateAfter(events.slice(0, i + 1)).entities[0])
  expect(states.map(e => [e?.state, e?.counts.read, e?.counts.quarantined, e?.ms])).toEqual([
    ['waiting', 0, 0, undefined],
    ['running', 0, 0, undefined],
    ['running', 7, 2, undefined],
    ['done', 10, 2, 2000],
  ])
})

test('the second pass is a state of its own and keeps the counts', () => {
  const state = stateAfter([
    runStarted([{ name: 'a', rows: 10 }]),
    entityStarted('a', 1),
    batch('a', 2, 10),
    { type: 'entity_started', at: after(3), entity: 'a', pass: 'defer', counts: counts(10) },
  ])
  expect(state.entities[0]).toMatchObject({ state: 'deferring', counts: { read: 10 } })
})

test('an event about an unknown entity changes no entity', () => {
  const state = stateAfter([runStarted([{ name: 'a' }])])
  expect(reduce(state, batch('b', 1, 5)).entities).toEqual(state.entities)
})

test('the same cause is one problem whose count grows, newest first', () => {
  const state = stateAfter([
    runStarted([{ name: 'a' }, { name: 'b' }]),
    rejected('a', 1, 3),
    rejected('a', 2, 1, 'phone'),
    rejected('b', 3, 1),
    rejected('a', 4, 4),
  ])
  expect(state.problems.map(p => [p.entity, p.text, p.rows, p.at])).toEqual([
    ['a', 'email: required value is missing', 7, after(4)],
    ['b', 'email: required value is missing', 1, after(3)],
    ['a', 'phone: required value is missing', 1, after(2)],
  ])
})

test('problems are capped at the newest', () => {
  const events = Array.from({ length: MAX_PROBLEMS + 5 }, (_, i) => rejected('a', i, 1, `field${i}`))
  const state = stateAfter([runStarted([{ name: 'a' }]), ...events])
  expect(state.problems).toHaveLength(MAX_PROBLEMS)
  expect(state.problems[0]?.text).toBe('field54: required value is missing')
  expect(state.problems.at(-1)?.text).toBe('field5: required value is missing')
})

test('retries are counted per entity and in all', () => {
  const state = stateAfter(SAMPLE_EVENTS)
  expect(state.retries).toBe(1)
  expect(state.entities.map(e => e.retries)).toEqual([0, 0, 0, 1, 0])
  expect(state.problems.find(p => p.kind === 'retry')).toMatchObject({
    entity: 'audit_log',
    code: 'E306',
    text: 'connection lost, attempt 2 of 5',
  })
})

test('a failure and a skip with a reason are problems, a plain skip is none', () => {
  const state = stateAfter([
    runStarted([{ name: 'a' }, { name: 'b' }, { name: 'c' }]),
    { ...entityFinished('a', 1, 5, 10, {}, 'failed'), message: 'connection lost' },
    { ...entityFinished('b', 2, 0, 0, {}, 'skipped'), message: 'table T is absent' },
    entityFinished('c', 3, 0, 0, {}, 'skipped'),
  ])
  expect(state.problems.map(p => [p.kind, p.entity, p.text])).toEqual([
    ['warning', 'b', 'table T is absent'],
    ['failed', 'a', 'connection lost'],
  ])
})

test('pauses are left out of the active time', () => {
  const paused = stateAfter([runStarted([]), { type: 'paused', at: after(10) }])
  expect(paused.phase).toBe('paused')
  expect(activeTime(paused, after(60))).toBe(10_000)
  const going = reduce(paused, { type: 'resumed_work', at: after(60) })
  expect(going.phase).toBe('running')
  expect(activeTime(going, after(65))).toBe(15_000)
})

test('stopping ends a pause, and nothing follows the end', () => {
  const events: RunEvent[] = [
    runStarted([]),
    { type: 'paused', at: after(10) },
    { type: 'stopping', at: after(20) },
    {
      type: 'run_finished',
      at: after(21),
      runId: '7f3a9c',
      status: 'interrupted',
      counts: counts(0),
      ms: 21_000,
      exitCode: 130,
    },
    { type: 'stopping', at: after(22) },
  ]
  expect(events.map((_, i) => stateAfter(events.slice(0, i + 1)).phase)).toEqual([
    'running',
    'paused',
    'stopping',
    'finished',
    'finished',
  ])
  expect(stateAfter(events).finished).toEqual({ status: 'interrupted', ms: 21_000 })
})

test('totals count finished entities by what they had and know no sum while a size is unknown', () => {
  expect(totals(stateAfter(SAMPLE_EVENTS))).toEqual({ read: 3_526_149, quarantined: 37, rows: 16_870_249 })
  const unknown = stateAfter([runStarted([{ name: 'a', rows: 5 }, { name: 'b' }]), batch('b', 1, 3)])
  expect(totals(unknown)).toEqual({ read: 3, quarantined: 0 })
})

test('warnings before the run began are kept', () => {
  const state = stateAfter([{ type: 'warning', at: after(-1), message: 'map m is not used' }, runStarted([])])
  expect(state.problems.map(p => p.text)).toEqual(['map m is not used'])
})

test('a state is never changed in place', () => {
  const before = structuredClone(initialState)
  stateAfter(SAMPLE_EVENTS)
  expect(initialState).toEqual(before)
})

test('the store keeps what the reducer says', () => {
  const store = new StateStore()
  for (const event of SAMPLE_EVENTS) store.onEvent(event)
  expect(store.state).toEqual(stateAfter(SAMPLE_EVENTS))
})
