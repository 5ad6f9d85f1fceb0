import type { OutputColumn } from './backend.js'
import type { Descriptor } from './execute-request.js'
import type { LobKind, LobStore } from './lob-store.js'
import { encode } from './lob-store.js'
import type { OraType, Stored } from './ora-type.js'
import { isLob } from './ora-type.js'
import { numberText } from './oracle-number.js'
import { TtcWriter } from './ttc-writer.js'

const LONG = 8
const LONG_RAW = 24

export function rowHeader(): Buffer {
  return new TtcWriter().u8(6, 0).ub(0, 0, 0, 0, 0, 0).toBuffer()
}

/** One row; a large object as its value where the client defined it so, else as a locator. */
export function rowData(
  columns: readonly OutputColumn[],
  row: readonly Stored[],
  defines: readonly Descriptor[] | undefined,
  lobs: LobStore,
): Buffer {
  const writer = new TtcWriter().u8(7)
  for (const [i, column] of columns.entries()) {
    const value = row[i] ?? null
    const wire = defines?.[i]?.wire
    if (!isLob(column.type)) writer.bytes(image(column.type, value))
    else if (wire === LONG || wire === LONG_RAW) {
      writer.bytes(value === null ? null : encode(wire === LONG ? inline(defines?.[i]) : 'BLOB', value)).ub(0, 0)
    } else writeLocator(writer, column.type.kind as LobKind, value, lobs)
  }
  return writer.toBuffer()
}

function inline(define: Descriptor | undefined): LobKind {
  return define?.form === 2 ? 'NCLOB' : 'CLOB'
}

function writeLocator(writer: TtcWriter, kind: LobKind, value: Stored, lobs: LobStore): void {
  if (value === null) {
    writer.ub(0)
    return
  }
  const locator = lobs.add(kind, value)
  writer.ub(locator.length, value.length, 8132).bytes(locator)
}

/** A value as the wire carries it. */
export function image(type: OraType, value: Stored): Buffer | null {
  if (value === null) return null
  if (typeof value === 'string')
    return type.kind.startsWith('N') && type.kind !== 'NUMBER'
      ? Buffer.from(value, 'utf16le').swap16()
      : Buffer.from(value)
  // A timestamp without a fraction travels without it.
  if ((type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ') && value.readUInt32BE(7) === 0) {
    return value.subarray(0, 7)
  }
  return value
}

/** What `returning … into` gives for one iteration. */
export function returnedData(binds: readonly Descriptor[], rows: readonly (readonly Stored[])[]): Buffer {
  const writer = new TtcWriter().u8(7)
  for (const [i, bind] of binds.entries()) {
    writer.ub(rows.length)
    for (const row of rows) {
      const value = row[i] ?? null
      const asText = bind.type.kind === 'VARCHAR2' && Buffer.isBuffer(value) ? numberText(value) : value
      writer.bytes(image(bind.type, asText)).ub(0)
    }
  }
  return writer.toBuffer()
}
