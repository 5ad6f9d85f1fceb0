import type { Column } from '../../core/catalog.js'
import type { ErrorCode } from '../../core/codes.js'
import type { Encoder, Payload, WriteSpec } from '../../core/connector.js'
import type { Row, Value } from '../../core/row.js'
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

/** Between two rows. */
export const SEPARATOR = ',\n'

type Write = (value: Exclude<Value, null>) => string

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
      let bytes: Buffer = Buffer.allocUnsafeSlow(Math.ceil(sizeOfRow * rows.length) + 1024)
      let end = 0
      for (let i = 0; i < rows.length; i++) {
        const line = encodeRow(rows[i] as Row, i)
        // Three bytes for each UTF-16 unit is the most UTF-8 takes.
        if (bytes.length - end < line.length * 3) bytes = grown(bytes, end, line, rows.length / (i + 1))
        end += bytes.write(line, end, 'utf8')
        ends[i] = end
      }
      if (rows.length > 0) sizeOfRow = (end / rows.length) * 1.2
      return { rows: rows.length, bytes: end, data: { bytes: bytes.subarray(0, end), ends, faults } satisfies RowsData }

      function encodeRow(row: Row, index: number): string {
        let line = numbered ? `(${index}` : '('
        for (let c = 0; c < writers.length; c++) {
          if (c > 0 || numbered) line += ','
          const value = row[c] ?? null
          const refusal = checks[c]?.(value)
          if (refusal !== undefined) faults.push({ row: index, column: spec.columns[c]?.name ?? '', ...refusal })
          line += value === null ? 'NULL' : (writers[c] as Write)(value)
        }
        return `${line})${SEPARATOR}`
      }
    },
  }
}

function grown(bytes: Buffer, used: number, line: string, factor: number): Buffer {
  const need = used + line.length * 3
  const next = Buffer.allocUnsafeSlow(Math.ceil(Math.min(need * factor, need * 2)) + line.length * 3)
  bytes.copy(next, 0, 0, used)
  return next
}

/** Is the value a number in the `insert`, so that it needs no quotes? Others would turn a quoted one into its bytes. */
function writerOf({ type }: Column): Write {
  switch (type.kind) {
    case 'boolean':
      return value =>
        value === true || value === 't' || value === 'true' ? '1' : isFalse(value) ? '0' : integer(value)
    case 'integer':
      return integer
    case 'float':
      return type.bits === 32 ? value => quoted(single(value)) : quoted
    case 'bytes':
      return bytes
    case 'timestamp':
      return value => (typeof value === 'string' ? quoted(utcText(value) ?? value) : quoted(value))
    default:
      return quoted
  }
}

const isFalse = (value: Value): boolean => value === false || value === 'f' || value === 'false'

function integer(value: Exclude<Value, null>): string {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    return Object.is(value, -0) ? '0' : String(value)
  }
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'string' && /^-?\d+$/.test(value) ? value : quoted(value)
}

/** The shortest text of the largest FLOAT is above it; the server takes what it is exactly. */
function single(value: Exclude<Value, null>): Exclude<Value, null> {
  const rounded = Math.fround(Number(value))
  return Number.isFinite(rounded) ? rounded : value
}

/** As digits of base 16, which LOAD DATA turns back; an empty one has none, and would be no literal. */
function bytes(value: Exclude<Value, null>): string {
  const buffer = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value))
  return buffer.length === 0 ? `''` : `0x${buffer.toString('hex')}`
}

function quoted(value: Exclude<Value, null>): string {
  if (typeof value === 'string') return `'${escapeText(value)}'`
  if (typeof value === 'boolean') return value ? `'1'` : `'0'`
  if (value instanceof Uint8Array) return `'${escapeText(Buffer.from(value).toString('utf8'))}'`
  return Object.is(value, -0) ? `'-0'` : `'${value}'`
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
