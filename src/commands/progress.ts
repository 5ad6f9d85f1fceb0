import { join, resolve } from 'node:path'
import type { RunEvent } from '../run/events.js'
import type { Controls } from '../ui/app.js'
import { resumeBanner } from '../ui/banner.js'
import type { LiveScreen } from '../ui/live.js'
import { LogFile } from '../ui/log-file.js'
import { PLAIN_INTERVAL_MS, PlainProgress, plainLine } from '../ui/plain.js'
import { stepLine } from '../ui/step-text.js'
import { StateStore } from '../ui/store.js'
import { type ProgressMode, UNICODE } from '../ui/theme.js'
import type { Terminal } from './terminal.js'

export interface ProgressOptions {
  readonly mode: ProgressMode
  readonly json: boolean
  readonly logFile?: string
  /** Folder of the run with this id. */
  readonly runDir: (runId: string) => string
  readonly controls: Controls
}

/** Everything that listens to a run on behalf of the person or program in front of it. */
export interface Progress {
  readonly onEvent: (event: RunEvent) => void
  /** Writes a line to the log file, where there is one. */
  readonly log: (line: string) => void
  /** Writes the end of the run where somebody finds it whose terminal was closed meanwhile. */
  readonly farewell: (text: () => string) => void
  /** Gives the terminal back and closes the log. */
  readonly close: () => void
}

export async function openProgress(options: ProgressOptions, terminal: Terminal): Promise<Progress> {
  const store = new StateStore()
  const listeners: ((event: RunEvent) => void)[] = [store.onEvent]
  const ticks: ((now: number) => void)[] = []
  const closers: (() => void)[] = []
  if (options.json) listeners.push(event => terminal.out(`${JSON.stringify(event)}\n`))
  if (options.mode === 'plain') {
    const write = (line: string): void => terminal.err(`${line}\n`)
    const plain = new PlainProgress({ theme: terminal.errTheme, time: localTime, write })
    listeners.push(plain.onEvent)
    ticks.push(now => plain.tick(store.state, now))
  }
  if (options.mode === 'tty') {
    const live = await liveListener(store, options.controls, terminal)
    listeners.push(live.onEvent)
    closers.push(live.close)
  }
  /** From now on what happens is also written to a file. */
  const logTo = (path: string): LogFile => {
    const file = new LogFile(path)
    const lines = new PlainProgress({
      theme: { color: false, symbols: UNICODE },
      time: at => new Date(at).toISOString(),
      write: line => file.write(terminal.redact(line)),
    })
    listeners.push(lines.onEvent)
    ticks.push(now => lines.tick(store.state, now))
    closers.push(() => file.close())
    return file
  }
  const log = options.logFile === undefined ? undefined : logTo(resolve(terminal.io.cwd, options.logFile))
  let orphaned: LogFile | undefined
  const onHangUp = (): void => {
    const { runId, dryRun } = store.state
    if (runId === '' || dryRun || orphaned !== undefined) return
    try {
      orphaned = logTo(join(options.runDir(runId), 'run.log'))
    } catch {
      // The events of the run are in its folder anyway.
      return
    }
    orphaned.write(`${new Date().toISOString()} ${UNICODE.warning} the terminal was closed; the run goes on`)
    for (const tick of ticks.slice(-1)) tick(Date.now())
  }
  process.on('SIGHUP', onHangUp)
  closers.push(() => process.off('SIGHUP', onHangUp))
  const timer = setInterval(() => {
    for (const tick of ticks) tick(Date.now())
  }, PLAIN_INTERVAL_MS)
  timer.unref()
  closers.push(() => clearInterval(timer))
  return {
    onEvent: event => {
      for (const listener of listeners) listener(event)
    },
    log: line => log?.write(`${new Date().toISOString()} ${terminal.redact(line)}`),
    farewell: text => orphaned?.write(terminal.redact(`\n${text()}`)),
    close: () => {
      for (const close of closers.splice(0)) close()
    },
  }
}

/** Opens the screen when the run begins: what is said before (questions, errors) belongs to the scrollback. */
async function liveListener(
  store: StateStore,
  controls: Controls,
  terminal: Terminal,
): Promise<{ onEvent: (event: RunEvent) => void; close: () => void }> {
  const { stdin, stdout, stderr } = terminal.io
  const { openScreen } = await import('../ui/live.js')
  let screen: LiveScreen | undefined
  return {
    onEvent: event => {
      if (event.type === 'step' && screen === undefined)
        terminal.err(`${plainLine(stepLine(event, terminal.errTheme.symbols), terminal.errTheme)}\n`)
      if (event.type !== 'run_started') return
      if (event.resumed) terminal.err(`${resumeBanner(event, terminal.errTheme)}\n`)
      const keep = !stdout.isTTY
      screen = openScreen({ store, controls, theme: terminal.errTheme, output: stderr, input: stdin, keep })
    },
    close: () => screen?.close(),
  }
}

/** The time of day where the person is. */
function localTime(at: number): string {
  return new Date(at).toTimeString().slice(0, 8)
}
