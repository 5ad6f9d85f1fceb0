import { Signals } from './signals.js'

/** Work that a signal ends early; a second one ends the process. */
export async function withSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const signals = new Signals({ stop: reason => stop.abort(reason), exit: code => process.exit(code) })
  signals.listen()
  try {
    return await work(stop.signal)
  } finally {
    signals.unlisten()
  }
}
