import { afterEach, describe, expect, test } from 'vitest'
import { EtlError } from '../../src/core/errors.js'
import type { Delivery, Task } from '../../src/engine/port.js'
import { ADAPTERS, type OpenedEngine } from './adapters.js'

function chunk(n: number, more: Partial<Task> = {}): Task {
  return { id: `r1/item/load/${n}/1`, kind: 'chunk', run: 'r1', data: { n }, ...more }
}

const never = new AbortController().signal

describe.each(ADAPTERS)('$name', ({ open }) => {
  let opened: OpenedEngine | undefined
  afterEach(async () => {
    await opened?.close()
    opened = undefined
  })

  async function engineOf(work: (task: Task, delivery: Delivery) => Promise<unknown>, concurrency = 4) {
    opened = await open({ chunk: work }, concurrency)
    return opened.engine
  }

  test('does every task once and gives what each came to', async () => {
    const begun: unknown[] = []
    const engine = await engineOf(async task => {
      begun.push(task.data.n)
      return { doubled: Number(task.data.n) * 2 }
    })
    const all = Array.from({ length: 20 }, (_, n) => engine.execute(chunk(n), never))
    expect(await Promise.all(all)).toEqual(Array.from({ length: 20 }, (_, n) => ({ doubled: n * 2 })))
    expect(begun.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })

  test('a task that is handed over twice is done once', async () => {
    let begun = 0
    const engine = await engineOf(async () => {
      begun++
      return { n: begun }
    })
    expect(await Promise.all([engine.execute(chunk(1), never), engine.execute(chunk(1), never)])).toEqual([
      { n: 1 },
      { n: 1 },
    ])
    expect(await engine.execute(chunk(1), never)).toEqual({ n: 1 })
    expect(begun).toBe(1)
  })

  test('never more tasks at a time than there is room for', async () => {
    let [now, most] = [0, 0]
    const engine = await engineOf(async () => {
      most = Math.max(most, ++now)
      await new Promise(resolve => setTimeout(resolve, 20))
      now--
    }, 3)
    await Promise.all(Array.from({ length: 15 }, (_, n) => engine.execute(chunk(n), never)))
    expect(most).toBeLessThanOrEqual(3)
    expect(now).toBe(0)
  })

  test('never more tasks of one limit at a time', async () => {
    let [now, most] = [0, 0]
    const engine = await engineOf(async task => {
      if (task.limits === undefined) return
      most = Math.max(most, ++now)
      await new Promise(resolve => setTimeout(resolve, 20))
      now--
    }, 8)
    const tasks = Array.from({ length: 24 }, (_, n) => chunk(n, n % 3 === 0 ? {} : { limits: { crm: 2 } }))
    await Promise.all(tasks.map(task => engine.execute(task, never)))
    expect(most).toBeLessThanOrEqual(2)
    expect(most).toBeGreaterThan(0)
  })

  test('trouble that passes is tried again, each time with a higher attempt', async () => {
    const attempts: number[] = []
    const engine = await engineOf(async (_, { attempt }) => {
      attempts.push(attempt)
      if (attempts.length < 3) throw new EtlError('E306', 'connection lost', { kind: 'transient' })
      return { ok: true }
    })
    expect(await engine.execute(chunk(1), never)).toEqual({ ok: true })
    expect(attempts).toEqual([1, 2, 3])
  })

  test('what cannot get better is not tried again, and is told in full', async () => {
    let begun = 0
    const engine = await engineOf(async () => {
      begun++
      throw new EtlError('E501', '3 rows failed; max_errors is 2', { where: 'item', hint: 'mend the mapping' })
    })
    await expect(engine.execute(chunk(1), never)).rejects.toMatchObject({
      code: 'E501',
      kind: 'failed',
      message: '3 rows failed; max_errors is 2',
      where: 'item',
      hint: 'mend the mapping',
    })
    expect(begun).toBe(1)
  })

  test('who stops a task is told so, and its handler too', async () => {
    let told: (() => void) | undefined
    const stopped = new Promise<void>(resolve => {
      told = resolve
    })
    let begin: (() => void) | undefined
    const begun = new Promise<void>(resolve => {
      begin = resolve
    })
    const engine = await engineOf((_, { signal }) => {
      begin?.()
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          told?.()
          reject(new EtlError('E515', 'stopped', { kind: 'interrupted' }))
        }),
      )
    })
    const stop = new AbortController()
    const ended = engine.execute(chunk(1), stop.signal)
    const rejected = expect(ended).rejects.toMatchObject({ code: 'E515', kind: 'interrupted' })
    await begun
    stop.abort()
    await rejected
    await stopped
  })
})
