import type { Session, TableWriter } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import type { RowPolicy } from '../spec/model.js'
import type { PreparedBatch } from './produce.js'
import type { Written } from './sink.js'

const SAVEPOINT = 'etl_part'
/** After a named row fails, the rest is tried whole only up to this size; longer rests are halved first. */
const WHOLE_REST = 64

export interface BulkWritten extends Written {
  /** Generated keys by row index of the batch; only where the plan asked for them. */
  readonly keys: Map<number, Value>
}

/** Writes the whole batch at once. Throws a `row` error when a row is at fault; nothing is known then but that. */
export async function writeWhole(
  writer: TableWriter,
  batch: PreparedBatch,
  missing: (index: number) => void,
): Promise<BulkWritten> {
  const written: BulkWritten = { inserted: 0, updated: 0, skipped: 0, rejects: [], keys: new Map() }
  if (batch.payload.rows > 0) await writePart(writer, batch, 0, batch.payload.rows, written, missing)
  return written
}

/**
 * Writes the batch part by part, each behind a savepoint, halving those that fail until the guilty rows stand alone.
 * Where the database names the row it is taken at its word only after it failed alone.
 *
 * @param guilty called with each row at fault, in order
 */
export async function writeAround(
  session: Session,
  writer: TableWriter,
  batch: PreparedBatch,
  guilty: (index: number, error: EtlError) => void,
  missing: (index: number) => void,
): Promise<BulkWritten> {
  const written: BulkWritten = { inserted: 0, updated: 0, skipped: 0, rejects: [], keys: new Map() }
  const parts: (readonly [number, number])[] = [[0, batch.payload.rows]]
  for (;;) {
    const part = parts.pop()
    if (part === undefined) return written
    const [from, to] = part
    if (from >= to) continue
    await session.savepoint(SAVEPOINT)
    try {
      await writePart(writer, batch, from, to, written, missing)
      await session.releaseSavepoint(SAVEPOINT)
    } catch (error) {
      if (!isRowError(error)) throw error
      await session.rollbackTo(SAVEPOINT)
      if (to - from === 1) guilty(from, error)
      else parts.push(...divide(from, to, error.row).reverse())
    }
  }
}

function divide(from: number, to: number, row: number | undefined): (readonly [number, number])[] {
  if (row === undefined || row < from || row >= to) {
    const middle = (from + to) >> 1
    return [
      [from, middle],
      [middle, to],
    ]
  }
  const rest = row + 1
  if (to - rest <= WHOLE_REST) {
    return [
      [from, row],
      [row, rest],
      [rest, to],
    ]
  }
  const middle = (rest + to) >> 1
  return [
    [from, row],
    [row, rest],
    [rest, middle],
    [middle, to],
  ]
}

async function writePart(
  writer: TableWriter,
  batch: PreparedBatch,
  from: number,
  to: number,
  written: BulkWritten,
  missing: (index: number) => void,
): Promise<void> {
  const result = await writer.write(batch.payload, from, to)
  written.inserted += result.inserted
  written.updated += result.updated
  written.skipped += result.skipped
  for (const index of result.missing) missing(index)
  result.keys?.forEach((key, i) => {
    written.keys.set(from + i, key)
  })
}

export function isRowError(error: unknown): error is EtlError {
  return error instanceof EtlError && error.kind === 'row'
}

/** A row the target does not have, under `load: update`. */
export function missingReject(batch: PreparedBatch, index: number, match: readonly string[], policy: RowPolicy) {
  return batch.reject(
    index,
    { stage: 'constraint', code: 'E416', message: `no row of the target has this ${match.join(', ')}` },
    policy,
  )
}

/** A row the target refused. */
export function guiltyReject(batch: PreparedBatch, index: number, error: EtlError, policy: RowPolicy) {
  return batch.reject(
    index,
    {
      stage: 'constraint',
      code: error.code,
      message: error.message,
      ...(error.column === undefined ? {} : { field: error.column }),
    },
    policy,
  )
}
