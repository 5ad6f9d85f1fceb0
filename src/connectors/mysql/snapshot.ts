import { randomUUID } from 'node:crypto'
import type { TableRef } from '../../core/catalog.js'
import type { Snapshot } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import { SnapshotPool } from '../../core/snapshot-pool.js'
import { quoteTable } from '../../core/sql.js'
import type { MyConnection } from './connection.js'
import { dialect } from './dialect.js'
import { isStill, writeState } from './write-state.js'

const BEGIN = 'start transaction with consistent snapshot, read only'
/** Whoever writes has to wait as long as we wait for the lock. */
const LOCK_SECONDS = 3

export interface MySnapshot extends Snapshot {
  readonly pool: SnapshotPool<MyConnection>
}

/**
 * Transactions that began while nobody could commit, behind a global read lock of some milliseconds. Undefined where the
 * login may not take it (RELOAD), or a long statement is in its way. Whether it is unchanged takes PROCESS to tell. A table that
 * was emptied or altered since may look empty to an older snapshot, so each transaction holds the tables against that.
 */
export async function takeSnapshot(
  connect: () => Promise<MyConnection>,
  sessions: number,
  tables: readonly TableRef[] = [],
): Promise<MySnapshot | undefined> {
  const locker = await connect()
  const readers: MyConnection[] = []
  try {
    for (let i = 0; i < sessions; i++) readers.push(await connect())
    await locker.run(`set session lock_wait_timeout = ${LOCK_SECONDS}`)
    await locker.run('flush tables with read lock')
    await Promise.all(readers.map(reader => begin(reader, tables)))
    const state = await writeState(locker)
    await locker.run('unlock tables')
    const pool = new SnapshotPool(readers, reader => reader.close())
    return {
      id: `mysql-${randomUUID()}`,
      survives: false,
      pool,
      ...(state === undefined ? {} : { unchanged: () => isStill(locker, state) }),
      close: async () => {
        await pool.close()
        await locker.close()
      },
    }
  } catch (error) {
    for (const connection of [...readers, locker]) await connection.close()
    if (error instanceof EtlError && (error.code === 'E304' || error.code === 'E307')) return undefined
    throw error
  }
}

/** Who has opened a table within a transaction holds its metadata lock until the end of it. */
async function begin(reader: MyConnection, tables: readonly TableRef[]): Promise<void> {
  await reader.begin(BEGIN)
  for (const table of tables) {
    try {
      await reader.run(`select 1 from ${quoteTable(dialect, table)} limit 0`)
    } catch (error) {
      // A table that is not there or may not be read is told of by who reads it.
      if (!(error instanceof EtlError) || error.kind === 'transient') throw error
    }
  }
}
