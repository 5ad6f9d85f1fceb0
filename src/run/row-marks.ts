import type { ReadColumn } from '../core/connector.js'
import type { Row, Value } from '../core/row.js'
import { canonicalOf } from '../transforms/canonical.js'
import type { CanonicalSpec } from './canonical-rows.js'
import type { UndoTable } from './undo-record.js'

/** Two numbers of 32 bits a row, which differ where a value does, whoever gave the row: the mapping or the target. */
export type Marks = Uint32Array

const [NULL, END] = [0x10000, 0x20000]
/** Past nine digits. */
const LONG = 1e9

/**
 * What makes the marks of rows. Two sums of the characters by other rules: a digest of the runtime takes twice the time for
 * rows as short as these, and nobody is to be kept from making up a row with a mark.
 */
export function marker(spec: CanonicalSpec): (rows: readonly Row[]) => Marks {
  const columns = spec.columns.map(({ index, type, signedZero }) => ({
    index,
    text: canonicalOf(type, signedZero),
    whole: type.kind === 'integer' || type.kind === 'decimal',
  }))
  const digits = new Uint8Array(10)
  return rows => {
    const marks = new Uint32Array(rows.length * 2)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Row
      let [a, b] = [0x811c9dc5, 0x1b873593]
      for (let c = 0; c < columns.length; c++) {
        const { index, text, whole } = columns[c] as (typeof columns)[0]
        const value = row[index] as Value
        if (whole && typeof value === 'number' && value === (value | 0) && value > -LONG && value < LONG) {
          // The characters of its text, which takes the runtime longer to make than all of this.
          let size = 0
          for (let rest = value < 0 ? -value : value; size === 0 || rest > 0; rest = (rest / 10) | 0)
            digits[size++] = 48 + (rest % 10)
          if (value < 0) digits[size++] = 45
          while (size > 0) {
            const code = digits[--size] as number
            a = Math.imul(a ^ code, 0x01000193)
            b = Math.imul(b ^ (b >>> 15) ^ code, 0x85ebca6b)
          }
        } else {
          const chars = value === null ? '' : text(value)
          for (let at = 0; at < chars.length; at++) {
            const code = chars.charCodeAt(at)
            a = Math.imul(a ^ code, 0x01000193)
            b = Math.imul(b ^ (b >>> 15) ^ code, 0x85ebca6b)
          }
        }
        const end = value === null ? NULL : END
        a = Math.imul(a ^ end, 0x01000193)
        b = Math.imul(b ^ (b >>> 15) ^ end, 0x85ebca6b)
      }
      marks[2 * i] = a
      marks[2 * i + 1] = b
    }
    return marks
  }
}

/** The mark of one row, to be compared. */
export function markAt(marks: Marks, index: number): string {
  return `${marks[2 * index]} ${marks[2 * index + 1]}`
}

/** The marks of some rows. */
export function marksAt(marks: Marks, indexes: readonly number[]): Marks {
  const found = new Uint32Array(indexes.length * 2)
  for (const [i, index] of indexes.entries()) found.set(marks.subarray(2 * index, 2 * index + 2), 2 * i)
  return found
}

export function joinMarks(parts: readonly Marks[]): Marks {
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Marks of rows as the target gives them, in the columns of {@link UndoTable.columns}. */
export interface RowMarks {
  /** Of all columns. */
  readonly all: (rows: readonly Row[]) => Marks
  /** Of those that the first pass writes. */
  readonly written: (rows: readonly Row[]) => Marks
  /** Of all others, but for the key that a row is found by. */
  readonly rest: (rows: readonly Row[]) => Marks
}

export function rowMarks(head: UndoTable, columns: readonly ReadColumn[], signedZero: boolean): RowMarks {
  const of = (names: readonly string[]) =>
    marker(canonicalColumns(names, columns, signedZero, name => head.columns.indexOf(name)))
  const known = new Set([...head.written, ...head.key.load])
  return {
    all: of(head.columns),
    written: of(head.written),
    rest: of(head.columns.filter(name => !known.has(name))),
  }
}

/** @param index of a column in the rows */
export function canonicalColumns(
  names: readonly string[],
  columns: readonly ReadColumn[],
  signedZero: boolean,
  index: (name: string) => number,
): CanonicalSpec {
  return {
    columns: names.map(name => {
      const type = columns.find(column => column.name === name)?.type ?? { kind: 'any' as const }
      return { index: index(name), type, signedZero }
    }),
  }
}
