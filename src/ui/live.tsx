import { render } from 'ink'
import type { ReactElement } from 'react'
import { App, type Controls } from './app.js'
import type { StateStore } from './store.js'
import type { Theme } from './theme.js'

export interface LiveOptions {
  readonly store: StateStore
  readonly controls: Controls
  readonly theme: Theme
  readonly output: NodeJS.WriteStream
  readonly input: NodeJS.ReadStream
  /** The last frame stays on the terminal when the screen closes; otherwise it makes room for what follows. */
  readonly keep: boolean
}

export interface LiveScreen {
  /** Draws the last state once more, or clears it, and gives the terminal back. */
  close(): void
}

/**
 * Puts the live screen on the terminal. It samples the store, so that the cost of drawing does not depend on how fast rows
 * move. A terminal that goes away takes the screen with it, never the work.
 */
export function openScreen({ store, controls, theme, output, input, keep }: LiveOptions): LiveScreen {
  const memory = memoryGauge()
  const frame = (): ReactElement => {
    const now = Date.now()
    const view = { columns: output.columns || 80, rows: output.rows || 24, now, theme, memory: memory(now) }
    return <App {...{ store, controls, view }} state={store.state} />
  }
  const instance = render(frame(), { stdout: output, stdin: input, exitOnCtrlC: false, patchConsole: false })
  let open = true
  let cost = 0
  const draw = (): void => {
    const began = performance.now()
    instance.rerender(frame())
    const took = performance.now() - began
    // One slow frame is chance.
    cost = cost === 0 ? took : cost * 0.7 + took * 0.3
    timer = setTimeout(draw, paceFor(cost))
  }
  let timer = setTimeout(draw, paceFor(cost))
  // Rows wider than the new width leave pieces behind that only a cleared screen removes, after Ink has redrawn.
  const onResize = (): void => {
    setTimeout(() => {
      if (open) output.write('\u001b[2J\u001b[H')
    }, 0)
  }
  const unmount = (): void => {
    if (!open) return
    open = false
    clearTimeout(timer)
    output.off('resize', onResize)
    output.off('error', unmount)
    instance.unmount()
  }
  output.on('resize', onResize)
  output.on('error', unmount)
  return {
    close: () => {
      if (open) instance.rerender(keep ? frame() : null)
      unmount()
    },
  }
}

const FRAMES_PER_SECOND = 6
const SLOWEST_MS = 1000
/** Drawing takes one part in so many of the time, so that it stays small beside the work also on a slow or busy machine. */
const SHARE = 50

/** Milliseconds to wait after a frame that took `cost` milliseconds to draw. */
export function paceFor(cost: number): number {
  return Math.min(SLOWEST_MS, Math.max(1000 / FRAMES_PER_SECOND, cost * SHARE))
}

/** Bytes the process uses; asking the system costs more than the rest of a sample, so once a second is enough. */
function memoryGauge(): (now: number) => number {
  let asked = 0
  let bytes = 0
  return now => {
    if (now - asked >= 1000) {
      asked = now
      bytes = process.memoryUsage.rss()
    }
    return bytes
  }
}
