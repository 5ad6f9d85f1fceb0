import type { ForeignKey, Table, TableRef } from '../core/catalog.js'
import { formatTable } from '../core/catalog.js'
import type { Database, Session } from '../core/connector.js'
import { keyText, type Row, type Value } from '../core/row.js'
import { quoteName, quoteTable } from '../core/sql.js'
import { rowsByKey } from '../run/keyed-rows.js'
import type { TargetTable } from './target-table.js'

/** A foreign key of another table that refers to one of the run's. */
export interface Child {
  readonly label: string
  readonly table: Table
  readonly key: ForeignKey
}

/**
 * Which tables refer to which. Some foreign keys take their rows along when the row they refer to is deleted, so rows that
 * the run did not write are looked for first.
 */
export class Children {
  readonly #database: Database
  #tables: Promise<readonly Table[]> | undefined

  constructor(database: Database) {
    this.#database = database
  }

  /** Without those of the table itself: where such a key holds, the database says so. */
  async of({ table, head }: TargetTable): Promise<readonly Child[]> {
    const named = (child: Table): string =>
      head.table.schema === undefined && child.schema === table.schema ? child.table : formatTable(child)
    this.#tables ??= this.#all()
    const tables = await this.#tables
    return tables.flatMap(child =>
      same(child, table, table)
        ? []
        : child.foreignKeys
            .filter(key => same(key.references, table, child))
            .map(key => ({ label: named(child), table: child, key })),
    )
  }

  async #all(): Promise<readonly Table[]> {
    const found: Table[] = []
    for (const ref of await this.#database.listTables()) {
      const table = await this.#database.table(ref)
      if (table !== undefined && table.foreignKeys.length > 0) found.push(table)
    }
    return found
  }
}

/** Key texts of the given rows that rows of the child refer to. */
export async function referred(
  session: Session,
  target: TargetTable,
  { table, key }: Child,
  rows: readonly Row[],
  textOf: (row: Row) => string,
  lock: boolean,
): Promise<ReadonlySet<string>> {
  const indexes = key.referencedColumns.map(name => target.columns.findIndex(column => column.name === name))
  const values = rows.map(row => indexes.map((index): Value => row[index] ?? null))
  const complete = values.filter(list => !list.includes(null))
  if (complete.length === 0 || indexes.includes(-1)) return new Set()
  const columns = key.columns.map((name, i) => {
    const column = table.columns.find(candidate => candidate.name === name)
    return { name, type: column?.type ?? { kind: 'text' as const }, decode: false, index: i }
  })
  const child = { table, columns, key: columns.map(({ index }) => index) }
  const found = await rowsByKey(session, child, complete, lock)
  const texts = new Set(found.rows.map(row => keyText(row)))
  return new Set(rows.filter((_, i) => texts.has(keyText(values[i] ?? []))).map(textOf))
}

/** SQL that is true for a row of `alias` that a row of the child refers to. */
export function referredSql(database: Database, alias: string, { table, key }: Child): string {
  const { dialect } = database.connector.capabilities
  const name = (column: string): string => quoteName(dialect, column)
  const joined = key.columns.map((column, i) => `c.${name(column)} = ${alias}.${name(key.referencedColumns[i] ?? '')}`)
  return `exists (select 1 from ${quoteTable(dialect, table)} c where ${joined.join(' and ')})`
}

function same(ref: TableRef, table: Table, from: Table): boolean {
  return ref.table === table.table && (ref.schema ?? from.schema) === table.schema
}
