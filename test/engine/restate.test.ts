import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { initEngine, openEngine } from '../../src/engine/open.js'
import type { Handler, RemoteEngine, Served, Task } from '../../src/engine/port.js'
import { startBalancer } from '../support/balancer.js'
import { type RestateServer, startRestate } from '../support/restate-server.js'
import { freePort } from '../support/server-process.js'
import { until } from '../support/test-worker.js'

let server: RestateServer
let engine: RemoteEngine
let ports: readonly number[]
beforeAll(async () => {
  server = await startRestate()
  engine = await openEngine(server.url, { applicationName: 'etl test' })
  ports = [await freePort(), await freePort()]
}, 180_000)
afterAll(async () => {
  await engine?.close()
  await server?.stop()
})

const served: Served[] = []
afterEach(async () => {
  for (const each of served.splice(0)) await each.drain()
})

const never = new AbortController().signal

function task(n: number, more: Partial<Task> = {}): Task {
  return { id: `r${n}/item/load/0/1`, kind: 'chunk', run: `r${n}`, data: { n }, ...more }
}

function address(n: number): string {
  return `http://127.0.0.1:${ports[n]}`
}

async function work(handler: Handler, n = 0): Promise<void> {
  const reach = { host: '127.0.0.1', port: ports[n] ?? 0, advertise: address(n) }
  served.push(await engine.serve({ chunk: handler, run: handler }, { concurrency: { run: 1, chunk: 2 }, reach }))
}

test('what nobody has registered for is refused, and nothing waits', async () => {
  await expect(engine.submit(task(1, { label: 'nobody' }))).rejects.toMatchObject({
    code: 'E560',
    message: 'no worker with the label nobody has registered at this engine yet',
  })
  expect(await engine.facts()).toMatchObject({ version: `Restate ${server.version}`, waiting: 0, active: 0, failed: 0 })
})

test('a worker at another address is refused as long as one answers at the first', async () => {
  await work(async () => 'first')
  await expect(work(async () => 'second', 1)).rejects.toMatchObject({
    code: 'E560',
    message: `the engine calls these workers at ${address(0)}/, not at ${address(1)}`,
  })
  expect(await engine.execute(task(2), never)).toBe('first')
  for (const each of served.splice(0)) await each.drain()
  await work(async () => 'second', 1)
  expect(await engine.execute(task(6), never)).toBe('second')
  for (const each of served.splice(0)) await each.drain()
  await work(async () => 'first again')
  expect(await engine.execute(task(7), never)).toBe('first again')
})

test('lines and tasks are told also where no worker is there', async () => {
  await work(async () => 'done')
  const lines = Array.from({ length: 250 }, (_, n) => `line ${n + 1}`)
  await engine.tell('r3', lines.slice(0, 130))
  await engine.tell('r3', lines.slice(130))
  await engine.execute(task(3, { kind: 'run', id: 'r3/run/1', data: { turn: 1, text: 'ä' } }), never)
  for (const each of served.splice(0)) await each.drain()
  expect(await engine.told('r3', 0)).toEqual(lines.map((line, n) => ({ seq: n + 1, line })))
  expect(await engine.told('r3', 201)).toEqual(lines.slice(201).map((line, n) => ({ seq: n + 202, line })))
  expect(await engine.tasks('run', 'r3')).toMatchObject([
    { id: 'r3/run/1', kind: 'run', run: 'r3', state: 'done', attempt: 1, data: { turn: 1, text: 'ä' } },
  ])
})

test('the place of a task that was killed by force is free again', async () => {
  const begun: string[] = []
  await work(async ({ id }, { signal }) => {
    begun.push(id)
    if (id.startsWith('r4/')) await new Promise(resolve => signal.addEventListener('abort', resolve))
    return null
  })
  const limits = { crm: 1 }
  await engine.submit(task(4, { limits }))
  await until('the first to be at the source', () => begun.includes(task(4).id) || undefined)
  const next = engine.execute(task(5, { limits }), never)
  const [row] = await server.rows(`select id from sys_invocation where idempotency_key = '${task(4).id}'`)
  await fetch(`${server.admin}/invocations/${String(row?.id)}/kill`, { method: 'PATCH' })
  expect(await next).toBeNull()
})

test('work that waits at a worker without a place goes to another one that comes', async () => {
  const balancer = await startBalancer()
  const begun: string[] = []
  const joins = async (name: string): Promise<void> => {
    const port = await freePort()
    const reach = { host: '127.0.0.1', port, advertise: balancer.url }
    const handler: Handler = async ({ id }, { signal }) => {
      begun.push(name)
      if (id.startsWith('r20/')) await new Promise(resolve => signal.addEventListener('abort', resolve))
      return name
    }
    balancer.ports.add(port)
    served.push(await engine.serve({ chunk: handler }, { concurrency: { run: 0, chunk: 1 }, label: 'spread', reach }))
  }
  try {
    await joins('full')
    const stop = new AbortController()
    const first = engine.execute(task(20, { label: 'spread' }), stop.signal).catch(() => undefined)
    await until('the first to be in work', () => begun.length === 1 || undefined)
    const second = engine.execute(task(21, { label: 'spread' }), never)
    await joins('free')
    expect(await second).toBe('free')
    stop.abort()
    await first
  } finally {
    for (const each of served.splice(0)) await each.drain()
    await balancer.close()
  }
})

test('what the scaler of Kubernetes asks for is the number of tasks that wait or are in work', async () => {
  const scaler = readFileSync('examples/kubernetes/autoscale-restate.yaml', 'utf8')
  const [, acquired = '', released = ''] = /query: sum\((\w+) - (\w+)\)/.exec(scaler) ?? []
  const asked = async (): Promise<number> => {
    const text = await (await fetch(server.metrics)).text()
    const sum = (name: string): number =>
      [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'gm'))].reduce(
        (all, [, value]) => all + Number(value),
        0,
      )
    return sum(acquired) - sum(released)
  }
  let end = (): void => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  await work(async () => {
    await over
    return null
  })
  const ended = Promise.all([8, 9, 10, 11, 12].map(n => engine.execute(task(n), never)))
  await until('two to be in work, and three to wait', async () => (await asked()) === 5 || undefined)
  end()
  await ended
  await until('nothing to be in work', async () => (await asked()) === 0 || undefined)
})

test('an address at which no worker answers is not made known', async () => {
  await expect(initEngine(server.url, address(1))).rejects.toMatchObject({
    code: 'E560',
    message: expect.stringContaining(`the engine cannot call workers at ${address(1)}: HTTP `),
  })
})

test('a worker that knows a key answers nobody who does not sign by it', async () => {
  const other = await openEngine(server.url, { applicationName: 'etl test' })
  const keys = ['publickeyv1_2G8dCQhArfvGpzPw5Vx2ALciR4xCLHfS5YaT93XjNxX9']
  const reach = { host: '127.0.0.1', port: ports[1] ?? 0, advertise: address(1), keys }
  try {
    await expect(
      other.serve({ chunk: async () => null }, { concurrency: { run: 1, chunk: 1 }, label: 'keyed', reach }),
    ).rejects.toMatchObject({
      code: 'E560',
      message: expect.stringContaining(`the engine cannot call workers at ${address(1)}: HTTP `),
    })
  } finally {
    await other.close()
  }
})

test('who does not answer is no engine', async () => {
  await expect(openEngine('restate://127.0.0.1:1?admin=1', { applicationName: 'etl test' })).rejects.toMatchObject({
    code: 'E560',
    kind: 'connection',
    message: 'the engine does not answer at http://127.0.0.1:1 and http://127.0.0.1:1',
  })
})
