import type { ReadSpec, SourceBatch } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import { fromJson, type Row, toJson, type Value } from '../core/row.js'
import type { MemberPlan, ReadPlan, SingleFrom } from '../plan/plan.js'
import type { OpenSource } from './reading-sessions.js'

export interface SliceOptions {
  readonly rows: number
  readonly bytes: number
  readonly limit?: number
  readonly after?: readonly Value[]
  readonly until?: readonly Value[]
}

/** Reads a plan's rows in order, some at a time. */
export async function* slices(
  open: OpenSource,
  read: ReadPlan,
  options: SliceOptions,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch, void, void> {
  const { from } = read
  if (options.limit !== undefined && options.limit <= 0) return
  if (from.kind === 'union') yield* unionSlices(open, from.members, options, signal)
  else if (from.kind === 'rows') yield* inlineRows(from.rows, options)
  else {
    const session = await open(from.source)
    yield* session.read(readSpec(read, from, options), signal)
  }
}

export function readSpec(read: ReadPlan, from: Exclude<SingleFrom, { kind: 'rows' }>, options: SliceOptions): ReadSpec {
  const { limit, after, until } = options
  return {
    from: from.kind === 'table' ? { table: from.table } : { query: from.query },
    columns: read.columns,
    ...(read.where === undefined ? {} : { where: read.where }),
    ...(read.version === undefined ? {} : { version: read.version }),
    ...(read.window === undefined ? {} : { window: read.window }),
    order: read.order.map(index => ({ index, nullable: read.columns[index]?.nullable ?? true })),
    ...(after === undefined ? {} : { after }),
    ...(until === undefined ? {} : { until }),
    ...(limit === undefined ? {} : { limit }),
    batchRows: options.rows,
    batchBytes: options.bytes,
  }
}

/**
 * Member after member. A cursor is the member's name and the position in it; the name alone is the end of the member.
 */
async function* unionSlices(
  open: OpenSource,
  members: readonly MemberPlan[],
  options: SliceOptions,
  signal: AbortSignal,
): AsyncGenerator<SourceBatch, void, void> {
  const start = options.after === undefined ? undefined : placeIn(members, options.after)
  const end = options.until === undefined ? undefined : placeIn(members, options.until)
  let { limit } = options
  const { rows, bytes } = options
  for (const [i, { name, read, values }] of members.entries()) {
    if (start !== undefined && (i < start.member || (i === start.member && start.position === undefined))) continue
    if (end !== undefined && i > end.member) return
    const after = i === start?.member ? start.position : undefined
    const until = i === end?.member ? end.position : undefined
    const own: SliceOptions = {
      rows,
      bytes,
      ...(limit === undefined ? {} : { limit }),
      ...(after === undefined ? {} : { after }),
      ...(until === undefined ? {} : { until }),
    }
    const constants = values.map(value => ('value' in value ? fromJson(value.value) : null))
    let previous: Row | undefined
    for await (const slice of slices(open, read, own, signal)) {
      checkOrder(read, slice.rows, previous)
      previous = slice.rows.at(-1)
      if (limit !== undefined) limit -= slice.rows.length
      yield {
        ...slice,
        rows: slice.rows.map(row =>
          values.map((value, at) => ('index' in value ? (row[value.index] ?? null) : (constants[at] ?? null))),
        ),
        cursor: [name, ...slice.cursor],
      }
    }
  }
}

function placeIn(
  members: readonly MemberPlan[],
  [name, ...position]: readonly Value[],
): { readonly member: number; readonly position: readonly Value[] | undefined } {
  const member = members.findIndex(candidate => candidate.name === name)
  if (member < 0) {
    throw new EtlError('E506', 'the union has no longer the member that the run stopped in', {
      kind: 'usage',
      hint: 'bring the member back, or begin anew: `etl run … --restart`',
    })
  }
  return { member, position: position.length === 0 ? undefined : position }
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
  open: OpenSource,
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
  for await (const slice of slices(open, read, options, new AbortController().signal)) {
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

export interface SoundRows {
  readonly rows: readonly Row[]
  /** Where each stands among the rows that were read; undefined where all are sound. */
  readonly indexes: readonly number[] | undefined
}

/** The rows that can be understood. */
export function soundRows({ rows, malformed }: SourceBatch): SoundRows {
  if (malformed === undefined) return { rows, indexes: undefined }
  const bad = new Set(malformed.map(({ row }) => row))
  const indexes = [...rows.keys()].filter(index => !bad.has(index))
  return { rows: indexes.map(index => rows[index] as Row), indexes }
}
