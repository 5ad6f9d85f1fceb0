import { RowError } from '../core/errors.js'

/** JSON text of values, arrays and plain objects; 64-bit integers keep their digits. E414 for what JSON cannot hold. */
export function jsonText(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (typeof value === 'object' && !Buffer.isBuffer(value)) {
    const parts = Object.entries(value as object).map(([key, part]) => `${JSON.stringify(key)}:${jsonText(part)}`)
    return `{${parts.join(',')}}`
  }
  throw new RowError('E414', 'JSON cannot hold the value')
}

/** Stands in front of the digits of a number while the rest of the document goes through JSON.parse. */
const NUMBER = '\ue000'
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const MARKED = /"\ue000([^"]*)"/g

/** A JSON document whose numbers kept their digits. Undefined where the text is no JSON. */
export function readJson(text: string): unknown {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  if (text.includes(NUMBER)) throw new RowError('E413', 'the JSON text holds the private character U+E000')
  return JSON.parse(text.replace(TOKENS, token => (token.startsWith('"') ? token : `"${NUMBER}${token}"`)))
}

/** The digits of a number of {@link readJson}; undefined for anything else. */
export function numberOf(part: unknown): string | undefined {
  return typeof part === 'string' && part.startsWith(NUMBER) ? part.slice(1) : undefined
}

/** JSON text of a part of {@link readJson}. */
export function writeJson(part: unknown): string {
  return JSON.stringify(part).replace(MARKED, '$1')
}
