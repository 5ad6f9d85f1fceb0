import type { Socket } from 'node:net'
import type { BackendSession, SqlBackend } from './backend.js'
import { Calls, type ReadCall } from './calls.js'
import { endOfCall, statusMessage } from './error-message.js'
import type { Call, Fault } from './faults.js'
import { LOGIN, Login } from './login.js'
import type { ClientCapabilities, Profile } from './negotiate.js'
import { dataTypesAnswer, protocolAnswer, readDataTypes, readProtocol } from './negotiate.js'
import { notUnderstood, OraError } from './ora-error.js'
import type { Packet } from './packets.js'
import {
  acceptPacket,
  DATA_FLAG,
  dataPackets,
  MARKER,
  marker,
  PACKET,
  PacketSplitter,
  readConnect,
  refusePacket,
} from './packets.js'
import { takePiggyback } from './piggyback.js'
import { TtcReader } from './ttc-reader.js'

export interface SessionHost {
  readonly backend: SqlBackend
  readonly profile: Profile
  readonly service: string
  /** Notes a call and tells the fault that strikes it, if any. */
  enter(call: Call, sql: string): Fault['action'] | undefined
}

const MESSAGE = { protocol: 1, dataTypes: 2, function: 3, piggyback: 17, oneWay: 26, fastAuth: 34 } as const
const FUNCTION = {
  reExecute: 4,
  fetch: 5,
  logoff: 9,
  commit: 14,
  rollback: 15,
  reExecuteAndFetch: 78,
  execute: 94,
  lob: 96,
  ping: 147,
} as const
const END_OF_RESPONSE = Buffer.from([29])
const MAX_SDU = 65535

let sessions = 0

/** One client: packets in, calls done one after the other, packets out. */
export class TnsSession {
  readonly #socket: Socket
  readonly #host: SessionHost
  readonly #splitter = new PacketSplitter()
  readonly #id = ++sessions
  readonly #login: Login
  #payload: Buffer[] = []
  #sdu = 8192
  #connectVersion = 0
  #fieldVersion: number
  #endOfResponse = false
  #session: BackendSession | undefined
  #calls: Calls | undefined
  #queue: Promise<void> = Promise.resolve()
  #abort = new AbortController()
  #broken = false

  constructor(socket: Socket, host: SessionHost) {
    this.#socket = socket
    this.#host = host
    this.#login = new Login(host.backend, host.profile, host.service)
    this.#fieldVersion = host.profile.fieldVersion
    socket.setNoDelay(true)
    socket.on('data', bytes => this.#receive(bytes))
    socket.on('error', () => {})
    socket.on('close', () => this.#gone())
  }

  drop(): void {
    this.#socket.destroy()
  }

  #gone(): void {
    this.#abort.abort()
    this.#enqueue(async () => {
      await this.#session?.close()
      this.#session = undefined
    })
  }

  #receive(bytes: Buffer): void {
    this.#splitter.push(bytes)
    try {
      for (let packet = this.#splitter.next(); packet !== undefined; packet = this.#splitter.next()) this.#take(packet)
    } catch {
      this.drop()
    }
  }

  #take(packet: Packet): void {
    if (packet.type === PACKET.connect) {
      const request = readConnect(packet.body)
      this.#connectVersion = request.version
      this.#sdu = Math.max(512, Math.min(request.sdu, MAX_SDU))
      if (request.descriptor !== '') this.#accept(request.descriptor)
    } else if (packet.type === PACKET.marker) this.#mark(packet.body[2] ?? 0)
    else if (packet.type === PACKET.data) this.#data(packet.body)
    else this.drop()
  }

  #accept(descriptor: string): void {
    const fault = this.#host.enter('connect', descriptor)
    if (fault?.kind === 'drop' || fault?.kind === 'cut') {
      this.drop()
      return
    }
    const service = /SERVICE_NAME\s*=\s*([^)\s]+)/i.exec(descriptor)?.[1]
    const wrong = service === undefined ? 12505 : service.toUpperCase() === this.#host.service.toUpperCase() ? 0 : 12514
    const refusal = fault?.kind === 'error' ? fault.error.code : wrong
    if (refusal !== 0) {
      this.#socket.end(refusePacket(refusal))
      return
    }
    const { profile } = this.#host
    const version = Math.min(this.#connectVersion, profile.tnsVersion)
    const modern = profile.fieldVersion >= 24
    this.#socket.write(acceptPacket({ version, sdu: this.#sdu, fastAuth: modern, endOfRequest: modern }))
    this.#splitter.large = version >= 315
  }

  #data(body: Buffer): void {
    const flags = body.readUInt16BE(0)
    if (!this.#splitter.large) {
      this.#accept(body.subarray(2).toString('utf8'))
      return
    }
    if ((flags & DATA_FLAG.eof) !== 0) {
      this.drop()
      return
    }
    this.#payload.push(body.subarray(2))
    if ((flags & DATA_FLAG.endOfRequest) === 0) return
    const message = Buffer.concat(this.#payload)
    this.#payload = []
    this.#enqueue(async () => await this.#answer(message))
  }

  /** The client breaks off (it asks for the reset afterwards) or answers our own break with a reset. */
  #mark(kind: number): void {
    if (kind === MARKER.reset) {
      this.#enqueue(async () => {
        this.#broken = false
        this.#abort = new AbortController()
        this.#socket.write(marker(MARKER.reset))
        this.#send(this.#failure(new OraError(1013, 'user requested cancel of current operation')))
      })
    } else if (!this.#broken) {
      this.#broken = true
      this.#payload = []
      this.#abort.abort()
      this.#socket.write(marker(MARKER.break))
    }
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch(() => this.drop())
  }

  async #answer(message: Buffer): Promise<void> {
    const reader = new TtcReader(message)
    let answer: Buffer
    let cut: number | undefined
    try {
      const result = await this.#dispatch(reader)
      if (result === undefined) return
      answer = result.answer
      cut = result.cut
    } catch (error) {
      const known = error instanceof OraError ? error : new OraError(20999, `test server: ${String(error)}`)
      answer = this.#failure(known)
    }
    if (this.#broken || this.#socket.destroyed) return
    if (cut !== undefined) {
      this.#socket.write(Buffer.concat(dataPackets(answer, this.#sdu, false)).subarray(0, cut), () => this.drop())
      return
    }
    this.#send(answer, message[0] !== MESSAGE.protocol && message[0] !== MESSAGE.dataTypes)
  }

  #send(answer: Buffer, ends = true): void {
    const marked = ends && this.#endOfResponse
    const whole = marked ? Buffer.concat([answer, END_OF_RESPONSE]) : answer
    for (const packet of dataPackets(whole, this.#sdu, marked)) this.#socket.write(packet)
  }

  #failure(error: OraError): Buffer {
    return endOfCall(this.#fieldVersion, { inTransaction: this.#session?.inTransaction ?? false, error })
  }

  async #dispatch(reader: TtcReader): Promise<{ answer: Buffer; cut?: number } | undefined> {
    for (;;) {
      const type = reader.u8()
      switch (type) {
        case MESSAGE.protocol:
          readProtocol(reader)
          return { answer: protocolAnswer(this.#host.profile) }
        case MESSAGE.dataTypes:
          return { answer: this.#negotiated(readDataTypes(reader)) }
        case MESSAGE.fastAuth:
          return { answer: this.#fastAuth(reader) }
        case MESSAGE.oneWay:
          return undefined
        case MESSAGE.piggyback: {
          const code = this.#header(reader)
          const calls = this.#active()
          takePiggyback(reader, code, { closeCursor: id => calls.closeCursor(id), setSchema: () => {} })
          break
        }
        case MESSAGE.function:
          return await this.#function(reader, this.#header(reader))
        default:
          throw notUnderstood(`message ${type}`)
      }
    }
  }

  #header(reader: TtcReader): number {
    const code = reader.u8()
    reader.u8()
    if (this.#fieldVersion >= 18) reader.ub()
    return code
  }

  #negotiated(client: ClientCapabilities): Buffer {
    this.#fieldVersion = Math.min(this.#host.profile.fieldVersion, client.fieldVersion)
    this.#endOfResponse = this.#host.profile.fieldVersion >= 24 && client.endOfResponse
    return dataTypesAnswer(client)
  }

  #fastAuth(reader: TtcReader): Buffer {
    reader.raw(4)
    readProtocol(reader)
    reader.raw(7)
    const negotiated = this.#negotiated(readDataTypes(reader))
    reader.raw(3)
    return Buffer.concat([
      protocolAnswer(this.#host.profile),
      negotiated,
      this.#login.first(reader),
      statusMessage(false),
    ])
  }

  async #function(reader: TtcReader, code: number): Promise<{ answer: Buffer; cut?: number } | undefined> {
    switch (code) {
      case LOGIN.phaseOne:
        return { answer: Buffer.concat([this.#login.first(reader), statusMessage(false)]) }
      case LOGIN.phaseTwo:
        return await this.#perform('login', { sql: '', run: async () => await this.#finishLogin(reader) })
      case FUNCTION.execute:
        return await this.#perform('execute', this.#active().execute(reader))
      case FUNCTION.reExecute:
      case FUNCTION.reExecuteAndFetch:
        return await this.#perform('execute', this.#active().reExecute(reader, code === FUNCTION.reExecuteAndFetch))
      case FUNCTION.fetch:
        return await this.#perform('fetch', this.#active().fetch(reader))
      case FUNCTION.commit:
        return await this.#perform(
          'commit',
          this.#simple(async session => await session.commit()),
        )
      case FUNCTION.rollback:
        return await this.#perform(
          'rollback',
          this.#simple(async session => await session.rollback()),
        )
      case FUNCTION.ping:
        return await this.#perform(
          'ping',
          this.#simple(async () => {}),
        )
      case FUNCTION.logoff:
        return await this.#perform(
          'ping',
          this.#simple(async session => await session.rollback()),
        )
      case FUNCTION.lob: {
        const calls = this.#active()
        return await this.#perform('lob', {
          sql: '',
          run: async () =>
            Buffer.concat([
              calls.lobs.call(reader),
              endOfCall(this.#fieldVersion, { inTransaction: this.#inTransaction() }),
            ]),
        })
      }
    }
    throw notUnderstood(`function ${code}`)
  }

  async #finishLogin(reader: TtcReader): Promise<Buffer> {
    const facts = this.#login.second(reader, this.#id)
    this.#session = await this.#host.backend.open(this.#login.user)
    this.#calls = new Calls(this.#session, this.#fieldVersion)
    return Buffer.concat([facts, statusMessage(false)])
  }

  #simple(work: (session: BackendSession) => Promise<void>): ReadCall {
    const session = this.#session
    if (session === undefined) throw new OraError(1012, 'not logged on')
    return {
      sql: '',
      run: async () => {
        await work(session)
        return statusMessage(session.inTransaction)
      },
    }
  }

  #active(): Calls {
    if (this.#calls === undefined) throw new OraError(1012, 'not logged on')
    return this.#calls
  }

  #inTransaction(): boolean {
    return this.#session?.inTransaction ?? false
  }

  async #perform(call: Call, read: ReadCall): Promise<{ answer: Buffer; cut?: number } | undefined> {
    const fault = this.#host.enter(call, read.sql)
    if (fault?.kind === 'drop') {
      this.drop()
      return undefined
    }
    if (fault?.kind === 'error') throw fault.error
    if (fault?.kind === 'skip')
      return { answer: endOfCall(this.#fieldVersion, { inTransaction: this.#inTransaction() }) }
    if (fault?.kind === 'delay') await pause(fault.ms, this.#abort.signal)
    if (this.#abort.signal.aborted) return undefined
    const answer = await read.run(this.#abort.signal)
    return fault?.kind === 'cut' ? { answer, cut: fault.bytes } : { answer }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
