import type { CsvDialect } from './dialect.js'

/**
 * Index of the quote at which the text stops making sense: the one never closed, the one closed in the middle of a
 * value, or the one within an unquoted value. Undefined where every quote is right.
 */
export function openQuote(text: Buffer, dialect: CsvDialect): number | undefined {
  if (dialect.quote === false) return undefined
  const quote = dialect.quote.charCodeAt(0)
  const escaper = dialect.escape.charCodeAt(0)
  const delimiter = Buffer.from(dialect.delimiter)
  const ends = (at: number): number => {
    if (text[at] === 10 || text[at] === 13) return 1
    return text.subarray(at, at + delimiter.length).equals(delimiter) ? delimiter.length : 0
  }
  let at = 0
  let fresh = true
  while (at < text.length) {
    if (text[at] !== quote) {
      const length = ends(at)
      fresh = length > 0
      at += Math.max(1, length)
      continue
    }
    if (!fresh) return at
    const opened = at++
    for (;;) {
      if (at >= text.length) return opened
      const escaped =
        text[at] === escaper && (text[at + 1] === quote || (escaper !== quote && text[at + 1] === escaper))
      if (escaped) at += 2
      else if (text[at] === quote) break
      else at++
    }
    at++
    if (at < text.length && ends(at) === 0) return opened
    fresh = false
  }
  return undefined
}
