import type { OraError } from './ora-error.js'
import { TtcWriter } from './ttc-writer.js'

export interface EndOfCall {
  readonly cursor?: number
  readonly rowCount?: number
  readonly inTransaction: boolean
  readonly error?: OraError
  readonly batchErrors?: readonly { readonly offset: number; readonly error: OraError }[]
}

const END_OF_DATA = 1403
const BATCH_ERRORS = 24381

/** The message that ends every execute and fetch, also a good one. */
export function endOfCall(fieldVersion: number, end: EndOfCall, noMoreRows = false): Buffer {
  const batch = end.batchErrors ?? []
  const code = end.error?.code ?? (batch.length > 0 ? BATCH_ERRORS : noMoreRows ? END_OF_DATA : 0)
  const writer = new TtcWriter().u8(4)
  writer.ub(status(end.inTransaction), 0, 0, Math.min(code, 65535), 0, 0, end.cursor ?? 0, 0)
  writer.u8(0, 0, 0, 0, 0, 0)
  writer.ub(0, 0).u8(0).ub(0, 0)
  writer.ub(0).u8(0, 0).ub(0, 0, 0)
  writeBatchErrors(writer, batch)
  writer.ub(code, end.rowCount ?? 0)
  if (fieldVersion >= 14) writer.ub(0, 0)
  if (code !== 0) {
    const text =
      end.error?.text ?? (code === BATCH_ERRORS ? 'ORA-24381: error(s) in array DML' : 'ORA-01403: no data found')
    writer.text(`${text}\n`)
  }
  return writer.toBuffer()
}

/** The short answer of calls that give nothing. */
export function statusMessage(inTransaction: boolean): Buffer {
  return new TtcWriter().u8(9).ub(status(inTransaction), 0).toBuffer()
}

function status(inTransaction: boolean): number {
  return inTransaction ? 3 : 1
}

function writeBatchErrors(writer: TtcWriter, batch: NonNullable<EndOfCall['batchErrors']>): void {
  writePacked(
    writer,
    batch.map(one => one.error.code),
  )
  writePacked(
    writer,
    batch.map(one => one.offset),
  )
  writer.ub(batch.length)
  if (batch.length === 0) return
  writer.u8(0)
  for (const { error } of batch) {
    const text = Buffer.from(`${error.text}\n`)
    writer.ub(text.length).bytes(text).u8(0, 0)
  }
}

/** Numbers behind one size byte, or each with its own size where they are too many for that. */
function writePacked(writer: TtcWriter, numbers: readonly number[]): void {
  writer.ub(numbers.length)
  if (numbers.length === 0) return
  const parts = numbers.map(number => new TtcWriter().ub(number).toBuffer())
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  if (size <= 252) {
    writer.u8(size)
    for (const part of parts) writer.raw(part)
    return
  }
  writer.u8(254)
  for (const part of parts) writer.ub(part.length).raw(part)
  writer.u8(0)
}
