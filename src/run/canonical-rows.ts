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

/** An encoder of rows that are to be compared: equal rows are equal bytes, whoever read them. */
export function canonicalEncoder(spec: CanonicalSpec): Encoder {
  const lineOf = canonicalLine(spec)
  let sizeOfRow = 64
  return {
    encode: rows => {
      const ends = new Uint32Array(rows.length)
      let bytes: Buffer = Buffer.allocUnsafeSlow(Math.ceil(sizeOfRow * rows.length) + 1024)
      let end = 0
      for (let i = 0; i < rows.length; i++) {
        const line = lineOf(rows[i] as Row)
        // Three bytes for each UTF-16 unit is the most UTF-8 takes.
        if (bytes.length - end < line.length * 3) bytes = grown(bytes, end, line, rows.length / (i + 1))
        end += bytes.write(line, end, 'utf8')
        ends[i] = end
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

function grown(bytes: Buffer, used: number, line: string, factor: number): Buffer {
  const need = used + line.length * 3
  const next = Buffer.allocUnsafeSlow(Math.ceil(need * Math.min(factor, 2)) + line.length * 3)
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
