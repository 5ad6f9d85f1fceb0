/// <reference lib="es2024.string" />
import type { Column } from '../../core/catalog.js'
import type { Encoder, Payload, WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import { specialCodes, TextBuffer } from '../../core/text-buffer.js'

/** Rows in the text format of COPY; `ends[i]` is where row i ends. */
export interface CopyData {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
}

type Write = (out: TextBuffer, value: Value) => void

const [TAB, NEWLINE] = [9, 10]

/**
 * Encoder of one table's rows. Rows that go through a staging table (all but `insert`) begin with their index, by
 * which the statement after the copy tells which of two equal rows came first.
 */
export function copyEncoder(spec: WriteSpec): Encoder {
  const writers = spec.columns.map(writerOf)
  const numbered = spec.mode !== 'insert'
  let sizeOfRow = 64
  return {
    encode: rows => {
      const ends = new Uint32Array(rows.length)
      const out = new TextBuffer(Math.ceil(sizeOfRow * rows.length) + 1024)
      for (let i = 0; i < rows.length; i++) {
        if (numbered) out.ascii(`${i}\t`)
        encodeRow(out, writers, rows[i] as Row, i, spec.columns)
        ends[i] = out.length
      }
      const bytes = out.take()
      if (rows.length > 0) sizeOfRow = (bytes.length / rows.length) * 1.2
      return { rows: rows.length, bytes: bytes.length, data: { bytes, ends } satisfies CopyData }
    },
  }
}

function encodeRow(
  out: TextBuffer,
  writers: readonly Write[],
  row: Row,
  index: number,
  columns: readonly Column[],
): void {
  for (let c = 0; c < writers.length; c++) {
    if (c > 0) out.byte(TAB)
    const value = row[c] as Value
    if (typeof value === 'string' && !value.isWellFormed()) throw halfPair(index, columns[c])
    ;(writers[c] as Write)(out, value)
  }
  out.byte(NEWLINE)
}

function halfPair(row: number, column: Column | undefined): EtlError {
  return new EtlError('E409', 'text holds half of a surrogate pair, which UTF-8 cannot hold', {
    kind: 'row',
    row,
    ...(column === undefined ? {} : { column: column.name }),
  })
}

function writerOf(column: Column): Write {
  switch (column.type.kind) {
    case 'boolean':
      return (out, value) => {
        if (value === true) out.ascii('t')
        else if (value === false) out.ascii('f')
        else any(out, value)
      }
    case 'float':
      return (out, value) => {
        if (typeof value === 'number') out.ascii(Object.is(value, -0) ? '-0' : String(value))
        else any(out, value)
      }
    default:
      return any
  }
}

function any(out: TextBuffer, value: Value): void {
  if (typeof value === 'string') out.text(value, SPECIAL, escaped)
  else if (value === null) out.ascii('\\N')
  else if (value instanceof Uint8Array) {
    const buffer = Buffer.isBuffer(value) ? value : Buffer.from(value)
    out.ascii(`\\\\x${buffer.toString('hex')}`)
  } else out.ascii(String(value))
}

const SPECIAL = specialCodes('\\\t\n\r')
const ESCAPED = /[\\\t\n\r]/

function escaped(text: string): string {
  if (!ESCAPED.test(text)) return text
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
}

/** Rows `from` to `to` (exclusive) of a payload, without copying. A payload from another thread holds plain arrays. */
export function sliceOf(payload: Payload, from: number, to: number): Buffer {
  const { bytes, ends } = payload.data as CopyData
  const start = startOf(ends, from)
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset + start, startOf(ends, to) - start)
}

/** The same rows with one more value at the front of each: keys that the database has just made. */
export function slicePrefixed(payload: Payload, from: number, to: number, values: readonly string[]): Buffer {
  const { bytes, ends } = payload.data as CopyData
  const prefixes = values.map(value => `${escaped(value)}\t`)
  let start = startOf(ends, from)
  const added = prefixes.reduce((sum, prefix) => sum + Buffer.byteLength(prefix), 0)
  const out = Buffer.allocUnsafe(startOf(ends, to) - start + added)
  let at = 0
  for (let i = from; i < to; i++) {
    const end = ends[i] ?? 0
    at += out.write(prefixes[i - from] ?? '', at)
    out.set(bytes.subarray(start, end), at)
    at += end - start
    start = end
  }
  return out
}

function startOf(ends: Uint32Array, row: number): number {
  return row === 0 ? 0 : (ends[row - 1] ?? 0)
}
