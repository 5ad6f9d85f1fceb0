import type { Column } from '../catalog.js'
import type { ErrorCode } from '../codes.js'
import type { Encoder } from '../connector.js'
import type { Row } from '../row.js'
import { encodeText } from './encode-text.js'
import type { Encoding } from './text-stream.js'

/** Encoded rows: `ends[i]` is where row i ends. Rows that the file cannot hold have no bytes. */
export interface LineData {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
  readonly faults: readonly LineFault[]
}

export interface LineFault {
  /** Index within the payload. */
  readonly row: number
  readonly column: string
  readonly code: ErrorCode
  readonly message: string
}

/** A value that the file cannot hold. */
export class Unwritable extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Writes one value of a column; throws {@link Unwritable}. */
export type ValueWriter = (value: Row[number]) => string

/** @param join one text, with its line end, of the texts of a row */
export function lineEncoder(
  columns: readonly Column[],
  writers: readonly ValueWriter[],
  join: (texts: readonly string[]) => string,
  encoding: Encoding,
): Encoder {
  const encodeRow = (row: Row, index: number, faults: LineFault[]): Buffer => {
    const texts: string[] = []
    for (const [i, write] of writers.entries()) {
      try {
        texts.push(write(row[i] ?? null))
      } catch (error) {
        if (!(error instanceof Unwritable)) throw error
        faults.push({ row: index, column: columns[i]?.name ?? '', code: error.code, message: error.message })
        return Buffer.alloc(0)
      }
    }
    return encodeText(join(texts), encoding)
  }
  return {
    encode: rows => {
      const faults: LineFault[] = []
      const ends = new Uint32Array(rows.length)
      const lines = rows.map((row, i) => encodeRow(row, i, faults))
      // Handed over to another thread as a whole, so it must not be a piece of the common pool.
      const bytes = Buffer.allocUnsafeSlow(lines.reduce((sum, line) => sum + line.length, 0))
      let end = 0
      for (const [i, line] of lines.entries()) {
        end += line.copy(bytes, end)
        ends[i] = end
      }
      return { rows: rows.length, bytes: end, data: { bytes, ends, faults } satisfies LineData }
    },
  }
}
