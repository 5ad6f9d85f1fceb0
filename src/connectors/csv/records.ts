import type { FilePosition } from '../../core/files/format.js'
import { type TextChunk, type TextFile, textOf } from '../../core/files/text-stream.js'
import type { CsvDialect } from './dialect.js'
import { parsedRecords } from './parsed.js'
import { plainSplitter } from './split.js'

export interface CsvRecord {
  readonly values: string[]
  readonly start: number
  readonly end: number
}

/** Records of one stretch of the text, and the bytes they were. */
export interface CsvRecords {
  readonly records: readonly CsvRecord[]
  readonly raw: (record: CsvRecord) => Buffer
}

/** A record of so many bytes is gone through again with each chunk, so it is left to the parser, which goes on where it stopped. */
export const LONG = 1 << 20

/**
 * Cuts a text into records and values. From the first record on that is not plain, and for what the last line end leaves,
 * it is the parser that does.
 *
 * @param skipEmptyLines false where an empty line is a record: in files of one column
 * @throws EtlError E523 where quotes are wrong or a record is too long
 */
export async function* csvRecords(
  file: TextFile,
  dialect: CsvDialect,
  from: FilePosition,
  skipEmptyLines: boolean,
  signal: AbortSignal,
): AsyncGenerator<CsvRecords> {
  const split = plainSplitter(dialect, skipEmptyLines)
  const chunks = textOf(file, from.byte, signal)
  if (split === undefined) {
    yield* parsedRecords(chunks, file, dialect, from, skipEmptyLines)
    return
  }
  let rest: TextChunk = { at: from.byte, bytes: Buffer.alloc(0) }
  let { number } = from
  try {
    let next = chunks.next()
    for (;;) {
      const chunk = await next.then(
        ({ value }) => value,
        () => undefined,
      )
      // The end, or what is wrong with the text, is for the parser to say.
      if (!chunk) break
      const { at, bytes } = joined(rest, chunk)
      const { records, end, strange } = split(bytes, at)
      if (records.length > 0) yield { records, raw: record => bytes.subarray(record.start - at, record.end - at) }
      number += records.length
      rest = { at: end, bytes: bytes.subarray(end - at) }
      next = chunks.next()
      if (strange || rest.bytes.length > Math.min(LONG, dialect.maxRecord)) break
    }
    yield* parsedRecords(following(rest, next, chunks), file, dialect, { byte: rest.at, number }, skipEmptyLines)
  } finally {
    await chunks.return()
  }
}

function joined(rest: TextChunk, chunk: TextChunk): TextChunk {
  return rest.bytes.length === 0 ? chunk : { at: rest.at, bytes: Buffer.concat([rest.bytes, chunk.bytes]) }
}

async function* following(
  rest: TextChunk,
  next: Promise<IteratorResult<TextChunk, void>>,
  more: AsyncGenerator<TextChunk, void>,
): AsyncGenerator<TextChunk> {
  if (rest.bytes.length > 0) yield rest
  const { value, done } = await next
  if (done === true) return
  yield value
  yield* more
}
