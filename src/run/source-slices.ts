import type { ReadSpec, Session, SourceBatch } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { fromJson, type Row, toJson, type Value } from '../core/row.js'
import type { ReadPlan } from '../plan/plan.js'

export interface SliceOptions {
  readonly rows: number
  readonly bytes: number
  readonly limit?: number
  readonly after?: readonly Value[]
  readonly until?: readonly Value[]
}

/** Reads a plan's rows in order, some at a time. */
export async function* slices(
  session: Session | undefined,
  read: ReadPlan,
  options: SliceOptions,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch, void, void> {
  const { limit, after, until } = options
  if (limit !== undefined && limit <= 0) return
  if (read.from.kind === 'rows') {
    yield* inlineRows(read.from.rows, options)
    return
  }
  if (session === undefined) throw new EtlError('E901', 'no session to read with')
  const spec: ReadSpec = {
    from: read.from.kind === 'table' ? { table: read.from.table } : { query: read.from.query },
    columns: read.columns,
    ...(read.where === undefined ? {} : { where: read.where }),
    ...(read.version === undefined ? {} : { version: read.version }),
    order: read.order.map(index => ({ index, nullable: read.columns[index]?.nullable ?? true })),
    ...(after === undefined ? {} : { after }),
    ...(until === undefined ? {} : { until }),
    ...(limit === undefined ? {} : { limit }),
    batchRows: options.rows,
    batchBytes: options.bytes,
  }
  yield* session.read(spec, signal)
}

async function* inlineRows(
  rows: readonly (readonly unknown[])[],
  options: SliceOptions,
): AsyncGenerator<SourceBatch, void, void> {
  let at = Number(options.after?.[0] ?? 0)
  const end = Math.min(rows.length, Number(options.until?.[0] ?? rows.length), at + (options.limit ?? rows.length))
  while (at < end) {
    const next = Math.min(end, at + options.rows)
    yield { rows: rows.slice(at, next).map(row => row.map(fromJson)), cursor: [next] }
    at = next
  }
}

/** The rows after one cursor up to another, again. */
export async function reread(
  session: Session | undefined,
  read: ReadPlan,
  range: { readonly after: readonly Value[] | undefined; readonly until: readonly Value[]; readonly rows: number },
): Promise<Row[]> {
  const found: Row[] = []
  const options: SliceOptions = {
    rows: range.rows,
    bytes: Number.POSITIVE_INFINITY,
    until: range.until,
    ...(range.after === undefined ? {} : { after: range.after }),
  }
  for await (const slice of slices(session, read, options, new AbortController().signal)) {
    for (const row of slice.rows) found.push(row)
  }
  if (found.length === range.rows) return found
  throw new EtlError('E522', `the source has ${found.length} rows where it had ${range.rows} a moment ago`, {
    hint: 'let nothing else write to the source meanwhile, then go on with `etl run … --resume`',
  })
}

/**
 * Rows must come in strictly ascending order; equal neighbours mean that the key is not unique and rows could be lost.
 *
 * @param previous the row before the first of `rows`, where one was read
 */
export function checkOrder(read: ReadPlan, rows: readonly Row[], previous: Row | undefined): void {
  const { order } = read
  if (order.length === 0) return
  let twice = false
  for (let r = previous === undefined ? 1 : 0; r < rows.length && !twice; r++) {
    const row = rows[r] as Row
    const before = r === 0 ? (previous as Row) : (rows[r - 1] as Row)
    twice = true
    for (const column of order) {
      if (!same(row[column] ?? null, before[column] ?? null)) {
        twice = false
        break
      }
    }
  }
  if (!twice) return
  throw new EtlError('E518', `two rows have the same key (${read.key.map(i => read.columns[i]?.name).join(', ')})`, {
    hint: 'name columns under `key:` that identify a row',
  })
}

function same(a: Value, b: Value): boolean {
  return a === b || (Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b))
}

/** A cursor as the ledger keeps it. */
export function cursorText(cursor: readonly Value[]): string {
  return JSON.stringify(cursor.map(toJson))
}

export function parseCursor(text: string): Value[] {
  return (JSON.parse(text) as unknown[]).map(fromJson)
}
