import type { Column } from '../../core/catalog.js'
import type { Payload } from '../../core/connector.js'
import { binaryField } from './copy-binary.js'
import type { CopyData } from './copy-data.js'
import type { Piece } from './copy-rows.js'
import { escaped } from './copy-text.js'

/** Rows `from` to `to` (exclusive) of a payload, without copying. A payload from another thread holds plain arrays. */
export function sliceOf(payload: Payload, from: number, to: number): Buffer {
  const { bytes, ends } = payload.data as CopyData
  const start = startOf(ends, from)
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset + start, startOf(ends, to) - start)
}

export function pieceOf(payload: Payload, from: number, to: number): Piece {
  return { payload, bytes: sliceOf(payload, from, to), rows: to - from }
}

/** The same rows with one more value at the front of each: keys that the database has just made. */
export function slicePrefixed(
  payload: Payload,
  from: number,
  to: number,
  values: readonly string[],
  key: Column,
): Buffer {
  const { format, bytes, ends } = payload.data as CopyData
  const text = format === 'text'
  /** In binary the number of values, which counts this one, stands before all of them. */
  const head = text ? 0 : 2
  const prefixes = values.map(value => (text ? Buffer.from(`${escaped(value)}\t`) : binaryField(key, value)))
  let start = startOf(ends, from)
  const added = prefixes.reduce((sum, prefix) => sum + prefix.length, 0)
  const out = Buffer.allocUnsafe(startOf(ends, to) - start + added)
  let at = 0
  for (const [i, prefix] of prefixes.entries()) {
    const end = ends[from + i] ?? 0
    out.set(bytes.subarray(start, start + head), at)
    out.set(prefix, at + head)
    out.set(bytes.subarray(start + head, end), at + head + prefix.length)
    at += prefix.length + end - start
    start = end
  }
  return out
}

function startOf(ends: Uint32Array, row: number): number {
  return row === 0 ? 0 : (ends[row - 1] ?? 0)
}
