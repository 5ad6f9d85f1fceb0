import type { Column } from '../core/catalog.js'

/** Texts of a key; null stands where the row has no value. */
export type Key = readonly (string | null)[]

/** Negative where `a` comes before `b` as their column orders them; bytes decide where it has no order of its own. */
export function keyComparison(columns: readonly Column[]): (a: Key, b: Key) => number {
  const comparisons = columns.map(({ type }) => (type.kind === 'integer' || type.kind === 'decimal' ? numbers : texts))
  return (a, b) => {
    for (let i = 0; i < comparisons.length; i++) {
      const [left, right] = [a[i] ?? null, b[i] ?? null]
      if (left === right) continue
      if (left === null || right === null) return left === null ? -1 : 1
      const order = (comparisons[i] as typeof texts)(left, right)
      if (order !== 0) return order
    }
    return 0
  }
}

/** By code point, as UTF-8 bytes are. */
function texts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

const INTEGER = /^-?\d+$/

function numbers(a: string, b: string): number {
  if (INTEGER.test(a) && INTEGER.test(b)) {
    const [left, right] = [BigInt(a), BigInt(b)]
    return left < right ? -1 : left > right ? 1 : 0
  }
  return Number(a) - Number(b) || texts(a, b)
}
