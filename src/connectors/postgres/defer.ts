import type { TableRef } from '../../core/catalog.js'
import type { PgConnection } from './connection.js'
import { quote, quoteRef } from './dialect.js'

/** Makes the tables' foreign keys wait for the end of the transaction; the result has them checked and puts them back. */
export async function deferForeignKeys(
  connection: PgConnection,
  tables: readonly Required<TableRef>[],
): Promise<() => Promise<void>> {
  const { rows } = await connection.run(
    `select n.nspname, r.relname, c.conname, c.condeferrable
     from pg_catalog.pg_constraint c join pg_catalog.pg_class r on r.oid = c.conrelid
     join pg_catalog.pg_namespace n on n.oid = r.relnamespace
     join json_to_recordset($1::json) as t(schema text, "table" text) on t.schema = n.nspname and t."table" = r.relname
     where c.contype = 'f' and c.conparentid = 0`,
    [JSON.stringify(tables)],
  )
  const fixed = rows.filter(row => row[3] === 'f')
  const alter = async (how: string): Promise<void> => {
    for (const [schema, table, name] of fixed) {
      const ref = { schema: schema ?? '', table: table ?? '' }
      await connection.run(`alter table ${quoteRef(ref)} alter constraint ${quote(name ?? '')} ${how}`)
    }
  }
  await alter('deferrable')
  await connection.run('set constraints all deferred')
  return async () => {
    await connection.run('set constraints all immediate')
    await alter('not deferrable')
  }
}
