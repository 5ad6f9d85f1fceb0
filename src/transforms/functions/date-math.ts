import { RowError } from '../../core/errors.js'
import { Type } from '../../core/schema.js'
import { defineFunction } from '../../core/transform.js'
import { plainText } from '../decimal.js'
import {
  dateText,
  daysInMonth,
  FIRST_WALL,
  LAST_WALL,
  timestampText,
  timeText,
  wallFields,
  wallOf,
} from '../temporal.js'
import { numberText, textOf } from '../text-value.js'
import { instantOf, momentOf, writeMoment } from './date-parts.js'

const DAY = 86_400_000

const dateOnly = defineFunction({
  name: 'date_only',
  family: 'date',
  summary: 'The day of a timestamp, by its own wall clock.',
  examples: [
    { in: '2024-02-29T23:59:59', out: '2024-02-29' },
    { in: '2024-02-29T23:59:59-06:00', out: '2024-02-29', note: 'use to_zone first for the day elsewhere' },
  ],
  prepare:
    () =>
    ([value]) =>
      dateText(momentOf(value).wall),
})

const timeOnly = defineFunction({
  name: 'time_only',
  family: 'date',
  summary: 'The time of day of a timestamp, by its own wall clock.',
  examples: [
    { in: '2024-02-29T23:59:59.000001', out: '23:59:59.000001' },
    { in: '2024-02-29', out: '00:00:00' },
  ],
  prepare:
    () =>
    ([value]) => {
      const moment = momentOf(value, { time: true })
      return timeText(moment.wall, moment.fraction)
    },
})

const PARTS = ['year', 'quarter', 'month', 'week', 'day', 'weekday', 'day_of_year', 'hour', 'minute', 'second'] as const

const datePart = defineFunction({
  name: 'date_part',
  family: 'date',
  summary: 'One part of a date or timestamp as a whole number; week and weekday (Monday is 1) by ISO 8601.',
  params: { part: Type.Enum([...PARTS], { description: 'Which part' }) },
  short: 'part',
  examples: [
    { in: '2024-02-29T15:04:05', params: { part: 'hour' }, out: 15 },
    { in: '2024-02-29', params: { part: 'quarter' }, out: 1 },
    { in: '2024-12-30', params: { part: 'week' }, out: 1 },
    { in: '2024-03-03', params: { part: 'weekday' }, out: 7 },
    { in: '2024-12-31', params: { part: 'day_of_year' }, out: 366 },
  ],
  prepare:
    ({ part }) =>
    ([value]) => {
      const { wall } = momentOf(value)
      const fields = wallFields(wall)
      const day = Math.floor(wall / DAY)
      const weekday = ((((day + 3) % 7) + 7) % 7) + 1
      switch (part) {
        case 'quarter':
          return Math.ceil(fields.month / 3)
        case 'weekday':
          return weekday
        case 'day_of_year':
          return day - wallOf(fields.year, 1, 1) / DAY + 1
        case 'week': {
          // The week belongs to the year of its Thursday.
          const thursday = day - weekday + 4
          return Math.floor((thursday - wallOf(wallFields(thursday * DAY).year, 1, 1) / DAY) / 7) + 1
        }
        default:
          return fields[part]
      }
    },
})

const addDays = defineFunction({
  name: 'add_days',
  family: 'date',
  summary: 'So many days later (or earlier), the time of day unchanged.',
  params: { days: Type.Integer({ description: 'How many days; negative for earlier' }) },
  short: 'days',
  examples: [
    { in: '2024-02-28', params: { days: 2 }, out: '2024-03-01' },
    { in: '2024-01-01T00:00:00.000001', params: { days: -1 }, out: '2023-12-31T00:00:00.000001' },
    { in: '9999-12-31', params: { days: 1 }, error: 'E406' },
  ],
  prepare:
    ({ days }) =>
    ([value]) => {
      const moment = momentOf(value)
      return writeMoment(moment, moment.wall + days * DAY)
    },
})

const addMonths = defineFunction({
  name: 'add_months',
  family: 'date',
  summary: 'So many months later (or earlier); a day that the month lacks becomes its last.',
  params: { months: Type.Integer({ description: 'How many months; negative for earlier' }) },
  short: 'months',
  examples: [
    { in: '2024-01-31', params: { months: 1 }, out: '2024-02-29' },
    { in: '2024-03-31T10:00:00', params: { months: -1 }, out: '2024-02-29T10:00:00' },
    { in: '2024-11-15', params: { months: 14 }, out: '2026-01-15' },
  ],
  prepare:
    ({ months }) =>
    ([value]) => {
      const moment = momentOf(value)
      const { year, month, day } = wallFields(moment.wall)
      const index = year * 12 + month - 1 + months
      const newYear = Math.floor(index / 12)
      const newMonth = index - newYear * 12 + 1
      if (newYear < 1 || newYear > 9999) throw new RowError('E406', 'the result is outside the years 0001 to 9999')
      const date = wallOf(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth)))
      return writeMoment(moment, date + (((moment.wall % DAY) + DAY) % DAY))
    },
})

const startOf = defineFunction({
  name: 'start_of',
  family: 'date',
  summary: 'The beginning of the period that a date or timestamp is in; weeks begin on Monday.',
  params: {
    unit: Type.Enum(['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute'], { description: 'The period' }),
  },
  short: 'unit',
  examples: [
    { in: '2024-02-29', params: { unit: 'month' }, out: '2024-02-01' },
    { in: '2024-02-29T15:04:05.5', params: { unit: 'hour' }, out: '2024-02-29T15:00:00' },
    { in: '2024-03-03', params: { unit: 'week' }, out: '2024-02-26' },
  ],
  prepare:
    ({ unit }) =>
    ([value]) => {
      const moment = { ...momentOf(value), fraction: '' }
      const { year, month } = wallFields(moment.wall)
      const day = Math.floor(moment.wall / DAY)
      const starts: Record<typeof unit, () => number> = {
        year: () => wallOf(year, 1, 1),
        quarter: () => wallOf(year, month - ((month - 1) % 3), 1),
        month: () => wallOf(year, month, 1),
        week: () => (day - ((((day + 3) % 7) + 7) % 7)) * DAY,
        day: () => day * DAY,
        hour: () => Math.floor(moment.wall / 3_600_000) * 3_600_000,
        minute: () => Math.floor(moment.wall / 60_000) * 60_000,
      }
      return writeMoment(moment, starts[unit]())
    },
})

const unit = Type.Optional(
  Type.Enum(['seconds', 'millis', 'micros'], { description: 'What the number counts', default: 'seconds' }),
)
const DIGITS = { seconds: 0, millis: 3, micros: 6 } as const

const epoch = defineFunction({
  name: 'epoch',
  family: 'date',
  summary: 'A number of seconds (or milli-, microseconds) since 1970 as a timestamp in UTC, exactly.',
  params: { unit },
  short: 'unit',
  examples: [
    { in: 1709175845, out: '2024-02-29T03:04:05Z' },
    { in: '1709175845.123456', out: '2024-02-29T03:04:05.123456Z' },
    { in: 1709175845123, params: { unit: 'millis' }, out: '2024-02-29T03:04:05.123Z' },
    { in: -1, out: '1969-12-31T23:59:59Z' },
    { in: '-0.25', out: '1969-12-31T23:59:59.75Z' },
    { in: 'now', error: 'E402' },
    { in: '999999999999999', error: 'E406' },
  ],
  prepare: ({ unit: what = 'seconds' }) => {
    const shift = DIGITS[what]
    return ([value]) => {
      const text = plainText(typeof value === 'number' ? numberText(value) : textOf(value))
      if (text === undefined) throw new RowError('E402', 'the value is not a number')
      const negative = text.startsWith('-')
      const [whole = '0', decimals = ''] = (negative ? text.slice(1) : text).split('.')
      const padded = whole.padStart(shift + 1, '0')
      const point = padded.length - shift
      const fraction = (padded.slice(point) + decimals).replace(/0+$/, '')
      let seconds = Number(padded.slice(0, point))
      let rest = fraction
      if (negative) {
        seconds = -seconds
        if (fraction !== '') {
          // Before 1970 the fraction still counts forward from the second below.
          seconds -= 1
          rest = (10n ** BigInt(fraction.length) - BigInt(fraction)).toString().padStart(fraction.length, '0')
        }
      }
      const wall = seconds * 1000
      if (!(wall >= FIRST_WALL && wall <= LAST_WALL))
        throw new RowError('E406', 'the result is outside the years 0001 to 9999')
      return timestampText(wall, rest, 0)
    }
  },
})

const toEpoch = defineFunction({
  name: 'to_epoch',
  family: 'date',
  summary:
    'A timestamp with zone as a number of seconds (or milli-, microseconds) since 1970; finer digits are an error.',
  params: { unit },
  short: 'unit',
  examples: [
    { in: '2024-02-29T03:04:05Z', out: 1709175845 },
    { in: '2024-02-29T03:04:05.123Z', params: { unit: 'millis' }, out: 1709175845123 },
    { in: '2024-02-29T03:04:05.5Z', error: 'E404' },
    { in: '2024-02-29T03:04:05', error: 'E406' },
  ],
  prepare: ({ unit: what = 'seconds' }) => {
    const digits = DIGITS[what]
    return ([value]) => {
      const moment = momentOf(value)
      const fraction = moment.fraction.replace(/0+$/, '')
      if (fraction.length > digits) throw new RowError('E404', `the value has more digits than ${what}`)
      const count = (instantOf(moment) / 1000) * 10 ** digits + Number(fraction.padEnd(digits, '0'))
      if (!Number.isSafeInteger(count)) throw new RowError('E403', 'the result is too large')
      return count
    }
  },
})

const age = defineFunction({
  name: 'age',
  family: 'date',
  summary: 'Whole years from a date to the day the run began (UTC), or to another date.',
  params: { at: Type.Optional(Type.String({ description: 'The other date, ISO; default: the day the run began' })) },
  short: 'at',
  examples: [
    { in: '1984-02-29', params: { at: '2024-02-28' }, out: 39 },
    { in: '1984-02-29', params: { at: '2024-02-29' }, out: 40 },
    { in: 'unknown', params: { at: '2024-02-29' }, error: 'E406' },
  ],
  prepare: ({ at }, context) => {
    const end = wallFields(momentOf(at ?? context.startedAt).wall)
    return ([value]) => {
      const start = wallFields(momentOf(value).wall)
      const before = end.month < start.month || (end.month === start.month && end.day < start.day)
      return end.year - start.year - (before ? 1 : 0)
    }
  },
})

export const dateMathFunctions = [
  dateOnly,
  timeOnly,
  datePart,
  addDays,
  addMonths,
  startOf,
  epoch,
  toEpoch,
  age,
] as const
