import type { Snapshot } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { snapshotGone } from '../../core/snapshot-pool.js'
import type { PgConnection } from './connection.js'

const BEGIN = 'begin isolation level repeatable read read only'

/** Exports the snapshot of a transaction that stays open; others can join only while it does. */
export async function takeSnapshot(connection: PgConnection): Promise<Snapshot | undefined> {
  try {
    await connection.run(BEGIN)
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
    await connection.run(`set transaction snapshot '${snapshot.replaceAll("'", "''")}'`)
  } catch (error) {
    await connection.run('rollback').catch(() => {})
    throw error instanceof EtlError && error.kind !== 'transient' ? snapshotGone(error) : error
  }
}
