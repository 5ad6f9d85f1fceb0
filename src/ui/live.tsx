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
  const sample = () => ({
    columns: output.columns || 80,
    rows: output.rows || 24,
    now: Date.now(),
    theme,
    memory: process.memoryUsage.rss(),
  })
  const app = <App store={store} controls={controls} sample={sample} />
  const instance = render(app, { stdout: output, stdin: input, exitOnCtrlC: false, patchConsole: false })
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
      if (open) instance.rerender(keep ? <App key="last" {...{ store, controls, sample }} /> : null)
      unmount()
    },
  }
}
