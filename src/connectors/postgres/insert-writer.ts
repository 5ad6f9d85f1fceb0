import { formatTable } from '../../core/catalog.js'
import type { Payload, WriteResult, WriteSpec } from '../../core/connector.js'
import type { PgConnection } from './connection.js'
import { binaryTypes } from './copy-binary.js'
import { copyRows, type Piece } from './copy-rows.js'
import { pieceOf, slicePrefixed } from './copy-slices.js'
import type { Writer } from './target.js'
import type { TargetTable } from './target-table.js'
import { decoderOf } from './types.js'

/** `load: insert`: the rows are copied straight into the table. */
export function insertWriter(connection: PgConnection, spec: WriteSpec, target: TargetTable): Writer {
  const { returning } = spec
  const names = spec.columns.map(column => column.name)
  const columns = returning === undefined ? names : [returning.name, ...names]
  const into = { label: formatTable(spec.table), relation: target.sql, columns, types: binaryTypes(spec) }
  const exists = target.identifying
  const copy = async (pieces: readonly Piece[], from: number): Promise<WriteResult> =>
    result(await copyRows(connection, into, pieces, from, { exists }))
  const rest = { transactionEnded: () => {}, close: async () => {} }
  if (returning === undefined) {
    return {
      ...rest,
      write: (payload, from, to) => copy([pieceOf(payload, from, to)], from),
      writeAll: payloads =>
        copy(
          payloads.map(payload => pieceOf(payload, 0, payload.rows)),
          0,
        ),
    }
  }
  const decode = decoderOf(returning.type, true)
  /** Keys are made before the rows, because COPY tells nothing of the ones it would make. */
  const withKeys = async (rows: number, pieces: (keys: readonly string[]) => Piece[], from: number) => {
    const made = await connection.run(`select ${target.keyExpression} from generate_series(1, $1)`, [rows])
    const keys = made.rows.map(row => row[0] as string)
    return { ...(await copy(pieces(keys), from)), keys: keys.map(decode) }
  }
  const prefixed = (payload: Payload, from: number, to: number, keys: readonly string[]): Piece => ({
    payload,
    bytes: slicePrefixed(payload, from, to, keys, returning),
    rows: to - from,
  })
  return {
    ...rest,
    write: (payload, from, to) => withKeys(to - from, keys => [prefixed(payload, from, to, keys)], from),
    writeAll: payloads => {
      let first = 0
      const next = (payload: Payload, keys: readonly string[]): Piece => {
        first += payload.rows
        return prefixed(payload, 0, payload.rows, keys.slice(first - payload.rows, first))
      }
      const rows = payloads.reduce((sum, payload) => sum + payload.rows, 0)
      return withKeys(rows, keys => payloads.map(payload => next(payload, keys)), 0)
    },
  }
}

function result(inserted: number): WriteResult {
  return { inserted, updated: 0, skipped: 0, missing: [] }
}
