import { EtlError, RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { dateText, readMoment, timestampText } from '../temporal.js'
import { textOf } from '../text-value.js'
import { loadLuxon, zoneClock } from '../zone.js'
import { instantOf, momentOf } from './date-parts.js'

const format = Type.String({
  description: 'How it is written, in Luxon tokens: yyyy MM dd HH mm ss, MMM, a, u …',
  minLength: 1,
})
const or = Type.Optional(Type.Array(Type.String(), { description: 'Further forms, tried in this order', default: [] }))

interface Read {
  readonly wall: number
  readonly fraction: string
  readonly offset: number | undefined
}

/** Luxon keeps milliseconds, so digits after the second are taken off the text first and put back unchanged. */
const FRACTION_TOKEN = /[.,](?:u|S{1,9})(?=[^A-Za-z]|$|Z|a)/
const FRACTION_TEXT = /[.,](\d{1,9})(?!.*[.,]\d)/

function reader(name: string, form: string): (text: string) => Read | undefined {
  const { DateTime } = loadLuxon()
  const fractional = FRACTION_TOKEN.test(form)
  const shortened = form.replace(FRACTION_TOKEN, '')
  const hasOffset = /Z|z/.test(shortened.replace(/'[^']*'/g, ''))
  const options = { zone: 'utc', setZone: hasOffset, locale: 'en-US' } as const
  let parser: ReturnType<typeof DateTime.buildFormatParser>
  try {
    parser = DateTime.buildFormatParser(shortened, { locale: 'en-US' })
    DateTime.fromFormatParser('', parser, options)
  } catch {
    throw new EtlError('E211', `${name}: ${JSON.stringify(form)} is not a date format`, { kind: 'usage' })
  }
  return text => {
    let rest = text
    let fraction = ''
    if (fractional) {
      const match = FRACTION_TEXT.exec(text)
      if (match === null) return undefined
      fraction = match[1] as string
      rest = text.slice(0, match.index) + text.slice(match.index + match[0].length)
    }
    const read = DateTime.fromFormatParser(rest, parser, options)
    if (!read.isValid || read.year < 1 || read.year > 9999) return undefined
    const offset = hasOffset ? Math.round(read.offset * 60) : undefined
    return { wall: read.toMillis() + (offset ?? 0) * 1000, fraction, offset }
  }
}

/** About a lifetime of days. */
const REMEMBERED = 40_000

/** Letters that other tools use and that mean something else here would read every value, and wrongly. */
const MISTAKEN: readonly (readonly [RegExp, string])[] = [
  [/D+/, 'the day is "d" or "dd"'],
  [/Y+/, 'the year is "yyyy"'],
]

function checkForm(name: string, form: string): void {
  const tokens = form.replaceAll(/'[^']*'/g, '')
  for (const [mistaken, instead] of MISTAKEN) {
    const found = mistaken.exec(tokens)?.[0]
    if (found !== undefined) throw wrongForm(name, `"${found}" is no part of a date here; ${instead}`)
  }
  const has = (letters: RegExp): boolean => letters.test(tokens)
  if (has(/W/)) return
  if (!has(/[yk]/)) throw wrongForm(name, `the format "${form}" has no year; it is "yyyy"`)
  if (!has(/[MLo]/)) {
    const minutes = has(/m/) ? '"m" is minutes; the month is "M", "MM" or "MMM"' : 'it is "M", "MM" or "MMM"'
    throw wrongForm(name, `the format "${form}" has no month: ${minutes}`)
  }
  if (!has(/[do]/)) throw wrongForm(name, `the format "${form}" has no day; it is "d" or "dd"`)
}

function wrongForm(name: string, message: string): EtlError {
  return new EtlError('E211', `${name}: ${message}`, { kind: 'usage' })
}

function readers(name: string, forms: readonly string[]): (value: Value | undefined) => Read {
  for (const form of forms) checkForm(name, form)
  const tries = forms.map(form => reader(name, form))
  // Dates repeat, and reading one by a format is slow.
  const known = new Map<string, Read>()
  return value => {
    const text = textOf(value).trim()
    const before = known.get(text)
    if (before !== undefined) return before
    for (const attempt of tries) {
      const read = attempt(text)
      if (read === undefined) continue
      if (known.size >= REMEMBERED) known.clear()
      known.set(text, read)
      return read
    }
    throw new RowError('E406', `the value is not written as ${forms.join(' or ')}`)
  }
}

const parseDate = defineFunction({
  name: 'parse_date',
  family: 'date',
  summary: 'Reads a date from text of a given form.',
  params: { format, or },
  short: 'format',
  examples: [
    { in: '02/29/2024', params: { format: 'MM/dd/yyyy' }, out: '2024-02-29' },
    { in: '1-Mar-99', params: { format: 'MM/dd/yyyy', or: ['d-MMM-yy'] }, out: '1999-03-01' },
    { in: '02/30/2024', params: { format: 'MM/dd/yyyy' }, error: 'E406' },
    { in: 20240229, params: { format: 'yyyyMMdd' }, out: '2024-02-29' },
  ],
  prepare: ({ format: form, or: further = [] }) => {
    const read = readers('parse_date', [form, ...further])
    return ([value]) => dateText(read(value).wall)
  },
})

const parseTimestamp = defineFunction({
  name: 'parse_timestamp',
  family: 'date',
  summary: 'Reads a date with a time from text of a given form; a form with an offset gives a timestamp with zone.',
  params: { format, or },
  short: 'format',
  examples: [
    { in: '29.02.2024 03:04:05', params: { format: 'dd.MM.yyyy HH:mm:ss' }, out: '2024-02-29T03:04:05' },
    { in: '02/29/2024 3:04 PM', params: { format: 'MM/dd/yyyy h:mm a' }, out: '2024-02-29T15:04:00' },
    {
      in: '2024-02-29 03:04:05.123456',
      params: { format: 'yyyy-MM-dd HH:mm:ss.u' },
      out: '2024-02-29T03:04:05.123456',
    },
    {
      in: '2024-02-29 03:04:05 +05:30',
      params: { format: 'yyyy-MM-dd HH:mm:ss ZZ' },
      out: '2024-02-29T03:04:05+05:30',
    },
    { in: '2024-02-29 25:00:00', params: { format: 'yyyy-MM-dd HH:mm:ss' }, error: 'E406' },
  ],
  prepare: ({ format: form, or: further = [] }) => {
    const read = readers('parse_timestamp', [form, ...further])
    return ([value]) => {
      const { wall, fraction, offset } = read(value)
      return timestampText(wall, fraction, offset)
    }
  },
})

const formatDate = defineFunction({
  name: 'format_date',
  family: 'date',
  summary: 'Writes a date or timestamp in a given form, in English.',
  params: { format },
  short: 'format',
  examples: [
    { in: '2024-02-29', params: { format: 'MM/dd/yyyy' }, out: '02/29/2024' },
    { in: '2024-02-29T15:04:05.999999', params: { format: 'd MMM yyyy, h:mm a' }, out: '29 Feb 2024, 3:04 PM' },
    { in: 'soon', params: { format: 'yyyy' }, error: 'E406' },
  ],
  prepare: ({ format: form }) => {
    const { DateTime, FixedOffsetZone } = loadLuxon()
    return ([value]) => {
      const moment = momentOf(value)
      const milliseconds = Number(moment.fraction.slice(0, 3).padEnd(3, '0'))
      const zone = FixedOffsetZone.instance(moment.offset / 60)
      return DateTime.fromMillis(moment.wall - moment.offset * 1000 + milliseconds, { zone, locale: 'en-US' }).toFormat(
        form,
      )
    }
  },
})

const zone = defineFunction({
  name: 'zone',
  family: 'date',
  summary: 'Says in which zone a wall clock stands: a timestamp becomes a timestamp with offset.',
  params: {
    zone: Type.String({ description: 'IANA name of the zone, for example America/Chicago', minLength: 1 }),
    overlap: Type.Optional(
      Type.Enum(['earlier', 'later', 'fail'], {
        description: 'Which of the two instants is meant where clocks went back',
        default: 'earlier',
      }),
    ),
  },
  short: 'zone',
  examples: [
    { in: '2024-01-15T08:00:00.123456', params: { zone: 'America/Chicago' }, out: '2024-01-15T08:00:00.123456-06:00' },
    { in: '2024-07-15', params: { zone: 'America/Chicago' }, out: '2024-07-15T00:00:00-05:00' },
    {
      in: '2024-03-10T02:30:00',
      params: { zone: 'America/Chicago' },
      error: 'E406',
      note: 'clocks went forward: it never was',
    },
    {
      in: '2024-11-03T01:30:00',
      params: { zone: 'America/Chicago' },
      out: '2024-11-03T01:30:00-05:00',
      note: 'twice: earlier',
    },
    {
      in: '2024-11-03T01:30:00',
      params: { zone: 'America/Chicago', overlap: 'later' },
      out: '2024-11-03T01:30:00-06:00',
    },
    { in: '2024-11-03T01:30:00', params: { zone: 'America/Chicago', overlap: 'fail' }, error: 'E406' },
    { in: '2024-01-15T08:00:00Z', params: { zone: 'America/Chicago' }, error: 'E406', note: 'has a zone: use to_zone' },
  ],
  prepare: ({ zone: name, overlap = 'earlier' }) => {
    const clock = zoneClock(name)
    return ([value]) => {
      const moment = momentOf(value)
      if (moment.shape === 'timestamptz') throw new RowError('E406', 'the value has a zone offset already; use to_zone')
      const offsets = clock.offsets(moment.wall)
      if (offsets.length === 0) throw new RowError('E406', `the wall clock skipped this time in ${name}`)
      if (offsets.length > 1 && overlap === 'fail')
        throw new RowError('E406', `the wall clock showed this time twice in ${name}`)
      return timestampText(moment.wall, moment.fraction, overlap === 'later' ? offsets.at(-1) : offsets[0])
    }
  },
})

const toZone = defineFunction({
  name: 'to_zone',
  family: 'date',
  summary: 'The same instant by the wall clock of another zone.',
  params: {
    zone: Type.String({ description: 'IANA name of the zone, or UTC', minLength: 1 }),
    drop: Type.Optional(Type.Boolean({ description: 'Leave the offset out: a plain timestamp', default: false })),
  },
  short: 'zone',
  examples: [
    { in: '2024-01-15T08:00:00.5-06:00', params: { zone: 'Asia/Seoul' }, out: '2024-01-15T23:00:00.5+09:00' },
    { in: '2024-01-15T23:00:00+09:00', params: { zone: 'UTC', drop: true }, out: '2024-01-15T14:00:00' },
    { in: '2024-01-15T08:00:00', params: { zone: 'UTC' }, error: 'E406', note: 'no offset: use zone first' },
  ],
  prepare: ({ zone: name, drop = false }) => {
    const clock = zoneClock(name)
    return ([value]) => {
      const moment = momentOf(value)
      const instant = instantOf(moment)
      const offset = clock.offset(instant)
      return timestampText(instant + offset * 1000, moment.fraction, drop ? undefined : offset)
    }
  },
})

const isDate = defineFunction({
  name: 'is_date',
  family: 'date',
  summary: 'Is the value a date or timestamp in ISO form, a real day of the calendar?',
  examples: [
    { in: '2024-02-29', out: true },
    { in: '2023-02-29', out: false },
    { in: '0000-00-00', out: false },
  ],
  prepare:
    () =>
    ([value]) => {
      const moment = typeof value === 'string' ? readMoment(value) : undefined
      return moment !== undefined && moment.shape !== 'time'
    },
})

export const dateFunctions = [parseDate, parseTimestamp, formatDate, zone, toZone, isDate] as const
