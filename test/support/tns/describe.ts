import type { OutputColumn } from './backend.js'
import { wireType } from './ora-type.js'
import { TtcWriter } from './ttc-writer.js'

export function describeMessage(fieldVersion: number, columns: readonly OutputColumn[]): Buffer {
  const writer = new TtcWriter().u8(16, 0).ub(32767, columns.length)
  if (columns.length > 0) writer.u8(0)
  for (const [i, column] of columns.entries()) writeColumn(writer, fieldVersion, column, i + 1)
  return writer.ub(0, 0, 0, 0, 0, 0).toBuffer()
}

function writeColumn(writer: TtcWriter, fieldVersion: number, column: OutputColumn, position: number): void {
  const wire = wireType(column.type)
  const { precision, scale } = column.type
  const isNumber = column.type.kind === 'NUMBER'
  writer.u8(wire.number, 0, isNumber ? (precision ?? 0) : 0, isNumber ? (scale ?? -127) : (scale ?? 0))
  writer.ub(wire.size, 0, 0, 0, 0, wire.form === 2 ? 2000 : wire.form === 1 ? 873 : 0)
  writer.u8(wire.form).ub(wire.form === 0 ? 0 : (column.type.length ?? wire.size))
  if (fieldVersion >= 8) writer.ub(0)
  writer.u8(column.nullable ? 1 : 0, Math.min(Buffer.byteLength(column.name), 255))
  writer.longText(column.name).ub(0, 0, position, 0)
  if (fieldVersion >= 17) writer.ub(0, 0)
  if (fieldVersion >= 20) writer.ub(0)
  if (fieldVersion >= 24) writer.ub(0).u8(0, 0)
}
