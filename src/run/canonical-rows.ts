import type { Encoder } from '../core/connector.js'
import { textOfType } from '../core/files/value-text.js'
import type { Row, Value } from '../core/row.js'
import type { LogicalType } from '../core/types.js'
import { canonicalOf } from '../transforms/canonical.js'

/** Which values of a row are compared, and as what. Plain data. */
export interface CanonicalSpec {
  readonly columns: readonly {
    /** Index into the rows. */
    readonly index: number
    readonly type: LogicalType
    readonly signedZero: boolean
    /** Of a value of any type only the text is left, as in a file. */
    readonly textOnly?: boolean
  }[]
}

/** Rows as lines of canonical texts, each ended by a line feed, which none of them holds; `ends[i]` is where row i ends. */
export interface CanonicalData {
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
}

const NULL = '\\N'
const LINE_FEED = 10
/** Characters: a few rows, since each call of the runtime has its price. */
const WRITTEN_AT_ONCE = 2048

/** An encoder of rows that are to be compared: equal rows are equal bytes, whoever read them. */
export function canonicalEncoder(spec: CanonicalSpec): Encoder {
  const lineOf = canonicalLine(spec)
  let sizeOfRow = 64
  return {
    encode: rows => {
      const ends = new Uint32Array(rows.length)
      let bytes: Buffer = Buffer.allocUnsafeSlow(Math.ceil(sizeOfRow * rows.length) + 1024)
      let end = 0
      let lines = ''
      let first = 0
      for (let i = 0; i < rows.length; i++) {
        lines += lineOf(rows[i] as Row)
        ends[i] = end + lines.length
        if (lines.length < WRITTEN_AT_ONCE && i < rows.length - 1) continue
        const size = Buffer.byteLength(lines)
        if (bytes.length - end < size) bytes = grown(bytes, end, size, rows.length / (i + 1))
        // Where each character is a byte, the runtime only copies them.
        if (size === lines.length) bytes.write(lines, end, 'latin1')
        else {
          bytes.write(lines, end, 'utf8')
          for (let at = end, row = first; row <= i; row++) {
            at = bytes.indexOf(LINE_FEED, at) + 1
            ends[row] = at
          }
        }
        end += size
        lines = ''
        first = i + 1
      }
      if (rows.length > 0) sizeOfRow = (end / rows.length) * 1.2
      return { rows: rows.length, bytes: end, data: { bytes: bytes.subarray(0, end), ends } satisfies CanonicalData }
    },
  }
}

/** The line of a row. */
export function canonicalLine(spec: CanonicalSpec): (row: Row) => string {
  const columns = spec.columns.map(({ index, type, signedZero, textOnly }) => ({
    index,
    text: textOnly === true && type.kind === 'any' ? textOfType(type) : canonicalOf(type, signedZero),
  }))
  return row => {
    let line = ''
    for (let c = 0; c < columns.length; c++) {
      const { index, text } = columns[c] as (typeof columns)[0]
      const value = row[index] as Value
      if (c > 0) line += '\t'
      line += value === null ? NULL : escaped(text(value))
    }
    return `${line}\n`
  }
}

const SPECIAL = /[\\\t\n]/

function escaped(text: string): string {
  if (!SPECIAL.test(text)) return text
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n')
}

function grown(bytes: Buffer, used: number, size: number, factor: number): Buffer {
  const next = Buffer.allocUnsafeSlow(Math.ceil((used + size) * Math.min(factor, 2)) + size)
  bytes.copy(next, 0, 0, used)
  return next
}

/** The canonical texts of a line. */
export function textsOf(line: Buffer): (string | null)[] {
  return line
    .toString('utf8', 0, line.length - 1)
    .split('\t')
    .map(text => (text === NULL ? null : text.includes('\\') ? unescaped(text) : text))
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\': '\\', t: '\t', n: '\n' }

function unescaped(text: string): string {
  return text.replace(/\\([\\tn])/g, (_, letter: string) => UNESCAPED[letter] ?? letter)
}
