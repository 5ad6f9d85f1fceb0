import { randomUUID } from 'node:crypto'
import type { Snapshot } from '../../core/connector.js'
import { SnapshotPool } from '../../core/snapshot-pool.js'
import type { Connection } from './connection.js'

/** A writer would have to commit just between two statements of ours, each time. */
const ATTEMPTS = 20

export interface SqliteSnapshot extends Snapshot {
  readonly pool: SnapshotPool<Connection>
}

/**
 * Transactions that began without a commit of anybody between the first and the last.
 *
 * @param witness a connection outside of any transaction
 */
export function takeSnapshot(
  witness: Connection,
  readers: readonly Connection[],
  wal: boolean,
): SqliteSnapshot | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const version = dataVersion(witness)
    for (const reader of readers) beginReading(reader)
    if (dataVersion(witness) !== version) {
      for (const reader of readers) reader.execute('rollback')
      continue
    }
    const pool = new SnapshotPool(readers, reader => reader.close())
    return {
      id: `sqlite-${randomUUID()}`,
      survives: false,
      pool,
      // Without a write-ahead log nobody can commit while somebody reads.
      unchanged: async () => !wal || dataVersion(witness) === version,
      close: () => pool.close(),
    }
  }
  return undefined
}

export function beginReading(connection: Connection): void {
  connection.execute('begin')
  // A deferred transaction has its snapshot only from its first read on.
  connection.query('select 1 from sqlite_schema limit 1')
}

/** Differs when another connection has committed since it was asked before. */
function dataVersion(connection: Connection): string {
  return String(connection.query('pragma data_version')[0]?.[0])
}
