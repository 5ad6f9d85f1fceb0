import type { Column } from '../../core/catalog.js'
import type { ErrorCode } from '../../core/codes.js'
import type { Encoder, Payload, WriteSpec } from '../../core/connector.js'
import type { Row, Value } from '../../core/row.js'
import { specialCodes, TextBuffer } from '../../core/text-buffer.js'
import { escapeText } from './dialect.js'
import { refusalOf } from './encoder-checks.js'
import { utcText } from './values.js'

/** A value that the server would store as another one. Found while encoding, thrown when its row is written. */
export interface Fault {
  readonly row: number
  readonly column: string
  readonly code: ErrorCode
  readonly message: string
  /** The server's own number for the same. */
  readonly native?: string
}

/**
 * Rows as `(1,'a',NULL),` and a line end: good for `insert … values` as they are, and for LOAD DATA.
 * `ends[i]` is where row i ends.
 */
export interface RowsData {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
  readonly faults: readonly Fault[]
}

const SPECIAL = specialCodes("\\'\0")

/** Between two rows. */
export const SEPARATOR = ',\n'

type Write = (out: TextBuffer, value: Exclude<Value, null>) => void

const [OPEN, CLOSE, COMMA, QUOTE, NEWLINE, MINUS, ZERO, NINE] = [40, 41, 44, 39, 10, 45, 48, 57]

/** Rows that go through a staging table (all but `insert`) begin with their index. */
export function rowEncoder(spec: WriteSpec): Encoder {
  const writers = spec.columns.map(writerOf)
  const checks = spec.columns.map(refusalOf)
  const numbered = spec.mode !== 'insert'
  let sizeOfRow = 64
  return {
    encode: rows => {
      const ends = new Uint32Array(rows.length)
      const faults: Fault[] = []
      const out = new TextBuffer(Math.ceil(sizeOfRow * rows.length) + 1024)
      for (let i = 0; i < rows.length; i++) {
        encodeRow(out, rows[i] as Row, i)
        ends[i] = out.length
      }
      const bytes = out.take()
      if (rows.length > 0) sizeOfRow = (bytes.length / rows.length) * 1.2
      return { rows: rows.length, bytes: bytes.length, data: { bytes, ends, faults } satisfies RowsData }

      function encodeRow(out: TextBuffer, row: Row, index: number): void {
        out.byte(OPEN)
        if (numbered) out.ascii(String(index))
        for (let c = 0; c < writers.length; c++) {
          if (c > 0 || numbered) out.byte(COMMA)
          const value = row[c] ?? null
          const refusal = checks[c]?.(value)
          if (refusal !== undefined) faults.push({ row: index, column: spec.columns[c]?.name ?? '', ...refusal })
          if (value === null) out.ascii('NULL')
          else (writers[c] as Write)(out, value)
        }
        out.byte(CLOSE)
        out.byte(COMMA)
        out.byte(NEWLINE)
      }
    },
  }
}

/** Is the value a number in the `insert`, so that it needs no quotes? Others would turn a quoted one into its bytes. */
function writerOf({ type }: Column): Write {
  switch (type.kind) {
    case 'boolean':
      return (out, value) => {
        if (value === true || value === 't' || value === 'true') out.ascii('1')
        else if (value === false || value === 'f' || value === 'false') out.ascii('0')
        else integer(out, value)
      }
    case 'integer':
      return integer
    case 'float':
      return type.bits === 32 ? (out, value) => quoted(out, single(value)) : quoted
    case 'bytes':
      return bytes
    case 'timestamp':
      return (out, value) => quoted(out, typeof value === 'string' ? (utcText(value) ?? value) : value)
    default:
      return quoted
  }
}

function integer(out: TextBuffer, value: Exclude<Value, null>): void {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    out.ascii(Object.is(value, -0) ? '0' : String(value))
  } else if (typeof value === 'boolean') out.ascii(value ? '1' : '0')
  else if (typeof value === 'string' && isDigits(value)) out.ascii(value)
  else quoted(out, value)
}

/** A sign or none, and digits. A loop over so few characters costs a third of an expression. */
function isDigits(text: string): boolean {
  const first = text.charCodeAt(0) === MINUS ? 1 : 0
  for (let i = first; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < ZERO || code > NINE) return false
  }
  return text.length > first
}

/** The shortest text of the largest FLOAT is above it; the server takes what it is exactly. */
function single(value: Exclude<Value, null>): Exclude<Value, null> {
  const rounded = Math.fround(Number(value))
  return Number.isFinite(rounded) ? rounded : value
}

/** As digits of base 16, which LOAD DATA turns back; an empty one has none, and would be no literal. */
function bytes(out: TextBuffer, value: Exclude<Value, null>): void {
  const buffer = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value))
  out.ascii(buffer.length === 0 ? `''` : `0x${buffer.toString('hex')}`)
}

function quoted(out: TextBuffer, value: Exclude<Value, null>): void {
  out.byte(QUOTE)
  if (typeof value === 'string') out.text(value, SPECIAL, escapeText)
  else if (typeof value === 'boolean') out.ascii(value ? '1' : '0')
  else if (value instanceof Uint8Array) out.text(Buffer.from(value).toString('utf8'), SPECIAL, escapeText)
  else out.ascii(Object.is(value, -0) ? '-0' : String(value))
  out.byte(QUOTE)
}

/** Rows `from` to `to` (exclusive) of a payload, without copying. A payload from another thread holds plain arrays. */
export function sliceOf(payload: Payload, from: number, to: number): Buffer {
  const { bytes, ends } = payload.data as RowsData
  const start = startOf(ends, from)
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset + start, startOf(ends, to) - start)
}

/** How many rows from `from` on fit into `bytes` and `rows`; at least one. */
export function rowsWithin(payload: Payload, from: number, to: number, rows: number, bytes: number): number {
  const { ends } = payload.data as RowsData
  const start = startOf(ends, from)
  let end = from + 1
  while (end < to && end - from < rows && (ends[end] ?? 0) - start <= bytes) end++
  return end
}

function startOf(ends: Uint32Array, row: number): number {
  return row === 0 ? 0 : (ends[row - 1] ?? 0)
}
