import { createRequire } from 'node:module'
import { RowError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { codePointIndex, textOf } from '../text-value.js'

interface NameParts {
  readonly title: string
  readonly first: string
  readonly middle: string
  readonly last: string
  readonly suffix: string
}

interface Parser {
  parseName(name: string): Partial<Record<'salutation' | 'firstName' | 'middleName' | 'lastName' | 'suffix', string>>
}

let parser: Parser | undefined

const CJK = /\p{Script=Hangul}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u

type CjkRule = 'last_is_all' | 'first_is_all' | 'family_first'

function partsOf(name: string, cjk: CjkRule): NameParts {
  const text = name.trim().replace(/\s+/g, ' ')
  const none = { title: '', first: '', middle: '', last: '', suffix: '' }
  if (CJK.test(text)) {
    const space = text.indexOf(' ')
    if (space > 0) return { ...none, last: text.slice(0, space), first: text.slice(space + 1) }
    if (cjk === 'first_is_all') return { ...none, first: text }
    if (cjk === 'last_is_all') return { ...none, last: text }
    const family = codePointIndex(text, 1)
    return { ...none, last: text.slice(0, family), first: text.slice(family) }
  }
  parser ??= createRequire(import.meta.url)('humanparser') as Parser
  const read = parser.parseName(text)
  const parts = {
    title: read.salutation ?? '',
    first: read.firstName ?? '',
    middle: read.middleName ?? '',
    last: read.lastName ?? '',
    suffix: read.suffix ?? '',
  }
  // The parser drops a word in rare cases (a repeated middle name); losing one silently would be worse than an error.
  if (letters(Object.values(parts).join('')) !== letters(text))
    throw new RowError('E413', 'the name cannot be taken apart')
  return parts
}

function letters(text: string): string {
  return [...text.replace(/[\s,"]/g, '')].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join('')
}

const namePart = defineFunction({
  name: 'name_part',
  family: 'name',
  summary: 'One part of a person’s name; null where the name has no such part.',
  params: {
    part: Type.Enum(['first', 'middle', 'last', 'title', 'suffix'], { description: 'Which part' }),
    cjk: Type.Optional(
      Type.Enum(['last_is_all', 'first_is_all', 'family_first'], {
        description:
          'Chinese, Japanese and Korean names without a space: all of it is the last name, all of it is the first name, or the first character is the last name. With a space the family name comes first.',
        default: 'last_is_all',
      }),
    ),
  },
  short: 'part',
  examples: [
    { in: 'Dr. Ludwig van Beethoven', params: { part: 'last' }, out: 'van Beethoven' },
    { in: 'Dr. Ludwig van Beethoven', params: { part: 'title' }, out: 'Dr.' },
    { in: 'King, Martin Luther Jr.', params: { part: 'first' }, out: 'Martin' },
    { in: 'Jane Doe', params: { part: 'middle' }, out: null },
    { in: 'Cher', params: { part: 'first' }, out: 'Cher' },
    { in: 'Cher', params: { part: 'last' }, out: null },
    { in: '김철수', params: { part: 'last' }, out: '김철수' },
    { in: '김철수', params: { part: 'first', cjk: 'family_first' }, out: '철수' },
    { in: '김 철수', params: { part: 'last' }, out: '김' },
  ],
  prepare:
    ({ part, cjk = 'last_is_all' }) =>
    ([value]) => {
      const found = partsOf(textOf(value), cjk)[part]
      return found === '' ? null : found
    },
})

const fullName = defineFunction({
  name: 'full_name',
  family: 'name',
  summary: 'Name parts put together: given names first, or family name, comma, given names.',
  params: {
    order: Type.Optional(
      Type.Enum(['first_last', 'last_first'], {
        description: 'first_last keeps the order of the values; last_first puts the last value first, with a comma',
        default: 'first_last',
      }),
    ),
  },
  short: 'order',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  nullIn: 'call',
  examples: [
    { in: ['Ada', null, ' King '], out: 'Ada King' },
    { in: ['Ada', 'B.', 'King'], params: { order: 'last_first' }, out: 'King, Ada B.' },
    { in: [null, ''], out: null },
  ],
  prepare:
    ({ order = 'first_last' }) =>
    values => {
      const parts = values
        .filter(value => value !== null)
        .map(value => textOf(value).trim())
        .filter(part => part !== '')
      const last = parts.at(-1)
      if (last === undefined) return null
      if (order === 'first_last' || parts.length === 1) return parts.join(' ')
      return `${last}, ${parts.slice(0, -1).join(' ')}`
    },
})

const initials = defineFunction({
  name: 'initials',
  family: 'name',
  summary: 'First letter of every word, in upper case.',
  params: { with: Type.Optional(Type.String({ description: 'Put after every letter', default: '' })) },
  short: 'with',
  examples: [
    { in: 'Ada King-Noel', out: 'AKN' },
    { in: 'ada king', params: { with: '.' }, out: 'A.K.' },
  ],
  prepare: params => {
    const after = params.with ?? ''
    return ([value]) =>
      (textOf(value).match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’]*/gu) ?? [])
        .map(word => word.slice(0, codePointIndex(word, 1)).toUpperCase() + after)
        .join('')
  },
})

export const nameFunctions = [namePart, fullName, initials] as const
