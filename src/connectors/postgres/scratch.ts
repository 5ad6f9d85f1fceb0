import type { ConnectionConfig } from '../../core/connector.js'
import type { Scratch, ScratchOptions } from '../../core/scratch.js'
import { connect, type PgConnection } from './connection.js'
import { quote, quoteRef } from './dialect.js'
import { readSettings } from './spec.js'

/** Names that the definitions below use for each other come without the schema, since it is first of the search path. */
const TABLES = `
  select c.relname, c.relkind, case when c.relkind = 'v' then pg_get_viewdef(c.oid) end
  from pg_catalog.pg_class c
  where c.relnamespace = $1::regnamespace and not c.relispartition and c.relkind in ('r', 'p', 'v', 'm', 'f')
  order by c.oid`

const SEQUENCES = `
  select c.relname, format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,
    o.relname, a.attname
  from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid
  left join pg_catalog.pg_depend d on d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
  left join pg_catalog.pg_class o on o.oid = d.refobjid
  left join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relnamespace = $1::regnamespace and coalesce(d.deptype, 'a') = 'a'`

const SERIALS = `
  select c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid)
  from pg_catalog.pg_attrdef d join pg_catalog.pg_class c on c.oid = d.adrelid
  join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
  where c.relnamespace = $1::regnamespace and not c.relispartition and c.relkind in ('r', 'p')
    and a.attgenerated = '' and pg_get_expr(d.adbin, d.adrelid) like '%nextval(%'`

const FOREIGN_KEYS = `
  select c.relname, k.conname, pg_get_constraintdef(k.oid), f.relnamespace = c.relnamespace
  from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_class f on f.oid = k.confrelid
  where c.relnamespace = $1::regnamespace and k.contype = 'f' and k.conparentid = 0 and not c.relispartition
  order by k.oid`

const TRIGGERS = `
  select t.tgname, c.relname from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
  where c.relnamespace = $1::regnamespace and not t.tgisinternal and t.tgparentid = 0 order by t.tgname`

/** A schema of its own beside the tables, made in one transaction. */
export async function makeScratch(config: ConnectionConfig, options: ScratchOptions): Promise<Scratch> {
  const { name, baseDir, applicationName } = options
  const settings = readSettings(config, baseDir)
  const open = (schema: string | undefined): Promise<PgConnection> =>
    connect(settings, { readOnly: false, applicationName, schema })
  const connection = await open(settings.schema)
  let lacks: readonly string[]
  try {
    await connection.run('begin')
    lacks = await copySchema(connection, name)
    await connection.run('commit')
  } finally {
    // What was not committed goes with the connection.
    await connection.close()
  }
  return {
    config: { ...config, schema: name },
    label: `schema ${name}`,
    apart: false,
    lacks,
    drop: async () => {
      const last = await open(undefined)
      try {
        await last.run(`drop schema if exists ${quote(name)} cascade`)
      } finally {
        await last.close()
      }
    },
  }
}

/** What could not be copied. */
async function copySchema(connection: PgConnection, name: string): Promise<string[]> {
  const home = (await connection.run('select current_schema()')).rows[0]?.[0] ?? 'public'
  const read = async (sql: string) => (await connection.run(sql, [quote(home)])).rows as string[][]
  const tables = await read(TABLES)
  const sequences = await read(SEQUENCES)
  const serials = await read(SERIALS)
  const foreignKeys = await read(FOREIGN_KEYS)
  const lacks = (await read(TRIGGERS)).map(([trigger, table]) => `trigger ${trigger} of ${table}`)
  await connection.run(`create schema ${quote(name)}`)
  await connection.run(`set local search_path = ${quote(name)}, ${quote(home)}, public`)
  const own = (table: string | undefined): string => quoteRef({ schema: name, table: table ?? '' })
  for (const [sequence, type, start, increment, least, most, cycle] of sequences) {
    await connection.run(
      `create sequence ${own(sequence)} as ${type} start ${start} increment ${increment} minvalue ${least} ` +
        `maxvalue ${most}${cycle === 't' ? ' cycle' : ''}`,
    )
  }
  for (const [table = '', kind] of tables) {
    if (kind === 'r' || kind === 'p')
      await connection.run(`create table ${own(table)} (like ${quoteRef({ schema: home, table })} including all)`)
    else if (kind !== 'v') lacks.push(`${kind === 'm' ? 'materialized view' : 'foreign table'} ${table}`)
  }
  // `like` keeps the defaults, and with them the sequences of the original.
  for (const [table, column = '', expression] of serials)
    await connection.run(`alter table ${own(table)} alter column ${quote(column)} set default ${expression}`)
  for (const [sequence, , , , , , , table, column] of sequences) {
    if (table == null || column == null) continue
    await connection.run(`alter sequence ${own(sequence)} owned by ${own(table)}.${quote(column)}`)
  }
  for (const [table, key = '', definition, near] of foreignKeys) {
    if (near === 't') await connection.run(`alter table ${own(table)} add constraint ${quote(key)} ${definition}`)
    else lacks.push(`foreign key ${key} of ${table}`)
  }
  for (const [view, kind, definition] of tables) {
    if (kind !== 'v') continue
    await connection.run('savepoint view')
    try {
      await connection.run(`create view ${own(view)} as ${definition}`)
    } catch {
      await connection.run('rollback to savepoint view')
      lacks.push(`view ${view}`)
    }
  }
  return lacks
}
