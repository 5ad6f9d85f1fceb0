import type { Column, ForeignKey, Table, TableRef, UniqueKey } from '../../core/catalog.js'
import type { PgConnection, TextRow } from './connection.js'
import { quoteRef } from './dialect.js'
import { logicalType } from './types.js'

/** Type, below all its domains, of a row `t` with `oid` and `mod`. */
const BASE_TYPE = `
  with recursive base(oid, mod) as (
    select t.oid, t.mod
    union all
    select y.typbasetype, case when y.typtypmod >= 0 then y.typtypmod else base.mod end
    from base join pg_catalog.pg_type y on y.oid = base.oid where y.typtype = 'd'
  )
  select json_build_object('name', y.typname, 'schema', n.nspname, 'kind', y.typtype, 'modifier', base.mod,
    'text', format_type(y.oid, base.mod), 'labels', coalesce((
      select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = y.oid), '[]'))
  from base join pg_catalog.pg_type y on y.oid = base.oid join pg_catalog.pg_namespace n on n.oid = y.typnamespace
  where y.typtype <> 'd'`

const COLUMNS = `
  select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull or y.typnotnull,
    a.attidentity, to_json(a)->>'attgenerated', pg_get_expr(d.adbin, d.adrelid), y.typdefault is not null,
    o.collname = 'C' or o.collname = 'POSIX' or o.collname = 'ucs_basic' or (o.collname = 'default' and (
      select b.datcollate in ('C', 'POSIX') and coalesce(to_json(b)->>'datlocprovider', 'c') = 'c'
      from pg_catalog.pg_database b where b.datname = current_database())),
    (select x from (${BASE_TYPE}) b(x)), o.collisdeterministic, current_setting('server_encoding')
  from pg_catalog.pg_attribute a
  cross join lateral (select a.atttypid as oid, a.atttypmod as mod) t
  join pg_catalog.pg_type y on y.oid = a.atttypid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join pg_catalog.pg_collation o on o.oid = a.attcollation
  where a.attrelid = relation.oid and a.attnum > 0 and not a.attisdropped
  order by a.attnum`

const KEYS = `
  select r.relname, i.indisprimary,
    (select json_agg(a.attname order by k.position) from unnest(i.indkey::int2[]) with ordinality k(attnum, position)
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where k.position <= i.indnkeyatts)
  from pg_catalog.pg_index i join pg_catalog.pg_class r on r.oid = i.indexrelid
  where i.indrelid = relation.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
    and (i.indisprimary or i.indimmediate)
  order by r.relname`

/** Bits of `tgtype`: 4 insert, 16 update. */
const TRIGGERS = `
  select t.tgname from pg_catalog.pg_trigger t
  where t.tgrelid = relation.oid and not t.tgisinternal and t.tgenabled in ('O', 'A') and t.tgtype & 20 <> 0
  order by t.tgname`

const FOREIGN_KEYS = `
  select c.conname, n.nspname, f.relname,
    (select json_agg(a.attname order by k.position) from unnest(c.conkey) with ordinality k(attnum, position)
      join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum),
    (select json_agg(a.attname order by k.position) from unnest(c.confkey) with ordinality k(attnum, position)
      join pg_catalog.pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum)
  from pg_catalog.pg_constraint c join pg_catalog.pg_class f on f.oid = c.confrelid
  join pg_catalog.pg_namespace n on n.oid = f.relnamespace
  where c.conrelid = relation.oid and c.contype = 'f'
  order by c.conname`

/** A query's rows as one value. */
function rowsOf(query: string, columns: number): string {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`).join(', ')
  return `(select json_agg(row_to_json(q)) from (${query}) q(${names}))`
}

/** One statement for all: to plan it costs many times what running it for a table does. */
const TABLES = `
  select wanted.n, relation.relkind, relation.reltuples::numeric::text,
    ${rowsOf(COLUMNS, 11)}, ${rowsOf(KEYS, 3)}, ${rowsOf(FOREIGN_KEYS, 5)}, ${rowsOf(TRIGGERS, 1)}
  from json_to_recordset($1::json) wanted(n int, schema name, "table" name)
  join pg_catalog.pg_namespace namespace on namespace.nspname = wanted.schema
  join pg_catalog.pg_class relation on relation.relnamespace = namespace.oid and relation.relname = wanted."table"
  where relation.relkind in ('r', 'p', 'v', 'm', 'f')`

/** The rows of {@link rowsOf} as the server writes them otherwise. */
function rowsIn(json: string | null | undefined): TextRow[] {
  const rows = JSON.parse(json ?? '[]') as Readonly<Record<string, unknown>>[]
  return rows.map(row => Object.values(row).map(textOf))
}

function textOf(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value
  return typeof value === 'boolean' ? (value ? 't' : 'f') : JSON.stringify(value)
}

/** Tables with all the planner needs, in the order asked; their schemas are always named. */
export async function readTables(
  connection: PgConnection,
  refs: readonly Required<TableRef>[],
): Promise<(Table | undefined)[]> {
  const wanted = JSON.stringify(refs.map(({ schema, table }, n) => ({ n, schema, table })))
  const { rows } = await connection.prepared('tables', TABLES, [wanted])
  const found = new Map(rows.map(([n, ...row]) => [Number(n), row]))
  return refs.map((ref, n) => {
    const row = found.get(n)
    return row === undefined ? undefined : tableOf(ref, row)
  })
}

function tableOf(ref: Required<TableRef>, [kind, tuples, ...parts]: TextRow): Table {
  const [columns = [], keys = [], foreignKeys = [], triggers = []] = parts.map(rowsIn)
  const unique = (row: TextRow): UniqueKey => ({ name: row[0] as string, columns: names(row[2]) })
  const primary = keys.find(row => row[1] === 't')
  return {
    ...ref,
    kind: kind === 'v' || kind === 'm' ? 'view' : 'table',
    columns: columns.map(columnOf),
    primaryKey: primary === undefined ? [] : unique(primary).columns,
    uniques: keys.filter(row => row[1] === 'f').map(unique),
    foreignKeys: foreignKeys.map(foreignKeyOf),
    // -1, and 0 for a view: nobody has counted yet.
    ...(Number(tuples) < 0 || kind === 'v' ? {} : { estimatedRows: Number(tuples) }),
    transactional: true,
    ...(triggers.length === 0 ? {} : { triggers: triggers.map(row => row[0] as string) }),
  }
}

function columnOf(row: TextRow): Column {
  const [name, native, notNull, identity, generated, expression, domainDefault, binary, type, deterministic, encoding] =
    row
  const logical = logicalType(JSON.parse(type as string))
  const kind = generatedKind(identity ?? '', generated ?? '', expression ?? null)
  const binaryOrder = binary === 't' && logical.kind === 'text' && logical.fixed !== true
  return {
    name: name as string,
    type: logical,
    native: native as string,
    nullable: notNull !== 't',
    hasDefault: expression !== null || domainDefault === 't' || identity !== '',
    ...(kind === undefined ? {} : { generated: kind }),
    ...(binaryOrder ? { binaryOrder } : {}),
    ...(deterministic === 'f' ? { equates: 'what its collation ignores' } : {}),
    ...(logical.kind === 'text' && encoding !== 'UTF8' ? { characterSet: encoding as string } : {}),
  }
}

function generatedKind(identity: string, generated: string, expression: string | null): Column['generated'] {
  if (generated !== '') return 'stored'
  if (identity !== '') return identity === 'a' ? 'always' : 'default'
  return expression?.startsWith('nextval(') ? 'default' : undefined
}

function foreignKeyOf(row: TextRow): ForeignKey {
  const [name, schema, table, columns, referenced] = row
  return {
    name: name as string,
    columns: names(columns),
    references: { schema: schema as string, table: table as string },
    referencedColumns: names(referenced),
  }
}

function names(json: string | null | undefined): string[] {
  return JSON.parse(json ?? '[]') as string[]
}

export async function listTables(connection: PgConnection, schemas: readonly string[]): Promise<TableRef[]> {
  const result = await connection.run(
    `select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
       and n.nspname in (select json_array_elements_text($1::json)) order by n.nspname, c.relname`,
    [JSON.stringify(schemas)],
  )
  return result.rows.map(([schema, table]) => ({ schema: schema as string, table: table as string }))
}

/** Columns of a query: the server plans it, and stops before the first row. */
export async function describeQuery(connection: PgConnection, query: string): Promise<Column[]> {
  const { fields } = await connection.run(`select * from (\n${query}\n) as q limit 0`)
  if (fields.length === 0) return []
  const types = fields.map(field => ({ oid: field.dataTypeID, mod: field.dataTypeModifier }))
  const described = await connection.run(
    `select format_type(t.oid, t.mod), (select x from (${BASE_TYPE}) b(x))
     from json_to_recordset($1::json) as t(n int, oid oid, mod int) order by t.n`,
    [JSON.stringify(types.map((type, n) => ({ n, ...type })))],
  )
  return fields.map((field, i) => {
    const [native, type] = described.rows[i] as [string, string]
    return { name: field.name, type: logicalType(JSON.parse(type)), native, nullable: true, hasDefault: false }
  })
}

export async function tableRights(
  connection: PgConnection,
  ref: TableRef,
): Promise<{ select: boolean; write: boolean }> {
  const result = await connection.run(
    `select has_any_column_privilege(c, 'SELECT'), has_any_column_privilege(c, 'INSERT') or has_any_column_privilege(c, 'UPDATE')
     from (select to_regclass($1)::oid as c) t where c is not null`,
    [quoteRef(ref)],
  )
  const [select, write] = result.rows[0] ?? []
  return { select: select === 't', write: write === 't' }
}
