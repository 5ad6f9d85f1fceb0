import type { Payload, WriteResult, WriteSpec } from '../../core/connector.js'
import type { PgConnection } from './connection.js'
import { sliceOf, slicePrefixed } from './copy-encoder.js'
import { quoteAll } from './dialect.js'
import type { Writer } from './target.js'
import type { TargetTable } from './target-table.js'
import { decoderOf } from './types.js'

/** `load: insert`: the rows are copied straight into the table. */
export function insertWriter(connection: PgConnection, spec: WriteSpec, target: TargetTable): Writer {
  const { returning } = spec
  const columns = spec.columns.map(column => column.name)
  const written = returning === undefined ? columns : [returning.name, ...columns]
  const sql = `copy ${target.sql} (${quoteAll(written)}) from stdin`
  const context = (from: number) => ({ copy: { columns: written, from }, exists: target.identifying })
  const rest = { transactionEnded: () => {}, close: async () => {} }
  if (returning === undefined) {
    return {
      ...rest,
      write: async (payload, from, to) =>
        result(await connection.copy(sql, [sliceOf(payload, from, to)], context(from))),
      writeAll: async payloads => {
        const pieces = payloads.map(payload => sliceOf(payload, 0, payload.rows))
        return result(await connection.copy(sql, pieces, context(0)))
      },
    }
  }
  const decode = decoderOf(returning.type, true)
  /** Keys are made before the rows, because COPY tells nothing of the ones it would make. */
  const withKeys = async (rows: number, pieces: (keys: readonly string[]) => Uint8Array[], from: number) => {
    const made = await connection.run(`select ${target.keyExpression} from generate_series(1, $1)`, [rows])
    const keys = made.rows.map(row => row[0] as string)
    return { ...result(await connection.copy(sql, pieces(keys), context(from))), keys: keys.map(decode) }
  }
  return {
    ...rest,
    write: (payload, from, to) => withKeys(to - from, keys => [slicePrefixed(payload, from, to, keys)], from),
    writeAll: payloads => {
      let first = 0
      const next = (payload: Payload, keys: readonly string[]): Buffer => {
        first += payload.rows
        return slicePrefixed(payload, 0, payload.rows, keys.slice(first - payload.rows, first))
      }
      const rows = payloads.reduce((sum, payload) => sum + payload.rows, 0)
      return withKeys(rows, keys => payloads.map(payload => next(payload, keys)), 0)
    },
  }
}

function result(inserted: number): WriteResult {
  return { inserted, updated: 0, skipped: 0, missing: [] }
}
