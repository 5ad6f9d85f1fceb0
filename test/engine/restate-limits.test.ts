import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openEngine } from '../../src/engine/open.js'
import type { RemoteEngine, Served, Task } from '../../src/engine/port.js'
import { type Balancer, startBalancer } from '../support/balancer.js'
import { type RestateServer, startRestate } from '../support/restate-server.js'
import { freePort } from '../support/server-process.js'
import { until } from '../support/test-worker.js'

let server: RestateServer
let engine: RemoteEngine
beforeAll(async () => {
  server = await startRestate()
  engine = await openEngine(server.url, { applicationName: 'etl test' })
}, 180_000)
afterAll(async () => {
  await engine?.close()
  await server?.stop()
})

const served: Served[] = []
const balancers: Balancer[] = []
afterEach(async () => {
  for (const each of served.splice(0)) await each.drain()
  for (const each of balancers.splice(0)) await each.close()
  ;[now, most] = [0, 0]
})

const never = new AbortController().signal
let [now, most] = [0, 0]

function tasks(run: string, count: number, label: string): Task[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `${run}/item/load/${n}/1`,
    kind: 'chunk',
    run,
    data: { n },
    label,
    limits: { [run.replace(/\d/, '')]: 2 },
  }))
}

async function balancer(): Promise<Balancer> {
  const balancer = await startBalancer()
  balancers.push(balancer)
  return balancer
}

/** A worker at an address of its own; its tasks stay at the source until `over`. */
async function works(label: string, through = engine, over: () => Promise<unknown> = async () => undefined) {
  const [front, port] = [await balancer(), await freePort()]
  front.ports.add(port)
  const chunk = async (): Promise<null> => {
    most = Math.max(most, ++now)
    await over()
    await new Promise(resolve => setTimeout(resolve, 20))
    now--
    return null
  }
  const reach = { host: '127.0.0.1', port, advertise: front.url }
  const worker = await through.serve({ chunk }, { concurrency: { run: 0, chunk: 8 }, label, reach })
  served.push(worker)
  return { front, worker }
}

function atSource(count: number): Promise<true> {
  return until(`${count} to be at the source`, () => now === count || undefined)
}

/** Where calls of limits go from now on. */
async function keeper(): Promise<string> {
  const [row] = await server.rows(
    `select d.endpoint from sys_service s join sys_deployment d on d.id = s.deployment_id where s.name = 'etl_limit_v1'`,
  )
  return new URL(String(row?.endpoint)).href
}

test('the limits that a label kept whose workers are all gone are kept by others', async () => {
  const { front: stays } = await works('stays')
  const { front: goes, worker } = await works('goes')
  expect(await keeper()).toBe(new URL(goes.url).href)
  await worker.drain()
  await goes.close()
  const all = tasks('gone', 12, 'stays').map(task => engine.execute(task, never))
  expect(await Promise.all(all)).toHaveLength(12)
  expect(most).toBeLessThanOrEqual(2)
  expect(await keeper()).toBe(new URL(stays.url).href)
})

test('what a worker of another label began of a limit, and died, is gone on with', async () => {
  const admin = await balancer()
  admin.ports.add(Number(new URL(server.admin).port))
  const blind = await openEngine(server.url.replace(/admin=\d+/, `admin=${new URL(admin.url).host}`), {
    applicationName: 'etl test',
  })
  try {
    let end = (): void => {}
    const over = new Promise<void>(resolve => {
      end = resolve
    })
    await works('holds', engine, () => over)
    const { front } = await works('begins', blind)
    const all = tasks('begun', 12, 'holds').map(task => engine.execute(task, never))
    await atSource(2)
    // It cannot see who is at the source any more, and so does not come to an end.
    await admin.close()
    await until('its look at them to have begun', async () => {
      const begun = await server.rows(
        `select id from sys_invocation where target_service_name = 'etl_limit_v1' and target_handler_name = 'look'
         and pinned_deployment_id is not null`,
      )
      return begun.length > 0 || undefined
    })
    await front.close()
    end()
    expect(await Promise.all(all)).toHaveLength(12)
    expect(most).toBeLessThanOrEqual(2)
  } finally {
    await blind.close()
  }
})

test('two labels that both find nobody keep one limit between them', async () => {
  await works('one')
  await works('other')
  const { front, worker } = await works('last')
  await worker.drain()
  await front.close()
  const all = [...tasks('both1', 12, 'one'), ...tasks('both2', 12, 'other')].map(task => engine.execute(task, never))
  expect(await Promise.all(all)).toHaveLength(24)
  expect(most).toBeLessThanOrEqual(2)
})

test('a worker that leaves does not wait for the turns of its tasks', async () => {
  let end = (): void => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  await works('busy', engine, () => over)
  const holding = tasks('leave1', 2, 'busy').map(task => engine.execute(task, never))
  await atSource(2)
  const { front, worker } = await works('leaves')
  const waiting = tasks('leave2', 3, 'leaves').map(task => engine.execute(task, never))
  await until('them to wait', async () => {
    const rows = await server.rows(`select value_utf8 from state where service_key = 'leave' and key = 'waiting'`)
    return JSON.parse(String(rows[0]?.value_utf8 ?? '[]')).length === 3 || undefined
  })
  await worker.drain()
  expect(now).toBe(2)
  const port = await freePort()
  front.ports.clear()
  front.ports.add(port)
  const reach = { host: '127.0.0.1', port, advertise: front.url }
  served.push(
    await engine.serve({ chunk: async () => 'later' }, { concurrency: { run: 0, chunk: 8 }, label: 'leaves', reach }),
  )
  end()
  expect(await Promise.all(waiting)).toEqual(['later', 'later', 'later'])
  await Promise.all(holding)
})
