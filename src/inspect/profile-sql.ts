import type { Column, Table } from '../core/catalog.js'
import type { Dialect, Session } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Row, Value } from '../core/row.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { ColumnProfile, Duplicates, ValueCount } from './api.js'
import type { UniqueLooking } from './unique-looking.js'

/** A column of no more different values than this is shown with all of them. */
export const FEW_VALUES = 12
const MOST_EXAMPLES = 5
/** Above this the examples alone would be a large answer. */
const MOST_GROUPS = 10_000
const COLUMNS_AT_ONCE = 25

const COUNTED = new Set([
  'boolean',
  'integer',
  'decimal',
  'float',
  'text',
  'enum',
  'uuid',
  'date',
  'time',
  'timestamp',
  'any',
])
const ORDERED = new Set(['integer', 'decimal', 'float', 'text', 'date', 'time', 'timestamp', 'any'])

/** Profiles a table by aggregates, so that no rows move. */
export class SqlProfiler {
  readonly #session: Session
  readonly #dialect: Dialect
  readonly #table: Table
  readonly #from: string

  constructor(session: Session, dialect: Dialect, table: Table) {
    this.#session = session
    this.#dialect = dialect
    this.#table = table
    this.#from = quoteTable(dialect, table)
  }

  async rows(): Promise<number> {
    const [row] = await this.#session.query(`select count(*) from ${this.#from}`)
    return Number(row?.[0] ?? 0)
  }

  async columns(rows: number): Promise<ColumnProfile[]> {
    const profiles: ColumnProfile[] = []
    const columns = this.#table.columns.filter(({ pseudo }) => pseudo !== true)
    for (let i = 0; i < columns.length; i += COLUMNS_AT_ONCE) {
      const some = columns.slice(i, i + COLUMNS_AT_ONCE)
      const together = await this.#aggregates(some, rows).catch(refusedOnly)
      if (together !== undefined) profiles.push(...together)
      // One of them cannot be compared: a large object, a type of the database's own.
      else for (const column of some) profiles.push(await this.#alone(column, rows))
    }
    const result: ColumnProfile[] = []
    for (const profile of profiles) result.push((await this.#withValues(profile, rows).catch(refusedOnly)) ?? profile)
    return result
  }

  async #alone(column: Column, rows: number): Promise<ColumnProfile> {
    const profiled = await this.#aggregates([column], rows).catch(refusedOnly)
    if (profiled?.[0] !== undefined) return profiled[0]
    const [row] = await this.#session.query(
      `select count(*) from ${this.#from} where ${this.#name(column.name)} is not null`,
    )
    return { ...described(column), nulls: rows - Number(row?.[0] ?? 0) }
  }

  async #aggregates(columns: readonly Column[], rows: number): Promise<ColumnProfile[]> {
    const terms = columns.flatMap(({ name, type: { kind } }) => {
      const column = this.#name(name)
      return [
        COUNTED.has(kind) ? `count(${column})` : `sum(case when ${column} is null then 0 else 1 end)`,
        ...(COUNTED.has(kind) ? [`count(distinct ${column})`] : []),
        ...(ORDERED.has(kind) ? [`min(${column})`, `max(${column})`] : []),
      ]
    })
    const [row = []] = await this.#session.query(`select ${terms.join(', ')} from ${this.#from}`)
    let at = 0
    return columns.map(column => {
      const { kind } = column.type
      const nulls = rows - Number(row[at++] ?? 0)
      const distinct = COUNTED.has(kind) ? { distinct: Number(row[at++] ?? 0) } : {}
      const range = ORDERED.has(kind) ? rangeOf(row[at++], row[at++]) : {}
      return { ...described(column), nulls, ...distinct, ...range }
    })
  }

  async #withValues(profile: ColumnProfile, rows: number): Promise<ColumnProfile> {
    const { distinct, name, nulls } = profile
    // Of values that are all different, counts say nothing.
    if (distinct === undefined || distinct === 0 || distinct > FEW_VALUES || distinct === rows - nulls) return profile
    const column = this.#name(name)
    const found = await this.#session.query(
      `select ${column}, count(*) from ${this.#from} where ${column} is not null group by ${column}`,
    )
    const values = found.map(([value, count]): ValueCount => ({ value: value ?? null, rows: Number(count) }))
    return { ...profile, values: values.sort((a, b) => b.rows - a.rows || compareText(a.value, b.value)) }
  }

  /** Undefined where there are none. */
  async duplicates({ columns, ignoringCase }: UniqueLooking): Promise<Duplicates | undefined> {
    const names = columns.map(name => (ignoringCase ? `lower(${this.#name(name)})` : this.#name(name)))
    const where = columns.map(name => `${this.#name(name)} is not null`).join(' and ')
    const groups = `from ${this.#from} where ${where} group by ${names.join(', ')} having count(*) > 1`
    const [totals] = await this.#session.query(
      `select count(*), sum(n) from (select count(*) as n ${groups}) duplicates`,
    )
    const count = Number(totals?.[0] ?? 0)
    if (count === 0) return undefined
    const found = count > MOST_GROUPS ? [] : await this.#session.query(`select ${names.join(', ')}, count(*) ${groups}`)
    return {
      columns,
      ...(ignoringCase ? { ignoringCase } : {}),
      groups: count,
      rows: Number(totals?.[1] ?? 0),
      examples: mostFrequent(found),
    }
  }

  #name(name: string): string {
    return quoteName(this.#dialect, name)
  }
}

export function described({ name, native, nullable }: Column): Pick<ColumnProfile, 'name' | 'type' | 'nullable'> {
  return { name, type: native, nullable }
}

/** Undefined where the database refuses the statement; what else goes wrong is thrown. */
export function refusedOnly(error: unknown): undefined {
  if (error instanceof EtlError && (error.kind === 'connection' || error.kind === 'transient')) throw error
  return undefined
}

function mostFrequent(rows: readonly Row[]): Duplicates['examples'] {
  return rows
    .map(row => ({ values: row.slice(0, -1), rows: Number(row.at(-1)) }))
    .sort((a, b) => b.rows - a.rows || compareText(a.values[0] ?? null, b.values[0] ?? null))
    .slice(0, MOST_EXAMPLES)
}

export function compareText(a: Value, b: Value): number {
  const [x, y] = [String(a), String(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

function rangeOf(min: Value | undefined, max: Value | undefined): Pick<ColumnProfile, 'min' | 'max'> {
  return min === null || min === undefined || max === null || max === undefined ? {} : { min, max }
}
