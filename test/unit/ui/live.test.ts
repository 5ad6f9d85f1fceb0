import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openScreen, paceFor } from '../../../src/ui/live.js'
import { StateStore } from '../../../src/ui/store.js'
import { UNICODE } from '../../../src/ui/theme.js'
import { batch, entityStarted, runStarted, T0 } from './sample-run.js'

// Ink, which is not bundled here, asks once, when it is loaded, and draws nothing where CI is set.
vi.hoisted(() => {
  vi.stubEnv('CI', 'false')
  vi.stubEnv('CONTINUOUS_INTEGRATION', 'false')
})

const controls = { pause: () => undefined, unpause: () => undefined, stop: () => undefined, interrupt: () => undefined }

/** A terminal that only counts. */
class Terminal extends PassThrough {
  readonly isTTY = true
  readonly columns = 80
  readonly rows = 24
  frames: string[] = []

  override write(chunk: unknown): boolean {
    const text = String(chunk)
    if (text.includes('etl run')) this.frames.push(text)
    return true
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: T0 })
})
afterEach(() => {
  vi.useRealTimers()
})

function open(): { store: StateStore; terminal: Terminal; close: () => void } {
  const store = new StateStore()
  store.onEvent(runStarted([{ name: 'orders', rows: 60_000 }]))
  store.onEvent(entityStarted('orders', 0))
  const terminal = new Terminal()
  const { close } = openScreen({
    store,
    controls,
    theme: { color: false, symbols: UNICODE },
    output: terminal as unknown as NodeJS.WriteStream,
    input: new PassThrough() as unknown as NodeJS.ReadStream,
    keep: false,
  })
  terminal.frames = []
  return { store, terminal, close }
}

test('six frames a second where drawing costs little, fewer where it costs much, never less than one', () => {
  expect(paceFor(0)).toBe(1000 / 6)
  expect(paceFor(3)).toBe(1000 / 6)
  expect(paceFor(10)).toBe(500)
  expect(paceFor(300)).toBe(1000)
})

test('a thousand batches a second draw six frames, and what they moved is seen', () => {
  const { store, terminal, close } = open()
  for (let i = 1; i <= 1000; i++) {
    store.onEvent(batch('orders', i / 1000, i))
    vi.advanceTimersByTime(1)
  }
  expect(terminal.frames).toHaveLength(6)
  expect(terminal.frames.at(-1)).toMatch(/ 9\d\d \/ 60,000/)
  close()
})

test('a frame looks at the characters of each of its seven rows once', () => {
  const { store, terminal, close } = open()
  const segments = vi.spyOn(Intl.Segmenter.prototype, 'segment')
  const looked = (read: number): number => {
    store.onEvent(batch('orders', 1, read))
    segments.mockClear()
    vi.advanceTimersByTime(200)
    return segments.mock.calls.filter(([text]) => text.length > 1).length
  }
  expect([looked(10), looked(2000)]).toEqual([7, 7])
  expect(terminal.frames).toHaveLength(2)
  segments.mockRestore()
  close()
})
