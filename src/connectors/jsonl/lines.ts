import { EtlError } from '../../core/errors.js'
import type { FilePosition } from '../../core/files/format.js'
import { InvalidText, type TextFile, textOf } from '../../core/files/text-stream.js'

export const NEWLINE = 10
/** Tab, carriage return, space: a line of nothing else is none. */
export const BLANKS: ReadonlySet<number> = new Set([9, 13, 32])

export interface Line {
  readonly text: string
  /** 1-based. */
  readonly number: number
  /** Where the next line begins. */
  readonly end: number
}

/**
 * Lines that hold something, those of a chunk at a time.
 *
 * @throws EtlError E523 where a line is too long
 */
export async function* linesOf(
  file: TextFile,
  from: FilePosition,
  maxRecord: number,
  signal: AbortSignal,
): AsyncGenerator<Line[]> {
  let { number } = from
  let start = from.byte
  /** The beginning of a line whose end is not read yet. */
  let open: Buffer[] = []
  let openBytes = 0
  let lines: Line[] = []
  const close = (rest: Buffer, end: number): void => {
    number++
    openBytes += rest.length
    check()
    const text = (open.length === 0 ? rest : Buffer.concat([...open, rest])).toString('utf8')
    if (/[^\t\r ]/.test(text)) lines.push({ text, number, end })
    open = []
    openBytes = 0
    start = end
  }
  const check = (): void => {
    if (openBytes <= maxRecord) return
    throw new EtlError(
      'E523',
      `${file.name}: a line is longer than ${maxRecord} bytes (row ${number + (open.length === 0 ? 0 : 1)}, byte ${start})`,
      { where: file.name, hint: 'raise `max_record` of the source' },
    )
  }
  try {
    for await (const { at, bytes } of textOf(file, from.byte, signal)) {
      if (open.length === 0) start = Math.max(start, at)
      let begin = 0
      for (;;) {
        const newline = bytes.indexOf(NEWLINE, begin)
        if (newline < 0) break
        close(bytes.subarray(begin, newline), at + newline + 1)
        begin = newline + 1
      }
      if (begin < bytes.length) {
        open.push(bytes.subarray(begin))
        openBytes += bytes.length - begin
        check()
      }
      if (lines.length > 0) yield lines
      lines = []
    }
  } catch (error) {
    // What comes before the place at fault is good: it goes first.
    if (lines.length > 0) yield lines
    if (error instanceof InvalidText) error.number = number + 1
    throw error
  }
  if (openBytes > 0) close(Buffer.alloc(0), start + openBytes)
  if (lines.length > 0) yield lines
}
