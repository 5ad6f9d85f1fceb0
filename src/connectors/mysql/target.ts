import type { TableWriter, WriteResult } from '../../core/connector.js'
import { checkFaults } from './bulk.js'
import type { MyConnection } from './connection.js'
import { insertWriter } from './insert-writer.js'
import { mergeWriter } from './merge-writer.js'
import type { ResolvedSpec } from './target-table.js'
import { inspectTarget } from './target-table.js'

const NOTHING: WriteResult = { inserted: 0, updated: 0, skipped: 0, missing: [] }

/** @param stage name of the temporary table, unique within the session */
export async function createWriter(connection: MyConnection, spec: ResolvedSpec, stage: string): Promise<TableWriter> {
  const target = await inspectTarget(connection, spec)
  const writer =
    spec.mode === 'insert' ? insertWriter(connection, spec, target) : mergeWriter(connection, spec, target, stage)
  const { writeAll } = writer
  return {
    close: writer.close,
    ...(writeAll === undefined
      ? {}
      : {
          writeAll: async payloads => {
            for (const payload of payloads) checkFaults(payload, 0, payload.rows, connection.where)
            return await writeAll(payloads)
          },
        }),
    write: async (payload, from, to) => {
      if (from >= to) return spec.returning === undefined ? NOTHING : { ...NOTHING, keys: [] }
      checkFaults(payload, from, to, connection.where)
      return await writer.write(payload, from, to)
    },
  }
}
