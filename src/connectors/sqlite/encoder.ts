import type { Column } from '../../core/catalog.js'
import type { ErrorCode } from '../../core/codes.js'
import type { Encoder, WriteSpec } from '../../core/connector.js'
import type { Row, Value } from '../../core/row.js'
import { fitsInt64, looksNumeric, normalDecimal, plainNumber, shortDecimal } from './decimal.js'
import { type FlatRows, FlatWriter } from './flat-rows.js'
import { affinityOf, convertsText } from './types.js'
import type { Bound } from './values.js'
import { bindValue } from './values.js'

/** A value that SQLite would store as another one. Found while encoding, thrown when its row is written. */
export interface Fault {
  readonly row: number
  readonly column: string
  readonly code: ErrorCode
  readonly message: string
}

export interface EncodedRows extends FlatRows {
  readonly faults: readonly Fault[]
}

class Refusal {
  readonly code: ErrorCode
  readonly message: string
  constructor(code: ErrorCode, message: string) {
    this.code = code
    this.message = message
  }
}

const INEXACT = new Refusal('E404', 'the column turns text into numbers, and this one would not stay as it is')
const INEXACT_DECIMAL = new Refusal('E404', 'the decimal cannot be held exactly by a numeric column of SQLite')
const TOO_BIG = new Refusal('E403', 'the integer does not fit 64 bits')
const NOT_A_NUMBER = new Refusal('E420', 'SQLite has no NaN')
const NOT_A_BOOLEAN = new Refusal('E407', 'the text is not a boolean')
const NOT_UNICODE = new Refusal('E409', 'the text holds half a surrogate pair')

type Binder = (value: Exclude<Value, null>) => Bound | Refusal

/** Rows as the driver takes them: the conversion of every column is chosen once. */
export function createEncoder(spec: WriteSpec): Encoder {
  const binders = spec.columns.map(binderFor)
  let textOfRow = 64
  return {
    encode: input => {
      const faults: Fault[] = []
      const out = new FlatWriter(input.length, binders.length, Math.ceil(textOfRow * input.length))
      for (let i = 0; i < input.length; i++) encodeRow(out, input[i] as Row, i, binders, spec.columns, faults)
      if (input.length > 0) textOfRow = (out.textBytes / input.length) * 1.1
      return { rows: input.length, bytes: out.size, data: { ...out.rows(), faults } satisfies EncodedRows }
    },
  }
}

function encodeRow(
  out: FlatWriter,
  row: Row,
  index: number,
  binders: readonly Binder[],
  columns: readonly Column[],
  faults: Fault[],
): void {
  for (let i = 0; i < binders.length; i++) {
    const value = row[i] ?? null
    if (value === null) {
      out.add(null)
      continue
    }
    const result = (binders[i] as Binder)(value)
    if (result instanceof Refusal) {
      faults.push({ row: index, column: columns[i]?.name ?? '', code: result.code, message: result.message })
      out.add(null)
    } else out.add(result)
  }
}

function binderFor(column: Column): Binder {
  const affinity = affinityOf(column.native)
  // Numeric columns turn a whole double into an integer by themselves, and doubles bind faster than bigints.
  const numeric = convertsText(affinity) && column.native.toUpperCase() !== 'ANY'
  const text = numeric ? guardedText : plainText
  switch (column.type.kind) {
    case 'integer':
      return value => bindInteger(value, numeric)
    case 'decimal':
      return numeric ? bindDecimal : value => (typeof value === 'object' ? value : String(value))
    case 'float':
      return bindFloat
    case 'boolean':
      return numeric ? value => (typeof value === 'boolean' ? Number(value) : bindBoolean(value)) : bindBoolean
    case 'timestamp':
      return value => (typeof value === 'string' ? spaced(value) : bindValue(value))
    case 'date':
      return value =>
        typeof value !== 'string' ? bindOther(value) : startsAsDay(value) ? plainText(value) : text(value)
    default:
      return value => (typeof value === 'string' ? text(value) : bindOther(value))
  }
}

/** A server's own text of a boolean would else be stored as text. */
function bindBoolean(value: Exclude<Value, null>): Bound | Refusal {
  if (typeof value !== 'string') return bindOther(value)
  if (value === 't' || value === 'true') return 1n
  return value === 'f' || value === 'false' ? 0n : NOT_A_BOOLEAN
}

function bindInteger(value: Exclude<Value, null>, numeric: boolean): Bound | Refusal {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return bindOther(value)
    return numeric ? value : BigInt(value)
  }
  if (typeof value === 'string') {
    if (!/^-?\d+$/.test(value)) return value
    const integer = BigInt(value)
    return fitsInt64(integer) ? integer : TOO_BIG
  }
  return bindOther(value)
}

function bindDecimal(value: Exclude<Value, null>): Bound | Refusal {
  if (typeof value !== 'string') return bindOther(value)
  const short = shortDecimal(value)
  if (short !== undefined) return short
  const normal = normalDecimal(value)
  if (normal === undefined) return value
  if (!normal.includes('.')) {
    const integer = BigInt(normal)
    if (fitsInt64(integer)) return integer
  }
  const number = Number(normal)
  return plainNumber(number) === normal ? number : INEXACT_DECIMAL
}

function bindFloat(value: Exclude<Value, null>): Bound | Refusal {
  if (typeof value === 'object' || typeof value === 'boolean') return bindValue(value)
  const number = Number(value)
  return Number.isNaN(number) ? NOT_A_NUMBER : number
}

/** Dates sort and compare in SQLite's functions with a space between date and time. */
function spaced(text: string): string {
  const utc = text.endsWith('Z')
  const clock = utc ? text.slice(0, -1) : text
  const separated = clock.charCodeAt(10) === 84 ? `${clock.slice(0, 10)} ${clock.slice(11)}` : clock
  return utc ? `${separated}+00:00` : separated
}

/** A digit and a minus after it stand in no number. */
function startsAsDay(text: string): boolean {
  const digit = text.charCodeAt(3)
  return text.charCodeAt(4) === 45 && digit >= 48 && digit <= 57
}

function plainText(text: string): Bound | Refusal {
  return text.isWellFormed() ? text : NOT_UNICODE
}

/** Text for a column that stores numbers: only what reads back as the same text may go in. */
function guardedText(text: string): Bound | Refusal {
  if (!looksNumeric(text)) return plainText(text)
  const number = Number(text)
  if (/^-?\d+$/.test(text) && text !== '-0' && fitsInt64(BigInt(text))) {
    return BigInt(text).toString() === text ? BigInt(text) : INEXACT
  }
  return String(number) === text ? number : INEXACT
}

function bindOther(value: Exclude<Value, null>): Bound | Refusal {
  if (typeof value === 'bigint' && !fitsInt64(value)) return TOO_BIG
  if (typeof value === 'number' && Number.isNaN(value)) return NOT_A_NUMBER
  return bindValue(value)
}
