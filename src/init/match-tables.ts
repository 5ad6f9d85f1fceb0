import type { Table } from '../core/catalog.js'
import { singular, wordsOf } from '../inspect/names.js'
import { alikeNames, rounded } from './alike-names.js'
import { assign } from './assign.js'
import { withoutCommonPrefix, withoutTable } from './prefixes.js'

export interface TableMatch {
  readonly from: Table
  readonly to: Table
  /** 1 where the names say the same. */
  readonly score: number
}

const ENOUGH = 0.55
const NAMED = 0.5
const NAME_SHARE = 0.7
/** Tables whose names say nothing need as many columns of one name, and as large a share of them. */
const SHARED = 4
const SHARE = 0.6

/** Tables of both sides that hold the same, by their names and those of their columns; none twice. */
export function matchTables(source: readonly Table[], target: readonly Table[]): TableMatch[] {
  const [left, right] = [facts(source), facts(target)]
  return assign(source.length, target.length, (i, j) => score(left[i] as Facts, right[j] as Facts)).map(
    ({ from, to, score: points }) => ({ from: source[from] as Table, to: target[to] as Table, score: points }),
  )
}

interface Facts {
  readonly words: readonly string[]
  readonly short: readonly string[]
  readonly columns: ReadonlySet<string>
}

function facts(tables: readonly Table[]): Facts[] {
  const short = withoutCommonPrefix(tables.map(({ table }) => table))
  return tables.map(({ table, columns }) => {
    const words = once(wordsOf(table))
    const own = columns.filter(({ pseudo }) => pseudo !== true)
    return {
      words,
      short: once(short.get(table) ?? words),
      columns: new Set(own.map(({ name }) => withoutTable(wordsOf(name), wordsOf(table)).join(''))),
    }
  })
}

/** `clients_client` says one thing twice. */
function once(words: readonly string[]): string[] {
  return words.filter((word, i) => !words.slice(i + 1).some(later => singular(later) === singular(word)))
}

function score(a: Facts, b: Facts): number {
  const whole = alikeNames(a.words, b.words)
  if (whole === 1) return 1
  const name = Math.max(whole, alikeNames(a.short, b.short) - 0.05)
  const shared = [...a.columns].filter(column => b.columns.has(column)).length
  const overlap = (2 * shared) / Math.max(1, a.columns.size + b.columns.size)
  const byColumns = shared >= SHARED && overlap >= SHARE ? overlap : 0
  const byName = name >= NAMED ? name * NAME_SHARE + overlap * (1 - NAME_SHARE) : 0
  const best = rounded(Math.min(0.99, Math.max(byColumns, byName)))
  return best < ENOUGH ? 0 : best
}
