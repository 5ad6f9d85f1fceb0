import { createHmac } from 'node:crypto'

/** Alphabets that a letter is replaced within; any other letter becomes a Latin one of its case. */
const ALPHABETS: readonly (readonly [first: number, last: number])[] = [
  [0x61, 0x7a],
  [0x41, 0x5a],
  [0xac00, 0xd7a3],
  [0x4e00, 0x9fa5],
  [0x3041, 0x3093],
  [0x30a1, 0x30f3],
  [0x430, 0x44f],
  [0x410, 0x42f],
]
/** `2024-02-29`, and what may follow of a time. */
const DATE = /^(\d{4})([-/.]?)(\d{2})\2(\d{2})(?:([T ])(\d{2}):(\d{2})(?::(\d{2}))?)?(?!\d)/
const WORDS = new Set(['', 'true', 'false', 'yes', 'no', 'on', 'off'])

/**
 * Replaces texts by others of the same shape: letters by letters, digits by digits, and a date stays one. Equal texts become
 * equal texts. JSON keeps its names. Single characters and words for true and false stay, being no one's.
 *
 * @param salt who knows it can try out what a text was made of
 */
export function masker(salt: string): (text: string) => string {
  return text => masked(text, salt)
}

function masked(text: string, salt: string): string {
  if (text.trim().length <= 1 || WORDS.has(text.trim().toLowerCase())) return text
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(maskedLeaves(JSON.parse(text), salt))
    } catch {
      // No JSON after all.
    }
  }
  const next = numbersOf(salt, text)
  const [date, year, between = '', , , middle, hour, , second] = DATE.exec(text) ?? []
  if (date === undefined) return shaped(text, next)
  const two = (below: number, from = 0): string => String(from + (next() % below)).padStart(2, '0')
  const time = hour === undefined ? '' : `${middle}${two(24)}:${two(60)}${second === undefined ? '' : `:${two(60)}`}`
  return `${year}${between}${two(12, 1)}${between}${two(28, 1)}${time}${text.slice(date.length)}`
}

function maskedLeaves(value: unknown, salt: string): unknown {
  if (typeof value === 'string') return masked(value, salt)
  if (Array.isArray(value)) return value.map(each => maskedLeaves(each, salt))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, maskedLeaves(each, salt)]))
}

function shaped(text: string, next: () => number): string {
  return text.replaceAll(/[\p{L}\p{Nd}]/gu, character => {
    // A number keeps its length: it begins with no zero that it did not have.
    if (/\d/.test(character)) return character === '0' ? '0' : String(1 + (next() % 9))
    if (/\p{Nd}/u.test(character)) return String(next() % 10)
    const code = character.codePointAt(0) ?? 0
    const [first, last] = ALPHABETS.find(([from, to]) => code >= from && code <= to) ??
      (character === character.toLowerCase() ? ALPHABETS[0] : ALPHABETS[1]) ?? [0x61, 0x7a]
    return String.fromCodePoint(first + (next() % (last - first + 1)))
  })
}

/** As many numbers as are asked for, the same ones for the same text. */
function numbersOf(salt: string, text: string): () => number {
  let [block, at] = [Buffer.alloc(0), 0]
  let step = 0
  return () => {
    if (at + 4 > block.length) {
      block = createHmac('sha256', salt).update(`${step++}\n${text}`).digest()
      at = 0
    }
    at += 4
    return block.readUInt32BE(at - 4)
  }
}
