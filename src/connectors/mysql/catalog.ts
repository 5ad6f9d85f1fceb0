import type { FieldPacket } from 'mysql2'
import type { Column, ForeignKey, Table, TableRef, UniqueKey } from '../../core/catalog.js'
import type { MyConnection } from './connection.js'
import { logicalType, type NativeType } from './types.js'

type TextRow = (string | null)[]

const COLUMNS = `
  select column_name, data_type, column_type, character_maximum_length, numeric_precision, numeric_scale,
    datetime_precision, collation_name, is_nullable, column_default, extra, generation_expression, column_comment,
    character_set_name
  from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position`

/** Indexes over whole columns only: a prefix or an expression makes nothing unique. */
const INDEXES = `
  select index_name, non_unique, column_name, sub_part from information_schema.statistics
  where table_schema = ? and table_name = ? order by index_name, seq_in_index`

const FOREIGN_KEYS = `
  select constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name
  from information_schema.key_column_usage
  where table_schema = ? and table_name = ? and referenced_table_name is not null
  order by constraint_name, ordinal_position`

const TRIGGERS = `
  select distinct trigger_name from information_schema.triggers
  where event_object_schema = ? and event_object_table = ? and event_manipulation in ('INSERT', 'UPDATE') order by 1`

async function texts(connection: MyConnection, sql: string, params: readonly string[]): Promise<TextRow[]> {
  const { rows } = await connection.run(sql, params)
  return rows.map(row => row.map(value => (value === null ? null : String(value))))
}

/** The table with all the planner needs; its schema is always named. */
export async function readTable(connection: MyConnection, ref: Required<TableRef>): Promise<Table | undefined> {
  const names = [ref.schema, ref.table]
  const found = await texts(
    connection,
    `select table_type, engine, table_rows from information_schema.tables where table_schema = ? and table_name = ?`,
    names,
  )
  const relation = found[0]
  if (relation === undefined) return undefined
  const [kind, engine, rows] = relation
  const columns = await texts(connection, COLUMNS, names)
  const json = await jsonColumns(connection, ref)
  const indexes = await readIndexes(connection, ref)
  const triggers = (await texts(connection, TRIGGERS, names)).map(row => row[0] as string)
  const view = kind === 'VIEW' || kind === 'SYSTEM VIEW'
  return {
    ...ref,
    kind: view ? 'view' : 'table',
    columns: columns.map(row => columnOf(row, json)),
    primaryKey: indexes.find(index => index.name === 'PRIMARY')?.columns ?? [],
    uniques: indexes.filter(index => index.unique && index.name !== 'PRIMARY').map(uniqueOf),
    foreignKeys: foreignKeysOf(await texts(connection, FOREIGN_KEYS, names)),
    ...(rows === null || rows === undefined || view ? {} : { estimatedRows: Number(rows) }),
    transactional: view || TRANSACTIONAL.has((engine ?? '').toLowerCase()),
    ...(triggers.length === 0 ? {} : { triggers }),
  }
}

const TRANSACTIONAL = new Set(['innodb', 'rocksdb', 'tokudb', 'ndbcluster', 'ndb', 'xpand'])

/** MyISAM and its like keep what a rollback should undo. */
export async function isTransactional(connection: MyConnection, ref: Required<TableRef>): Promise<boolean> {
  const sql = 'select engine from information_schema.tables where table_schema = ? and table_name = ?'
  const engine = (await texts(connection, sql, [ref.schema, ref.table]))[0]?.[0]
  return TRANSACTIONAL.has((engine ?? '').toLowerCase())
}

export interface Index {
  readonly name: string
  readonly unique: boolean
  /** Whole columns; empty where a part is a prefix or an expression. */
  readonly columns: readonly string[]
}

export async function readIndexes(connection: MyConnection, ref: Required<TableRef>): Promise<Index[]> {
  const groups = new Map<string, TextRow[]>()
  for (const row of await texts(connection, INDEXES, [ref.schema, ref.table])) {
    const name = row[0] as string
    groups.set(name, [...(groups.get(name) ?? []), row])
  }
  return [...groups].map(([name, rows]) => {
    const whole = rows.every(row => row[2] !== null && row[3] === null)
    const columns = whole ? rows.map(row => row[2] as string) : []
    return { name, unique: whole && rows[0]?.[1] === '0', columns }
  })
}

function uniqueOf(index: Index): UniqueKey {
  return { name: index.name, columns: index.columns }
}

function columnOf(row: TextRow, json: ReadonlySet<string>): Column {
  const [name, dataType, full, length, precision, scale, fraction, collation, nullable] = row as string[]
  const [fallback, extra, expression, comment, characters] = row.slice(9)
  const number = (text: string | null | undefined): number | undefined =>
    text === null || text === undefined ? undefined : Number(text)
  const type = logicalType({
    name: json.has(name ?? '') ? 'json' : (dataType ?? '').toLowerCase(),
    full:
      (full ?? '').toLowerCase().startsWith('enum') || (full ?? '').toLowerCase().startsWith('set')
        ? (full ?? '')
        : (full ?? '').toLowerCase(),
    length: number(length),
    precision: number(precision),
    scale: number(scale),
    fraction: number(fraction),
    comment: comment ?? undefined,
  })
  const generated = generatedKind(extra ?? '', expression ?? '')
  // MariaDB writes the default NULL as a word.
  const hasDefault = generated !== undefined || (fallback !== null && !(fallback === 'NULL' && nullable === 'YES'))
  const binaryOrder = type.kind === 'text' && type.fixed !== true && /_bin$/.test(collation ?? '')
  return {
    name: name ?? '',
    type,
    native: full ?? '',
    nullable: nullable === 'YES',
    hasDefault,
    ...(generated === undefined ? {} : { generated }),
    ...(binaryOrder ? { binaryOrder } : {}),
    ...(type.kind === 'text' ? textTraits(characters ?? '', collation ?? '') : {}),
  }
}

const UNICODE = /^(utf8mb4|utf16|utf16le|utf32|gb18030)$/

function textTraits(characters: string, collation: string): Pick<Column, 'characterSet' | 'equates'> {
  // `utf8mb4_0900_…` and MariaDB's `…_nopad_…` see trailing spaces; the others pad before they compare.
  const unseen = [
    ...(/_ci$/.test(collation) ? ['case'] : []),
    ...(collation === '' || collation === 'binary' || /_nopad_|_0900_/.test(collation) ? [] : ['trailing spaces']),
  ]
  return {
    ...(characters === '' || UNICODE.test(characters) ? {} : { characterSet: characters }),
    ...(unseen.length === 0 ? {} : { equates: unseen.join(' and ') }),
  }
}

function generatedKind(extra: string, expression: string): Column['generated'] {
  if (expression !== '' || /\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b/i.test(extra)) return 'stored'
  return /auto_increment/i.test(extra) ? 'default' : undefined
}

/** MariaDB keeps JSON as text with a check, and so do the tables that we create. */
async function jsonColumns(connection: MyConnection, ref: Required<TableRef>): Promise<ReadonlySet<string>> {
  const sql = connection.server.mariadb
    ? `select check_clause from information_schema.check_constraints where constraint_schema = ? and table_name = ?`
    : `select c.check_clause from information_schema.check_constraints c join information_schema.table_constraints t
       on t.constraint_schema = c.constraint_schema and t.constraint_name = c.constraint_name
       where t.table_schema = ? and t.table_name = ? and t.constraint_type = 'CHECK'`
  const clauses = await texts(connection, sql, [ref.schema, ref.table])
  const found = clauses.map(row => /^\(?json_valid\(`([\s\S]+)`\)\)?$/i.exec(row[0] ?? '')?.[1])
  return new Set(found.flatMap(name => (name === undefined ? [] : [name.replaceAll('``', '`')])))
}

function foreignKeysOf(rows: readonly TextRow[]): ForeignKey[] {
  const groups = new Map<string, string[][]>()
  for (const row of rows as string[][]) groups.set(row[0] ?? '', [...(groups.get(row[0] ?? '') ?? []), row])
  return [...groups].map(([name, parts]) => ({
    name,
    columns: parts.map(part => part[1] ?? ''),
    references: { schema: parts[0]?.[2] ?? '', table: parts[0]?.[3] ?? '' },
    referencedColumns: parts.map(part => part[4] ?? ''),
  }))
}

export async function listTables(connection: MyConnection, schemas: readonly string[]): Promise<TableRef[]> {
  const found: TableRef[] = []
  for (const schema of schemas) {
    const sql = `select table_name from information_schema.tables where table_schema = ? order by table_name`
    for (const row of await texts(connection, sql, [schema])) found.push({ schema, table: row[0] as string })
  }
  return found
}

const NAMES: Readonly<Record<number, string>> = {
  0: 'decimal',
  1: 'tinyint',
  2: 'smallint',
  3: 'int',
  4: 'float',
  5: 'double',
  7: 'timestamp',
  8: 'bigint',
  9: 'mediumint',
  10: 'date',
  11: 'time',
  12: 'datetime',
  13: 'year',
  16: 'bit',
  245: 'json',
  246: 'decimal',
  255: 'geometry',
}
const BINARY = 63
const UNSIGNED = 32
/** Fraction digits "as many as it takes". */
const ANY_FRACTION = 31

/** Columns of a query: the server prepares it and stops there. */
export async function describeQuery(connection: MyConnection, query: string): Promise<Column[]> {
  const fields = await connection.describe(`select * from (\n${query}\n) as q limit 0`)
  return fields.map(field => {
    const native = nativeOf(field)
    return { name: field.name, type: logicalType(native), native: native.full, nullable: true, hasDefault: false }
  })
}

function nativeOf(field: FieldPacket): NativeType {
  const { decimals, extendedFormat } = field as FieldPacket & { extendedFormat?: string }
  const code = field.columnType ?? 253
  const width = field.columnLength ?? 0
  const unsigned = (Number(field.flags) & UNSIGNED) !== 0
  if (extendedFormat === 'json') return { name: 'json', full: 'json' }
  const known = NAMES[code]
  if (known === undefined) {
    const text = field.characterSet !== BINARY
    const long = code >= 249 && code <= 252
    const name = text ? (long ? 'longtext' : 'varchar') : long ? 'longblob' : 'varbinary'
    return { name, full: name, length: text ? Math.floor(width / 4) : width }
  }
  const scale = decimals ?? 0
  return {
    name: known,
    full: known === 'tinyint' && width === 1 && !unsigned ? 'tinyint(1)' : unsigned ? `${known} unsigned` : known,
    precision: known === 'decimal' ? width - (scale > 0 ? 1 : 0) - (unsigned ? 0 : 1) : width,
    scale,
    fraction: scale === ANY_FRACTION ? 6 : scale,
  }
}

/** What the grants say; with a role in force they do not say it, and the answer is yes. */
export async function tableRights(
  connection: MyConnection,
  ref: Required<TableRef>,
): Promise<{ select: boolean; write: boolean }> {
  const exists = await texts(
    connection,
    `select 1 from information_schema.tables where table_schema = ? and table_name = ?`,
    [ref.schema, ref.table],
  )
  if (exists.length === 0) return { select: false, write: false }
  const granted = await grantedRights(connection, ref)
  if (granted === undefined) return { select: true, write: true }
  return { select: granted.has('SELECT'), write: granted.has('INSERT') || granted.has('UPDATE') }
}

/** Rights that the login has on the table, by whatever grant; undefined where a role is on, whose grants are not all seen. */
export async function grantedRights(
  connection: MyConnection,
  ref: Required<TableRef>,
): Promise<ReadonlySet<string | null | undefined> | undefined> {
  const role = (await texts(connection, 'select current_role()', []))[0]?.[0]
  if (role !== null && role !== undefined && role !== 'NONE') return undefined
  const grantee = `concat('''', replace(current_user(), '@', '''@'''), '''')`
  const rows = await texts(
    connection,
    `select privilege_type from information_schema.user_privileges where grantee = ${grantee}
     union select privilege_type from information_schema.schema_privileges
       where grantee = ${grantee} and ? like table_schema
     union select privilege_type from information_schema.table_privileges
       where grantee = ${grantee} and table_schema = ? and table_name = ?
     union select privilege_type from information_schema.column_privileges
       where grantee = ${grantee} and table_schema = ? and table_name = ?`,
    [ref.schema, ref.schema, ref.table, ref.schema, ref.table],
  )
  return new Set(rows.map(row => row[0]))
}
