/** A point of time as fields; `offset` in minutes for TIMESTAMP WITH TIME ZONE, whose fields are then local. */
export interface Moment {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly nanos: number
  readonly offset?: number
}

const DAY = 86_400

/** DATE: 7 bytes that sort as the dates do. */
export function encodeDate(m: Moment): Buffer {
  const century = Math.trunc(m.year / 100) + 100
  return Buffer.from([century, (m.year % 100) + 100, m.month, m.day, m.hour + 1, m.minute + 1, m.second + 1])
}

/** TIMESTAMP: always 11 bytes in storage, so that equal values have equal bytes. */
export function encodeTimestamp(m: Moment): Buffer {
  const nanos = Buffer.alloc(4)
  nanos.writeUInt32BE(m.nanos)
  return Buffer.concat([encodeDate(m), nanos])
}

/** TIMESTAMP WITH TIME ZONE: the fields in UTC, then the offset. */
export function encodeZoned(m: Moment): Buffer {
  const offset = m.offset ?? 0
  const hours = Math.trunc(offset / 60)
  const utc = shift(m, -offset * 60)
  return Buffer.concat([encodeTimestamp(utc), Buffer.from([hours + 20, offset - hours * 60 + 60])])
}

/** Any of the three forms by its length. */
export function decodeMoment(bytes: Buffer): Moment {
  const at = (i: number): number => bytes[i] as number
  const m: Moment = {
    year: (at(0) - 100) * 100 + (at(1) - 100),
    month: at(2),
    day: at(3),
    hour: at(4) - 1,
    minute: at(5) - 1,
    second: at(6) - 1,
    nanos: bytes.length >= 11 ? bytes.readUInt32BE(7) : 0,
  }
  if (bytes.length < 13) return m
  const offset = (at(11) - 20) * 60 + (at(12) - 60)
  return { ...shift(m, offset * 60), offset }
}

/** Moves by whole seconds over the proleptic Gregorian calendar. */
export function shift(m: Moment, seconds: number): Moment {
  const total = epochDays(m.year, m.month, m.day) * DAY + m.hour * 3600 + m.minute * 60 + m.second + seconds
  const days = Math.floor(total / DAY)
  const rest = total - days * DAY
  const date = new Date(0)
  date.setUTCDate(date.getUTCDate() + days)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    nanos: m.nanos,
    ...(m.offset === undefined ? {} : { offset: m.offset }),
  }
}

function epochDays(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return Math.floor(date.getTime() / 1000 / DAY)
}

export function isRealDate(m: Moment): boolean {
  if (m.month < 1 || m.month > 12 || m.day < 1 || m.year === 0 || Math.abs(m.year) > 9999) return false
  const date = new Date(0)
  date.setUTCFullYear(m.year, m.month - 1, m.day)
  return date.getUTCDate() === m.day && m.hour < 24 && m.minute < 60 && m.second < 60
}

export interface DayInterval {
  readonly negative: boolean
  readonly days: number
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
  readonly nanos: number
}

export function encodeDayInterval(i: DayInterval): Buffer {
  const sign = i.negative ? -1 : 1
  const bytes = Buffer.alloc(11)
  bytes.writeUInt32BE(2 ** 31 + sign * i.days, 0)
  bytes[4] = 60 + sign * i.hours
  bytes[5] = 60 + sign * i.minutes
  bytes[6] = 60 + sign * i.seconds
  bytes.writeUInt32BE(2 ** 31 + sign * i.nanos, 7)
  return bytes
}

export function encodeYearInterval(negative: boolean, years: number, months: number): Buffer {
  const sign = negative ? -1 : 1
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32BE(2 ** 31 + sign * years, 0)
  bytes[4] = 60 + sign * months
  return bytes
}
