export const PACKET = { connect: 1, accept: 2, refuse: 4, data: 6, marker: 12 } as const
export const MARKER = { break: 1, reset: 2, interrupt: 3 } as const
export const DATA_FLAG = { eof: 0x40, endOfRequest: 0x800, endOfResponse: 0x2000 } as const

export interface Packet {
  readonly type: number
  /** Without the 8 bytes of the header. */
  readonly body: Buffer
}

/** Cuts the incoming stream into packets. The length is 16 bits wide until the server has accepted, 32 after that. */
export class PacketSplitter {
  large = false
  #pending: Buffer = Buffer.alloc(0)

  push(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
  }

  next(): Packet | undefined {
    if (this.#pending.length < 8) return undefined
    const length = this.large ? this.#pending.readUInt32BE(0) : this.#pending.readUInt16BE(0)
    if (length < 8) throw new RangeError(`a packet of ${length} bytes`)
    if (this.#pending.length < length) return undefined
    const packet = { type: this.#pending[4] as number, body: this.#pending.subarray(8, length) }
    this.#pending = this.#pending.subarray(length)
    return packet
  }
}

export function packet(type: number, body: Buffer, large: boolean): Buffer {
  const header = Buffer.alloc(8)
  if (large) header.writeUInt32BE(body.length + 8)
  else header.writeUInt16BE(body.length + 8)
  header[4] = type
  return Buffer.concat([header, body])
}

export function marker(kind: number): Buffer {
  return packet(PACKET.marker, Buffer.from([1, 0, kind]), true)
}

/** A message as data packets of at most `sdu` bytes. */
export function dataPackets(message: Buffer, sdu: number, endOfResponse: boolean): Buffer[] {
  const room = sdu - 10
  const packets: Buffer[] = []
  for (let at = 0; at === 0 || at < message.length; at += room) {
    const last = at + room >= message.length
    const flags = Buffer.alloc(2)
    if (last && endOfResponse) flags.writeUInt16BE(DATA_FLAG.endOfResponse)
    packets.push(packet(PACKET.data, Buffer.concat([flags, message.subarray(at, at + room)]), true))
  }
  return packets
}

export interface ConnectRequest {
  readonly version: number
  readonly sdu: number
  /** Empty where it comes in a data packet of its own. */
  readonly descriptor: string
}

export function readConnect(body: Buffer): ConnectRequest {
  const length = body.readUInt16BE(16)
  const offset = body.readUInt16BE(18) - 8
  return {
    version: body.readUInt16BE(0),
    sdu: body.readUInt32BE(50),
    descriptor: body.subarray(offset, offset + length).toString('utf8'),
  }
}

export interface AcceptOptions {
  readonly version: number
  readonly sdu: number
  readonly fastAuth: boolean
  readonly endOfRequest: boolean
}

export function acceptPacket(options: AcceptOptions): Buffer {
  const body = Buffer.alloc(37)
  body.writeUInt16BE(options.version, 0)
  body.writeUInt16BE(1, 2)
  body.writeUInt16BE(0xffff, 4)
  body.writeUInt16BE(0xffff, 6)
  body.writeUInt16BE(45, 12)
  // Both say that native network services are off; without them the client starts another negotiation.
  body[14] = 0x04
  body[15] = 0x08
  body.writeUInt32BE(options.sdu, 24)
  body.writeUInt32BE(options.sdu, 28)
  body.writeUInt32BE((options.fastAuth ? 0x10000000 : 0) + (options.endOfRequest ? 0x02000000 : 0), 33)
  return packet(PACKET.accept, body, false)
}

export function refusePacket(code: number): Buffer {
  const text = Buffer.from(`(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR=${code})(ERROR_STACK=(ERROR=(CODE=${code})(EMFI=4))))`)
  const head = Buffer.from([0x22, 0, 0, 0])
  head.writeUInt16BE(text.length, 2)
  return packet(PACKET.refuse, Buffer.concat([head, text]), false)
}
