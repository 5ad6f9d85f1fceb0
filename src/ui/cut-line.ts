import { printable } from './format.js'
import type { Line, Segment } from './view.js'

/** A line that is safe to show and at most `width` columns wide: what is too much gives way to `ellipsis`. */
export function cutLine(line: Line, width: number, ellipsis: string): Line {
  const shown = line.map(segment => ({ ...segment, text: printable(segment.text) }))
  if (shown.reduce((sum, { text }) => sum + widthOf(text), 0) <= width) return shown
  const cut: Segment[] = []
  let left = width - ellipsis.length
  for (const segment of shown) {
    const text = start(segment.text, left)
    cut.push({ ...segment, text })
    left -= widthOf(text)
    if (text !== segment.text) break
  }
  return [...cut, { text: ellipsis }]
}

/** Scripts and pictures that take two columns. */
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{3ffff}]/u

/** Columns that text takes, never fewer than a terminal uses. */
function widthOf(text: string): number {
  return WIDE.test(text) ? [...text].reduce((sum, character) => sum + cells(character), 0) : [...text].length
}

function cells(character: string): number {
  return WIDE.test(character) ? 2 : 1
}

function start(text: string, width: number): string {
  let left = width
  let end = 0
  for (const character of text) {
    left -= cells(character)
    if (left < 0) break
    end += character.length
  }
  return text.slice(0, end)
}
