import { expect, test } from 'vitest'
import { Signals } from '../../../src/commands/signals.js'

function listener(): { calls: string[]; signals: Signals } {
  const calls: string[] = []
  const signals = new Signals({
    stop: signal => calls.push(`stop ${signal}`),
    exit: code => calls.push(`exit ${code}`),
  })
  return { calls, signals }
}

test('the first signal asks to stop, the second leaves at once with its own code', () => {
  const { calls, signals } = listener()
  signals.onSignal('SIGINT')
  signals.onSignal('SIGTERM')
  signals.onSignal('SIGINT')
  expect(calls).toEqual(['stop SIGINT', 'exit 143', 'exit 130'])
})

test('it listens to the process only for as long as it is told', async () => {
  const { calls, signals } = listener()
  const before = process.listenerCount('SIGTERM')
  signals.listen()
  process.emit('SIGTERM', 'SIGTERM')
  signals.unlisten()
  expect(calls).toEqual(['stop SIGTERM'])
  expect(process.listenerCount('SIGTERM')).toBe(before)
})
