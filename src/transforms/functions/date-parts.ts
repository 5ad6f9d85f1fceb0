import { RowError } from '../../core/errors.js'
import type { Value } from '../../core/row.js'
import type { Moment } from '../temporal.js'
import { dateText, FIRST_WALL, LAST_WALL, readMoment, timestampText, timeText } from '../temporal.js'

/** The value as a date or timestamp; E406 where it is none. A time of day alone is refused unless `time` is set. */
export function momentOf(value: Value | undefined, allow: { readonly time?: boolean } = {}): Moment {
  const moment = typeof value === 'string' ? readMoment(value) : undefined
  if (moment === undefined) throw new RowError('E406', 'the value is not a date or time; parse_date reads other forms')
  if (moment.shape === 'time' && allow.time !== true) throw new RowError('E406', 'the value is a time without a date')
  return moment
}

/** The moment with another wall clock, written in the same shape. */
export function writeMoment(moment: Moment, wall: number): string {
  if (moment.shape === 'time') return timeText(wall, moment.fraction)
  if (wall < FIRST_WALL || wall > LAST_WALL) throw new RowError('E406', 'the result is outside the years 0001 to 9999')
  if (moment.shape === 'date') return dateText(wall)
  return timestampText(wall, moment.fraction, moment.shape === 'timestamptz' ? moment.offset : undefined)
}

/** Milliseconds since 1970 in UTC, without the fraction. Only a value with an offset is an instant. */
export function instantOf(moment: Moment): number {
  if (moment.shape !== 'timestamptz') throw new RowError('E406', 'the value has no zone offset; use zone first')
  return moment.wall - moment.offset * 1000
}
