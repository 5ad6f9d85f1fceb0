import { notUnderstood } from '../ora-error.js'

export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'bind' | 'sign' | 'end'
  /** Words in upper case, quoted names and texts without their quotes. */
  readonly text: string
  readonly at: number
}

const PATTERN =
  /(?<space>\s+|--[^\n]*|\/\*[\s\S]*?\*\/)|(?<text>[nN]?'(?:[^']|'')*')|(?<name>"[^"]+")|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?)|(?<bind>:\s*(?:"[^"]+"|\w+))|(?<word>[\p{L}_][\p{L}\p{N}_$#]*)|(?<sign>\|\||<=|>=|<>|!=|\^=|=>|[-+*/=<>(),.;@%])/uy

/** Splits a statement; a piece it does not know is refused. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = []
  PATTERN.lastIndex = 0
  while (PATTERN.lastIndex < sql.length) {
    const at = PATTERN.lastIndex
    const match = PATTERN.exec(sql)
    if (match === null) throw notUnderstood(sql.slice(at, at + 60))
    const found = match.groups ?? {}
    if (found.space !== undefined) continue
    if (found.text !== undefined) {
      tokens.push({ kind: 'text', text: found.text.replace(/^[nN]/, '').slice(1, -1).replaceAll("''", "'"), at })
    } else if (found.name !== undefined) tokens.push({ kind: 'name', text: found.name.slice(1, -1), at })
    else if (found.number !== undefined) tokens.push({ kind: 'number', text: found.number, at })
    else if (found.bind !== undefined) tokens.push({ kind: 'bind', text: found.bind.slice(1).trim(), at })
    else if (found.word !== undefined) tokens.push({ kind: 'word', text: found.word.toUpperCase(), at })
    else tokens.push({ kind: 'sign', text: found.sign ?? '', at })
  }
  tokens.push({ kind: 'end', text: '', at: sql.length })
  return tokens
}
