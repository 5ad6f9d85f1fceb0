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
    await writeRange(writer, { part, first, from: 0, to: part.rows }, written, missing)
    first += part.rows
  }
  return written
}

/**
 * Writes the batch range by range, each behind a savepoint, halving those that fail until the guilty rows stand alone.
 * Where the database names the row it is taken at its word only after it failed alone. Rows whose foreign key is missing
 * are tried once more at the end: the row they refer to may have come later in the batch.
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
  await session.constraintsNow?.()
  let first = 0
  let failed: Failed[] = []
  const attempt = async (range: Range): Promise<EtlError | undefined> => {
    await session.savepoint(SAVEPOINT)
    try {
      await writeRange(writer, range, written, missing)
      await session.releaseSavepoint(SAVEPOINT)
      return undefined
    } catch (error) {
      if (!isRowError(error)) throw error
      await session.rollbackTo(SAVEPOINT)
      return error
    }
  }
  for (const part of batch.parts) {
    const ranges: Range[] = [{ part, first, from: 0, to: part.rows }]
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      if (range.from >= range.to) continue
      const error = await attempt(range)
      if (error === undefined) continue
      if (range.to - range.from === 1) failed.push({ range, error })
      else ranges.push(...divide(range, error.row).reverse())
    }
    first += part.rows
  }
  for (let before = Number.POSITIVE_INFINITY; failed.length < before; ) {
    before = failed.length
    const still: Failed[] = []
    for (const each of failed) {
      const error = each.error.code === 'E418' ? await attempt(each.range) : each.error
      if (error !== undefined) still.push({ range: each.range, error })
    }
    failed = still
  }
  for (const { range, error } of failed) guilty(range.first + range.from, error)
  return written
}

/** Rows `from` to `to` (exclusive) of a part whose first row is row `first` of the batch. */
interface Range {
  readonly part: Payload
  readonly first: number
  readonly from: number
  readonly to: number
}

interface Failed {
  readonly range: Range
  readonly error: EtlError
}

export function nothing(): BulkWritten {
  return { inserted: 0, updated: 0, skipped: 0, rejects: [], keys: new Map() }
}

function divide(range: Range, row: number | undefined): Range[] {
  const { from, to } = range
  const cut = (...at: readonly number[]): Range[] =>
    at.slice(1).map((end, i) => ({ ...range, from: at[i] ?? from, to: end }))
  if (row === undefined || row < from || row >= to) return cut(from, (from + to) >> 1, to)
  const rest = row + 1
  return to - rest <= WHOLE_REST ? cut(from, row, rest, to) : cut(from, row, rest, (rest + to) >> 1, to)
}

async function writeRange(
  writer: TableWriter,
  { part, first, from, to }: Range,
  written: BulkWritten,
  missing: (index: number) => void,
): Promise<void> {
  const result = await writer.write(part, from, to)
  written.inserted += result.inserted
  written.updated += result.updated
  written.skipped += result.skipped
  for (const index of result.missing) missing(first + index)
  result.keys?.forEach((key, i) => {
    // A row that `update` did not find has no key.
    if (key !== null) written.keys.set(first + from + i, key)
  })
}

export function isRowError(error: unknown): error is EtlError {
  return error instanceof EtlError && error.kind === 'row'
}
