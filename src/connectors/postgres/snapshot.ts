import type { TableRef } from '../../core/catalog.js'
import type { Snapshot } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { snapshotGone } from '../../core/snapshot-pool.js'
import type { PgConnection } from './connection.js'

const BEGIN = 'begin isolation level repeatable read read only'

/** How long a reader waits behind somebody who wants to alter the table, and who waits for the snapshot to end. */
const BLOCKED = '3s'

/**
 * Exports the snapshot of a transaction that stays open; others can join only while it does. TRUNCATE and ALTER TABLE show
 * through older snapshots, so the transaction locks the tables against them before its snapshot is taken.
 */
export async function takeSnapshot(
  connection: PgConnection,
  tables: readonly TableRef[] = [],
): Promise<Snapshot | undefined> {
  try {
    const names = await lockable(connection, tables)
    await connection.run(BEGIN)
    if (names.length > 0) await connection.run(`lock table ${names.join(', ')} in access share mode`)
    const { rows } = await connection.run('select pg_export_snapshot()')
    return { id: rows[0]?.[0] ?? '', survives: false, close: () => connection.close() }
  } catch (error) {
    await connection.close()
    // A server may refuse it, an old standby does.
    if (error instanceof EtlError && error.code === 'E308') return undefined
    throw error
  }
}

export async function beginReading(connection: PgConnection, snapshot: string | undefined): Promise<void> {
  await connection.run(BEGIN)
  if (snapshot === undefined) return
  try {
    await connection.run(`set local lock_timeout = '${BLOCKED}'`)
    await connection.run(`set transaction snapshot '${snapshot.replaceAll("'", "''")}'`)
  } catch (error) {
    await connection.run('rollback').catch(() => {})
    throw error instanceof EtlError && error.kind !== 'transient' ? snapshotGone(error) : error
  }
}

/** Quoted names of those that are tables or views: others cannot be locked, and are read as they are. */
async function lockable(connection: PgConnection, tables: readonly TableRef[]): Promise<string[]> {
  if (tables.length === 0) return []
  const { rows } = await connection.run(
    `select distinct format('%I.%I', n.nspname, c.relname) from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       join json_to_recordset($1::json) as t (schema text, "table" text) on t.schema = n.nspname and t.table = c.relname
     where c.relkind in ('r', 'p', 'v') and has_table_privilege(c.oid, 'SELECT') order by 1`,
    [JSON.stringify(tables)],
  )
  return rows.map(([name]) => name ?? '')
}
