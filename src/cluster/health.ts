import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EtlError } from '../core/errors.js'

export interface Health {
  readonly port: number
  close(): Promise<void>
}

export interface HealthState {
  /** Takes work, and the engine answers. */
  readonly ready: boolean
  readonly active: number
  readonly concurrency: number
}

/** `/healthz`: the process lives. `/readyz`: it takes work. Both with the number of tasks in work. */
export async function serveHealth(port: number, state: () => Promise<HealthState>): Promise<Health> {
  const server = createServer((request, response) => {
    void state().then(now => {
      const known = request.url === '/healthz' || request.url === '/readyz'
      const status = !known ? 404 : request.url === '/readyz' && !now.ready ? 503 : 200
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(known ? now : {})}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', cause => reject(cannotListen(port, cause)))
    server.listen(port, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function cannotListen(port: number, cause: Error): EtlError {
  return new EtlError('E520', `--health cannot listen on port ${port}: ${(cause as NodeJS.ErrnoException).code}`, {
    kind: 'usage',
    cause,
    hint: 'name a free port, or 0 for any',
  })
}
