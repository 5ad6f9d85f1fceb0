import type { TtcReader } from './ttc-reader.js'
import { TtcWriter } from './ttc-writer.js'

/** What kind of server it plays. */
export interface Profile {
  readonly name: '12.1' | '19c' | '23ai'
  readonly tnsVersion: number
  readonly fieldVersion: number
  /** major, release, update, port, port update. */
  readonly release: readonly [number, number, number, number, number]
  readonly banner: string
}

export const PROFILES: Readonly<Record<Profile['name'], Profile>> = {
  '12.1': {
    name: '12.1',
    tnsVersion: 315,
    fieldVersion: 7,
    release: [12, 1, 0, 2, 0],
    banner: 'Oracle Database 12c Enterprise Edition Release 12.1.0.2.0 (test server)',
  },
  '19c': {
    name: '19c',
    tnsVersion: 318,
    fieldVersion: 12,
    release: [19, 3, 0, 0, 0],
    banner: 'Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 (test server)',
  },
  '23ai': {
    name: '23ai',
    tnsVersion: 319,
    fieldVersion: 24,
    release: [23, 4, 0, 24, 5],
    banner: 'Oracle Database 23ai Free Release 23.0.0.0.0 (test server)',
  },
}

/** The number that AUTH_VERSION_NO gives; its layout changed with 18c. */
export function versionNumber(profile: Profile): number {
  const [major, release, update, port, portUpdate] = profile.release
  return profile.fieldVersion >= 11
    ? major * 2 ** 24 + release * 2 ** 16 + update * 2 ** 12 + port * 16 + portUpdate
    : major * 2 ** 24 + release * 2 ** 20 + update * 2 ** 12 + port * 2 ** 8 + portUpdate
}

export function readProtocol(reader: TtcReader): void {
  reader.u8()
  reader.untilZero()
  reader.untilZero()
}

export function protocolAnswer(profile: Profile): Buffer {
  const compile = Buffer.alloc(53)
  compile[7] = profile.fieldVersion
  compile[40] = profile.fieldVersion >= 24 ? 0x20 : 0
  const nationalCharset = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0x07, 0xd0])
  return new TtcWriter()
    .u8(1, 6, 0)
    .raw(Buffer.from('Linux x86_64 test server\0'))
    .u16le(873)
    .u8(0)
    .u16le(0)
    .u16(nationalCharset.length)
    .raw(nationalCharset)
    .bytes(compile)
    .bytes(Buffer.from([2, 1, 0, 0, 0, 0, 0x04]))
    .toBuffer()
}

export interface ClientCapabilities {
  readonly fieldVersion: number
  readonly endOfResponse: boolean
  readonly timeZone: Buffer | undefined
}

export function readDataTypes(reader: TtcReader): ClientCapabilities {
  reader.u16le()
  reader.u16le()
  reader.u8()
  const compile = reader.bytes() ?? Buffer.alloc(0)
  const runtime = reader.bytes() ?? Buffer.alloc(0)
  const timeZone = ((runtime[1] ?? 0) & 1) === 0 ? undefined : Buffer.from(reader.raw(11))
  while (reader.u16() !== 0) if (reader.u16() !== 0) reader.raw(4)
  return {
    fieldVersion: compile[7] ?? 0,
    endOfResponse: ((compile[40] ?? 0) & 0x20) !== 0,
    timeZone,
  }
}

export function dataTypesAnswer(client: ClientCapabilities): Buffer {
  const writer = new TtcWriter().u8(2)
  if (client.timeZone !== undefined) writer.raw(Buffer.from([0x80, 0, 0, 0, 60, 60, 0x80, 0, 0, 0, 0]))
  return writer.u16(0).toBuffer()
}
