import type { Column, Table } from '../core/catalog.js'
import { wordsOf } from '../inspect/names.js'
import { castRefusal } from '../transforms/cast.js'
import { alikeNames, rounded } from './alike-names.js'
import { assign } from './assign.js'
import { withoutCommonPrefix, withoutTable } from './prefixes.js'

export interface ColumnMatch {
  readonly from: Column
  readonly to: Column
  /** 1 where the names say the same. */
  readonly score: number
  /** Both are the key of their table, and the names say nothing. */
  readonly byKey?: true
}

const ENOUGH = 0.7
/** A column of the target that needs a value takes what is left over sooner. */
const NEEDED = 0.5
/** Part of the name was the table's, or every column's. */
const STRIPPED = 0.1

/** Columns of two tables that hold the same, by their names; none twice. */
export function matchColumns(source: Table, target: Table): ColumnMatch[] {
  const from = source.columns.filter(({ pseudo }) => pseudo !== true)
  const to = target.columns.filter(({ pseudo, generated }) => pseudo !== true && generated !== 'stored')
  const [left, right] = [spellings(source, from), spellings(target, to)]
  const found = assign(from.length, to.length, (i, j) => {
    const [a, b] = [from[i] as Column, to[j] as Column]
    const score = bestOf(left[i] ?? [], right[j] ?? [])
    if (score < (isNeeded(b) && a.type.kind === b.type.kind ? NEEDED : ENOUGH)) return 0
    return score < 1 && castRefusal(a.type, b.type) !== undefined && !isZoneOnly(a, b) ? 0 : score
  }).map(({ from: i, to: j, score }): ColumnMatch => ({ from: from[i] as Column, to: to[j] as Column, score }))
  const key = keyPair(source, target, found)
  return key === undefined ? found : [...found, key]
}

/** The target will not take a row without it. */
export function isNeeded({ nullable, hasDefault, generated }: Column): boolean {
  return !nullable && !hasDefault && generated === undefined
}

interface Spelling {
  readonly words: readonly string[]
  readonly stripped: boolean
}

function spellings(table: Table, columns: readonly Column[]): Spelling[][] {
  const short = withoutCommonPrefix(columns.map(({ name }) => name))
  return columns.map(({ name }) => {
    const whole = wordsOf(name)
    const forms = [withoutTable(whole, wordsOf(table.table)), short.get(name) ?? whole]
    const stripped = forms.filter(words => words.length < whole.length).map(words => ({ words, stripped: true }))
    return [{ words: whole, stripped: false }, ...stripped]
  })
}

function bestOf(a: readonly Spelling[], b: readonly Spelling[]): number {
  const scores = a.flatMap(x =>
    b.map(y => alikeNames(x.words, y.words) - (x.stripped ? STRIPPED : 0) - (y.stripped ? STRIPPED : 0)),
  )
  return rounded(Math.max(0, ...scores))
}

/** Clocks without a zone and with one are not cast into each other, but a function says the zone. */
function isZoneOnly(a: Column, b: Column): boolean {
  return (a.type.kind === 'timestamp' || a.type.kind === 'date') && b.type.kind === 'timestamp'
}

function keyPair(source: Table, target: Table, found: readonly ColumnMatch[]): ColumnMatch | undefined {
  const [a, ...moreA] = source.primaryKey
  const [b, ...moreB] = target.primaryKey
  if (moreA.length > 0 || moreB.length > 0) return undefined
  const from = source.columns.find(({ name }) => name === a)
  const to = target.columns.find(({ name }) => name === b)
  if (from === undefined || to === undefined || to.generated === 'always') return undefined
  if (found.some(match => match.from === from || match.to === to)) return undefined
  return castRefusal(from.type, to.type) === undefined ? { from, to, score: ENOUGH, byKey: true } : undefined
}
