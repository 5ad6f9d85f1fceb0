import type { TtcReader } from './ttc-reader.js'
import { TtcWriter } from './ttc-writer.js'

export type LobKind = 'CLOB' | 'NCLOB' | 'BLOB'

interface Lob {
  readonly kind: LobKind
  data: string | Buffer
}

const LOCATOR_BYTES = 40
const OPERATION = {
  length: 1,
  read: 2,
  trim: 0x20,
  write: 0x40,
  create: 0x110,
  free: 0x111,
  chunkSize: 0x4000,
} as const
const IS_ARRAY = 0x80000
const DATA = 14

/** The large objects that a session holds locators of. A locator keeps the value of its own moment. */
export class LobStore {
  readonly #lobs = new Map<number, Lob>()
  #last = 0

  add(kind: LobKind, data: string | Buffer): Buffer {
    this.#lobs.set(++this.#last, { kind, data })
    const locator = Buffer.alloc(LOCATOR_BYTES)
    locator.writeUInt32BE(this.#last, LOCATOR_BYTES - 4)
    return locator
  }

  get(locator: Buffer): Lob {
    const found = this.#lobs.get(locator.readUInt32BE(LOCATOR_BYTES - 4))
    if (found === undefined) throw new RangeError('an unknown locator')
    return found
  }

  /** Answers one LOB call, without the message that ends it. */
  call(reader: TtcReader): Buffer {
    reader.u8()
    const locatorLength = reader.ub()
    reader.u8()
    reader.skipUb(3)
    reader.raw(3)
    const operation = reader.ub()
    reader.raw(2)
    const offset = reader.ub()
    const destination = reader.ub()
    const hasAmount = reader.u8() === 1
    reader.raw(6)
    if ((operation & IS_ARRAY) !== 0) return Buffer.alloc(0)
    const locator = Buffer.from(reader.raw(locatorLength))
    const writer = new TtcWriter()
    if (operation === OPERATION.create) {
      const charset = reader.ub()
      const kind = destination === 113 ? 'BLOB' : charset === 2000 ? 'NCLOB' : 'CLOB'
      const made = this.add(kind, kind === 'BLOB' ? Buffer.alloc(0) : '')
      return writer.u8(8).raw(sized(made, locatorLength)).ub(charset).u8(0).toBuffer()
    }
    const lob = this.get(locator)
    let data: Buffer | undefined
    if (operation === OPERATION.write) {
      reader.u8()
      data = reader.bytes() ?? Buffer.alloc(0)
    }
    let amount = hasAmount ? reader.ub() : 0
    switch (operation) {
      case OPERATION.length:
        amount = lob.data.length
        break
      case OPERATION.chunkSize:
        amount = 8132
        break
      case OPERATION.read: {
        const piece = lob.data.slice(offset - 1, offset - 1 + amount)
        amount = piece.length
        writer.u8(DATA).bytes(encode(lob.kind, piece))
        break
      }
      case OPERATION.write:
        lob.data = overwrite(lob.data, offset - 1, decode(lob.kind, data as Buffer))
        break
      case OPERATION.trim:
        lob.data = lob.data.slice(0, amount)
        break
      default:
        if (operation !== OPERATION.free) throw new RangeError(`LOB operation ${operation}`)
    }
    writer.u8(8).raw(locator)
    if (hasAmount) writer.ub(amount)
    return writer.toBuffer()
  }
}

export function encode(kind: LobKind, data: string | Buffer): Buffer {
  if (typeof data !== 'string') return data
  return kind === 'NCLOB' ? Buffer.from(data, 'utf16le').swap16() : Buffer.from(data)
}

function decode(kind: LobKind, bytes: Buffer): string | Buffer {
  if (kind === 'BLOB') return Buffer.from(bytes)
  return kind === 'NCLOB' ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString('utf8')
}

function overwrite(data: string | Buffer, at: number, piece: string | Buffer): string | Buffer {
  if (typeof data === 'string') return data.slice(0, at).padEnd(at, ' ') + String(piece) + data.slice(at + piece.length)
  const head = Buffer.alloc(at)
  data.copy(head, 0, 0, at)
  return Buffer.concat([head, piece as Buffer, data.subarray(at + piece.length)])
}

/** The client wants as many bytes as it sent; the number stays at the same place. */
function sized(locator: Buffer, length: number): Buffer {
  return length === LOCATOR_BYTES
    ? locator
    : Buffer.concat([locator, Buffer.alloc(Math.max(0, length))]).subarray(0, length)
}
