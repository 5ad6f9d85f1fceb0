import { distance } from 'fastest-levenshtein'
import { singular, wordsOf } from '../inspect/names.js'

/** Words that legacy schemas shorten in ways that letters alone do not tell. */
const SAME: Readonly<Record<string, string>> = {
  nr: 'number',
  no: 'number',
  num: 'number',
  dt: 'date',
  ts: 'timestamp',
  cd: 'code',
  nm: 'name',
  desc: 'description',
  qty: 'quantity',
  amt: 'amount',
  tel: 'phone',
  telephone: 'phone',
  mail: 'email',
  zip: 'postal',
  postcode: 'postal',
  pk: 'id',
  fname: 'firstname',
  lname: 'lastname',
  surname: 'lastname',
  sex: 'gender',
  dob: 'birthdate',
  kind: 'type',
  state: 'status',
  params: 'parameters',
}

/** Words that only say what sort of column it is. */
const NOISE = new Set(['at', 'on', 'is', 'has', 'of', 'the', 'flg', 'flag', 'ind', 'cd'])

const PLURAL = 0.95
const SYNONYM = 0.9
const BEGINNING = 0.85
const SHORTENED = 0.75
/** One name says all that the other does, and more: at its end, or in front. */
const CONTAINED = { last: 0.75, first: 0.7 }
const SURE = 0.84
/** Shorter words differ too easily in one letter. */
const SLIP_FROM = 5
const SLIP = 0.75

/**
 * How much two names say the same, from 0 to 1; 1 where only case and word breaks differ: `TrainerID` and `trainer_id`.
 * Numbers at the end must agree.
 */
export function alikeNames(a: readonly string[], b: readonly string[]): number {
  const [x, y] = [a.join(''), b.join('')]
  if (x === '' || y === '') return 0
  if (x === y) return 1
  if (numberOf(x) !== numberOf(y) && numberOf(x) !== '' && numberOf(y) !== '') return 0
  const [plainA, plainB] = [plain(a), plain(b)]
  if (plainA.map(singular).join('') === plainB.map(singular).join('')) return PLURAL
  const [short, long] = plainA.length <= plainB.length ? [plainA, plainB] : [plainB, plainA]
  const pairs = bestPairs(short, long)
  const sum = pairs.reduce((total, { score }) => total + score, 0)
  const shared = (2 * sum) / (short.length + long.length)
  const all = pairs.length === short.length ? sum / short.length : 0
  const isWhole = plainA.join('') === x && plainB.join('') === y
  const isOneWord = a.length === 1 || b.length === 1
  return rounded(Math.max(shared, contained(short, long, all, isWhole), isOneWord ? slip(x, y) * PLURAL : 0))
}

function plain(words: readonly string[]): readonly string[] {
  const own = words.flatMap(word => word.match(/\d+|\D+/g) ?? []).filter(word => !NOISE.has(word))
  return own.length === 0 ? words : own
}

/** @param isWhole no word was left out: `created_by` does not contain `created_at` */
function contained(short: readonly string[], long: readonly string[], all: number, isWhole: boolean): number {
  if (all < SURE) return 0
  if (alikeWords(short.at(-1) ?? '', long.at(-1) ?? '') >= SURE) return CONTAINED.last
  return isWhole && alikeWords(short[0] ?? '', long[0] ?? '') >= SURE ? CONTAINED.first : 0
}

/** {@link alikeNames} of names as they are written. */
export function alikeTexts(a: string, b: string): number {
  return alikeNames(wordsOf(a), wordsOf(b))
}

export function rounded(score: number): number {
  return Math.round(score * 100) / 100
}

function alikeWords(a: string, b: string): number {
  if (a === b) return 1
  if (singular(a) === singular(b)) return PLURAL
  if ((SAME[a] ?? a) === (SAME[b] ?? b)) return SYNONYM
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  if (short.length >= 3 && long.startsWith(short)) return BEGINNING
  if (short.length >= 2 && short.length < long.length - 1 && isShortened(short, long)) return SHORTENED
  return slip(a, b)
}

function bestPairs(short: readonly string[], long: readonly string[]): { readonly score: number }[] {
  const free = [...long]
  return short.flatMap(word => {
    const scores = free.map(other => alikeWords(word, other))
    const score = Math.max(0, ...scores)
    if (score === 0) return []
    free.splice(scores.indexOf(score), 1)
    return [{ score }]
  })
}

/** `cst` for `customer`, `recv` for `received`: the first letter, and the others in their order; a short one is all consonants. */
function isShortened(short: string, long: string): boolean {
  if (short[0] !== long[0] || (short.length < 4 && /[aeiou]/.test(short.slice(1)))) return false
  let at = 0
  for (const letter of short) {
    at = long.indexOf(letter, at) + 1
    if (at === 0) return false
  }
  return true
}

function slip(a: string, b: string): number {
  const longer = Math.max(a.length, b.length)
  if (Math.min(a.length, b.length) < SLIP_FROM) return 0
  const score = 1 - distance(a, b) / longer
  return score >= SLIP ? score : 0
}

function numberOf(text: string): string {
  return /\d*$/.exec(text)?.[0] ?? ''
}
