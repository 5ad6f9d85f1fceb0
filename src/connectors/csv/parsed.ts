import type { CsvError, Parser } from 'csv-parse'
import { EtlError } from '../../core/errors.js'
import type { FilePosition } from '../../core/files/format.js'
import { InvalidText, type TextChunk, type TextFile } from '../../core/files/text-stream.js'
import { TextWindow } from '../../core/files/text-window.js'
import type { CsvDialect } from './dialect.js'
import { parserOptions } from './dialect.js'
import { openQuote } from './open-quote.js'
import type { CsvRecord, CsvRecords } from './records.js'

/** The same as {@link csvRecords} of a text of any dialect, a chunk at a time. */
export async function* parsedRecords(
  chunks: AsyncIterable<TextChunk>,
  file: TextFile,
  dialect: CsvDialect,
  from: FilePosition,
  skipEmptyLines: boolean,
): AsyncGenerator<CsvRecords> {
  const { Parser } = await import('csv-parse')
  const window = new TextWindow()
  let found: CsvRecord[] = []
  let start = from.byte
  let number = from.number
  // The parser counts from its own first byte, which is after a byte order mark.
  let base: number | undefined
  const parser: Parser = new Parser({
    ...parserOptions(dialect, skipEmptyLines),
    on_record: (values: string[], { bytes }: { bytes: number }) => {
      const end = (base ?? from.byte) + bytes
      found.push({ values, start, end })
      start = end
      return null
    },
  })
  parser.on('error', () => undefined)
  const taken = (): CsvRecords => {
    const records = found
    found = []
    number += records.length
    return { records, raw: record => window.slice(record.start, record.end) }
  }
  const wrong = (error: unknown): unknown =>
    malformed(error, file, dialect, number + 1, window.slice(start, window.end), start)
  try {
    for await (const chunk of chunks) {
      base ??= chunk.at
      start = Math.max(start, base)
      window.add(chunk)
      const failure = await write(parser, chunk.bytes)
      if (found.length > 0) yield taken()
      if (failure !== undefined) throw wrong(failure)
      window.drop(start)
      if (window.end - start > dialect.maxRecord) throw wrong(undefined)
    }
  } catch (error) {
    if (!(error instanceof InvalidText)) throw error
    // The parser looks ahead: what ends right before the bad bytes must still come out.
    await write(parser, Buffer.from('xxxxxxxx'))
    if (found.length > 0) yield taken()
    throw error
  }
  const failure = await end(parser)
  if (found.length > 0) yield taken()
  if (failure !== undefined) throw wrong(failure)
}

function write(parser: Parser, bytes: Buffer): Promise<Error | undefined> {
  return new Promise(resolve => {
    parser.write(bytes, error => resolve(error ?? undefined))
  })
}

function end(parser: Parser): Promise<Error | undefined> {
  return new Promise(resolve => {
    parser.once('end', () => resolve(undefined))
    parser.once('error', resolve)
    parser.resume()
    parser.end()
  })
}

/** @param error undefined where the record is too long */
function malformed(
  error: unknown,
  file: TextFile,
  dialect: CsvDialect,
  number: number,
  record: Buffer,
  at: number,
): unknown {
  const code = (error as CsvError | undefined)?.code as string | undefined
  const quote = openQuote(record, dialect)
  const place = `row ${number}, byte ${at + (quote ?? 0)}`
  const fail = (message: string, hint: string): EtlError =>
    new EtlError('E523', `${file.name}: ${message}`, {
      where: file.name,
      hint,
      ...(error === undefined ? {} : { cause: error }),
    })
  const write = 'a quote within quotes is written twice; where quotes are ordinary characters set `quote: false`'
  if (error === undefined) {
    const where = quote === undefined ? place : `${place}, where a quote is opened`
    return fail(
      `a record is longer than ${dialect.maxRecord} bytes (${where})`,
      quote === undefined ? 'raise `max_record` of the source' : 'close the quote, or raise `max_record` of the source',
    )
  }
  if (code === 'CSV_QUOTE_NOT_CLOSED') return fail(`a quote is never closed (${place})`, write)
  if (code === 'CSV_INVALID_CLOSING_QUOTE') return fail(`text follows a closing quote (${place})`, write)
  if (code === 'INVALID_OPENING_QUOTE') return fail(`a quote stands within an unquoted value (${place})`, write)
  return error
}
