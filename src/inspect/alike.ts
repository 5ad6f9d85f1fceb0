import { distance } from 'fastest-levenshtein'
import type { Table } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import type { Alike } from './api.js'
import { singular, wordsOf } from './names.js'

/** With names that say the same, fewer columns need to. */
const ENOUGH = { named: 0.34, otherwise: 0.6 }
const FEWEST_SHARED = 3

/** Pairs of tables whose columns are much the same: likely two generations of one thing. */
export function alikeTables(tables: readonly Table[]): Alike[] {
  const found: Alike[] = []
  for (const [i, a] of tables.entries()) {
    for (const b of tables.slice(i + 1)) {
      const alike = compare(a, b)
      if (alike !== undefined) found.push(alike)
    }
  }
  return found.sort((a, b) => b.score - a.score)
}

function compare(a: Table, b: Table): Alike | undefined {
  const left = a.columns.filter(({ pseudo }) => pseudo !== true)
  const free = new Set(b.columns.filter(({ pseudo }) => pseudo !== true))
  const all = left.length + free.size
  const shared: string[] = []
  let points = 0
  for (const near of [false, true]) {
    for (const column of left) {
      if (shared.some(text => text.split(' ~ ')[0] === column.name)) continue
      const other = [...free].find(
        candidate =>
          column.type.kind === candidate.type.kind &&
          (near ? isNear(column.name, candidate.name) : squeezed(column.name) === squeezed(candidate.name)),
      )
      if (other === undefined) continue
      free.delete(other)
      points += near ? 0.7 : 1
      shared.push(column.name === other.name ? column.name : `${column.name} ~ ${other.name}`)
    }
  }
  const score = Math.round((points / (all - shared.length)) * 100) / 100
  const enough = sameName(a.table, b.table) ? ENOUGH.named : ENOUGH.otherwise
  if (score < enough || shared.length < FEWEST_SHARED) return undefined
  return { tables: [formatTable(a), formatTable(b)], shared, score }
}

function squeezed(name: string): string {
  return wordsOf(name).join('')
}

/** `session_dt` and `session_date`: all words but the last are the same, and the last ones begin alike; or a slip of the pen. */
function isNear(a: string, b: string): boolean {
  const [x, y] = [wordsOf(a), wordsOf(b)]
  const [lastX = '', lastY = ''] = [x.at(-1), y.at(-1)]
  if (x.length > 1 && x.length === y.length && x.slice(0, -1).join() === y.slice(0, -1).join()) {
    if (lastX[0] === lastY[0] && isWithin(lastX, lastY)) return true
  }
  const [one, two] = [x.join(''), y.join('')]
  return one.length > 5 && distance(one, two) <= 1
}

/** Are the letters of the shorter in the longer, in their order? */
function isWithin(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  let at = 0
  for (const letter of short) {
    at = long.indexOf(letter, at) + 1
    if (at === 0) return false
  }
  return true
}

/** One name says what the other does and more: `sessions` and `training_sessions`. */
function sameName(a: string, b: string): boolean {
  const [x, y] = [wordsOf(a).map(singular), wordsOf(b).map(singular)]
  return x.every(word => y.includes(word)) || y.every(word => x.includes(word))
}
