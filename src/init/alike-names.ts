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
}

const PLURAL = 0.95
const SYNONYM = 0.9
const BEGINNING = 0.85
const SHORTENED = 0.75
const CONTAINED = 0.75
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
  if (a.map(singular).join('') === b.map(singular).join('')) return PLURAL
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  const pairs = bestPairs(short, long)
  const sum = pairs.reduce((total, { score }) => total + score, 0)
  const shared = (2 * sum) / (a.length + b.length)
  const last = alikeWords(short.at(-1) ?? '', long.at(-1) ?? '')
  const contained = pairs.length === short.length && sum / short.length > SYNONYM - 0.01 && last >= SYNONYM
  return rounded(Math.max(shared, contained ? CONTAINED : 0, slip(x, y) * PLURAL))
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

/** `cst` for `customer`: the first letter, and the others in their order, without a vowel that the long word leaves out. */
function isShortened(short: string, long: string): boolean {
  if (short[0] !== long[0] || /[aeiou]/.test(short.slice(1))) return false
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
