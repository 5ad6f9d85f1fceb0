import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { type Message, type Protocol, reader } from './wire-messages.js'

/** What is done to bytes from now on, in both directions. */
export interface Toxics {
  /** Milliseconds before each piece goes on. */
  readonly latencyMs?: number
  readonly bytesPerSecond?: number
  /** Pieces of so many bytes, each a write of its own. */
  readonly sliceBytes?: number
  /** Everything is swallowed, and nobody is told. */
  readonly blackHole?: boolean
  /** From the byte of this number on, counted over all that clients send, everything is swallowed for a second. */
  readonly holeAtByte?: number
  /** The connection that sends the byte of this number, counted over all, is cut there. */
  readonly cutAtByte?: number
}

/**
 * Where a connection is cut around a COMMIT: the server never sees it; sees half of it; commits, and the reply is lost;
 * commits, and the client knows.
 */
export type CommitCut = 'before' | 'inside' | 'reply lost' | 'after'

/** A TCP proxy in front of a database that does to its connections what networks do. */
export class ToxicProxy {
  toxics: Toxics = {}
  /** Asked at each COMMIT, which are counted from 1. */
  onCommit: (commit: number) => CommitCut | undefined = () => undefined
  commits = 0
  /** Bytes that clients sent. */
  sent = 0
  cuts = 0
  readonly url: string
  readonly #server: Server
  readonly #upstream: { readonly host: string; readonly port: number }
  readonly #protocol: Protocol
  readonly #pairs = new Set<Pair>()

  private constructor(server: Server, target: URL, protocol: Protocol) {
    this.#server = server
    this.#upstream = { host: target.hostname, port: Number(target.port) }
    this.#protocol = protocol
    const address = server.address()
    const url = new URL(target)
    url.hostname = '127.0.0.1'
    url.port = String(typeof address === 'object' && address !== null ? address.port : 0)
    this.url = url.href
    server.on('connection', client => this.#accept(client))
  }

  /** @param url of the database */
  static async open(url: string): Promise<ToxicProxy> {
    const target = new URL(url)
    const server = createServer({ pauseOnConnect: true })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new ToxicProxy(server, target, target.protocol === 'mysql:' ? 'mysql' : 'postgres')
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** Ends all connections there are: by a reset, or in an orderly way. */
  cut(how: 'reset' | 'close' = 'reset'): void {
    for (const pair of this.#pairs) this.#cut(pair, how)
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #accept(client: Socket): void {
    const server = dial(this.#upstream)
    const pair: Pair = { client, server, commit: undefined }
    this.#pairs.add(pair)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        client.destroy()
        server.destroy()
        this.#pairs.delete(pair)
      })
    }
    void this.#toServer(pair)
    void this.#toClient(pair)
  }

  async #toServer(pair: Pair): Promise<void> {
    const messages = reader(this.#protocol)
    try {
      for await (const chunk of pair.client) {
        for (const message of messages(chunk as Buffer)) await this.#forward(pair, message)
      }
      pair.server.end()
    } catch {
      pair.server.destroy()
    }
  }

  async #forward(pair: Pair, { bytes, commit }: Message): Promise<void> {
    if (commit === 'begins') pair.commit = this.onCommit(++this.commits)
    const fault = pair.commit
    if (fault === 'before' || (fault === 'inside' && commit === 'acts')) {
      if (fault === 'inside') await this.#send(pair, pair.server, bytes.subarray(0, bytes.length >> 1))
      this.#cut(pair, 'reset')
      return
    }
    const { holeAtByte, ...others } = this.toxics
    if (holeAtByte !== undefined && this.sent + bytes.length >= holeAtByte) {
      this.toxics = { ...others, blackHole: true }
      setTimeout(() => {
        this.toxics = others
      }, 1000)
    }
    const { cutAtByte, ...rest } = this.toxics
    if (cutAtByte !== undefined && this.sent + bytes.length >= cutAtByte) {
      this.toxics = rest
      await this.#send(pair, pair.server, bytes.subarray(0, Math.max(0, cutAtByte - this.sent)))
      this.#cut(pair, 'reset')
      return
    }
    this.sent += bytes.length
    if (commit === 'acts') pair.sentCommit = true
    await this.#send(pair, pair.server, bytes)
  }

  async #toClient(pair: Pair): Promise<void> {
    try {
      for await (const chunk of pair.server) {
        const fault = pair.sentCommit === true ? pair.commit : undefined
        if (fault === 'reply lost') {
          this.#cut(pair, 'reset')
          return
        }
        await this.#send(pair, pair.client, chunk as Buffer)
        if (fault === 'after') {
          this.#cut(pair, 'close')
          return
        }
        pair.sentCommit = false
      }
      pair.client.end()
    } catch {
      pair.client.destroy()
    }
  }

  async #send(pair: Pair, to: Socket, bytes: Buffer): Promise<void> {
    const { sliceBytes = bytes.length } = this.toxics
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      const { latencyMs, bytesPerSecond, blackHole } = this.toxics
      if (blackHole === true) return
      const piece = bytes.subarray(at, at + sliceBytes)
      if (latencyMs !== undefined) await sleep(latencyMs)
      if (bytesPerSecond !== undefined) await sleep((piece.length / bytesPerSecond) * 1000)
      if (!this.#pairs.has(pair) || to.destroyed) return
      to.write(piece)
      if (sliceBytes < bytes.length) await turn()
      else if (to.writableNeedDrain) await Promise.race([drained(to), closed(to)])
    }
  }

  #cut(pair: Pair, how: 'reset' | 'close'): void {
    this.cuts++
    this.#pairs.delete(pair)
    for (const socket of [pair.client, pair.server]) {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroySoon()
    }
  }
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  commit: CommitCut | undefined
  sentCommit?: boolean
}

function drained(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('drain', () => resolve()))
}

function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('close', () => resolve()))
}
