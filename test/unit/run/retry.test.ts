import { expect, test } from 'vitest'
import { EtlError } from '../../../src/core/errors.js'
import { Control } from '../../../src/run/control.js'
import { backoff, withRetries } from '../../../src/run/retry.js'

const lost = new EtlError('E306', 'connection lost', { kind: 'transient' })

test('waits longer each time, at most 15 s, half of it random', () => {
  expect([1, 2, 3, 4, 5].map(attempt => backoff(attempt, () => 0))).toEqual([125, 250, 500, 1000, 2000])
  expect([1, 2, 3, 4, 5].map(attempt => backoff(attempt, () => 1))).toEqual([250, 500, 1000, 2000, 4000])
  expect(backoff(20, () => 1)).toBe(15_000)
})

test('tries again what passes, and gives up after eight attempts without progress', async () => {
  const told: number[] = []
  let calls = 0
  const work = withRetries(
    () => {
      calls++
      return Promise.reject(lost)
    },
    { signal: new AbortController().signal, backoff: () => 1, onRetry: (_error, attempt) => told.push(attempt) },
  )
  await expect(work).rejects.toBe(lost)
  expect({ calls, told }).toEqual({ calls: 8, told: [2, 3, 4, 5, 6, 7, 8] })
})

test('progress makes the count start anew', async () => {
  let calls = 0
  const result = await withRetries(
    (_attempt, progressed) => {
      calls++
      if (calls < 12) {
        if (calls === 6) progressed()
        return Promise.reject(lost)
      }
      return Promise.resolve('done')
    },
    { signal: new AbortController().signal, backoff: () => 1, onRetry: () => undefined },
  )
  expect({ result, calls }).toEqual({ result: 'done', calls: 12 })
})

test('a host that cannot be reached any more is tried again', async () => {
  const refused = new EtlError('E301', 'refused', { kind: 'connection' })
  let calls = 0
  const work = () => (++calls < 3 ? Promise.reject(refused) : Promise.resolve(calls))
  const options = { signal: new AbortController().signal, backoff: () => 1, onRetry: () => undefined }
  expect(await withRetries(work, options)).toBe(3)
})

test('never tries a permanent error again, nor anything once the run is to stop', async () => {
  let calls = 0
  const permanent = new EtlError('E417', 'unique', { kind: 'row' })
  const fail = (error: unknown) => () => {
    calls++
    return Promise.reject(error)
  }
  await expect(
    withRetries(fail(permanent), { signal: new AbortController().signal, backoff: () => 1, onRetry: () => undefined }),
  ).rejects.toBe(permanent)
  const control = new Control()
  control.stop('SIGTERM')
  await expect(
    withRetries(fail(lost), { signal: control.signal, backoff: () => 1, onRetry: () => undefined }),
  ).rejects.toBe(lost)
  expect(calls).toBe(2)
})

test('a pause holds the gate until it is over or the run stops', async () => {
  const control = new Control()
  const passed: string[] = []
  control.pause()
  const first = control.gate().then(() => passed.push('first'))
  await new Promise(resolve => setTimeout(resolve, 20))
  expect(passed).toEqual([])
  control.unpause()
  await first
  control.pause()
  const second = control.gate().then(() => passed.push('second'))
  control.stop('stop')
  await second
  expect({ passed, reason: control.reason }).toEqual({ passed: ['first', 'second'], reason: 'stop' })
})
