import type { TableWriter, WriteResult } from '../../core/connector.js'
import type { Value } from '../../core/row.js'
import type { Destination } from './bulk.js'
import { insertRows, writeAllBulk, writeBulk } from './bulk.js'
import type { MyConnection } from './connection.js'
import type { ResolvedSpec, TargetTable } from './target-table.js'
import { asInteger } from './values.js'

/** `load: insert`: the rows go straight into the table. */
export function insertWriter(connection: MyConnection, spec: ResolvedSpec, target: TargetTable): TableWriter {
  const { sql: table, exists, transactional } = target
  const to: Destination = { table, columns: spec.columns, exists, transactional }
  if (spec.returning === undefined) {
    return {
      write: async (payload, from, end) => {
        await writeBulk(connection, to, payload, from, end)
        return insertedRows(end - from)
      },
      writeAll: async payloads => {
        await writeAllBulk(connection, to, payloads)
        return insertedRows(payloads.reduce((sum, payload) => sum + payload.rows, 0))
      },
      close: async () => {},
    }
  }
  return {
    write: async (payload, from, end) => {
      // An insert whose rows are counted beforehand gets its keys in one run, in the order of the rows.
      const keys: Value[] = []
      await insertRows(connection, to, payload, from, end, ({ insertId }, rows) => {
        const first = BigInt(insertId)
        const step = BigInt(connection.server.keyStep)
        for (let i = 0n; i < rows; i++) keys.push(asInteger((first + i * step).toString()))
      })
      return { ...insertedRows(end - from), keys }
    },
    close: async () => {},
  }
}

function insertedRows(inserted: number): WriteResult {
  return { inserted, updated: 0, skipped: 0, missing: [] }
}
