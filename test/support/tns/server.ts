import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { SqlBackend } from './backend.js'
import type { Call } from './faults.js'
import { Faults } from './faults.js'
import type { Profile } from './negotiate.js'
import { PROFILES } from './negotiate.js'
import { TnsSession } from './session.js'

export interface ServerOptions {
  readonly backend: SqlBackend
  readonly profile?: Profile['name']
  /** Default `TESTPDB`. */
  readonly service?: string
}

export interface TnsServer {
  /** `127.0.0.1:port/service`. */
  readonly connectString: string
  readonly port: number
  readonly service: string
  readonly faults: Faults
  /** Every call since the start, for counting round trips. */
  readonly calls: readonly { readonly call: Call; readonly sql: string }[]
  /** Cuts every open connection. */
  dropAll(): void
  close(): Promise<void>
}

const KEPT_CALLS = 100_000

/** Listens on a free port of this machine and speaks Oracle Net to whoever comes. */
export async function startTnsServer(options: ServerOptions): Promise<TnsServer> {
  const service = options.service ?? 'TESTPDB'
  const faults = new Faults()
  const calls: { call: Call; sql: string }[] = []
  const sessions = new Set<TnsSession>()
  const listener = createServer(socket => {
    const session = new TnsSession(socket, {
      backend: options.backend,
      profile: PROFILES[options.profile ?? '19c'],
      service,
      enter: (call, sql) => {
        if (calls.length < KEPT_CALLS) calls.push({ call, sql })
        return faults.take(call, sql)
      },
    })
    sessions.add(session)
    socket.on('close', () => sessions.delete(session))
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  const dropAll = (): void => {
    for (const session of sessions) session.drop()
  }
  return {
    connectString: `127.0.0.1:${port}/${service}`,
    port,
    service,
    faults,
    calls,
    dropAll,
    close: async () => {
      dropAll()
      await new Promise<void>(resolve => listener.close(() => resolve()))
      await options.backend.close()
    },
  }
}
