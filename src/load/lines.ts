import type { Position } from '../core/diagnostics.js'
import type { Span } from './tree.js'

/** Turns offsets into lines and columns, both from 1; a span is cut at the end of its first line. */
export function lineIndex(text: string): (span: Span) => Position {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return ({ start, end }) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= start) low = middle
      else high = middle - 1
    }
    const lineStart = starts[low] ?? 0
    let lineEnd = starts[low + 1] === undefined ? text.length : (starts[low + 1] ?? 0) - 1
    if (text[lineEnd - 1] === '\r') lineEnd -= 1
    return { line: low + 1, column: start - lineStart + 1, length: Math.max(1, Math.min(end, lineEnd) - start) }
  }
}
