import type { Column, ForeignKey, Table, TableRef, UniqueKey } from '../../core/catalog.js'
import type { Cell, OracleConnection } from './connection.js'
import { nativeOf } from './fetch.js'
import { logicalType, nativeText } from './types.js'

const OBJECT = `
  select owner, table_name, 'TABLE' as kind, num_rows from all_tables where owner = :1 and table_name = :2
  union all select owner, view_name, 'VIEW', null from all_views where owner = :3 and view_name = :4`

const SYNONYM = `
  select table_owner, table_name from all_synonyms
  where owner in (:1, 'PUBLIC') and synonym_name = :2 and db_link is null order by case when owner = 'PUBLIC' then 1 else 0 end`

const CONSTRAINTS = `
  select c.constraint_name, c.constraint_type, k.column_name, k.position
  from all_constraints c join all_cons_columns k on k.owner = c.owner and k.constraint_name = c.constraint_name
  where c.owner = :1 and c.table_name = :2 and c.constraint_type in ('P', 'U') and c.status = 'ENABLED'
  order by c.constraint_name, k.position`

/** Unique indexes that no constraint owns; one with an expression is left out as a whole. */
const INDEXES = `
  select i.index_name, k.column_name, k.column_position
  from all_indexes i join all_ind_columns k on k.index_owner = i.owner and k.index_name = i.index_name
  where i.table_owner = :1 and i.table_name = :2 and i.uniqueness = 'UNIQUE' and i.index_type = 'NORMAL'
    and not exists (select 1 from all_constraints c where c.owner = :3 and c.table_name = :4 and c.index_name = i.index_name)
  order by i.index_name, k.column_position`

const FOREIGN_KEYS = `
  select c.constraint_name, k.column_name, r.owner, r.table_name, p.column_name
  from all_constraints c
  join all_cons_columns k on k.owner = c.owner and k.constraint_name = c.constraint_name
  join all_constraints r on r.owner = c.r_owner and r.constraint_name = c.r_constraint_name
  join all_cons_columns p on p.owner = r.owner and p.constraint_name = r.constraint_name and p.position = k.position
  where c.owner = :1 and c.table_name = :2 and c.constraint_type = 'R' and c.status = 'ENABLED'
  order by c.constraint_name, k.position`

const TRIGGERS = `
  select trigger_name from all_triggers
  where table_owner = :1 and table_name = :2 and status = 'ENABLED'
    and (triggering_event like '%INSERT%' or triggering_event like '%UPDATE%')
  order by trigger_name`

function columnsSql(hasIdentity: boolean): string {
  const identity = hasIdentity
    ? `i.generation_type from all_tab_cols c left join all_tab_identity_cols i
         on i.owner = c.owner and i.table_name = c.table_name and i.column_name = c.column_name`
    : 'null from all_tab_cols c'
  return `
    select c.column_name, c.data_type, c.data_precision, c.data_scale, c.data_length, c.char_length, c.char_used,
      c.nullable, c.default_length, c.virtual_column, ${identity}
    where c.owner = :1 and c.table_name = :2 and c.hidden_column = 'NO' order by c.column_id`
}

/** Finds the table by its exact name, else by the upper-case one that an unquoted name is stored as, else by a synonym. */
export async function resolveTable(
  connection: OracleConnection,
  ref: Required<TableRef>,
): Promise<
  { readonly ref: Required<TableRef>; readonly kind: 'table' | 'view'; readonly rows: number | undefined } | undefined
> {
  const upper = { schema: ref.schema.toUpperCase(), table: ref.table.toUpperCase() }
  for (const candidate of [ref, { schema: ref.schema, table: upper.table }, upper]) {
    const { schema, table } = candidate
    const [row] = (await connection.run(OBJECT, [schema, table, schema, table])).rows
    if (row !== undefined) {
      const rows = row[3] === null ? undefined : Number(row[3])
      return {
        ref: { schema: String(row[0]), table: String(row[1]) },
        kind: row[2] === 'VIEW' ? 'view' : 'table',
        rows,
      }
    }
  }
  for (const table of [ref.table, upper.table]) {
    const [row] = (await connection.run(SYNONYM, [ref.schema, table])).rows
    if (row === undefined) continue
    const target = { schema: String(row[0]), table: String(row[1]) }
    if (target.schema === ref.schema && target.table === table) continue
    return await resolveTable(connection, target)
  }
  return undefined
}

export async function readTable(connection: OracleConnection, wanted: Required<TableRef>): Promise<Table | undefined> {
  const found = await resolveTable(connection, wanted)
  if (found === undefined) return undefined
  const { ref } = found
  const names = [ref.schema, ref.table]
  const columns = await connection.run(columnsSql(connection.majorVersion >= 12), names)
  const constraints = (await connection.run(CONSTRAINTS, names)).rows
  const indexes = (await connection.run(INDEXES, [...names, ...names])).rows
  const foreignKeys = (await connection.run(FOREIGN_KEYS, names)).rows
  const triggers = (await connection.run(TRIGGERS, names)).rows.map(row => String(row[0]))
  const uniques = group(
    [
      ...constraints.filter(row => row[1] === 'U').map(row => [row[0], row[2]]),
      ...indexes.map(row => [row[0], row[1]]),
    ] as Cell[][],
    rows => ({ name: String(rows[0]?.[0]), columns: rows.map(row => String(row[1])) }) satisfies UniqueKey,
  )
  return {
    ...ref,
    kind: found.kind,
    columns: columns.rows.map(columnOf),
    primaryKey: constraints.filter(row => row[1] === 'P').map(row => String(row[2])),
    uniques,
    foreignKeys: group(foreignKeys, foreignKeyOf),
    ...(found.rows === undefined ? {} : { estimatedRows: found.rows }),
    transactional: true,
    ...(triggers.length === 0 ? {} : { triggers }),
  }
}

function group<T>(rows: readonly Cell[][], make: (rows: Cell[][]) => T): T[] {
  const groups = new Map<Cell, Cell[][]>()
  for (const row of rows) groups.set(row[0] ?? null, [...(groups.get(row[0] ?? null) ?? []), row])
  return [...groups.values()].map(make)
}

function foreignKeyOf(rows: Cell[][]): ForeignKey {
  const [first] = rows
  return {
    name: String(first?.[0]),
    columns: rows.map(row => String(row[1])),
    references: { schema: String(first?.[2]), table: String(first?.[3]) },
    referencedColumns: rows.map(row => String(row[4])),
  }
}

function columnOf(row: Cell[]): Column {
  const number = (cell: Cell | undefined): number | undefined =>
    cell === null || cell === undefined ? undefined : Number(cell)
  const [name, dataType, precision, scale, bytes, chars, unit, nullable, defaultLength, virtual, identity] = row
  const isRaw = dataType === 'RAW'
  const native = {
    name: String(dataType),
    precision: number(precision),
    scale: number(scale),
    length: isRaw ? number(bytes) : number(chars),
    unit: unit === null ? undefined : String(unit),
  }
  const type = logicalType(native)
  const generated = virtual === 'YES' ? 'stored' : identity === 'ALWAYS' ? 'always' : identity ? 'default' : undefined
  return {
    name: String(name),
    type,
    native: nativeText(native),
    nullable: nullable !== 'N',
    hasDefault: defaultLength !== null,
    ...(generated === undefined ? {} : { generated }),
    // The session's NLS_SORT is BINARY and the character set sorts as its bytes do.
    ...(type.kind === 'text' && type.fixed !== true ? { binaryOrder: true } : {}),
  }
}

export async function listTables(connection: OracleConnection, schemas: readonly string[]): Promise<TableRef[]> {
  const found: TableRef[] = []
  for (const schema of schemas) {
    const { rows } = await connection.run(
      `select table_name from all_tables where owner = :1 and table_name not like 'BIN$%'
       union all select view_name from all_views where owner = :2 order by 1`,
      [schema, schema],
    )
    for (const row of rows) found.push({ schema, table: String(row[0]) })
  }
  return found
}

export async function describeQuery(connection: OracleConnection, query: string): Promise<Column[]> {
  const metadata = await connection.describe(`select * from (\n${query}\n)`)
  return metadata.map(column => {
    const native = nativeOf(connection.driver, column)
    return {
      name: column.name,
      type: logicalType(native),
      native: nativeText(native),
      nullable: column.nullable ?? true,
      hasDefault: false,
    }
  })
}

export async function tableRights(
  connection: OracleConnection,
  wanted: Required<TableRef>,
): Promise<{ select: boolean; write: boolean }> {
  const found = await resolveTable(connection, wanted)
  if (found === undefined) return { select: false, write: false }
  const { rows: users } = await connection.run('select user from dual')
  if (users[0]?.[0] === found.ref.schema) return { select: true, write: true }
  const { rows } = await connection.run(
    `select privilege from all_tab_privs where table_schema = :1 and table_name = :2
     union all select privilege from session_privs`,
    [found.ref.schema, found.ref.table],
  )
  const granted = new Set(rows.map(row => String(row[0])))
  const may = (right: string): boolean => granted.has(right) || granted.has(`${right} ANY TABLE`)
  return { select: may('SELECT') || may('READ'), write: may('INSERT') && may('UPDATE') }
}
