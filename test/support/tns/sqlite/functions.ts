import Big from 'big.js'
import { notUnderstood, OraError } from '../ora-error.js'
import type { Stored } from '../ora-type.js'
import type { Moment } from '../oracle-date.js'
import {
  decodeMoment,
  encodeDate,
  encodeDayInterval,
  encodeTimestamp,
  encodeYearInterval,
  encodeZoned,
  shift,
} from '../oracle-date.js'
import {
  decodeDouble,
  decodeNumber,
  digitsOf,
  encodeDouble,
  encodeFloat,
  encodeNumber,
  numberText,
} from '../oracle-number.js'
import { formatMoment, parseMoment } from './formats.js'

type Argument = Stored | number | bigint
export type SqlFunction = (...args: readonly Argument[]) => Argument

const Decimal = Big()
Decimal.DP = 40

function big(value: Argument): Big {
  return new Decimal(decodeNumber(value as Buffer))
}

function number(value: Big | string | number | bigint): Buffer {
  try {
    return encodeNumber(value instanceof Decimal ? value.toFixed() : String(value))
  } catch (error) {
    if (String(error).includes('overflow')) throw new OraError(1426, 'numeric overflow')
    if (String(error).includes('underflow')) return encodeNumber('0')
    throw new OraError(1722, 'invalid number')
  }
}

function text(value: string): string | null {
  return value === '' ? null : value
}

const count = (value: Argument): number => Number(decodeNumber(value as Buffer))
const moment = (value: Argument): Moment => decodeMoment(value as Buffer)

/** Functions of their arguments alone; a null argument gives null unless named in {@link NULLS}. */
export const FUNCTIONS: Readonly<Record<string, SqlFunction>> = {
  n_add: (a, b) => number(big(a).plus(big(b))),
  n_sub: (a, b) => number(big(a).minus(big(b))),
  n_mul: (a, b) => number(big(a).times(big(b))),
  n_div: (a, b) => {
    if (big(b).eq(0)) throw new OraError(1476, 'divisor is equal to zero')
    return number(big(a).div(big(b)))
  },
  n_mod: (a, b) => number(big(b).eq(0) ? big(a) : big(a).mod(big(b))),
  n_neg: a => number(big(a).times(-1)),
  n_abs: a => number(big(a).abs()),
  n_round: (a, digits) => number(big(a).round(count(digits), Decimal.roundHalfUp)),
  n_trunc: (a, digits) => number(big(a).round(count(digits), Decimal.roundDown)),
  n_floor: a => number(big(a).round(0, big(a).lt(0) ? Decimal.roundUp : Decimal.roundDown)),
  n_ceil: a => number(big(a).round(0, big(a).lt(0) ? Decimal.roundDown : Decimal.roundUp)),
  n_sign: a => number(big(a).cmp(0)),
  n_int: a => number(a as number | bigint),
  i_num: a => {
    const value = big(a).round(0, Decimal.roundDown)
    return value.abs().gt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : value.toNumber()
  },
  t_num: a => number(String(a)),
  n_txt: a => numberText(a as Buffer),
  n_dbl: a => encodeDouble(Number(decodeNumber(a as Buffer))),
  n_flt: a => encodeFloat(Number(decodeNumber(a as Buffer))),
  dbl_n: a => {
    const value = decodeDouble(a as Buffer)
    if (!Number.isFinite(value)) throw new OraError(1426, 'numeric overflow')
    return number(value)
  },
  dbl_flt: a => encodeFloat(decodeDouble(a as Buffer)),
  t_dbl: a => encodeDouble(parseFloatText(String(a))),
  t_flt: a => encodeFloat(parseFloatText(String(a))),
  fit_num: (a, precision, scale) => {
    const { whole, fraction } = digitsOf(a as Buffer)
    if (fraction <= Number(scale) && whole <= Number(precision) - Number(scale)) return a as Buffer
    const rounded = big(a).round(Number(scale), Decimal.roundHalfUp)
    if (rounded.abs().gte(new Decimal(10).pow(Number(precision) - Number(scale))))
      throw new OraError(1438, 'value larger than specified precision allowed for this column')
    return number(rounded)
  },
  fit_txt: (a, length, chars, label) => {
    const value = String(a)
    const actual = chars === 1n || chars === 1 ? [...value].length : Buffer.byteLength(value)
    if (actual > Number(length)) throw tooLarge(String(label), actual, Number(length))
    return text(value)
  },
  fit_char: (a, length, chars, label) => {
    const value = String(a)
    const actual = chars === 1n || chars === 1 ? [...value].length : Buffer.byteLength(value)
    if (actual > Number(length)) throw tooLarge(String(label), actual, Number(length))
    return value + ' '.repeat(Number(length) - actual)
  },
  fit_raw: (a, length, label) => {
    const value = a as Buffer
    if (value.length > Number(length)) throw tooLarge(String(label), value.length, Number(length))
    return value.length === 0 ? null : value
  },
  fit_ts: (a, digits) => {
    const unit = 10 ** (9 - Number(digits))
    if ((a as Buffer).readUInt32BE(7) % unit === 0) return a
    const bytes = Buffer.from(a as Buffer)
    const rounded = Math.round(bytes.readUInt32BE(7) / unit) * unit
    if (rounded < 1_000_000_000) {
      bytes.writeUInt32BE(rounded, 7)
      return bytes
    }
    const up = encodeTimestamp(shift({ ...decodeMoment(bytes.subarray(0, 11)), nanos: 0 }, 1))
    return Buffer.concat([up, bytes.subarray(11)])
  },
  cat: (a, b) => text(`${a ?? ''}${b ?? ''}`),
  t_upper: a => String(a).toUpperCase(),
  t_lower: a => String(a).toLowerCase(),
  t_chr: a => {
    if (count(a) > 127) throw notUnderstood('CHR of more than ASCII')
    return String.fromCharCode(count(a))
  },
  t_trim: a => text(String(a).replace(/^ +| +$/g, '')),
  t_ltrim: a => text(String(a).replace(/^ +/, '')),
  t_rtrim: a => text(String(a).replace(/ +$/, '')),
  t_length: a => number([...String(a)].length),
  t_lengthb: a => number(Buffer.byteLength(String(a))),
  b_length: a => number((a as Buffer).length),
  t_substr: (a, from, length) => {
    const all = [...String(a)]
    const start = count(from)
    const begin = start > 0 ? start - 1 : start < 0 ? all.length + start : 0
    if (begin < 0) return null
    return text(all.slice(begin, length === undefined ? undefined : begin + Math.max(0, count(length))).join(''))
  },
  t_instr: (a, b) =>
    number(
      [...(String(a).split(String(b))[0] as string)].length === [...String(a)].length
        ? 0
        : [...(String(a).split(String(b))[0] as string)].length + 1,
    ),
  t_replace: (a, b, c) => (a === null ? null : b === null ? a : text(String(a).replaceAll(String(b), String(c ?? '')))),
  t_like: (a, pattern, mark) =>
    likePattern(String(pattern), mark === undefined ? undefined : String(mark)).test(String(a)) ? 1 : 0,
  t_raw: a => {
    const digits = String(a)
    if (!/^[0-9a-f]*$/i.test(digits)) throw new OraError(1465, 'invalid hex number')
    return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  },
  raw_t: a => (a as Buffer).toString('hex').toUpperCase(),
  m_txt: (a, format) => formatMoment(moment(a), String(format)),
  t_date: (a, format) => encodeDate(parseMoment(String(a), String(format))),
  t_ts: (a, format) => encodeTimestamp(parseMoment(String(a), String(format))),
  t_tz: (a, format) => encodeZoned(parseMoment(String(a), String(format))),
  m_date: a => encodeDate(moment(a)),
  m_ts: a => encodeTimestamp(moment(a)),
  m_tz: a => encodeZoned({ ...moment(a), offset: moment(a).offset ?? 0 }),
  m_utc: a => Buffer.from((a as Buffer).subarray(0, 11)),
  m_at: (a, zone) => {
    const offset = zoneOffset(String(zone))
    const utc = decodeMoment((a as Buffer).subarray(0, 11))
    return encodeZoned({ ...shift(utc, offset * 60), offset })
  },
  m_trunc: a => encodeDate({ ...moment(a), hour: 0, minute: 0, second: 0, nanos: 0 }),
  m_plus: (a, days) => encodeDate(shift(moment(a), Math.round(big(days).times(86_400).toNumber()))),
  m_minus: (a, b) => number(new Decimal(seconds(moment(a)) - seconds(moment(b))).div(86_400)),
  t_ds: a => dayInterval(String(a)),
  t_ym: a => {
    const match = /^\s*([+-]?)(\d+)-(\d+)\s*$/.exec(String(a))
    if (match === null) throw new OraError(1867, 'the interval is invalid')
    return encodeYearInterval(match[1] === '-', Number(match[2]), Number(match[3]))
  },
  ds_t: a => dayIntervalText(a as Buffer),
  ym_t: a => {
    const bytes = a as Buffer
    const months = (bytes.readUInt32BE(0) - 2 ** 31) * 12 + (bytes[4] as number) - 60
    const size = Math.abs(months)
    return `${months < 0 ? '-' : '+'}${String(Math.floor(size / 12)).padStart(2, '0')}-${String(size % 12).padStart(2, '0')}`
  },
}

/** Functions that look at null arguments themselves. */
export const NULLS: ReadonlySet<string> = new Set(['cat', 't_replace'])

function tooLarge(label: string, actual: number, maximum: number): OraError {
  return new OraError(12899, `value too large for column ${label} (actual: ${actual}, maximum: ${maximum})`)
}

function parseFloatText(value: string): number {
  const word = value.trim().toLowerCase()
  if (word === 'nan') return Number.NaN
  if (/^\+?inf(inity)?$/.test(word)) return Number.POSITIVE_INFINITY
  if (/^-inf(inity)?$/.test(word)) return Number.NEGATIVE_INFINITY
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(word)) throw new OraError(1722, 'invalid number')
  return Number(word)
}

function likePattern(pattern: string, mark: string | undefined): RegExp {
  let source = ''
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] as string
    if (char === mark) source += quote(pattern[++i] ?? '')
    else source += char === '%' ? '[\\s\\S]*' : char === '_' ? '[\\s\\S]' : quote(char)
  }
  return new RegExp(`^${source}$`)
}

function quote(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
}

export function zoneOffset(zone: string): number {
  if (/^(UTC|GMT)$/i.test(zone)) return 0
  const match = /^([+-])(\d{1,2}):(\d{1,2})$/.exec(zone.trim())
  if (match === null) throw new OraError(1882, 'timezone region not found')
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]))
}

function seconds(m: Moment): number {
  const date = new Date(0)
  date.setUTCFullYear(m.year, m.month - 1, m.day)
  return date.getTime() / 1000 + m.hour * 3600 + m.minute * 60 + m.second
}

function dayInterval(value: string): Buffer {
  const match = /^\s*([+-]?)(\d+) (\d+):(\d+):(\d+)(?:\.(\d{1,9}))?\s*$/.exec(value)
  if (match === null) throw new OraError(1867, 'the interval is invalid')
  return encodeDayInterval({
    negative: match[1] === '-',
    days: Number(match[2]),
    hours: Number(match[3]),
    minutes: Number(match[4]),
    seconds: Number(match[5]),
    nanos: Number((match[6] ?? '').padEnd(9, '0')),
  })
}

function dayIntervalText(bytes: Buffer): string {
  const parts = [
    bytes.readUInt32BE(0) - 2 ** 31,
    ...[4, 5, 6].map(i => (bytes[i] as number) - 60),
    bytes.readUInt32BE(7) - 2 ** 31,
  ]
  const [days, hours, minutes, secs, nanos] = parts.map(Math.abs) as [number, number, number, number, number]
  const two = (part: number): string => String(part).padStart(2, '0')
  const sign = parts.some(part => part < 0) ? '-' : '+'
  return `${sign}${two(days)} ${two(hours)}:${two(minutes)}:${two(secs)}.${String(nanos).padStart(9, '0').slice(0, 6)}`
}
