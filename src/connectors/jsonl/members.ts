import type { Value } from '../../core/row.js'

/** Why a line is not a row. */
export class NotAnObject extends Error {}

const SPACES: ReadonlySet<number> = new Set([9, 10, 13, 32])
const AFTER_SCALAR = /[\s,}]/g
const PLAIN_INTEGER = /^-?(?:0|[1-9]\d*)$/

/**
 * Members of the one object that a line holds, in order. Numbers keep all their digits, and what is nested stays the
 * text it is.
 *
 * @throws NotAnObject where it holds anything else, or two members of one name
 */
export function membersOf(line: string): Map<string, Value> {
  try {
    const parsed: unknown = JSON.parse(line)
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      throw new NotAnObject('the line is not a JSON object')
    }
  } catch (error) {
    if (error instanceof NotAnObject) throw error
    throw new NotAnObject('the line is not valid JSON')
  }
  return scan(line)
}

/** The line is valid JSON: only where a value ends has to be found. */
function scan(text: string): Map<string, Value> {
  const members = new Map<string, Value>()
  let at = skip(text, 0) + 1
  for (;;) {
    at = skip(text, at)
    if (text[at] === '}') return members
    if (text[at] === ',') at = skip(text, at + 1)
    const nameEnd = stringEnd(text, at)
    const key = textValue(text.slice(at, nameEnd))
    at = skip(text, skip(text, nameEnd) + 1)
    const end = endOf(text, at)
    if (members.has(key)) throw new NotAnObject('two members have the same name')
    members.set(key, memberValue(text.slice(at, end)))
    at = end
  }
}

function memberValue(text: string): Value {
  switch (text[0]) {
    case '"':
      return textValue(text)
    case '{':
    case '[':
      return text
    case 't':
      return true
    case 'f':
      return false
    case 'n':
      return null
  }
  if (!PLAIN_INTEGER.test(text) || text === '-0') return text
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

function endOf(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return stringEnd(text, from)
  if (first !== '{' && first !== '[') return scalarEnd(text, from)
  let depth = 0
  let at = from
  for (;;) {
    const character = text[at]
    if (character === '"') {
      at = stringEnd(text, at)
      continue
    }
    at++
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') {
      depth--
      if (depth === 0) return at
    }
  }
}

function textValue(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
}

function scalarEnd(text: string, from: number): number {
  AFTER_SCALAR.lastIndex = from
  return AFTER_SCALAR.exec(text)?.index ?? text.length
}

/** A pattern would run out of stack on a value of megabytes. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    at = text.indexOf('"', at)
    let back = at - 1
    while (text[back] === '\\') back--
    if ((at - back) % 2 === 1) return at + 1
  }
}

function skip(text: string, from: number): number {
  let at = from
  while (SPACES.has(text.charCodeAt(at))) at++
  return at
}
