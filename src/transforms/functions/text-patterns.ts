import { createRequire } from 'node:module'
import { EtlError, RowError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { textOf } from '../text-value.js'

/** Longer text is not matched: the time of a bad pattern grows much faster than the text. */
const MAX_MATCHED = 100_000

function pattern(source: string, flags: string, name: string): RegExp {
  // A repeated group that ends in a repetition takes exponential time on text that almost matches.
  if (/[^\\][+*}]\)[+*{]/.test(source))
    throw new EtlError('E211', `${name}: the pattern repeats a repetition and could take forever`, {
      kind: 'usage',
      hint: 'write (a+)+ as a+',
    })
  try {
    return new RegExp(source, flags)
  } catch {
    throw new EtlError('E211', `${name}: the pattern is not a regular expression`, {
      kind: 'usage',
      hint: 'JavaScript syntax, Unicode mode: a literal brace, bracket or hyphen may need a backslash; or set literal: true',
    })
  }
}

function matchable(text: string): string {
  if (text.length > MAX_MATCHED)
    throw new RowError('E413', `text of more than ${MAX_MATCHED} characters is not matched`)
  return text
}

const literal = Type.Optional(
  Type.Boolean({ description: 'The pattern is plain text, not a regular expression', default: false }),
)
const ignoreCase = Type.Optional(Type.Boolean({ description: 'Upper and lower case are the same', default: false }))

/** Plain text is found in time that grows with the text and no more. */
function isExpression({ literal }: Readonly<Record<string, unknown>>): boolean {
  return literal !== true
}

function replacer(name: string, source: string, isLiteral: boolean, noCase: boolean, by: string) {
  if (isLiteral && !noCase) {
    // A function in its place would be called for each match.
    const plainly = by.replaceAll('$', '$$$$')
    return (text: string) => {
      const at = text.indexOf(source)
      if (at < 0) return text
      const rest = at + source.length
      // Of one match, as in most texts, the parts are put together in half the time.
      return text.includes(source, rest) ? text.replaceAll(source, plainly) : text.slice(0, at) + by + text.slice(rest)
    }
  }
  const escaped = isLiteral ? source.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replace(/\\-/g, '\\x2d') : source
  const expression = pattern(escaped, noCase ? 'giu' : 'gu', name)
  return isLiteral
    ? (text: string) => matchable(text).replace(expression, () => by)
    : (text: string) => matchable(text).replace(expression, by)
}

const replace = defineFunction({
  name: 'replace',
  family: 'text',
  timed: isExpression,
  summary: 'Replaces every match of a pattern.',
  params: {
    pattern: Type.String({
      description: 'Regular expression (JavaScript, Unicode mode), or plain text with literal',
      minLength: 1,
    }),
    with: Type.String({ description: 'The replacement; $1 is the first group of a regular expression' }),
    literal,
    ignore_case: ignoreCase,
  },
  examples: [
    { in: 'a-b-c', params: { pattern: '-', with: '' }, out: 'abc' },
    { in: 'Doe, Jane', params: { pattern: '^(\\w+), (\\w+)$', with: '$2 $1' }, out: 'Jane Doe' },
    { in: '1.5', params: { pattern: '.', with: ',', literal: true }, out: '1,5' },
    { in: 'a-B', params: { pattern: '-b', with: '$&', literal: true, ignore_case: true }, out: 'a$&' },
  ],
  prepare: params => {
    const run = replacer('replace', params.pattern, params.literal === true, params.ignore_case === true, params.with)
    return ([value]) => run(textOf(value))
  },
})

const remove = defineFunction({
  name: 'remove',
  family: 'text',
  timed: isExpression,
  summary: 'Removes every match of a pattern.',
  params: {
    pattern: Type.String({
      description: 'Regular expression (JavaScript, Unicode mode), or plain text with literal',
      minLength: 1,
    }),
    literal,
    ignore_case: ignoreCase,
  },
  short: 'pattern',
  examples: [
    { in: '(212) 555-0100', params: { pattern: '\\D' }, out: '2125550100' },
    { in: '$1,250', params: { pattern: '$', literal: true }, out: '1,250' },
  ],
  prepare: params => {
    const run = replacer('remove', params.pattern, params.literal === true, params.ignore_case === true, '')
    return ([value]) => run(textOf(value))
  },
})

const extract = defineFunction({
  name: 'extract',
  family: 'text',
  timed: true,
  summary: 'The first match of a pattern, or of its first group; null where nothing matches.',
  params: {
    pattern: Type.String({ description: 'Regular expression (JavaScript, Unicode mode)', minLength: 1 }),
    ignore_case: ignoreCase,
  },
  short: 'pattern',
  examples: [
    { in: 'PO #4711 open', params: { pattern: '#(\\d+)' }, out: '4711' },
    { in: 'none', params: { pattern: '\\d+' }, out: null },
  ],
  prepare: params => {
    const expression = pattern(params.pattern, params.ignore_case === true ? 'iu' : 'u', 'extract')
    return ([value]) => {
      const match = expression.exec(matchable(textOf(value)))
      return match === null ? null : match.length > 1 ? (match[1] ?? null) : match[0]
    }
  },
})

const matches = defineFunction({
  name: 'matches',
  family: 'text',
  timed: true,
  summary: 'Does the text match a pattern?',
  params: {
    pattern: Type.String({ description: 'Regular expression (JavaScript, Unicode mode)', minLength: 1 }),
    ignore_case: ignoreCase,
  },
  short: 'pattern',
  examples: [
    { in: 'AB-12', params: { pattern: '^[A-Z]{2}-\\d+$' }, out: true },
    { in: 'ab', params: { pattern: '^\\d+$' }, out: false },
  ],
  prepare: params => {
    const expression = pattern(params.pattern, params.ignore_case === true ? 'iu' : 'u', 'matches')
    return ([value]) => expression.test(matchable(textOf(value)))
  },
})

const probe = {
  text: Type.String({ description: 'What to look for' }),
  ignore_case: ignoreCase,
}

type Probe = (text: string, wanted: string) => boolean

function prober(test: Probe) {
  return (params: { text: string; ignore_case?: boolean }) => {
    const fold = (text: string): string => (params.ignore_case === true ? text.toLowerCase() : text)
    const wanted = fold(params.text)
    return ([value]: readonly Parameters<typeof textOf>[0][]): boolean => test(fold(textOf(value)), wanted)
  }
}

const contains = defineFunction({
  name: 'contains',
  family: 'text',
  summary: 'Does the text hold another one?',
  params: probe,
  short: 'text',
  examples: [
    { in: 'Oraseas EE', params: { text: 'oraseas', ignore_case: true }, out: true },
    { in: 'Oraseas EE', params: { text: 'oraseas' }, out: false },
  ],
  prepare: prober((text, wanted) => text.includes(wanted)),
})

const startsWith = defineFunction({
  name: 'starts_with',
  family: 'text',
  summary: 'Does the text begin with another one?',
  params: probe,
  short: 'text',
  examples: [{ in: 'SKU-1', params: { text: 'SKU' }, out: true }],
  prepare: prober((text, wanted) => text.startsWith(wanted)),
})

const endsWith = defineFunction({
  name: 'ends_with',
  family: 'text',
  summary: 'Does the text end with another one?',
  params: probe,
  short: 'text',
  examples: [{ in: 'photo.JPG', params: { text: '.jpg', ignore_case: true }, out: true }],
  prepare: prober((text, wanted) => text.endsWith(wanted)),
})

const collapseSpaces = defineFunction({
  name: 'collapse_spaces',
  family: 'text',
  summary: 'Trims, and makes every run of white space one space.',
  examples: [{ in: '  12  Main \t St\n', out: '12 Main St' }],
  prepare:
    () =>
    ([value]) =>
      textOf(value).trim().replace(/\s+/g, ' '),
})

const stripControl = defineFunction({
  name: 'strip_control',
  family: 'text',
  summary: 'Removes control characters (C0, DEL, C1) but tab and line ends.',
  examples: [{ in: 'a\u0000b\u0007c\td\n', out: 'abc\td\n' }],
  prepare:
    () =>
    ([value]) =>
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
      textOf(value).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, ''),
})

const stripNul = defineFunction({
  name: 'strip_nul',
  family: 'text',
  summary: 'Removes NUL characters, which PostgreSQL cannot hold.',
  examples: [{ in: 'a\u0000b', out: 'ab' }],
  prepare:
    () =>
    ([value]) =>
      textOf(value).replaceAll('\u0000', ''),
})

const normalize = defineFunction({
  name: 'normalize',
  family: 'text',
  summary: 'Brings text into a Unicode normal form.',
  params: {
    form: Type.Optional(Type.Enum(['NFC', 'NFD', 'NFKC', 'NFKD'], { description: 'The normal form', default: 'NFC' })),
  },
  short: 'form',
  examples: [
    { in: 'e\u0301', out: '\u00e9' },
    { in: '\uff21\ufb01', params: { form: 'NFKC' }, out: 'Afi' },
  ],
  prepare:
    ({ form = 'NFC' }) =>
    ([value]) =>
      textOf(value).normalize(form),
})

type Slugify = (text: string, options: { separator: string; lowercase: boolean }) => string
let slugify: Slugify | undefined

const slug = defineFunction({
  name: 'slug',
  family: 'text',
  summary: 'Text for an address: ASCII letters and digits with a separator.',
  params: {
    separator: Type.Optional(Type.String({ description: 'Between the words', default: '-' })),
    lowercase: Type.Optional(Type.Boolean({ description: 'Everything in lower case', default: true })),
  },
  short: 'separator',
  examples: [
    { in: 'Größe & Maß', out: 'groesse-and-mass' },
    { in: 'Main Warehouse', params: { separator: '_' }, out: 'main_warehouse' },
  ],
  prepare:
    ({ separator = '-', lowercase = true }) =>
    ([value]) => {
      slugify ??= (createRequire(import.meta.url)('@sindresorhus/slugify') as { default: Slugify }).default
      return slugify(textOf(value), { separator, lowercase })
    },
})

export const textPatternFunctions = [
  replace,
  remove,
  extract,
  matches,
  contains,
  startsWith,
  endsWith,
  collapseSpaces,
  stripControl,
  stripNul,
  normalize,
  slug,
] as const
