import type { Span } from './tree.js'

/** Deeper documents are refused; an expression at its own limit of 64 still fits. */
export const MAX_DEPTH = 200

/** What the scan lets through can be parsed without running out of stack. */
const SCAN_DEPTH = 500

/**
 * Finds nesting that would exhaust the parser's stack, without parsing: brackets, indentation and `- - -`. It knows no
 * quotes, so it looks only for depths that no text has by accident; the exact limit is checked on the parsed document.
 */
export function tooDeep(text: string): Span | undefined {
  let brackets = 0
  const indents: number[] = []
  let offset = 0
  for (const line of text.split('\n')) {
    const lead = /^[ ]*(?:[-?:] +)*(?:[-?:](?=\r?$))?/.exec(line)?.[0] ?? ''
    if (line.trim() !== '') {
      while (indents.length > 0 && (indents.at(-1) ?? 0) >= lead.search(/[^ ]|$/)) indents.pop()
      for (let i = lead.search(/[^ ]|$/); i < lead.length; i++) if (lead[i] !== ' ') indents.push(i)
      if (lead.length < line.length) indents.push(lead.length)
      if (indents.length > SCAN_DEPTH) return at(offset + lead.length)
    }
    for (let i = lead.length; i < line.length; i++) {
      const char = line[i]
      if (char === '[' || char === '{') brackets += 1
      else if (char === ']' || char === '}') brackets = Math.max(0, brackets - 1)
      if (brackets > SCAN_DEPTH) return at(offset + i)
    }
    offset += line.length + 1
  }
  return undefined
}

const at = (start: number): Span => ({ start, end: start + 1 })
