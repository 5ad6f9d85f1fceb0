import type { Column, ForeignKey, Table, TableRef, UniqueKey } from '../../core/catalog.js'
import { quoteName } from '../../core/sql.js'
import type { Connection } from './connection.js'
import { dialect } from './dialect.js'
import { logicalType } from './types.js'

interface TableFacts {
  readonly name: string
  readonly kind: 'table' | 'view'
  readonly withoutRowid: boolean
}

export function listTables(connection: Connection): TableRef[] {
  const rows = connection.query(
    `select name from pragma_table_list
     where schema = 'main' and type in ('table', 'view', 'virtual') and name not like 'sqlite\\_%' escape '\\'
     order by name`,
  )
  return rows.map(row => ({ table: String(row[0]) }))
}

/** Names are looked up as SQLite does it, whatever their case; the exact one is preferred and the stored one is given. */
function findTable(connection: Connection, name: string): TableFacts | undefined {
  const [row] = connection.query(
    // Asked for the one: of thousands of tables the whole list would be made anew for each.
    `select name, type, wr from pragma_table_list(?)
     where schema = 'main' and type in ('table', 'view', 'virtual')`,
    [name],
  )
  if (row === undefined) return undefined
  return { name: String(row[0]), kind: row[1] === 'view' ? 'view' : 'table', withoutRowid: row[2] === 1 }
}

export function readTable(connection: Connection, ref: TableRef): Table | undefined {
  if (ref.schema !== undefined && ref.schema !== 'main') return undefined
  const facts = findTable(connection, ref.table)
  if (facts === undefined) return undefined
  const { primaryKey, uniques, alias, binary, equates } = readKeys(connection, facts)
  const rows = connection.query(
    'select name, type, "notnull", dflt_value is not null, hidden from pragma_table_xinfo(?)',
    [facts.name],
  )
  const columns = rows
    .filter(row => row[4] !== 1)
    .map(row => {
      const name = String(row[0])
      const native = String(row[1])
      const isAlias = alias === name
      const inKey = primaryKey.includes(name)
      const column: Column = {
        name,
        type: logicalType(native),
        native,
        // Only the rowid itself and keys of tables without one forbid null; any other primary key lets nulls in.
        nullable: row[2] === 0 && !isAlias && !(inKey && facts.withoutRowid),
        hasDefault: row[3] === 1 || isAlias,
        ...(isAlias ? { generated: 'default' as const } : {}),
        ...(row[4] === 2 || row[4] === 3 ? { generated: 'stored' as const } : {}),
        ...(binary.has(name) ? { binaryOrder: true } : {}),
        ...(equates.has(name) ? { equates: equates.get(name) as string } : {}),
      }
      return column
    })
  const triggers = connection
    .query(`select name, sql from sqlite_schema where type = 'trigger' and lower(tbl_name) = lower(?) order by name`, [
      facts.name,
    ])
    .filter(row => !/^[^;]*?\bdelete\s+on\b/i.test(String(row[1])))
    .map(row => String(row[0]))
  const estimate = facts.kind === 'view' ? undefined : estimateRows(connection, facts)
  return {
    table: facts.name,
    kind: facts.kind,
    columns,
    primaryKey,
    uniques,
    foreignKeys: readForeignKeys(connection, facts.name),
    ...(estimate === undefined ? {} : { estimatedRows: estimate }),
    transactional: true,
    ...(triggers.length === 0 ? {} : { triggers }),
  }
}

function primaryKeyOf(connection: Connection, table: string): string[] {
  return connection
    .query('select name from pragma_table_xinfo(?) where pk > 0 order by pk', [table])
    .map(row => String(row[0]))
}

function readKeys(connection: Connection, facts: TableFacts) {
  const primaryKey = primaryKeyOf(connection, facts.name)
  const indexes = connection.query(
    'select name, "unique", origin, partial from pragma_index_list(?) order by seq desc',
    [facts.name],
  )
  const binary = new Set<string>()
  const equates = new Map<string, string>()
  const uniques: UniqueKey[] = []
  for (const [index, unique, origin, partial] of indexes) {
    const parts = connection.query('select name, coll from pragma_index_xinfo(?) where key = 1 order by seqno', [
      index ?? null,
    ])
    for (const [name, given] of parts) {
      if (name === null) continue
      // Written as the table's definition spells it.
      const collation = String(given).toUpperCase()
      if (collation === 'BINARY') binary.add(String(name))
      const unseen = collation === 'NOCASE' ? 'case' : collation === 'RTRIM' ? 'trailing spaces' : undefined
      if (unseen !== undefined) equates.set(String(name), unseen)
    }
    if (unique !== 1 || partial !== 0 || origin === 'pk' || parts.some(part => part[0] === null)) continue
    uniques.push({ name: String(index), columns: parts.map(part => String(part[0])) })
  }
  const hasOwnIndex = indexes.some(row => row[2] === 'pk')
  const only = primaryKey.length === 1 && !hasOwnIndex && !facts.withoutRowid ? primaryKey[0] : undefined
  return { primaryKey, uniques, alias: only, binary, equates }
}

function readForeignKeys(connection: Connection, table: string): ForeignKey[] {
  const rows = connection.query(
    'select id, "table", "from", "to" from pragma_foreign_key_list(?) order by id desc, seq',
    [table],
  )
  const groups = new Map<unknown, typeof rows>()
  for (const row of rows) groups.set(row[0], [...(groups.get(row[0]) ?? []), row])
  return [...groups.values()].map(group => {
    const columns = group.map(row => String(row[2]))
    const named = String(group[0]?.[1])
    const parent = findTable(connection, named)?.name ?? named
    const parentColumns = connection
      .query('select name from pragma_table_xinfo(?)', [parent])
      .map(row => String(row[0]))
    const primaryKey = primaryKeyOf(connection, parent)
    return {
      name: `${table}_${columns.join('_')}_fkey`,
      columns,
      references: { table: parent },
      referencedColumns: group.map((row, i) => {
        const to = row[3]
        if (to === null || to === undefined) return primaryKey[i] ?? ''
        const wanted = String(to)
        return parentColumns.find(name => name.toLowerCase() === wanted.toLowerCase()) ?? wanted
      }),
    }
  })
}

const SMALL_FILE = 32 * 1024 * 1024

/** Exact for small files; else what `analyze` found; else the largest rowid, which deleted rows make too high. */
function estimateRows(connection: Connection, facts: TableFacts): number | undefined {
  const table = quoteName(dialect, facts.name)
  const size = connection.query('select page_count * page_size from pragma_page_count, pragma_page_size')[0]?.[0]
  if (Number(size) <= SMALL_FILE) return Number(connection.query(`select count(*) from ${table}`)[0]?.[0])
  if (findTable(connection, 'sqlite_stat1') !== undefined) {
    const stat = connection.query('select stat from sqlite_stat1 where tbl = ? limit 1', [facts.name])[0]?.[0]
    const rows = Number.parseInt(String(stat), 10)
    if (Number.isFinite(rows)) return rows
  }
  if (facts.withoutRowid) return undefined
  const largest = connection.query(`select max(rowid) from ${table}`)[0]?.[0]
  return largest === null ? 0 : Number(largest)
}

/** Columns of a query, without running it. */
export function describeQuery(connection: Connection, query: string): Column[] {
  const statement = connection.prepare(`select * from (${query}\n) as q`)
  return statement.columns().map(column => {
    const native = column.type ?? ''
    return {
      name: column.name,
      type: logicalType(native),
      native,
      // An outer join makes any column nullable, so a query's column is trusted only as far as its type.
      nullable: true,
      hasDefault: false,
    }
  })
}
