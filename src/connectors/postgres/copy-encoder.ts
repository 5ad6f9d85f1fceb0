/// <reference lib="es2024.string" />
import type { Column } from '../../core/catalog.js'
import type { Encoder, Payload, WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'

/** Rows in the text format of COPY; `ends[i]` is where row i ends. */
export interface CopyData {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
}

type Write = (value: Value) => string

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
      let bytes: Buffer = Buffer.allocUnsafeSlow(Math.ceil(sizeOfRow * rows.length) + 1024)
      let end = 0
      for (let i = 0; i < rows.length; i++) {
        const line = encodeRow(writers, rows[i] as Row, numbered ? `${i}\t` : '', i, spec.columns)
        // Three bytes for each UTF-16 unit is the most UTF-8 takes.
        if (bytes.length - end < line.length * 3) bytes = grown(bytes, end, line, rows.length / (i + 1))
        end += bytes.write(line, end, 'utf8')
        ends[i] = end
      }
      if (rows.length > 0) sizeOfRow = (end / rows.length) * 1.2
      return { rows: rows.length, bytes: end, data: { bytes: bytes.subarray(0, end), ends } satisfies CopyData }
    },
  }
}

function encodeRow(
  writers: readonly Write[],
  row: Row,
  start: string,
  index: number,
  columns: readonly Column[],
): string {
  let line = start
  for (let c = 0; c < writers.length; c++) {
    if (c > 0) line += '\t'
    line += (writers[c] as Write)(row[c] as Value)
  }
  line += '\n'
  if (!line.isWellFormed()) {
    const bad = columns.find((_, c) => !String(row[c]).isWellFormed())
    throw new EtlError('E409', 'text holds half of a surrogate pair, which UTF-8 cannot hold', {
      kind: 'row',
      row: index,
      ...(bad === undefined ? {} : { column: bad.name }),
    })
  }
  return line
}

function grown(bytes: Buffer, used: number, line: string, factor: number): Buffer {
  const need = used + Buffer.byteLength(line)
  const next = Buffer.allocUnsafeSlow(Math.ceil(Math.min(need * factor, need * 2)) + line.length * 3)
  bytes.copy(next, 0, 0, used)
  return next
}

function writerOf(column: Column): Write {
  switch (column.type.kind) {
    case 'boolean':
      return value => (value === true ? 't' : value === false ? 'f' : any(value))
    case 'float':
      return value => (typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : any(value))
    default:
      return any
  }
}

function any(value: Value): string {
  if (typeof value === 'string') return escaped(value)
  if (value === null) return '\\N'
  if (value instanceof Uint8Array) {
    const buffer = Buffer.isBuffer(value) ? value : Buffer.from(value)
    return `\\\\x${buffer.toString('hex')}`
  }
  return String(value)
}

const SPECIAL = /[\\\t\n\r]/

function escaped(text: string): string {
  if (!SPECIAL.test(text)) return text
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
  const parts: Uint8Array[] = []
  for (let i = from; i < to; i++) {
    parts.push(Buffer.from(`${escaped(values[i - from] ?? '')}\t`), bytes.subarray(startOf(ends, i), ends[i]))
  }
  return Buffer.concat(parts)
}

function startOf(ends: Uint32Array, row: number): number {
  return row === 0 ? 0 : (ends[row - 1] ?? 0)
}
