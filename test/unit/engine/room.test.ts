import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Room } from '../../../src/engine/restate/room.js'

const never = new AbortController().signal

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('places are given in the order in which they were asked for', async () => {
  const room = new Room(1)
  const leave = await room.enter(never)
  const order: string[] = []
  const [b, c] = ['b', 'c'].map(async name => {
    const left = await room.enter(never)
    order.push(name)
    left?.()
  })
  leave?.()
  await Promise.all([b, c])
  expect(order).toEqual(['b', 'c'])
})

test('who waits too long goes back, the later the more are before him, and takes no place with him', async () => {
  const room = new Room(1)
  const leave = await room.enter(never)
  const [first, second] = [room.enter(never), room.enter(never)]
  const settled: string[] = []
  void first.then(() => settled.push('first'))
  void second.then(() => settled.push('second'))
  await vi.advanceTimersByTimeAsync(500)
  expect(settled).toEqual(['first'])
  await vi.advanceTimersByTimeAsync(500)
  expect([await first, await second]).toEqual([undefined, undefined])
  leave?.()
  expect(await room.enter(never)).toBeTypeOf('function')
})

test('who is told to stop does not wait', async () => {
  const room = new Room(1)
  await room.enter(never)
  const stop = new AbortController()
  const waiting = room.enter(stop.signal)
  stop.abort()
  expect(await waiting).toBeUndefined()
  expect(await room.enter(stop.signal)).toBeUndefined()
})
