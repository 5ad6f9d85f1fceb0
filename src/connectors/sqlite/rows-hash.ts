import { createHash, type Hash } from 'node:crypto'
import type BetterSqlite3 from 'better-sqlite3'
import type { HashedColumn } from '../../core/connector.js'
import { quoteName, standardLiteral } from '../../core/sql.js'
import type { LogicalType } from '../../core/types.js'

const NAME = 'etl_rows_hash'
/** SQLite takes 127 arguments, two of which are ours. */
const MOST_COLUMNS = 125
const FIRST = 2
const CHUNK = 65_536

/** A value as functions get it: a large integer has lost digits, and is seen to have. */
type Given = null | number | string | Buffer

/** The same for the same value alone; undefined where it is not what its column says, so that it is looked at. */
type TextOf = (value: Exclude<Given, null>) => string | undefined

/** Gives no hash where a value is not what its column says: SQLite stores anything anywhere. */
export function rowsHash(columns: readonly HashedColumn[], seed: number): string | undefined {
  if (columns.length > MOST_COLUMNS || columns.some(({ type }) => textOf(type) === undefined)) return undefined
  const types = standardLiteral(JSON.stringify(columns.map(({ type }) => type)))
  return `${NAME}(${[seed, types, ...columns.map(({ name }) => quoteName({ quote: '"' }, name))].join(', ')})`
}

interface State {
  readonly hash: Hash
  texts: readonly (TextOf | undefined)[] | undefined
  text: string
  sound: boolean
}

/**
 * Makes the aggregate known to a connection. Rows are hashed in the order in which they come: a range of a key comes in the
 * key's order from both sides, and where it does not the hashes only differ.
 */
export function addRowsHash(db: BetterSqlite3.Database): void {
  db.aggregate(NAME, {
    varargs: true,
    safeIntegers: false,
    start: (): State => ({ hash: createHash('sha256'), texts: undefined, text: '', sound: true }),
    // Called for each row: the seed, the types, then the values.
    step: (state: State, ...given: unknown[]) => {
      if (state.texts === undefined) {
        state.texts = (JSON.parse(given[1] as string) as LogicalType[]).map(textOf)
        state.hash.update(String(given[0]))
      }
      for (let i = FIRST; i < given.length; i++) {
        const value = given[i] as Given
        if (value === null) {
          state.text += 'n'
          continue
        }
        const text = state.texts[i - FIRST]?.(value)
        if (text === undefined) state.sound = false
        else state.text += `${text.length}:${text}`
      }
      state.text += ';'
      if (state.text.length < CHUNK) return
      state.hash.update(state.text)
      state.text = ''
    },
    result: ({ hash, text, sound }) => (sound ? hash.update(text).digest('hex') : null),
  })
}

const DAY =
  '(?!0000)\\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)'
const CLOCK = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d'
/** As others write it, and as we do. */
const UTC = /(?:Z|\+00:00)$/
/** What the driver makes of bytes that are no UTF-8; also a character. */
const REPLACED = '\ufffd'

/** Undefined for types whose values are read in more ways than one. */
function textOf(type: LogicalType): TextOf | undefined {
  switch (type.kind) {
    case 'integer':
      return type.bits === 64 ? numbers(value => Number.isSafeInteger(value)) : undefined
    case 'float':
      return type.bits === 64 ? numbers(Number.isFinite) : undefined
    case 'boolean':
      return numbers(value => value === 0 || value === 1)
    case 'decimal':
      return decimals(type.precision, type.scale ?? 0)
    case 'text': {
      const most = type.length ?? Number.POSITIVE_INFINITY
      return texts(value => value.length <= most && !value.includes(REPLACED))
    }
    case 'bytes': {
      const most = type.length ?? Number.POSITIVE_INFINITY
      return value => (Buffer.isBuffer(value) && value.length <= most ? value.toString('hex') : undefined)
    }
    case 'date':
      return matching(DAY)
    case 'time':
      return matching(CLOCK + fraction(type.precision))
    case 'timestamp': {
      const text = matching(`${DAY}[ T]${CLOCK}${fraction(type.precision)}`)
      if (!type.zoned) return text
      return value => (typeof value === 'string' && UTC.test(value) ? text(value.replace(UTC, '')) : undefined)
    }
    case 'uuid':
      return matching('[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
    default:
      return undefined
  }
}

function numbers(sound: (value: number) => boolean): TextOf {
  return value => (typeof value === 'number' && sound(value) ? String(value) : undefined)
}

function texts(sound: (value: string) => boolean): TextOf {
  return value => (typeof value === 'string' && sound(value) ? value : undefined)
}

/** A quotient of whole numbers is rounded as a decimal is that is read: what it gives back has no more digits. */
function decimals(precision: number | undefined, scale: number): TextOf | undefined {
  if (precision === undefined || precision > 15 || scale < 0 || scale > precision) return undefined
  const [above, unit] = [10 ** (precision - scale), 10 ** scale]
  return numbers(value => Math.abs(value) < above && Math.round(value * unit) / unit === value)
}

function matching(pattern: string): TextOf {
  const whole = new RegExp(`^${pattern}$`)
  return texts(value => whole.test(value))
}

function fraction(precision = 6): string {
  return precision === 0 ? '' : `(?:\\.\\d{1,${precision}})?`
}
