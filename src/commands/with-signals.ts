import { EtlError } from '../core/errors.js'
import { Signals } from './signals.js'

/** Work that a signal ends early, with an error of kind `interrupted` as its reason; a second one ends the process. */
export async function withSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const signals = new Signals({
    stop: cause => stop.abort(new EtlError('E515', 'stopped', { kind: 'interrupted', cause })),
    exit: code => process.exit(code),
  })
  signals.listen()
  try {
    return await work(stop.signal)
  } finally {
    signals.unlisten()
  }
}
