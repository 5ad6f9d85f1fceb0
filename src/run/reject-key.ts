import type { Value } from '../core/row.js'
import type { LogicalType } from '../core/types.js'
import type { ReadPlan } from '../plan/plan.js'

/** A source key from the text that `keyOf` made of it; undefined where a part of it is null, or it is no key of this plan. */
export function parseKey(read: ReadPlan, text: string): Value[] | undefined {
  const parts = read.key.length === 1 ? [text] : partsOf(text)
  if (parts === undefined || parts.length !== read.key.length) return undefined
  if (parts.some(part => part === '\u0000null')) return undefined
  return parts.map((part, i) => canonicalOf(part, read.columns[read.key[i] ?? -1]?.type ?? { kind: 'any' }))
}

function partsOf(text: string): string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && parsed.every(part => typeof part === 'string') ? parsed : undefined
  } catch {
    return undefined
  }
}

/** The value that a text stands for, in the form of its type; text is the canonical form of most. */
export function canonicalOf(text: string, type: LogicalType): Value {
  switch (type.kind) {
    case 'bytes':
      return text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex') : text
    case 'boolean':
      return /^(t|true|1)$/.test(text) ? true : /^(f|false|0)$/.test(text) ? false : text
    case 'float':
      return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
    case 'integer':
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text
    case 'timestamp':
      return text[10] === ' ' ? `${text.slice(0, 10)}T${text.slice(11)}` : text
    default:
      return text
  }
}
