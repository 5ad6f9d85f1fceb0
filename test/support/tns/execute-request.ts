import type { LobStore } from './lob-store.js'
import { OraError } from './ora-error.js'
import type { OraType, Stored } from './ora-type.js'
import { kindOfWire } from './ora-type.js'
import { decodeDouble, decodeFloat, decodeNumber, encodeDouble, encodeFloat, encodeNumber } from './oracle-number.js'
import type { TtcReader } from './ttc-reader.js'

const OPTION = {
  parse: 0x01,
  define: 0x10,
  execute: 0x20,
  fetch: 0x40,
  commit: 0x100,
  describe: 0x20000,
  batch: 0x80000,
}
const FLAG_ROW_COUNTS = 0x4000
const MAX_STRING = 32767

/** One bind variable or one define, as the client describes it. */
export interface Descriptor {
  readonly wire: number
  readonly form: number
  readonly size: number
  readonly type: OraType
}

export interface ExecuteRequest {
  readonly cursor: number
  readonly sql: string | undefined
  readonly parse: boolean
  readonly execute: boolean
  readonly fetch: boolean
  readonly commit: boolean
  readonly describeOnly: boolean
  readonly batchErrors: boolean
  readonly rowCounts: boolean
  readonly rows: number
  readonly iterations: number
  readonly binds: readonly Descriptor[]
  readonly defines: readonly Descriptor[] | undefined
}

/** Everything of an EXECUTE but the rows of bind values, which follow. */
export function readExecute(reader: TtcReader, fieldVersion: number): ExecuteRequest {
  const options = reader.ub()
  const cursor = reader.ub()
  const hasSql = reader.u8() === 1
  reader.ub()
  reader.u8()
  reader.ub()
  reader.raw(3)
  const rows = reader.ub()
  reader.ub()
  reader.u8()
  const bindCount = reader.ub()
  reader.raw(5)
  reader.u8()
  const defineCount = reader.ub()
  reader.ub()
  reader.raw(3)
  reader.ub()
  reader.u8()
  reader.skipUb(2)
  reader.u8()
  reader.ub()
  reader.u8()
  if (fieldVersion >= 8) {
    reader.u8()
    reader.ub()
    reader.u8()
    reader.ub()
    reader.u8()
  }
  if (fieldVersion >= 9) {
    reader.u8()
    reader.ub()
  }
  const sql = hasSql ? reader.text() : undefined
  const vector = Array.from({ length: 13 }, () => reader.ub())
  const has = (bit: number): boolean => (options & bit) !== 0
  const defines = has(OPTION.define) ? readDescriptors(reader, defineCount, fieldVersion) : undefined
  return {
    cursor,
    sql,
    parse: has(OPTION.parse),
    execute: has(OPTION.execute),
    fetch: has(OPTION.fetch),
    commit: has(OPTION.commit),
    describeOnly: has(OPTION.describe),
    batchErrors: has(OPTION.batch),
    rowCounts: ((vector[9] ?? 0) & FLAG_ROW_COUNTS) !== 0,
    rows,
    // A query has the number of rows to fetch there.
    iterations: vector[7] === 1 ? 1 : Math.max(1, vector[1] ?? 1),
    binds: defines === undefined ? readDescriptors(reader, bindCount, fieldVersion) : [],
    defines,
  }
}

function readDescriptors(reader: TtcReader, count: number, fieldVersion: number): Descriptor[] {
  return Array.from({ length: count }, () => {
    const wire = reader.u8()
    reader.raw(3)
    const size = reader.ub()
    reader.skipUb(2)
    if (reader.ub() > 0) reader.bytes()
    reader.skipUb(2)
    const form = reader.u8()
    reader.ub()
    if (fieldVersion >= 8) reader.ub()
    const kind = kindOfWire(wire, form)
    if (kind === undefined) throw new OraError(3115, `unsupported network datatype or representation ${wire}`)
    return { wire, form, size, type: { kind } }
  })
}

/** The rows of bind values. Values of long binds come last, whatever their place. */
export function readBindRows(
  reader: TtcReader,
  count: number,
  binds: readonly Descriptor[],
  lobs: LobStore,
): Stored[][] {
  if (binds.length === 0) return Array.from({ length: count }, () => [])
  const isLong = (bind: Descriptor): boolean => (bind.form === 2 ? bind.size / 4 : bind.size) > MAX_STRING
  const order = [...binds.keys()].sort(
    (a, b) => Number(isLong(binds[a] as Descriptor)) - Number(isLong(binds[b] as Descriptor)),
  )
  return Array.from({ length: count }, () => {
    reader.u8()
    const row: Stored[] = new Array(binds.length).fill(null)
    for (const i of order) row[i] = readValue(reader, binds[i] as Descriptor, lobs)
    return row
  })
}

function readValue(reader: TtcReader, bind: Descriptor, lobs: LobStore): Stored {
  if (bind.wire === 112 || bind.wire === 113) {
    if (reader.ub() === 0) return null
    const { data } = lobs.get(reader.bytes() ?? Buffer.alloc(0))
    return data.length === 0 && typeof data === 'string' ? null : data
  }
  if (bind.wire === 252) {
    const size = reader.u8()
    if (size === 253) {
      reader.u8()
      return null
    }
    if (size === 0) return null
    const image = reader.raw(size)
    return encodeNumber(size === 2 && image[0] === 1 ? '1' : '0')
  }
  const bytes = reader.bytes()
  if (bytes === null) return null
  switch (bind.type.kind) {
    case 'VARCHAR2':
    case 'CHAR':
      return bytes.toString('utf8')
    case 'NVARCHAR2':
    case 'NCHAR':
      return Buffer.from(bytes).swap16().toString('utf16le')
    case 'NUMBER':
      return encodeNumber(decodeNumber(bytes))
    // The database has no minus zero.
    case 'BINARY_DOUBLE':
      return encodeDouble(decodeDouble(bytes))
    case 'BINARY_FLOAT':
      return encodeFloat(decodeFloat(bytes))
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return bytes.length === 7 ? Buffer.concat([bytes, Buffer.alloc(4)]) : Buffer.from(bytes)
    default:
      return Buffer.from(bytes)
  }
}
