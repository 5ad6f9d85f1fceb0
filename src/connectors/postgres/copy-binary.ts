import type { Column } from '../../core/catalog.js'
import type { WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { Row, Value } from '../../core/row.js'
import * as write from './binary-values.js'
import type { EncodeRows } from './copy-data.js'
import { WireBuffer } from './wire-buffer.js'

interface BinaryType {
  /** `pg_type.oid`. */
  readonly oid: number
  readonly write: write.WriteValue
}

/**
 * Types whose receive function does all that their input function does, by their names without modifiers. Not `real`, which
 * would be rounded twice, nor `name`, whose input cuts what its receive function refuses.
 */
const TYPES: ReadonlyMap<string, BinaryType> = new Map([
  ['smallint', { oid: 21, write: write.int2 }],
  ['integer', { oid: 23, write: write.int4 }],
  ['bigint', { oid: 20, write: write.int8 }],
  ['boolean', { oid: 16, write: write.bool }],
  ['double precision', { oid: 701, write: write.float8 }],
  ['numeric', { oid: 1700, write: write.numeric }],
  ['text', { oid: 25, write: write.text }],
  ['character varying', { oid: 1043, write: write.text }],
  ['varchar', { oid: 1043, write: write.text }],
  ['character', { oid: 1042, write: write.text }],
  ['bytea', { oid: 17, write: write.bytea }],
  ['date', { oid: 1082, write: write.date }],
  ['time', { oid: 1083, write: write.time }],
  ['time without time zone', { oid: 1083, write: write.time }],
  ['timestamp', { oid: 1114, write: write.timestamp }],
  ['timestamp without time zone', { oid: 1114, write: write.timestamp }],
  ['timestamptz', { oid: 1184, write: write.timestamptz }],
  ['timestamp with time zone', { oid: 1184, write: write.timestamptz }],
  ['json', { oid: 114, write: write.json }],
  ['jsonb', { oid: 3802, write: write.jsonb }],
  ['uuid', { oid: 2950, write: write.uuid }],
])

/** Of a column that holds every character; what cannot be converted is said of the text. */
function typeOf({ native, characterSet }: Column): BinaryType | undefined {
  return characterSet === undefined ? TYPES.get(native.replace(/\(\d+(?:,-?\d+)?\)/, '')) : undefined
}

/** Types of the written columns, a generated key's first; undefined where rows go as text. */
export function binaryTypes({ columns, mode, returning }: WriteSpec): readonly number[] | undefined {
  const written = mode === 'insert' && returning !== undefined ? [returning, ...columns] : columns
  const types = written.map(typeOf)
  return types.every(type => type !== undefined) ? types.map(({ oid }) => oid) : undefined
}

/** Rows in the binary format of COPY, without its header; undefined where a value's text might mean something else. */
export function binaryRows(spec: WriteSpec): EncodeRows<undefined> | undefined {
  if (binaryTypes(spec) === undefined) return undefined
  const { columns, mode, returning } = spec
  const writers = columns.map(column => (typeOf(column) as BinaryType).write)
  const numbered = mode !== 'insert'
  const values = columns.length + (numbered || returning !== undefined ? 1 : 0)
  let sizeOfRow = 64
  return (rows, first) => {
    const ends = new Uint32Array(rows.length)
    const out = new WireBuffer(Math.ceil(sizeOfRow * rows.length) + 1024)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Row
      out.room(14)
      out.int16(values)
      if (numbered) {
        out.int32(8)
        out.int64(first + i)
      }
      for (let c = 0; c < writers.length; c++) {
        const value = row[c] as Value
        if (value === null) {
          out.room(4)
          out.int32(-1)
        } else if (!(writers[c] as write.WriteValue)(out, value)) return undefined
      }
      ends[i] = out.length
    }
    const bytes = out.take()
    if (rows.length > 0) sizeOfRow = (bytes.length / rows.length) * 1.2
    return { format: 'binary', bytes, ends, first }
  }
}

/** A generated key as the server tells it. */
export function binaryField(column: Column, value: string): Buffer {
  const out = new WireBuffer(32)
  if (typeOf(column)?.write(out, value) !== true) {
    throw new EtlError('E901', `the generated ${column.name} is no ${column.native}`)
  }
  return out.take()
}
