import { Cuts } from '../../core/files/cuts.js'
import type { FileHead, FilePosition } from '../../core/files/format.js'
import { InvalidText, type TextFile, textOf } from '../../core/files/text-stream.js'
import { BLANKS, NEWLINE } from './lines.js'

/** Ends of lines that hold something, as `linesOf` comes to them; none from a line on that is too long. */
export async function jsonlPositions(
  file: TextFile,
  head: FileHead,
  maxRecord: number,
  wanted: readonly number[],
  signal: AbortSignal,
): Promise<FilePosition[]> {
  const cuts = new Cuts(wanted)
  let { next } = cuts
  if (next === Number.POSITIVE_INFINITY) return []
  let { number } = head.start
  /** Of the line whose end is not read yet: its bytes so far, and whether they are all blank. */
  let open = 0
  let blank = true
  try {
    for await (const { at, bytes } of textOf(file, head.start.byte, signal, true)) {
      let begin = 0
      for (;;) {
        const newline = bytes.indexOf(NEWLINE, begin)
        if (newline < 0) break
        if (open + newline - begin > maxRecord) return cuts.found
        number++
        const end = at + newline + 1
        if (end >= next && !(blank && isBlank(bytes, begin, newline))) next = cuts.take({ byte: end, number })
        if (next === Number.POSITIVE_INFINITY) return cuts.found
        begin = newline + 1
        open = 0
        blank = true
      }
      open += bytes.length - begin
      blank &&= isBlank(bytes, begin, bytes.length)
      if (open > maxRecord) break
    }
  } catch (error) {
    // Whoever reads that far says so.
    if (!(error instanceof InvalidText)) throw error
  }
  return cuts.found
}

function isBlank(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!BLANKS.has(bytes[i] as number)) return false
  return true
}
