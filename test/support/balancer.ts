import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { freePort } from './server-process.js'

export interface Balancer {
  readonly url: string
  readonly ports: Set<number>
  /** One worker more; gives what it is told on its command line. */
  join(): Promise<readonly string[]>
  close(): Promise<void>
}

/** One address for all workers, as a Service of Kubernetes is: passes each connection on to the next one that answers. */
export async function startBalancer(): Promise<Balancer> {
  const ports = new Set<number>()
  const sockets = new Set<Socket>()
  let turn = 0
  const server = createServer(client => {
    keep(client)
    const order = [...ports]
    const first = turn++
    pass(
      client,
      order.map((_, n) => order[(first + n) % order.length] ?? 0),
    )
  })
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  }
  const pass = (client: Socket, [port, ...others]: readonly number[]): void => {
    if (port === undefined || client.destroyed) {
      client.destroy()
      return
    }
    const worker = connect(port, '127.0.0.1')
    keep(worker)
    const refused = (): void => pass(client, others)
    worker.once('close', refused)
    worker.once('connect', () => {
      worker.off('close', refused)
      client.pipe(worker).pipe(client)
      worker.once('close', () => client.destroy())
      client.once('close', () => worker.destroy())
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    ports,
    join: async () => {
      const port = await freePort()
      ports.add(port)
      return ['--listen', `127.0.0.1:${port}`, '--advertise', url]
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
