import type { Encoder } from '../core/connector.js'
import { textOfType } from '../core/files/value-text.js'
import type { Row, Value } from '../core/row.js'
import { TextBuffer } from '../core/text-buffer.js'
import type { LogicalType } from '../core/types.js'
import { type Canonical, canonicalOf } from '../transforms/canonical.js'

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

const NULL = '\u0001'
const LINE_FEED = 10
/** The line feed is the last of the codes that no text holds as they are. */
const SPECIAL_BELOW = LINE_FEED + 1
/** Rows that are written in one call, which costs as much as a few values on their own. */
const TOGETHER = 64
/** Characters from which on no more rows are joined: large ones are written one by one. */
const JOINED = 16_384
/** So many rows are written one by one before others are joined again, where those before held something to escape. */
const ONE_BY_ONE = 1000

/** An encoder of rows that are to be compared: equal rows are equal bytes, whoever read them. */
export function canonicalEncoder(spec: CanonicalSpec): Encoder {
  const columns = columnsOf(spec)
  const lineOf = canonicalLine(spec)
  const cells: string[] = []
  let sizeOfRow = 64
  let oneByOne = 0
  return {
    encode: rows => {
      const ends = new Uint32Array(rows.length)
      const out = new TextBuffer(Math.ceil(sizeOfRow * rows.length) + 1024)
      for (let i = 0; i < rows.length; ) {
        const next = oneByOne > 0 ? i : writeTogether(out, rows, i, ends)
        if (next > i) i = next
        else {
          oneByOne = oneByOne > 0 ? oneByOne - 1 : ONE_BY_ONE
          out.write(lineOf(rows[i] as Row))
          ends[i++] = out.length
        }
      }
      const bytes = out.take()
      if (rows.length > 0) sizeOfRow = (bytes.length / rows.length) * 1.2
      return { rows: rows.length, bytes: bytes.length, data: { bytes, ends } satisfies CanonicalData }
    },
  }

  /** Rows from `from` on whose texts stand for themselves; where the next one is to begin, `from` if there are none. */
  function writeTogether(out: TextBuffer, rows: readonly Row[], from: number, ends: Uint32Array): number {
    const start = out.length
    const most = Math.min(rows.length, from + TOGETHER)
    /** Special codes that are no text's: those between cells, after rows, and of nulls. */
    let own = 0
    let length = 0
    /** The end of a row and the begin of the next one are one cell. */
    let cell = ''
    let used = 0
    let to = from
    for (; to < most && length < JOINED; to++) {
      const row = rows[to] as Row
      for (let c = 0; c < columns.length; c++) {
        const { index, text, asIs } = columns[c] as CanonicalColumn
        const value = row[index] as Value
        let shown = NULL
        if (value === null) own++
        else shown = asIs && typeof value === 'string' ? value : text(value)
        if (c === 0) cell += shown
        else {
          length += cell.length + 1
          cells[used++] = cell
          cell = shown
        }
      }
      cell += '\n'
      ends[to] = start + length + cell.length
    }
    cells[used++] = cell
    own += used - 1 + to - from
    cells.length = used
    const text = cells.join('\t')
    const ascii = out.write(text) === text.length
    if (text.includes('\\') || out.countBelow(SPECIAL_BELOW, start) !== own) {
      out.length = start
      return from
    }
    if (!ascii) for (let i = from, at = start; i < to; i++) ends[i] = at = out.bytes.indexOf(LINE_FEED, at) + 1
    return to
  }
}

interface CanonicalColumn {
  readonly index: number
  readonly text: Canonical
  /** Any text is its own canonical text. */
  readonly asIs: boolean
}

function columnsOf(spec: CanonicalSpec): CanonicalColumn[] {
  return spec.columns.map(({ index, type, signedZero, textOnly }) => ({
    index,
    text: textOnly === true && type.kind === 'any' ? textOfType(type) : canonicalOf(type, signedZero),
    asIs: type.kind === 'date' || (type.kind === 'text' && type.fixed !== true),
  }))
}

/** The line of a row. */
export function canonicalLine(spec: CanonicalSpec): (row: Row) => string {
  const columns = columnsOf(spec)
  return row => {
    let line = ''
    for (let c = 0; c < columns.length; c++) {
      const { index, text } = columns[c] as CanonicalColumn
      const value = row[index] as Value
      if (c > 0) line += '\t'
      line += value === null ? NULL : escaped(text(value))
    }
    return `${line}\n`
  }
}

const ESCAPED = /[\\\t\n]/

function escaped(text: string): string {
  if (!ESCAPED.test(text) && !text.includes(NULL)) return text
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll(NULL, '\\0')
}

/** The canonical texts of a line. */
export function textsOf(line: Buffer): (string | null)[] {
  return line
    .toString('utf8', 0, line.length - 1)
    .split('\t')
    .map(text => (text === NULL ? null : text.includes('\\') ? unescaped(text) : text))
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\': '\\', t: '\t', n: '\n', 0: NULL }

function unescaped(text: string): string {
  return text.replace(/\\([\\tn0])/g, (_, letter: string) => UNESCAPED[letter] ?? letter)
}
