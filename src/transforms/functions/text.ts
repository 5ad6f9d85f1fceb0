import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { codePointIndex, codePoints, textOf } from '../text-value.js'

const trim = defineFunction({
  name: 'trim',
  family: 'text',
  summary: 'Removes white space at both ends.',
  examples: [
    { in: '  acme ', out: 'acme' },
    { in: '\t a b \n', out: 'a b' },
    { in: null, out: null },
    { in: 12, out: '12', note: 'a number becomes its text' },
    { in: Buffer.from('x'), error: 'E413', note: 'bytes are not text' },
  ],
  prepare:
    () =>
    ([value]) =>
      textOf(value).trim(),
})

const trimStart = defineFunction({
  name: 'trim_start',
  family: 'text',
  summary: 'Removes white space at the start.',
  examples: [{ in: '  acme ', out: 'acme ' }],
  prepare:
    () =>
    ([value]) =>
      textOf(value).trimStart(),
})

const trimEnd = defineFunction({
  name: 'trim_end',
  family: 'text',
  summary: 'Removes white space at the end; what padded CHAR columns need.',
  examples: [{ in: ' acme   ', out: ' acme' }],
  prepare:
    () =>
    ([value]) =>
      textOf(value).trimEnd(),
})

const upper = defineFunction({
  name: 'upper',
  family: 'text',
  summary: 'Upper case, by the rules of Unicode and no locale.',
  examples: [
    { in: 'acme', out: 'ACME' },
    { in: 'straße', out: 'STRASSE' },
    { in: 12345678901234567890n, out: '12345678901234567890' },
  ],
  prepare:
    () =>
    ([value]) =>
      textOf(value).toUpperCase(),
})

const lower = defineFunction({
  name: 'lower',
  family: 'text',
  summary: 'Lower case, by the rules of Unicode and no locale.',
  examples: [
    { in: 'ACME', out: 'acme' },
    { in: 'ÉCOLE', out: 'école' },
  ],
  prepare:
    () =>
    ([value]) =>
      textOf(value).toLowerCase(),
})

const capitalize = defineFunction({
  name: 'capitalize',
  family: 'text',
  summary: 'First character in upper case, the others in lower case.',
  examples: [
    { in: 'aCME corp', out: 'Acme corp' },
    { in: '', out: '' },
  ],
  prepare:
    () =>
    ([value]) =>
      capitalized(textOf(value)),
})

function capitalized(text: string): string {
  const first = codePointIndex(text, 1)
  return text.slice(0, first).toUpperCase() + text.slice(first).toLowerCase()
}

const title = defineFunction({
  name: 'title',
  family: 'text',
  summary: 'First letter of every word in upper case, the others in lower case.',
  examples: [
    { in: 'ACME COIL & steel', out: 'Acme Coil & Steel' },
    { in: "o'brien-smith", out: "O'brien-Smith", note: 'a hyphen begins a word, an apostrophe does not' },
  ],
  prepare:
    () =>
    ([value]) =>
      textOf(value).replace(/[\p{L}\p{N}\p{M}'’]+/gu, capitalized),
})

const truncate = defineFunction({
  name: 'truncate',
  family: 'text',
  summary: 'Cuts text that is longer than a number of characters.',
  params: {
    length: Type.Integer({ description: 'Characters to keep at most, the suffix included', minimum: 0 }),
    suffix: Type.Optional(Type.String({ description: 'Put at the end of text that was cut', default: '' })),
  },
  short: 'length',
  examples: [
    { in: 'abcdef', params: { length: 3 }, out: 'abc' },
    { in: 'abcdef', params: { length: 4, suffix: '…' }, out: 'abc…' },
    { in: '😀😀😀', params: { length: 2 }, out: '😀😀', note: 'characters are never cut in half' },
    { in: 'ab', params: { length: 3 }, out: 'ab' },
  ],
  prepare: ({ length, suffix = '' }) => {
    const keep = Math.max(0, length - codePoints(suffix))
    return ([value]) => {
      const text = textOf(value)
      if (text.length <= length || codePoints(text) <= length) return text
      return text.slice(0, codePointIndex(text, keep)) + suffix
    }
  },
})

const padParams = {
  length: Type.Integer({ description: 'Characters wanted', minimum: 0, maximum: 10_000 }),
  with: Type.Optional(Type.String({ description: 'What to fill up with', default: ' ', minLength: 1 })),
}

const padStart = defineFunction({
  name: 'pad_start',
  family: 'text',
  summary: 'Fills text up at the start to a number of characters.',
  params: padParams,
  short: 'length',
  examples: [
    { in: '42', params: { length: 5, with: '0' }, out: '00042' },
    { in: 42, params: { length: 5, with: '0' }, out: '00042' },
    { in: 'abcdef', params: { length: 3 }, out: 'abcdef', note: 'longer text is left alone' },
  ],
  prepare: params => {
    const fill = filler(params.length, params.with ?? ' ')
    return ([value]) => {
      const text = textOf(value)
      return fill(text) + text
    }
  },
})

const padEnd = defineFunction({
  name: 'pad_end',
  family: 'text',
  summary: 'Fills text up at the end to a number of characters.',
  params: padParams,
  short: 'length',
  examples: [{ in: 'ab', params: { length: 4, with: '.' }, out: 'ab..' }],
  prepare: params => {
    const fill = filler(params.length, params.with ?? ' ')
    return ([value]) => {
      const text = textOf(value)
      return text + fill(text)
    }
  },
})

function filler(length: number, piece: string): (text: string) => string {
  const size = codePoints(piece)
  return text => {
    const missing = length - codePoints(text)
    if (missing <= 0) return ''
    const run = piece.repeat(Math.ceil(missing / size))
    return run.slice(0, codePointIndex(run, missing))
  }
}

const prefix = defineFunction({
  name: 'prefix',
  family: 'text',
  summary: 'Puts text in front.',
  params: { text: Type.String({ description: 'What to put in front' }) },
  short: 'text',
  examples: [
    { in: '$2b$12$abc', params: { text: 'bcrypt$' }, out: 'bcrypt$$2b$12$abc', note: 'the form Django reads' },
  ],
  prepare:
    ({ text }) =>
    ([value]) =>
      text + textOf(value),
})

const suffix = defineFunction({
  name: 'suffix',
  family: 'text',
  summary: 'Puts text at the end.',
  params: { text: Type.String({ description: 'What to put at the end' }) },
  short: 'text',
  examples: [{ in: 'photo', params: { text: '.jpg' }, out: 'photo.jpg' }],
  prepare:
    ({ text }) =>
    ([value]) =>
      textOf(value) + text,
})

const substring = defineFunction({
  name: 'substring',
  family: 'text',
  summary: 'Characters from a position on.',
  params: {
    start: Type.Integer({ description: 'Position of the first character; 0 is the first, -1 the last' }),
    length: Type.Optional(Type.Integer({ description: 'Characters to take; default: to the end', minimum: 0 })),
  },
  short: 'start',
  examples: [
    { in: 'abcdef', params: { start: 2, length: 3 }, out: 'cde' },
    { in: 'abcdef', params: { start: -2 }, out: 'ef' },
    { in: 'ab', params: { start: 5 }, out: '' },
  ],
  prepare:
    ({ start, length }) =>
    ([value]) => {
      const text = textOf(value)
      const first = start < 0 ? Math.max(0, codePoints(text) + start) : start
      const from = codePointIndex(text, first)
      const rest = text.slice(from)
      return length === undefined ? rest : rest.slice(0, codePointIndex(rest, length))
    },
})

const length = defineFunction({
  name: 'length',
  family: 'text',
  summary: 'Number of characters.',
  examples: [
    { in: 'abc', out: 3 },
    { in: '😀', out: 1 },
  ],
  prepare:
    () =>
    ([value]) =>
      codePoints(textOf(value)),
})

const concat = defineFunction({
  name: 'concat',
  family: 'text',
  summary: 'Values one after the other; a null makes the whole null.',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  examples: [
    { in: ['A', 7, 'x'], out: 'A7x' },
    { in: ['A', null], out: null, note: 'join skips nulls' },
  ],
  prepare: () => values => values.map(textOf).join(''),
})

const join = defineFunction({
  name: 'join',
  family: 'text',
  summary: 'Values with a separator between them; nulls and empty text are left out.',
  params: { with: Type.Optional(Type.String({ description: 'The separator', default: ' ' })) },
  short: 'with',
  values: { min: 1, max: Number.POSITIVE_INFINITY },
  nullIn: 'call',
  examples: [
    { in: ['Ada', 'Lovelace'], params: { with: ' ' }, out: 'Ada Lovelace' },
    { in: ['Ada', null, '', 'King'], params: { with: ', ' }, out: 'Ada, King' },
    { in: [null, null], params: { with: ' ' }, out: null, note: 'nothing to join' },
  ],
  prepare: params => {
    const separator = params.with ?? ' '
    return values => {
      const parts = values.filter(value => value !== null && value !== '').map(textOf)
      return parts.length === 0 ? null : parts.join(separator)
    }
  },
})

const split = defineFunction({
  name: 'split',
  family: 'text',
  summary: 'One of the parts between separators; null where there is no such part.',
  params: {
    by: Type.String({ description: 'The separator', minLength: 1 }),
    index: Type.Optional(Type.Integer({ description: '0 is the first part, -1 the last', default: 0 })),
  },
  short: 'by',
  examples: [
    { in: 'a,b,c', params: { by: ',', index: 1 }, out: 'b' },
    { in: 'a,b,c', params: { by: ',', index: -1 }, out: 'c' },
    { in: 'a', params: { by: ',', index: 3 }, out: null },
  ],
  prepare:
    ({ by, index = 0 }) =>
    ([value]) =>
      textOf(value).split(by).at(index) ?? null,
})

const line = defineFunction({
  name: 'line',
  family: 'text',
  summary: 'One line of text; null where there is no such line.',
  params: { index: Type.Optional(Type.Integer({ description: '0 is the first line, -1 the last', default: 0 })) },
  short: 'index',
  examples: [
    { in: '12 Main St\r\nSpringfield', params: { index: 1 }, out: 'Springfield' },
    { in: 'one', params: { index: 1 }, out: null },
  ],
  prepare:
    ({ index = 0 }) =>
    ([value]) =>
      textOf(value)
        .split(/\r\n|\r|\n/)
        .at(index) ?? null,
})

export const textFunctions = [
  trim,
  trimStart,
  trimEnd,
  upper,
  lower,
  capitalize,
  title,
  truncate,
  padStart,
  padEnd,
  prefix,
  suffix,
  substring,
  length,
  concat,
  join,
  split,
  line,
] as const
