import type { Column, Table } from '../core/catalog.js'
import { keyText, type Row, type Value } from '../core/row.js'
import type { ColumnProfile, Duplicates } from './api.js'
import { DateTally } from './date-formats.js'
import { compareText, described, FEW_VALUES } from './profile-sql.js'
import type { UniqueLooking } from './unique-looking.js'

/** Different values that are remembered of a column; past it only nulls, the range and dates are known. */
const MOST_VALUES = 200_000
const MOST_EXAMPLES = 5

/** Profiles rows as they pass by: files, and samples of tables too large for anything else. */
export class RowProfiler {
  readonly #columns: readonly ColumnTally[]
  readonly #groups: readonly GroupTally[]
  rows = 0

  /** @param columns the table's columns, in the order of the rows' values */
  constructor(columns: readonly Column[], unique: readonly UniqueLooking[]) {
    this.#columns = columns.map(column => new ColumnTally(column))
    const index = (name: string): number => columns.findIndex(column => column.name === name)
    this.#groups = unique.map(looking => new GroupTally(looking, looking.columns.map(index)))
  }

  add(row: Row): void {
    this.rows++
    for (const [i, column] of this.#columns.entries()) column.add(row[i] ?? null)
    for (const group of this.#groups) group.add(row)
  }

  columns(): ColumnProfile[] {
    return this.#columns.map(column => column.profile(this.rows))
  }

  duplicates(): Duplicates[] {
    return this.#groups.flatMap(group => group.result() ?? [])
  }
}

class ColumnTally {
  readonly #column: Column
  readonly #dates = new DateTally()
  readonly #numeric: boolean
  #counts: Map<string, { readonly value: Value; rows: number }> | undefined = new Map()
  #nulls = 0
  #min: Value = null
  #max: Value = null

  constructor(column: Column) {
    this.#column = column
    this.#numeric = ['integer', 'decimal', 'float'].includes(column.type.kind)
    if (['bytes', 'json', 'other'].includes(column.type.kind)) this.#counts = undefined
  }

  add(value: Value): void {
    if (value === null) {
      this.#nulls++
      return
    }
    if (typeof value === 'string') this.#dates.add(value)
    if (Buffer.isBuffer(value)) return
    if (this.#min === null || this.#compare(value, this.#min) < 0) this.#min = value
    if (this.#max === null || this.#compare(value, this.#max) > 0) this.#max = value
    if (this.#counts === undefined) return
    const key = keyText([value])
    const known = this.#counts.get(key)
    if (known !== undefined) known.rows++
    else if (this.#counts.size < MOST_VALUES) this.#counts.set(key, { value, rows: 1 })
    else this.#counts = undefined
  }

  profile(rows: number): ColumnProfile {
    const dates = this.#dates.result()
    const values = this.#counts === undefined ? [] : [...this.#counts.values()]
    const few = values.length > 0 && values.length <= FEW_VALUES && values.length < rows - this.#nulls
    return {
      ...described(this.#column),
      nulls: this.#nulls,
      ...(this.#counts === undefined ? {} : { distinct: values.length }),
      ...(this.#min === null ? {} : { min: this.#min, max: this.#max }),
      ...(few ? { values: values.sort((a, b) => b.rows - a.rows || compareText(a.value, b.value)) } : {}),
      ...(dates === undefined ? {} : { dates }),
    }
  }

  #compare(a: Value, b: Value): number {
    return this.#numeric ? Number(a) - Number(b) : compareText(a, b)
  }
}

class GroupTally {
  readonly #looking: UniqueLooking
  readonly #indexes: readonly number[]
  #counts: Map<string, { readonly values: readonly Value[]; rows: number }> | undefined = new Map()

  constructor(looking: UniqueLooking, indexes: readonly number[]) {
    this.#looking = looking
    this.#indexes = indexes
  }

  add(row: Row): void {
    if (this.#counts === undefined) return
    const { ignoringCase } = this.#looking
    const values = this.#indexes.map(index => {
      const value = row[index] ?? null
      return ignoringCase && typeof value === 'string' ? value.toLowerCase() : value
    })
    if (values.includes(null)) return
    const key = keyText(values)
    const known = this.#counts.get(key)
    if (known !== undefined) known.rows++
    else if (this.#counts.size < MOST_VALUES) this.#counts.set(key, { values, rows: 1 })
    else this.#counts = undefined
  }

  /** Undefined where there are none, or more different values than are remembered. */
  result(): Duplicates | undefined {
    const groups = [...(this.#counts?.values() ?? [])].filter(({ rows }) => rows > 1)
    if (groups.length === 0) return undefined
    const { columns, ignoringCase } = this.#looking
    return {
      columns,
      ...(ignoringCase ? { ignoringCase } : {}),
      groups: groups.length,
      rows: groups.reduce((sum, { rows }) => sum + rows, 0),
      examples: groups.sort((a, b) => b.rows - a.rows).slice(0, MOST_EXAMPLES),
    }
  }
}

/** What of a table is read. */
export function readColumns({ columns }: Table): Column[] {
  return columns.filter(({ pseudo }) => pseudo !== true)
}
