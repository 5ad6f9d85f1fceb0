import type { Database, Dialect } from '../core/connector.js'
import type { Value } from '../core/row.js'
import { fromJson } from '../core/row.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { EntityPlan, MemberRead, ReadPlan } from '../plan/plan.js'

/** Makes a value a bind variable of the statement that is being written. */
export type Bind = (value: Value) => string
/** A condition on a row called `r`; it may stand in a statement several times, so it binds its values each time. */
export type Condition = (bind: Bind) => string

/** One place that an entity reads, as SQL sees it. */
export interface Place {
  readonly database: Database
  readonly source: string
  /** What rows are selected from, without a name. */
  readonly from: string
  readonly read: MemberRead
  /** The column of a row as an expression, by its index in the entity's frame; undefined: it is computed here. */
  column(index: number): PlaceColumn | undefined
}

export interface PlaceColumn {
  readonly sql: string
  readonly type: ReadPlan['columns'][number]['type']
  readonly nullable: boolean
}

/** The places an entity reads; undefined for those that answer no SQL. */
export function placesOf(entity: EntityPlan, database: (source: string) => Database): readonly (Place | undefined)[] {
  const { from, columns } = entity.read
  if (from.kind !== 'union') {
    const read: MemberRead = { ...entity.read, from }
    return [place(read, database, index => columnSql(read, index, database))]
  }
  return from.members.map(({ read, values }) =>
    place(read, database, index => {
      const made = values[index]
      if (made === undefined) return undefined
      if ('index' in made) return columnSql(read, made.index, database)
      const value = fromJson(made.value)
      const type = columns[index]?.type ?? { kind: 'any' }
      if (value === null) return { sql: 'null', type, nullable: true }
      return undefined
    }),
  )
}

function place(read: MemberRead, database: (source: string) => Database, column: Place['column']): Place | undefined {
  if (read.from.kind === 'rows') return undefined
  const { source } = read.from
  const found = database(source)
  const { files, dialect } = found.connector.capabilities
  if (files === true) return undefined
  return { database: found, source, read, from: fromSql(read, dialect), column }
}

/** What a read plan selects from, in parentheses where it is a query. */
export function fromSql(read: MemberRead, dialect: Dialect): string {
  const { from, where } = read
  if (from.kind === 'rows') throw new Error('rows of the file are in no database')
  const rows = from.kind === 'table' ? quoteTable(dialect, from.table) : `(\n${from.query}\n)`
  return where === undefined ? rows : `(select * from ${rows} q where (\n${where}\n))`
}

function columnSql(read: MemberRead, index: number, database: (source: string) => Database): PlaceColumn | undefined {
  const column = read.columns[index]
  if (column === undefined || read.from.kind === 'rows') return undefined
  const { dialect } = database(read.from.source).connector.capabilities
  return { sql: `r.${quoteName(dialect, column.name)}`, type: column.type, nullable: column.nullable }
}

/** Writes statements with bind variables numbered as the database wants them. */
export class Statement {
  readonly params: Value[] = []
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  readonly bind: Bind = value => {
    this.params.push(value)
    return this.#dialect.placeholder(this.params.length)
  }
}

export function anyOf(conditions: readonly Condition[]): Condition {
  return bind => (conditions.length === 0 ? '1 = 0' : conditions.map(each => `(${each(bind)})`).join(' or '))
}

/** The condition is false or unknown. */
export function unless(condition: Condition): Condition {
  return bind => `case when ${condition(bind)} then 1 else 0 end = 0`
}
