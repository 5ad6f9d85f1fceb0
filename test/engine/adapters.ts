import { inject } from 'vitest'
import { LocalEngine } from '../../src/engine/local.js'
import { initEngine, openEngine } from '../../src/engine/open.js'
import type { Engine, Handlers } from '../../src/engine/port.js'
import { database } from '../databases/postgres.js'
import { startRestate } from '../support/restate-server.js'
import { freePort } from '../support/server-process.js'

export interface OpenedEngine {
  readonly engine: Engine
  close(): Promise<void>
}

/** An engine and who serves it, in this process: what the contract says holds wherever the worker is. */
export interface Adapter {
  readonly name: string
  open(handlers: Handlers, concurrency: number): Promise<OpenedEngine>
}

const local: Adapter = {
  name: 'local',
  open: async (handlers, concurrency) => {
    const engine = new LocalEngine(handlers, { concurrency, attempts: 5 })
    return { engine, close: () => engine.close() }
  },
}

const pgBoss: Adapter = {
  name: 'pg-boss',
  open: async (handlers, concurrency) => {
    inject('postgresUrl')
    const schema = await database.create('engine')
    const url = String(schema.config.url)
    await initEngine(url)
    const engine = await openEngine(url, { applicationName: 'etl test', serves: concurrency })
    const served = await engine.serve(handlers, { concurrency: { run: 1, chunk: concurrency } })
    return {
      engine,
      close: async () => {
        await served.drain()
        await engine.close()
        await schema.drop()
      },
    }
  },
}

const restate: Adapter = {
  name: 'restate',
  open: async (handlers, concurrency) => {
    const server = await startRestate()
    const engine = await openEngine(server.url, { applicationName: 'etl test', serves: concurrency })
    const port = await freePort()
    const reach = { host: '127.0.0.1', port, advertise: `http://127.0.0.1:${port}` }
    const served = await engine.serve(handlers, { concurrency: { run: 1, chunk: concurrency }, reach })
    return {
      engine,
      close: async () => {
        await served.drain()
        await engine.close()
        await server.stop()
      },
    }
  },
}

/** Every engine there is: a new one is held to the contract by its line here. */
export const ADAPTERS: readonly Adapter[] = [local, pgBoss, restate]
