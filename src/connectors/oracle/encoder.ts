import type { Column } from '../../core/catalog.js'
import type { ErrorCode } from '../../core/codes.js'
import type { Encoder, WriteSpec } from '../../core/connector.js'
import type { Value } from '../../core/row.js'
import type { BindForm, Bound } from './binds.js'
import { bindForm, bindValue } from './binds.js'

/** A value that Oracle would store as another one. Found while encoding, thrown when its row is written. */
export interface Fault {
  readonly row: number
  readonly column: string
  readonly code: ErrorCode
  readonly message: string
}

export interface EncodedRows {
  readonly rows: readonly (readonly Bound[])[]
  readonly faults: readonly Fault[]
}

type Refusal = Pick<Fault, 'code' | 'message'>

const EMPTY: Refusal = { code: 'E401', message: 'Oracle keeps the empty text as null, and the column cannot be null' }
const DIGITS: Refusal = { code: 'E404', message: 'the number has more than 38 digits, which Oracle would round' }
const SCALE: Refusal = {
  code: 'E404',
  message: 'the number has more decimals than the column, which Oracle would round',
}
const RANGE: Refusal = { code: 'E403', message: 'the number is out of range' }
const NOT_A_NUMBER: Refusal = { code: 'E402', message: 'the text is not a number' }
const NOT_UNICODE: Refusal = { code: 'E409', message: 'the text holds half a surrogate pair' }
const TIME: Refusal = { code: 'E404', message: 'the column holds no fraction of a second' }

/** Rows as bind values: the conversion of every column is chosen once. */
export function createEncoder(spec: WriteSpec): Encoder {
  const binders = spec.columns.map(column => ({ column, form: bindForm(bareName(column.native), column.type) }))
  return {
    encode: input => {
      const faults: Fault[] = []
      let bytes = 0
      const rows = input.map((row, index) =>
        binders.map(({ column, form }, i): Bound => {
          const value = row[i] ?? null
          const refusal = check(value, column, form)
          if (refusal !== undefined) {
            faults.push({ row: index, column: column.name, ...refusal })
            return null
          }
          const bound = bindValue(form, value)
          bytes += typeof bound === 'string' || bound instanceof Uint8Array ? bound.length : 8
          return bound
        }),
      )
      return { rows: rows.length, bytes, data: { rows, faults } satisfies EncodedRows }
    },
  }
}

/** `NUMBER(10,2)` is `NUMBER`, `TIMESTAMP(6) WITH TIME ZONE` stays but for its digits. */
export function bareName(native: string): string {
  return native.replace(/\([^)]*\)/g, '').trim()
}

function check(value: Value, column: Column, form: BindForm): Refusal | undefined {
  if (value === null) return undefined
  switch (form) {
    case 'number':
      return typeof value === 'boolean' ? undefined : checkNumber(String(bindValue('number', value)), column)
    case 'text':
    case 'char':
    case 'national':
      if (value === '') return column.nullable ? undefined : EMPTY
      return typeof value === 'string' && !value.isWellFormed() ? NOT_UNICODE : undefined
    case 'bytes':
      return Buffer.isBuffer(value) && value.length === 0 && !column.nullable ? EMPTY : undefined
    case 'date':
      return /\.\d*[1-9]/.test(String(value)) ? TIME : undefined
    default:
      return undefined
  }
}

function checkNumber(text: string, column: Column): Refusal | undefined {
  const match = /^[+-]?0*(\d*)(?:\.(\d*?)0*)?$/.exec(text)
  if (match === null) return NOT_A_NUMBER
  const [, whole = '', fraction = ''] = match
  const significant = (whole + fraction).replace(/^0+/, '').replace(/0+$/, '')
  if (significant.length > 38) return DIGITS
  if (whole.length > 125) return RANGE
  if (significant !== '' && fraction.length > 127) return DIGITS
  const scale = scaleOf(column)
  return scale !== undefined && fraction.length > scale ? SCALE : undefined
}

/** The declared scale; the logical type does not have it for whole numbers. */
function scaleOf(column: Column): number | undefined {
  const declared = /^NUMBER\(\d+,(-?\d+)\)$/.exec(column.native)?.[1]
  if (declared !== undefined) return Math.max(0, Number(declared))
  if (column.type.kind === 'decimal' && column.type.precision !== undefined) return column.type.scale ?? 0
  return column.type.kind === 'integer' ? 0 : undefined
}
