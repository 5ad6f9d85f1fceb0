import { EtlError } from '../../core/errors.js'
import type { Handlers, Served, ServeOptions } from '../port.js'
import { boardObject } from './board.js'
import type { Client } from './client.js'
import { loadSdk } from './driver.js'
import { listen } from './endpoint.js'
import { limitObject } from './limits.js'
import { keepLimits, register } from './register.js'
import { Room } from './room.js'
import type { Store } from './store.js'
import { taskService } from './tasks.js'
import { Turns } from './turns.js'

/** Listens for Restate, and tells it where. */
export async function serve(
  client: Client,
  store: Store,
  handlers: Handlers,
  { concurrency, label, reach }: ServeOptions,
): Promise<Served> {
  if (reach === undefined) throw new EtlError('E901', 'nobody said where Restate finds this worker')
  const sdk = await loadSdk()
  const leaving = new AbortController()
  const turns = new Turns(sdk, leaving.signal, () => keepLimits(client, store, label))
  const begun = new Set<Promise<unknown>>()
  const tasks = (['run', 'chunk'] as const).flatMap(kind => {
    const handler = handlers[kind]
    if (handler === undefined || concurrency[kind] === 0) return []
    const host = { sdk, room: new Room(concurrency[kind]), turns, leaving: leaving.signal }
    const tracked: typeof handler = (task, delivery) => {
      const work = handler(task, delivery)
      begun.add(work)
      const over = (): boolean => begun.delete(work)
      work.then(over, over)
      return work
    }
    return [taskService(host, kind, tracked, label)]
  })
  const objects = [boardObject(sdk, label), limitObject(sdk, ids => store.alive(ids))]
  const endpoint = await listen(sdk, [...tasks, ...objects], reach)
  try {
    await register(client, label, reach.advertise)
  } catch (error) {
    await endpoint.close()
    throw error
  }
  return {
    drain: async () => {
      leaving.abort()
      // What lost its call meanwhile has nobody to answer to, and is to end too.
      await Promise.all([endpoint.close(), Promise.allSettled([...begun])])
    },
  }
}
