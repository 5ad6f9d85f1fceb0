import { render } from 'ink-testing-library'
import { beforeEach, expect, test, vi } from 'vitest'
import { App, type Controls } from '../../../src/ui/app.js'
import { StateStore } from '../../../src/ui/store.js'
import { UNICODE } from '../../../src/ui/theme.js'
import { after, runStarted, T0 } from './sample-run.js'

const pressed: string[] = []
const controls: Controls = {
  pause: () => pressed.push('pause'),
  unpause: () => pressed.push('unpause'),
  stop: () => pressed.push('stop'),
  interrupt: () => pressed.push('interrupt'),
}

function start(): { store: StateStore; screen: ReturnType<typeof render> } {
  const store = new StateStore()
  store.onEvent(runStarted([{ name: 'orders', rows: 1000 }]))
  const view = { columns: 80, rows: 24, now: T0, theme: { color: false, symbols: UNICODE } }
  return { store, screen: render(<App store={store} controls={controls} state={store.state} view={view} />) }
}

beforeEach(() => {
  pressed.length = 0
})

test('keys: pause, go on, stop, ctrl-c, help', async () => {
  const { store, screen } = start()
  await vi.waitFor(() => {
    screen.stdin.write('p')
    expect(pressed).toContain('pause')
  })
  pressed.length = 0
  store.onEvent({ type: 'paused', at: after(1) })
  screen.stdin.write('p')
  screen.stdin.write('q')
  screen.stdin.write('\u0003')
  screen.stdin.write('x')
  await vi.waitFor(() => expect(pressed).toEqual(['unpause', 'stop', 'interrupt']))
  screen.stdin.write('?')
  await vi.waitFor(() => expect(screen.lastFrame()).toContain('pause after the batches in work'))
  screen.stdin.write('?')
  await vi.waitFor(() => expect(screen.lastFrame()).toContain('[?] help'))
  screen.stdin.write('\u001b[B')
  await vi.waitFor(() => expect(screen.lastFrame()).toContain('▸◌ orders'))
  screen.stdin.write('\r')
  await vi.waitFor(() => expect(screen.lastFrame()).toContain('ORDERS ━━▶ orders, insert'))
  screen.stdin.write('l')
  await vi.waitFor(() => expect(screen.lastFrame()).toContain('00:00 · run 7f3a9c started'))
  screen.stdin.write('\u001b')
  await vi.waitFor(() => expect(screen.lastFrame()).toContain('▸◌ orders'))
  screen.stdin.write('\u001b')
  await vi.waitFor(() => expect(screen.lastFrame()).toContain(' ◌ orders'))
  screen.unmount()
})

test('p does nothing while the run is stopping', async () => {
  const { store, screen } = start()
  await vi.waitFor(() => {
    screen.stdin.write('p')
    expect(pressed).toContain('pause')
  })
  pressed.length = 0
  store.onEvent({ type: 'stopping', at: after(1) })
  screen.stdin.write('p')
  screen.stdin.write('q')
  await vi.waitFor(() => expect(pressed).toEqual(['stop']))
  screen.unmount()
})
