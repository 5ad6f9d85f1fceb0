/// <reference lib="es2024.string" />
import type { Column } from '../../core/catalog.js'
import type { WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { textOfNumber } from '../../core/number-text.js'
import type { Row, Value } from '../../core/row.js'
import { specialCodes, TextBuffer } from '../../core/text-buffer.js'
import type { EncodeRows } from './copy-data.js'

/** Text of a value that is neither null nor text itself; it holds nothing to escape. */
type TextOf = (value: Exclude<Value, null | string>) => string

const [TAB, NEWLINE] = [9, 10]

/** Rows that are written in one call, which costs as much as a few values on their own. */
const TOGETHER = 64
/** A longer value makes no difference, but more memory. */
const LONG = 4096

/** So many rows go value by value before others are tried together, where those before held something to escape. */
const ONE_BY_ONE = 1000

/** Rows in the text format of COPY. */
export function textRows({ columns, mode }: WriteSpec): EncodeRows {
  const texts = columns.map(textOf)
  const numbered = mode !== 'insert'
  const together: string[] = new Array(TOGETHER * Math.max(1, texts.length - (numbered ? 0 : 1)) + 1).fill('')
  let sizeOfRow = 64
  let oneByOne = 0
  return (rows, first) => {
    const ends = new Uint32Array(rows.length)
    const out = new TextBuffer(Math.ceil(sizeOfRow * rows.length) + 1024)
    for (let i = 0; i < rows.length; ) {
      const next = oneByOne > 0 ? i : writeTogether(out, rows, i, first, ends)
      if (next > i) i = next
      else {
        oneByOne = oneByOne > 0 ? oneByOne - 1 : ONE_BY_ONE
        writeRow(out, rows[i] as Row, i, first)
        ends[i++] = out.length
      }
    }
    const bytes = out.take()
    if (rows.length > 0) sizeOfRow = (bytes.length / rows.length) * 1.2
    return { format: 'text', bytes, ends, first }
  }

  /** Rows from `from` on whose values stand for themselves; where the next one is to begin, `from` if there are none. */
  function writeTogether(
    out: TextBuffer,
    rows: readonly Row[],
    from: number,
    first: number,
    ends: Uint32Array,
  ): number {
    const start = out.length
    const to = Math.min(rows.length, from + TOGETHER)
    let cells = 0
    /** The end of a row and the begin of the next one are one cell. */
    let cell = ''
    let length = 0
    /** Special characters that are no value's: those between cells, after rows, and of nulls. */
    let own = 0
    for (let i = from; i < to; i++) {
      const row = rows[i] as Row
      if (numbered) cell += String(first + i)
      for (let c = 0; c < texts.length; c++) {
        const value = row[c] as Value
        let text = '\\N'
        if (typeof value === 'string') {
          if (value.length > LONG) return from
          text = value
        } else if (value === null) own++
        else if (value instanceof Uint8Array) return from
        else text = (texts[c] as TextOf)(value)
        if (c === 0 && !numbered) cell += text
        else {
          length += cell.length + 1
          together[cells++] = cell
          cell = text
        }
      }
      cell += '\n'
      ends[i] = start + length + cell.length
    }
    together[cells++] = cell
    own += cells - 1 + to - from
    const text = (cells < together.length ? together.slice(0, cells) : together).join('\t')
    const ascii = out.write(text) === text.length
    if (out.count(SPECIAL, start) !== own || !(ascii || text.isWellFormed())) {
      out.length = start
      return from
    }
    if (!ascii) for (let i = from, at = start; i < to; i++) ends[i] = at = out.bytes.indexOf(NEWLINE, at) + 1
    return to
  }

  function writeRow(out: TextBuffer, row: Row, index: number, first: number): void {
    if (numbered) out.ascii(`${first + index}\t`)
    for (let c = 0; c < texts.length; c++) {
      if (c > 0) out.byte(TAB)
      const value = row[c] as Value
      if (value === null) out.ascii('\\N')
      else if (typeof value !== 'string') out.ascii((texts[c] as TextOf)(value))
      else if (value.isWellFormed()) out.text(value, SPECIAL, escaped)
      else throw halfPair(index, columns[c])
    }
    out.byte(NEWLINE)
  }
}

function halfPair(row: number, column: Column | undefined): EtlError {
  return new EtlError('E409', 'text holds half of a surrogate pair, which UTF-8 cannot hold', {
    kind: 'row',
    row,
    ...(column === undefined ? {} : { column: column.name }),
  })
}

function textOf({ type }: Column): TextOf {
  switch (type.kind) {
    case 'boolean':
      return value => (value === true ? 't' : value === false ? 'f' : plainText(value))
    case 'float':
      return value => (Object.is(value, -0) ? '-0' : plainText(value))
    default:
      return plainText
  }
}

function plainText(value: Exclude<Value, null | string>): string {
  if (typeof value === 'number') return textOfNumber(value)
  if (!(value instanceof Uint8Array)) return String(value)
  const buffer = Buffer.isBuffer(value) ? value : Buffer.from(value)
  return `\\\\x${buffer.toString('hex')}`
}

const SPECIAL = specialCodes('\\\t\n\r')
const ESCAPED = /[\\\t\n\r]/

export function escaped(text: string): string {
  if (!ESCAPED.test(text)) return text
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
}
