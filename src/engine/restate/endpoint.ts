import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { EndpointOptions } from '@restatedev/restate-sdk'
import { EtlError } from '../../core/errors.js'
import type { Reach } from '../port.js'
import type { Sdk } from './driver.js'

/**
 * Restate uses a connection again until it is full. The fewer tasks one takes, the more there are, and a balancer spreads
 * connections.
 */
const TASKS_A_CONNECTION = 2

/** The connection that a call came by. */
const calls = new AsyncLocalStorage<{ close(): void } | undefined>()

/** The connection takes no more calls: the next one has another, which a balancer gives to another worker. */
export function turnAway(): void {
  calls.getStore()?.close()
}

export interface Endpoint {
  readonly port: number
  /** Takes no new tasks; resolves when those that are answered on have their answers. */
  close(): Promise<void>
}

/** What Restate calls. */
export async function listen(
  sdk: Sdk,
  services: EndpointOptions['services'],
  { host, port, keys }: Pick<Reach, 'host' | 'port' | 'keys'>,
): Promise<Endpoint> {
  const handler = sdk.createEndpointHandler({
    services,
    // It would write to the terminal what the worker says in its own words.
    logger: () => undefined,
    ...(keys === undefined ? {} : { identityKeys: [...keys] }),
  })
  const server = createServer({ settings: { maxConcurrentStreams: TASKS_A_CONNECTION } }, (request, response) =>
    calls.run(request.stream.session, () => handler(request, response)),
  )
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', session => {
    sessions.add(session)
    session.on('error', () => undefined)
    session.once('close', () => sessions.delete(session))
  })
  await started(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const session of sessions) session.close()
      await closed
    },
  }
}

async function started(server: Http2Server, host: string | undefined, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause =>
      reject(
        new EtlError('E520', `--listen cannot listen on port ${port}: ${(cause as NodeJS.ErrnoException).code}`, {
          kind: 'usage',
          cause,
          hint: 'name a free port',
        }),
      ),
    )
    server.listen(port, host, resolve)
  })
}
