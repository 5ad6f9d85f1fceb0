import type { Payload, TableWriter, WriteResult, WriteSpec } from '../../core/connector.js'
import type { PgConnection } from './connection.js'
import { insertWriter } from './insert-writer.js'
import { mergeWriter } from './merge-writer.js'
import { inspectTarget } from './target-table.js'

/** A {@link TableWriter} that is told how transactions end, because its temporary table shares their fate. */
export interface Writer extends TableWriter {
  transactionEnded(committed: boolean): void
}

const NOTHING: WriteResult = { inserted: 0, updated: 0, skipped: 0, missing: [] }

/** @param stage name of the temporary table, unique within the session */
export async function createWriter(connection: PgConnection, spec: WriteSpec, stage: string): Promise<Writer> {
  const target = await inspectTarget(connection, spec)
  const writer =
    spec.mode === 'insert' ? insertWriter(connection, spec, target) : mergeWriter(connection, spec, target, stage)
  return {
    ...writer,
    write: async (payload: Payload, from: number, to: number) => {
      if (from >= to) return spec.returning === undefined ? NOTHING : { ...NOTHING, keys: [] }
      return await writer.write(payload, from, to)
    },
  }
}
