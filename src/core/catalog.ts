import type { LogicalType } from './types.js'

/** Names a table. Names are exactly as the database stores them; connectors quote, nobody else does. */
export interface TableRef {
  readonly schema?: string
  readonly table: string
}

export interface Column {
  readonly name: string
  readonly type: LogicalType
  /** The database's own words for the type, for messages and the fingerprint. */
  readonly native: string
  readonly nullable: boolean
  readonly hasDefault: boolean
  /** The database makes the value: `stored` columns cannot be written, `always` and `default` are identity or auto-increment keys. */
  readonly generated?: 'stored' | 'always' | 'default'
  /** Text only: the column compares byte by byte, so its order can be trusted across databases. */
  readonly binaryOrder?: boolean
  /** Text only, where it cannot hold every character of Unicode: what the database calls the characters that it can. */
  readonly characterSet?: string
  /** Text only: what its comparison does not see, so that different values are one key: `case and trailing spaces`. */
  readonly equates?: string
  /** Made while reading and not stored: used where it is named, never copied by `rest`. */
  readonly pseudo?: boolean
}

/** The pseudo column of files: the number of the row (of its line, where each row is one), from 1. */
export const ROW_NUMBER = '$row'

/** The pseudo column of unions: the name of the member that the row comes from. */
export const MEMBER = '$member'

export interface UniqueKey {
  readonly name: string
  readonly columns: readonly string[]
}

export interface ForeignKey {
  readonly name: string
  readonly columns: readonly string[]
  readonly references: TableRef
  readonly referencedColumns: readonly string[]
}

export interface Table extends TableRef {
  readonly kind: 'table' | 'view'
  readonly columns: readonly Column[]
  /** Empty where the table has none. */
  readonly primaryKey: readonly string[]
  /** Unique constraints and full (not partial, not expression) unique indexes, without the primary key. */
  readonly uniques: readonly UniqueKey[]
  readonly foreignKeys: readonly ForeignKey[]
  /** The database's own estimate; undefined where it has none. */
  readonly estimatedRows?: number
  /** Differs when the rows may differ; undefined where the source cannot say. Part of the fingerprint. */
  readonly version?: string
  /** False where the engine of the table keeps no transactions (MyISAM): exactly-once is refused there. */
  readonly transactional: boolean
  /** Enabled triggers that fire when rows are inserted or updated; absent where there are none. */
  readonly triggers?: readonly string[]
}

/** `schema.table`, or just `table`, for messages. */
export function formatTable(ref: TableRef): string {
  return ref.schema === undefined ? ref.table : `${ref.schema}.${ref.table}`
}

/** Reads `table` or `schema.table`; a name that itself holds a dot needs the long form. */
export function parseTable(text: string): TableRef {
  const dot = text.indexOf('.')
  return dot < 0 ? { table: text } : { schema: text.slice(0, dot), table: text.slice(dot + 1) }
}
