import { expect, test } from 'vitest'
import { AT_TABLE, type Looking, type Move, navigate } from '../../../src/ui/navigate.js'
import { after, entityStarted, runStarted, stateAfter } from './sample-run.js'

const STATE = stateAfter([runStarted([{ name: 'a' }, { name: 'b' }, { name: 'c' }]), entityStarted('b', 1)])

function go(moves: readonly Move[], from: Looking = AT_TABLE, state = STATE): Looking {
  return moves.reduce((looking, move) => navigate(looking, move, state), from)
}

test('up and down go from entity to entity and stop at the ends', () => {
  expect(go(['down']).selected).toBe('a')
  expect(go(['up']).selected).toBe('c')
  expect(go(['down', 'down', 'down', 'down', 'down']).selected).toBe('c')
  expect(go(['down', 'down', 'up', 'up', 'up']).selected).toBe('a')
  expect(go(['down', 'page_down']).selected).toBe('c')
})

test('enter opens the selected entity, else the one at work, and closes it', () => {
  expect(go(['down', 'open'])).toEqual({ panel: 'details', selected: 'a', foot: undefined })
  expect(go(['open'])).toEqual({ panel: 'details', selected: 'b', foot: undefined })
  expect(go(['open', 'down'])).toEqual({ panel: 'details', selected: 'c', foot: undefined })
  expect(go(['open', 'open'])).toEqual({ panel: 'table', selected: 'b', foot: undefined })
})

test('escape leads back to the table, then gives up the selection', () => {
  expect(go(['open', 'back'])).toEqual({ panel: 'table', selected: 'b', foot: undefined })
  expect(go(['open', 'back', 'back'])).toEqual(AT_TABLE)
})

test('log and help open and close by their own keys, and lead to each other', () => {
  expect(go(['log']).panel).toBe('log')
  expect(go(['log', 'log']).panel).toBe('table')
  expect(go(['log', 'help']).panel).toBe('help')
  expect(go(['help', 'down'])).toEqual({ ...AT_TABLE, panel: 'help' })
})

test('a log that is scrolled stays where it is while events arrive', () => {
  const warning = (n: number) => ({ type: 'warning', at: after(n), message: `w${n}` }) as const
  const many = stateAfter([runStarted([]), ...Array.from({ length: 30 }, (_, i) => warning(i))])
  expect(go(['log', 'up', 'up'], AT_TABLE, many).foot).toBe(29)
  expect(go(['log', 'page_up', 'page_down'], AT_TABLE, many).foot).toBeUndefined()
  expect(go(['log', 'page_up', 'page_up', 'page_up', 'page_up'], AT_TABLE, many).foot).toBe(1)
})

test('without entities there is nothing to select or open', () => {
  expect(go(['down', 'open'], AT_TABLE, stateAfter([]))).toEqual(AT_TABLE)
})
