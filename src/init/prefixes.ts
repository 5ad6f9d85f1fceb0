import { singular, wordsOf } from '../inspect/names.js'

const MOST = 0.6
const FEWEST = 3

/** The words of each name, and those without what most of the names begin with: `AB_COIL` and `AB_PART` are `coil` and `part`. */
export function withoutCommonPrefix(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const words = names.map(wordsOf)
  const prefix = commonFirst(words)
  return new Map(
    names.map((name, i) => {
      const own = words[i] ?? []
      return [name, own.length > 1 && own[0] === prefix ? own.slice(1) : own]
    }),
  )
}

function commonFirst(all: readonly (readonly string[])[]): string | undefined {
  if (all.length < FEWEST) return undefined
  const counts = new Map<string, number>()
  for (const [first, second] of all)
    if (first !== undefined && second !== undefined) counts.set(first, (counts.get(first) ?? 0) + 1)
  const [word, count] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? ['', 0]
  return count >= FEWEST && count / all.length >= MOST ? word : undefined
}

/** The words of a column without those of its table in front: `CUST_NAME` of `CUSTOMER` is `name`. */
export function withoutTable(column: readonly string[], table: readonly string[]): readonly string[] {
  let at = 0
  for (const word of table) {
    const own = column[at]
    if (own === undefined || at === column.length - 1) break
    if (singular(own) === singular(word) || (own.length >= 3 && word.startsWith(own))) at++
    else if (at > 0) break
  }
  return column.slice(at)
}
