import type { ConnectionConfig } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { FileFormat, FileHead, FileRecord } from '../../core/files/format.js'
import { type TextFile, textOf } from '../../core/files/text-stream.js'
import type { Value } from '../../core/row.js'
import type { CsvDialect } from './dialect.js'
import { csvDialect, parserOptions } from './dialect.js'
import { csvPositions } from './positions.js'
import type { CsvRecord } from './records.js'
import { csvRecords } from './records.js'

export function csvFormat(config: ConnectionConfig): FileFormat {
  const dialect = csvDialect(config)
  return {
    type: { kind: 'text' },
    native: 'text',
    head: (file, signal) => readHead(file, dialect, signal),
    records: (file, head, from, wanted, signal) => readRecords(file, dialect, head, from, wanted, signal),
    positions: (file, head, bytes, signal) => csvPositions(file, dialect, head, bytes, signal),
  }
}

async function readHead(file: TextFile, dialect: CsvDialect, signal: AbortSignal): Promise<FileHead> {
  const byte = await skipLines(file, dialect.skipLines, signal)
  if (dialect.columns !== undefined) return { columns: dialect.columns, start: { byte, number: 0 } }
  for await (const { records } of csvRecords(file, dialect, { byte, number: -1 }, true, signal)) {
    const [first] = records
    if (first === undefined) continue
    const unnamed = first.values.findIndex(name => name.trim() === '')
    if (unnamed < 0) return { columns: first.values, start: { byte: first.end, number: 0 } }
    throw noHeader(file, `column ${unnamed + 1} of the header has no name`)
  }
  throw noHeader(file, 'the file has no header')
}

function noHeader(file: TextFile, what: string): EtlError {
  return new EtlError('E523', `${file.name}: ${what}`, {
    kind: 'usage',
    where: file.name,
    hint: 'name the columns yourself: `columns: […]` of the source',
  })
}

/** Where the line after so many begins. */
async function skipLines(file: TextFile, lines: number, signal: AbortSignal): Promise<number> {
  if (lines === 0) return 0
  let left = lines
  let end = 0
  for await (const { at, bytes } of textOf(file, 0, signal)) {
    for (let from = 0; ; ) {
      const line = bytes.indexOf(10, from)
      if (line < 0) break
      from = line + 1
      if (--left === 0) return at + from
    }
    end = at + bytes.length
  }
  return end
}

async function* readRecords(
  file: TextFile,
  dialect: CsvDialect,
  head: FileHead,
  from: FileHead['start'],
  wanted: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<FileRecord[]> {
  const width = head.columns.length
  const indexes = wanted.map(name => head.columns.indexOf(name))
  const all = indexes.length === width && indexes.every((index, i) => index === i)
  const nulls = await nullReader(dialect, width)
  let number = from.number
  for await (const { records, raw } of csvRecords(file, dialect, from, width > 1, signal)) {
    const long = records.findIndex(({ start, end }) => end - start > dialect.maxRecord)
    yield (long < 0 ? records : records.slice(0, long)).map((record): FileRecord => {
      number++
      const { values, end } = record
      if (values.length !== width) {
        const message = `the row has ${fields(values.length)} where the file has ${columns(width)}`
        return { number, end, values: undefined, problem: { code: 'E423', message, text: textOfRecord(raw(record)) } }
      }
      const read: Value[] = values.includes(dialect.null) ? nulls(values, () => raw(record)) : values
      if (all && read.length === width) return { number, end, values: read }
      const found: Value[] = new Array(indexes.length)
      for (let i = 0; i < indexes.length; i++) found[i] = read[indexes[i] as number] ?? null
      return { number, end, values: found }
    })
    if (long >= 0) throw tooLong(file, dialect, number + 1, records[long] as CsvRecord)
  }
}

/** Puts null where its text stands without quotes. */
async function nullReader(
  dialect: CsvDialect,
  width: number,
): Promise<(values: readonly string[], raw: () => Buffer) => Value[]> {
  const { parse } = await import('csv-parse/sync')
  const { quote } = dialect
  const quoted = quote === false ? undefined : Buffer.from(`${quote}${dialect.null}${quote}`)
  const options = {
    ...parserOptions(dialect, width > 1),
    cast: (value: string, { quoting }: { quoting: boolean }) => (!quoting && value === dialect.null ? null : value),
  }
  return (values, raw) => {
    // Whether a value was quoted is asked of the few records only in which it could matter.
    const bytes = quoted === undefined ? undefined : raw()
    if (bytes === undefined || quoted === undefined || !bytes.includes(quoted)) {
      return values.map(value => (value === dialect.null ? null : value))
    }
    return (parse(bytes, options) as unknown as Value[][])[0] ?? []
  }
}

function tooLong(file: TextFile, dialect: CsvDialect, number: number, record: CsvRecord): EtlError {
  return new EtlError(
    'E523',
    `${file.name}: a record is longer than ${dialect.maxRecord} bytes (row ${number}, byte ${record.start})`,
    { where: file.name, hint: 'raise `max_record` of the source' },
  )
}

/** The record as it stands in the file, without line ends around it. */
function textOfRecord(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^[\r\n]+|[\r\n]+$/g, '')
}

function fields(count: number): string {
  return count === 1 ? '1 value' : `${count} values`
}

function columns(count: number): string {
  return count === 1 ? '1 column' : `${count} columns`
}
