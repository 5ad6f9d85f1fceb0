import type { Payload, Session, TableWriter, WriteResult } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Value } from '../core/row.js'
import { joinTraces, type WriteTrace } from '../core/write-trace.js'
import type { PreparedBatch } from './prepared-batch.js'
import type { Written } from './sink.js'

const SAVEPOINT = 'etl_part'
/** After a named row fails, the rest is tried whole only up to this size; longer rests are halved first. */
const WHOLE_REST = 64

export interface BulkWritten extends Written {
  /** Generated keys by row index of the batch; only where the plan asked for them. */
  readonly keys: Map<number, Value>
  /** Row indexes of the batch that are not in the target for an error of theirs. */
  readonly failed: Set<number>
  /** Where the writer tells of it. */
  trace?: WriteTrace
}

/** Writes the whole batch at once. Throws a `row` error when a row is at fault; nothing is known then but that. */
export async function writeWhole(
  writer: TableWriter,
  batch: PreparedBatch,
  missing: (index: number) => void,
): Promise<BulkWritten> {
  const written = nothing()
  if (writer.writeAll !== undefined && batch.parts.length > 1) {
    const result = await writer.writeAll(batch.parts)
    addResult(written, result, 0)
    for (const index of result.missing) missing(index)
    return written
  }
  let first = 0
  for (const part of batch.parts) {
    await writeRange(writer, { part, first, from: 0, to: part.rows }, written, missing)
    first += part.rows
  }
  return written
}

/**
 * Savepoints of one transaction: PostgreSQL keeps a lock for each that wrote until the end, in a table of fixed size.
 * Past it the transaction is rolled back and the next one begins with what is known.
 */
const SAVEPOINTS = 1500

/** The transaction has had its savepoints: roll it back and write again, with the same {@link Known}. */
export class StartOver extends Error {
  override readonly name = 'StartOver'
}

/** What attempts at a batch have found out about its rows. */
export class Known {
  /** Ranges that went in, in the order in which they did. */
  readonly good: Range[] = []
  /** Ranges not tried yet, the next one last. */
  readonly open: Range[]
  /** Rows whose foreign key is missing, to be tried once more: the row they refer to may have come later. */
  again: Failed[] = []
  /** Those that failed once more in the round at hand. */
  still: Failed[] = []
  failed: Failed[] = []
  /** Savepoints of the last attempt. */
  savepoints = 0
  progress = true

  constructor(batch: PreparedBatch) {
    let first = 0
    const parts = batch.parts.map(part => {
      const range = { part, first, from: 0, to: part.rows }
      first += part.rows
      return range
    })
    this.open = parts.reverse()
  }
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
  known: Known,
  guilty: (index: number, error: EtlError) => void,
  missing: (index: number) => void,
): Promise<BulkWritten> {
  const written = nothing()
  known.savepoints = 0
  await session.constraintsNow?.()
  for (const range of known.good) await writeRange(writer, range, written, missing)

  const attempt = async (range: Range): Promise<EtlError | undefined> => {
    if (++known.savepoints > SAVEPOINTS) throw new StartOver()
    await session.savepoint(SAVEPOINT)
    try {
      await writeRange(writer, range, written, missing)
      await session.releaseSavepoint(SAVEPOINT)
      known.good.push(range)
      return undefined
    } catch (error) {
      if (!isRowError(error)) throw error
      await session.rollbackTo(SAVEPOINT)
      return error
    }
  }

  for (let range = known.open.at(-1); range !== undefined; range = known.open.at(-1)) {
    const error = range.from < range.to ? await attempt(range) : undefined
    known.open.pop()
    if (error === undefined) continue
    if (range.to - range.from > 1) known.open.push(...divide(range, error.row).reverse())
    else if (error.code === 'E418') known.again.push({ range, error })
    else known.failed.push({ range, error })
  }
  while (known.again.length > 0 && (known.progress || known.still.length > 0)) {
    if (known.still.length === 0) known.progress = false
    for (let each = known.again.at(-1); each !== undefined; each = known.again.at(-1)) {
      const error = await attempt(each.range)
      known.again.pop()
      if (error === undefined) known.progress = true
      else known.still.push({ range: each.range, error })
    }
    known.again = known.still
    known.still = []
  }
  for (const { range, error } of [...known.failed, ...known.again]) guilty(range.first + range.from, error)
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
  return { inserted: 0, updated: 0, skipped: 0, rejects: [], keys: new Map(), failed: new Set() }
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
  addResult(written, result, first + from)
  for (const index of result.missing) missing(first + index)
}

function addResult(written: BulkWritten, result: WriteResult, first: number): void {
  written.inserted += result.inserted
  written.updated += result.updated
  written.skipped += result.skipped
  if (result.trace !== undefined) written.trace = joinTraces(written.trace, result.trace)
  result.keys?.forEach((key, i) => {
    // A row that `update` did not find has no key.
    if (key !== null) written.keys.set(first + i, key)
  })
}

export function isRowError(error: unknown): error is EtlError {
  return error instanceof EtlError && error.kind === 'row'
}
