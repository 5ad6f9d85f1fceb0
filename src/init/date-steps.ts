import type { LogicalType } from '../core/types.js'
import type { DateFormats } from '../inspect/api.js'
import { DECIDE } from './proposal.js'

export interface Steps {
  readonly apply?: readonly unknown[]
  readonly notes: readonly string[]
}

const DAYS: Readonly<Record<string, string>> = {
  'YYYY-MM-DD': 'yyyy-MM-dd',
  'YYYY/MM/DD': 'yyyy/MM/dd',
  'YYYY.MM.DD': 'yyyy.MM.dd',
  YYYYMMDD: 'yyyyMMdd',
  'DD.MM.YYYY': 'd.M.yyyy',
  'DD-MON-YYYY': 'd-MMM-yyyy',
  'DD-MON-YY': 'd-MMM-yy',
  'DD/MM/YYYY': 'd/M/yyyy',
  'MM/DD/YYYY': 'M/d/yyyy',
  'DD/MM/YY': 'd/M/yy',
  'MM/DD/YY': 'M/d/yy',
}
const CLOCKS: Readonly<Record<string, string>> = {
  '': '',
  ' hh:mm': ' HH:mm',
  ' hh:mm:ss': ' HH:mm:ss',
  'Thh:mm:ss': "'T'HH:mm:ss",
  ' hh:mm:ss.f': ' HH:mm:ss.u',
}
const ZONE = '±zone'

/** Text into a date or timestamp, by the ways in which dates were seen to be written. */
export function dateSteps(to: LogicalType, dates: DateFormats | undefined): Steps {
  if (dates === undefined) return { notes: [] }
  const seen = dates.formats.map(({ format, rows }) => `${format} × ${rows}`).join(', ')
  const others = dates.others === 0 ? '' : `, no date × ${dates.others}`
  const found = `dates are written ${seen}${others}`
  const vague = dates.formats.find(({ format }) => format.includes(' or ') || format.includes(' and '))
  if (vague !== undefined) {
    const fn = to.kind === 'date' ? 'parse_date' : 'parse_timestamp'
    return { notes: [`${DECIDE}${found}; say which by apply: [{ ${fn}: M/d/yyyy }] or d/M/yyyy`] }
  }
  if (dates.formats.every(({ format }) => isIso(format)))
    return { notes: [dates.others === 0 ? found : `${found}; those are rejected`] }
  const forms = dates.formats.flatMap(({ format }) => luxonFormat(format) ?? [])
  if (forms.length < dates.formats.length) return { notes: [`${DECIDE}${found}`] }
  const fn = to.kind === 'date' && forms.every(form => !/[Hm]/.test(form)) ? 'parse_date' : 'parse_timestamp'
  const [format, ...or] = forms
  return { apply: [{ [fn]: or.length === 0 ? format : { format, or } }], notes: [found] }
}

/** Casts read these by themselves. */
function isIso(format: string): boolean {
  return /^YYYY-MM-DD(?:[ T]hh:mm:ss(?:\.f)?)?(?:±zone)?$/.test(format)
}

function luxonFormat(format: string): string | undefined {
  const zoned = format.endsWith(ZONE)
  const bare = zoned ? format.slice(0, -ZONE.length) : format
  const day = Object.keys(DAYS)
    .sort((a, b) => b.length - a.length)
    .find(each => bare.startsWith(each))
  if (day === undefined) return undefined
  const clock = CLOCKS[bare.slice(day.length)]
  return clock === undefined ? undefined : `${DAYS[day]}${clock}${zoned ? 'ZZ' : ''}`
}
