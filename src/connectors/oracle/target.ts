import { formatTable } from '../../core/catalog.js'
import type { Payload, TableWriter, WriteResult, WriteSpec } from '../../core/connector.js'
import { EtlError } from '../../core/errors.js'
import type { OracleConnection } from './connection.js'
import type { EncodedRows } from './encoder.js'
import { RowStatements } from './row-statements.js'
import { inspectTarget } from './target-table.js'

/**
 * `insert`: one array insert. `ignore`: one MERGE that only inserts. `upsert`: an array update that tells for every row
 * whether it was there, then an array insert of the others; a MERGE would not tell, nor take large objects.
 */
export async function createWriter(connection: OracleConnection, spec: WriteSpec): Promise<TableWriter> {
  const target = await inspectTarget(connection, spec)
  const statements = new RowStatements(connection, spec, target)
  return {
    write: async (payload, from, to) => {
      const rows = rowsOf(payload, from, to, spec, connection.where)
      const indexes = rows.map((_, i) => i)
      if (rows.length === 0) return { ...NOTHING, ...(spec.returning === undefined ? {} : { keys: [] }) }
      switch (spec.mode) {
        case 'insert': {
          const keys = await statements.insert(rows, indexes, from)
          return { ...NOTHING, inserted: rows.length, ...(spec.returning === undefined ? {} : { keys }) }
        }
        case 'ignore': {
          const inserted = await statements.insertMissing(rows, from)
          return await withKeys({ ...NOTHING, inserted, skipped: rows.length - inserted }, rows)
        }
        case 'update': {
          const there = await statements.update(rows, from)
          const missing = indexes.filter(i => !there.has(i)).map(i => from + i)
          return await withKeys({ ...NOTHING, updated: rows.length - missing.length, missing }, rows)
        }
        case 'upsert':
          return await withKeys(await upsert(rows, from), rows)
      }
    },
    close: () => Promise.resolve(),
  }

  async function upsert(rows: EncodedRows['rows'], from: number): Promise<WriteResult> {
    if (statements.nothingToSet) {
      const inserted = await statements.insertMissing(rows, from)
      return { ...NOTHING, inserted, skipped: rows.length - inserted }
    }
    const there = await statements.update(rows, from)
    // Of new rows with equal keys the last one is what an update of the first would have left.
    const last = new Map<string, number>()
    for (const i of rows.keys()) if (!there.has(i)) last.set(statements.keyOf(rows[i] ?? []), i)
    const added = [...last.values()].sort((a, b) => a - b)
    await statements.insert(rows, added, from)
    return { ...NOTHING, inserted: added.length, updated: rows.length - added.length }
  }

  async function withKeys(result: WriteResult, rows: EncodedRows['rows']): Promise<WriteResult> {
    return spec.returning === undefined ? result : { ...result, keys: await statements.keys(rows) }
  }
}

const NOTHING: WriteResult = { inserted: 0, updated: 0, skipped: 0, missing: [] }

function rowsOf(payload: Payload, from: number, to: number, spec: WriteSpec, where: string): EncodedRows['rows'] {
  const { rows, faults } = payload.data as EncodedRows
  const fault = faults.find(candidate => candidate.row >= from && candidate.row < to)
  if (fault === undefined) return rows.slice(from, to)
  throw new EtlError(fault.code, `${fault.column} of ${formatTable(spec.table)}: ${fault.message}`, {
    kind: 'row',
    row: fault.row,
    column: fault.column,
    where,
  })
}
