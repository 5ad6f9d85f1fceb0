import Big from 'big.js'
import type { Value } from '../core/row.js'

/** Is the value what the file expects? A number is the same in all its forms, a text only as it is; structures are JSON. */
export function sameValue(expected: unknown, actual: Value): boolean {
  if (expected === null || actual === null) return expected === actual
  if (typeof expected === 'object') return typeof actual === 'string' && sameJson(expected, actual)
  if (Buffer.isBuffer(actual)) return expected === actual.toString('utf8') || expected === actual.toString('base64')
  if (typeof expected === 'boolean' || typeof actual === 'boolean') return expected === actual
  const text = String(actual)
  if (typeof expected === 'string') return expected === text
  try {
    return new Big(String(expected)).eq(text)
  } catch {
    return String(expected) === text
  }
}

function sameJson(expected: object, text: string): boolean {
  try {
    return canonical(expected) === canonical(JSON.parse(text))
  } catch {
    return false
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
