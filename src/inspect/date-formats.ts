import type { DateFormats } from './api.js'

const YEAR = String.raw`(?:1[5-9]|2[0-9])\d\d`
const MONTH = `(?:0[1-9]|1[0-2])`
const DAY = String.raw`(?:0[1-9]|[12]\d|3[01])`
const TIME = String.raw`(?:[01]\d|2[0-4]):[0-5]\d`
const SECONDS = String.raw`:[0-6]\d`

const WRITTEN: readonly (readonly [format: string, pattern: string])[] = [
  ['YYYY-MM-DD', `${YEAR}-${MONTH}-${DAY}`],
  ['YYYY/MM/DD', `${YEAR}/${MONTH}/${DAY}`],
  ['YYYY.MM.DD', `${YEAR}\\.${MONTH}\\.${DAY}\\.?`],
  ['YYYYMMDD', `${YEAR}${MONTH}${DAY}`],
  ['DD.MM.YYYY', `(?:${DAY}|[1-9])\\.(?:${MONTH}|[1-9])\\.${YEAR}`],
  ['DD-MON-YYYY', `(?:${DAY}|[1-9])[- ][A-Za-z]{3,9}[- ]${YEAR}`],
  ['DD-MON-YY', `(?:${DAY}|[1-9])[- ][A-Za-z]{3,9}[- ]\\d\\d`],
]

const CLOCKS: readonly (readonly [format: string, pattern: string])[] = [
  ['', ''],
  [' hh:mm', `[ T]${TIME}`],
  [' hh:mm:ss', ` ${TIME}${SECONDS}`],
  ['Thh:mm:ss', `T${TIME}${SECONDS}`],
  [' hh:mm:ss.f', `[ T]${TIME}${SECONDS}[.,]\\d{1,9}`],
]

const FORMATS = [
  ...WRITTEN.flatMap(([date, datePattern]) =>
    CLOCKS.flatMap(([clock, clockPattern]) => [
      { format: date + clock, pattern: new RegExp(`^${datePattern}${clockPattern}$`) },
      ...(clock === ''
        ? []
        : [
            {
              format: `${date + clock}±zone`,
              pattern: new RegExp(`^${datePattern}${clockPattern} ?(?:Z|[+-]\\d\\d:?(?:\\d\\d)?)$`),
            },
          ]),
    ]),
  ),
  { format: 'hh:mm', pattern: new RegExp(`^${TIME}$`) },
  { format: 'hh:mm:ss', pattern: new RegExp(`^${TIME}${SECONDS}$`) },
]

const SLASHED = /^(\d{1,2})\/(\d{1,2})\/(\d{4}|\d\d)( [\d:. APMapm]+)?$/

/** How a text is written as a date; undefined where it is none. */
export function dateFormat(text: string): string | undefined {
  const slashed = SLASHED.exec(text)
  if (slashed !== null) {
    const [first, second] = [Number(slashed[1]), Number(slashed[2])]
    const year = (slashed[3] ?? '').length === 4 ? 'YYYY' : 'YY'
    const clock = slashed[4] === undefined ? '' : ' and time'
    if (first > 12 && first <= 31 && second <= 12) return `DD/MM/${year}${clock}`
    if (second > 12 && second <= 31 && first <= 12) return `MM/DD/${year}${clock}`
    return first <= 12 && second <= 12 ? `MM/DD or DD/MM/${year}${clock}` : undefined
  }
  return FORMATS.find(({ pattern }) => pattern.test(text))?.format
}

const ENOUGH = 0.6

/** Counts how the texts of a column are written. */
export class DateTally {
  readonly #formats = new Map<string, number>()
  #of = 0
  #others = 0

  add(text: string): void {
    this.#of++
    const format = text.length > 40 ? undefined : dateFormat(text)
    if (format === undefined) this.#others++
    else this.#formats.set(format, (this.#formats.get(format) ?? 0) + 1)
  }

  /** Undefined where the column is not one of dates: numbers and names look like them now and then. */
  result(): DateFormats | undefined {
    if (this.#of === 0 || (this.#of - this.#others) / this.#of < ENOUGH) return undefined
    const formats = [...this.#formats].map(([format, rows]) => ({ format, rows })).sort((a, b) => b.rows - a.rows)
    return { of: this.#of, formats, others: this.#others }
  }
}
