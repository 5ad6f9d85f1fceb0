import type { Row } from '../../core/row.js'
import { HEADER } from './row-tap.js'
import { asText, type Decode } from './types.js'

/** The number of values stands between the header and the first of them. */
const FIRST = HEADER + 2
/** Values of a longer row are made one by one: parts of its text would keep all of it in memory. */
const SHORT_ROW = 1024

/** Where the row that begins at `at` ends. */
export function endOfRow(bytes: Buffer, at: number): number {
  return at + 1 + int32(bytes, at + 1)
}

/** The values of the row that begins at `at`. One call of the runtime makes the text of a row, of which values are parts. */
export function rowOf(bytes: Buffer, at: number, decoders: readonly Decode[]): Row {
  const start = at + FIRST
  const end = endOfRow(bytes, at)
  const text = end - start > SHORT_ROW ? undefined : bytes.toString('latin1', start, end)
  const row: Row = new Array(decoders.length)
  let from = start
  for (let i = 0; i < decoders.length; i++) {
    const length = int32(bytes, from)
    from += 4
    if (length < 0) {
      row[i] = null
      continue
    }
    const to = from + length
    const value =
      text !== undefined && isAscii(bytes, from, to)
        ? text.slice(from - start, to - start)
        : bytes.toString('utf8', from, to)
    const decode = decoders[i] as Decode
    row[i] = decode === asText ? value : decode(value)
    from = to
  }
  return row
}

function isAscii(bytes: Buffer, from: number, to: number): boolean {
  let all = 0
  for (let i = from; i < to; i++) all |= bytes[i] as number
  return all < 128
}

/** The runtime's own call checks its arguments, which is a fifth of the time of a row. */
function int32(bytes: Uint8Array, at: number): number {
  const byte = (offset: number): number => bytes[at + offset] as number
  return (byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)
}
