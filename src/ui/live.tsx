import { render } from 'ink'
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

/** Puts the live screen on the terminal. A terminal that goes away takes the screen with it, never the work. */
export function openScreen({ store, controls, theme, output, input, keep }: LiveOptions): LiveScreen {
  const memory = memoryGauge()
  const sample = () => {
    const now = Date.now()
    return { columns: output.columns || 80, rows: output.rows || 24, now, theme, memory: memory(now) }
  }
  let cost = 0
  const pace = (): number => paceFor(cost)
  const app = <App {...{ store, controls, sample, pace }} />
  const instance = render(app, {
    stdout: output,
    stdin: input,
    exitOnCtrlC: false,
    patchConsole: false,
    onRender: ({ renderTime }) => {
      // One slow frame is chance.
      cost = cost === 0 ? renderTime : cost * 0.7 + renderTime * 0.3
    },
  })
  let open = true
  // Rows wider than the new width leave pieces behind that only a cleared screen removes, after Ink has redrawn.
  const onResize = (): void => {
    setTimeout(() => {
      if (open) output.write('\u001b[2J\u001b[H')
    }, 0)
  }
  const unmount = (): void => {
    if (!open) return
    open = false
    output.off('resize', onResize)
    output.off('error', unmount)
    instance.unmount()
  }
  output.on('resize', onResize)
  output.on('error', unmount)
  return {
    close: () => {
      // A new key makes it sample the store now instead of at the next tick.
      if (open) instance.rerender(keep ? <App key="last" {...{ store, controls, sample, pace }} /> : null)
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
