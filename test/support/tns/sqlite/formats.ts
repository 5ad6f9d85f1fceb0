import { notUnderstood, OraError } from '../ora-error.js'
import { isRealDate, type Moment } from '../oracle-date.js'

type Element =
  | { readonly is: 'year'; readonly signed: boolean }
  | { readonly is: 'number'; readonly field: 'month' | 'day' | 'hour' | 'minute' | 'second' }
  | { readonly is: 'fraction'; readonly digits: number | undefined }
  | { readonly is: 'zoneHour' | 'zoneMinute' }
  /** Of the format that a session begins with; only written. */
  | { readonly is: 'monthName' | 'shortYear' }
  | { readonly is: 'literal'; readonly text: string }

const FIELDS: Readonly<Record<string, 'month' | 'day' | 'hour' | 'minute' | 'second'>> = {
  MM: 'month',
  DD: 'day',
  HH24: 'hour',
  MI: 'minute',
  SS: 'second',
}
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const PATTERN = /(SYYYY|YYYY|RR|MON|MM|DD|HH24|MI|SS|FF[1-9]?|TZH|TZM|"[^"]*"|[-/,.;: ])/giy
const known = new Map<string, readonly Element[]>()

function parseFormat(format: string): readonly Element[] {
  const found = known.get(format)
  if (found !== undefined) return found
  const elements: Element[] = []
  PATTERN.lastIndex = 0
  while (PATTERN.lastIndex < format.length) {
    const text = PATTERN.exec(format)?.[0]
    if (text === undefined) throw new OraError(1821, 'date format not recognized')
    const word = text.toUpperCase()
    const field = FIELDS[word]
    if (word === 'SYYYY' || word === 'YYYY') elements.push({ is: 'year', signed: word === 'SYYYY' })
    else if (field !== undefined) elements.push({ is: 'number', field })
    else if (word.startsWith('FF'))
      elements.push({ is: 'fraction', digits: word.length > 2 ? Number(word[2]) : undefined })
    else if (word === 'MON') elements.push({ is: 'monthName' })
    else if (word === 'RR') elements.push({ is: 'shortYear' })
    else if (word === 'TZH') elements.push({ is: 'zoneHour' })
    else if (word === 'TZM') elements.push({ is: 'zoneMinute' })
    else elements.push({ is: 'literal', text: text.startsWith('"') ? text.slice(1, -1) : text })
  }
  known.set(format, elements)
  return elements
}

export function formatMoment(m: Moment, format: string): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return parseFormat(format)
    .map(element => {
      switch (element.is) {
        case 'year': {
          const year = String(Math.abs(m.year)).padStart(4, '0')
          return element.signed ? `${m.year < 0 ? '-' : ' '}${year}` : year
        }
        case 'number':
          return two(m[element.field])
        case 'fraction':
          return String(m.nanos)
            .padStart(9, '0')
            .slice(0, element.digits ?? 9)
        case 'monthName':
          return MONTHS[m.month - 1] ?? ''
        case 'shortYear':
          return two(Math.abs(m.year) % 100)
        case 'zoneHour':
          return `${(m.offset ?? 0) < 0 ? '-' : '+'}${two(Math.floor(Math.abs(m.offset ?? 0) / 60))}`
        case 'zoneMinute':
          return two(Math.abs(m.offset ?? 0) % 60)
        default:
          return element.text
      }
    })
    .join('')
}

/** Text by a format; the messages are the database's. */
export function parseMoment(text: string, format: string): Moment {
  const m = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanos: 0 }
  let zone: { sign: number; minutes: number } | undefined
  let at = 0
  const digits = (most: number): string => {
    const found = /^\d+/.exec(text.slice(at, at + most))?.[0]
    if (found === undefined) throw new OraError(1858, 'a non-numeric character was found where a numeric was expected')
    at += found.length
    return found
  }
  for (const element of parseFormat(format)) {
    if (at >= text.length && element.is !== 'literal' && element.is !== 'year') {
      if (element.is === 'fraction' || element.is === 'zoneHour' || element.is === 'zoneMinute') continue
      throw new OraError(1840, 'input value not long enough for date format')
    }
    switch (element.is) {
      case 'year': {
        const negative = text[at] === '-'
        if (negative || text[at] === '+' || text[at] === ' ') at++
        m.year = Number(digits(4)) * (negative ? -1 : 1)
        break
      }
      case 'number':
        m[element.field] = Number(digits(2))
        break
      case 'fraction':
        m.nanos = Number(digits(element.digits ?? 9).padEnd(9, '0'))
        break
      case 'monthName':
      case 'shortYear':
        throw notUnderstood(`reading a date by ${format}`)
      case 'zoneHour': {
        const sign = text[at] === '-' ? -1 : 1
        if (text[at] === '-' || text[at] === '+') at++
        zone = { sign, minutes: Number(digits(2)) * 60 }
        break
      }
      case 'zoneMinute':
        if (zone !== undefined) zone.minutes += Number(digits(2))
        break
      default:
        if (!text.startsWith(element.text, at)) {
          if (at >= text.length) continue
          throw new OraError(1861, 'literal does not match format string')
        }
        at += element.text.length
    }
  }
  if (at < text.length) throw new OraError(1830, 'date format picture ends before converting entire input string')
  if (!isRealDate(m)) throw badDate(m)
  return zone === undefined ? m : { ...m, offset: zone.sign * zone.minutes }
}

function badDate(m: Moment): OraError {
  if (m.year === 0) return new OraError(1841, '(full) year must be between -4713 and +9999, and not be 0')
  if (m.month < 1 || m.month > 12) return new OraError(1843, 'not a valid month')
  if (m.hour > 23) return new OraError(1850, 'hour must be between 0 and 23')
  if (m.minute > 59) return new OraError(1851, 'minutes must be between 0 and 59')
  if (m.second > 59) return new OraError(1852, 'seconds must be between 0 and 59')
  return m.day > 31 || m.day < 1
    ? new OraError(1847, 'day of month must be between 1 and last day of month')
    : new OraError(1839, 'date not valid for month specified')
}
