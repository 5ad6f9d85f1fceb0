import { Cuts } from '../../core/files/cuts.js'
import type { FileHead, FilePosition } from '../../core/files/format.js'
import { InvalidText, type TextFile, textOf } from '../../core/files/text-stream.js'
import type { CsvDialect } from './dialect.js'
import { recordEnds } from './ends.js'
import { LONG } from './records.js'
import { plainDialect } from './split.js'

/** A text of so many bytes lies where young objects do, whose memory is used again; a longer one costs several times more. */
const PIECE = 16 * 1024

/**
 * Ends of records as `csvRecords` comes to them, at several times its pace. What is left to the parser there ends the
 * search here.
 */
export async function csvPositions(
  file: TextFile,
  dialect: CsvDialect,
  head: FileHead,
  wanted: readonly number[],
  signal: AbortSignal,
): Promise<FilePosition[]> {
  const plain = plainDialect(dialect)
  const cuts = new Cuts(wanted)
  let { next } = cuts
  if (plain === undefined || next === Number.POSITIVE_INFINITY) return []
  const skipEmptyLines = head.columns.length > 1
  let { number } = head.start
  /** What has no end yet, and where it begins. */
  let open = ''
  let at = head.start.byte
  let long = false
  const passed = (start: number, end: number): void => {
    long ||= end - start > dialect.maxRecord
    if (long) return
    number++
    if (at + end >= next) next = cuts.take({ byte: at + end, number })
  }
  try {
    for await (const { at: from, bytes } of textOf(file, at, signal, true)) {
      if (open === '') at = from
      for (let i = 0; i < bytes.length; ) {
        // What is gone through again is at most as long as what is new.
        const to = i + Math.max(PIECE, open.length)
        const text = open + bytes.toString('latin1', i, to)
        const { end, strange } = recordEnds(text, plain, skipEmptyLines, passed)
        open = text.slice(end)
        at += end
        i = to
        if (next === Number.POSITIVE_INFINITY || strange || long) return cuts.found
        if (open.length > Math.min(LONG, dialect.maxRecord)) return cuts.found
      }
    }
  } catch (error) {
    // Whoever reads that far says so.
    if (!(error instanceof InvalidText)) throw error
  }
  return cuts.found
}
