import { expect, test } from 'vitest'
import type { EntityState } from '../../../src/run/events.js'
import { bodyRows, layoutOf } from '../../../src/ui/layout.js'
import { AT_TABLE, type Looking } from '../../../src/ui/navigate.js'
import { UNICODE } from '../../../src/ui/theme.js'
import { runStarted, stateAfter, T0 } from './sample-run.js'

const THEME = { color: false, symbols: UNICODE }

function layout(states: readonly EntityState[], rows: number, problems = 0, looking: Looking = AT_TABLE) {
  const state = stateAfter([
    runStarted(states.map((state, i) => ({ name: `e${i}`, state }))),
    ...Array.from({ length: problems }, (_, i) => ({ type: 'warning', at: T0, message: `w${i}` }) as const),
  ])
  const { shown, folded, ...rest } = layoutOf(state, { columns: 80, rows, now: T0, theme: THEME, looking })
  return {
    shown: shown.map(e => e.name),
    folded: folded.map(e => e.name),
    height: 3 + bodyRows({ shown, folded, ...rest }),
    ...rest,
  }
}

const WAITING = Array<EntityState>(30).fill('waiting')

test('everything is shown where it fits', () => {
  expect(layout(['done', 'running', 'waiting'], 24, 9)).toEqual({
    shown: ['e0', 'e1', 'e2'],
    folded: [],
    height: 15,
    problems: 3,
    airy: true,
  })
})

test('problems give way to entities', () => {
  expect(layout(WAITING.slice(0, 11), 24, 9)).toMatchObject({ folded: [], problems: 1, airy: true })
})

test('running, then failed entities are kept, the rest is folded', () => {
  const states: EntityState[] = [...Array<EntityState>(14).fill('done'), 'running', 'failed', ...WAITING.slice(0, 9)]
  const { shown, folded } = layout(states, 12)
  expect(shown).toEqual(['e14', 'e15', 'e16', 'e17'])
  expect(folded).toHaveLength(21)
})

test('the selected entity is never folded', () => {
  const { shown } = layout(WAITING, 12, 0, { ...AT_TABLE, selected: 'e20' })
  expect(shown).toEqual(['e0', 'e1', 'e2', 'e20'])
})

test('a frame never reaches the height of the terminal', () => {
  for (let rows = 8; rows <= 40; rows++) {
    for (const problems of [0, 1, 9]) {
      for (const count of [0, 1, 5, 12, 30]) {
        const l = layout(WAITING.slice(0, count), rows, problems)
        expect(l.height, `${rows} rows, ${problems} problems, ${count} entities`).toBeLessThanOrEqual(rows - 2)
        expect(l.shown.length + l.folded.length).toBe(count)
      }
    }
  }
})
