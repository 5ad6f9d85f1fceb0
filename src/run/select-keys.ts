import type { TableRef } from '../core/catalog.js'
import type { Database, Session } from '../core/connector.js'
import { keyText, type Row, type Value } from '../core/row.js'
import { quoteName, quoteNames, quoteTable } from '../core/sql.js'

const BINDS_PER_QUERY = 1000

/** Rows of a table by key (all of them without keys): the key's columns first, then the others. */
export async function selectByKey(
  session: Session,
  database: Database,
  from: { readonly table: TableRef; readonly key: readonly string[]; readonly also: readonly string[] },
  keys: readonly (readonly Value[])[] | undefined,
): Promise<Row[]> {
  const { dialect } = database.connector.capabilities
  const select = `select ${quoteNames(dialect, [...from.key, ...from.also])} from ${quoteTable(dialect, from.table)}`
  if (keys === undefined) return session.query(select)
  const result: Row[] = []
  const names = from.key.map(name => quoteName(dialect, name))
  const perQuery = Math.max(1, Math.floor(BINDS_PER_QUERY / names.length))
  for (let start = 0; start < keys.length; start += perQuery) {
    const page = keys.slice(start, start + perQuery)
    let bind = 0
    const next = (): string => dialect.placeholder(++bind)
    const where =
      names.length === 1
        ? `${names[0]} in (${page.map(next).join(', ')})`
        : page.map(() => `(${names.map(name => `${name} = ${next()}`).join(' and ')})`).join(' or ')
    for (const row of await session.query(`${select} where ${where}`, page.flat())) result.push(row)
  }
  return result
}

/** Which of the keys the table has, as key texts. */
export async function existing(
  session: Session,
  database: Database,
  table: TableRef,
  columns: readonly string[],
  keys: readonly (readonly Value[])[],
): Promise<Set<string>> {
  if (keys.length === 0) return new Set()
  const rows = await selectByKey(session, database, { table, key: columns, also: [] }, keys)
  return new Set(rows.map(row => keyText(row)))
}
