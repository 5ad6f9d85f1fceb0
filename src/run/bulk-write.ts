import type { Payload, Session, TableWriter } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import type { PreparedBatch } from './prepared-batch.js'
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
  const written = nothing()
  let first = 0
  for (const part of batch.parts) {
    await writeRange(writer, part, first, 0, part.rows, written, missing)
    first += part.rows
  }
  return written
}

/**
 * Writes the batch range by range, each behind a savepoint, halving those that fail until the guilty rows stand alone.
 * Where the database names the row it is taken at its word only after it failed alone.
 *
 * @param guilty called with each row at fault
 */
export async function writeAround(
  session: Session,
  writer: TableWriter,
  batch: PreparedBatch,
  guilty: (index: number, error: EtlError) => void,
  missing: (index: number) => void,
): Promise<BulkWritten> {
  const written = nothing()
  let first = 0
  for (const part of batch.parts) {
    const ranges: (readonly [number, number])[] = [[0, part.rows]]
    for (;;) {
      const range = ranges.pop()
      if (range === undefined) break
      const [from, to] = range
      if (from >= to) continue
      await session.savepoint(SAVEPOINT)
      try {
        await writeRange(writer, part, first, from, to, written, missing)
        await session.releaseSavepoint(SAVEPOINT)
      } catch (error) {
        if (!isRowError(error)) throw error
        await session.rollbackTo(SAVEPOINT)
        if (to - from === 1) guilty(first + from, error)
        else ranges.push(...divide(from, to, error.row).reverse())
      }
    }
    first += part.rows
  }
  return written
}

export function nothing(): BulkWritten {
  return { inserted: 0, updated: 0, skipped: 0, rejects: [], keys: new Map() }
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

/** @param first index within the batch of the part's first row */
async function writeRange(
  writer: TableWriter,
  part: Payload,
  first: number,
  from: number,
  to: number,
  written: BulkWritten,
  missing: (index: number) => void,
): Promise<void> {
  const result = await writer.write(part, from, to)
  written.inserted += result.inserted
  written.updated += result.updated
  written.skipped += result.skipped
  for (const index of result.missing) missing(first + index)
  result.keys?.forEach((key, i) => {
    written.keys.set(first + from + i, key)
  })
}

export function isRowError(error: unknown): error is EtlError {
  return error instanceof EtlError && error.kind === 'row'
}
