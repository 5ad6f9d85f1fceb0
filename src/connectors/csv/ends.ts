import type { Plain, Split } from './split.js'

const [NEWLINE, RETURN] = [10, 13]

/**
 * Where the records end that the splitter would cut, at several times its pace: no value is made, and what matters is
 * looked for many characters at a time.
 *
 * @param text bytes of UTF-8 that begin with a record, each one character: to look for one has less to do beforehand in a
 * text than in bytes
 * @param found told of each record: where it begins and ends
 */
export function recordEnds(
  text: string,
  { delimiter, quote, mark }: Plain,
  skipEmptyLines: boolean,
  found: (start: number, end: number) => void,
): Pick<Split, 'end' | 'strange'> {
  const { length } = text
  const next = (character: string, from: number): number => {
    const at = character === '' ? -1 : text.indexOf(character, from)
    return at < 0 ? length : at
  }
  /** The next of each; behind `i` it is to be looked for anew. */
  let [newline, back, quoted] = [-1, -1, -1]
  /** The record, what is left of it behind empty lines, and how far it is read. */
  let [start, begin, i] = [0, 0, 0]
  for (;;) {
    if (newline < i) newline = next('\n', i)
    if (back < i) back = next('\r', i)
    if (quoted < i) quoted = next(mark, i)
    const end = Math.min(newline, back)
    if (quoted < end) {
      if (quoted !== begin && text.charCodeAt(quoted - 1) !== delimiter) return { end: start, strange: true }
      i = quoted + 1
      for (;;) {
        i = next(mark, i) + 1
        if (i >= length) return { end: start, strange: false }
        if (text.charCodeAt(i) !== quote) break
        i++
      }
      const ending = text.charCodeAt(i)
      if (ending !== delimiter && ending !== NEWLINE && ending !== RETURN) return { end: start, strange: true }
      continue
    }
    // Whether a line feed follows the return, the next stretch says.
    if (end === length || (end === back && end + 1 === length)) return { end: start, strange: false }
    i = end === back && newline === end + 1 ? end + 2 : end + 1
    if (end !== begin || !skipEmptyLines) {
      found(start, i)
      start = i
    }
    begin = i
  }
}
