import { availableParallelism } from 'node:os'
import type { TableRef } from '../core/catalog.js'
import type { Database, Dialect, Session } from '../core/connector.js'
import type { Row, Value } from '../core/row.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { EntityPlan, MemberRead, ReadPlan, SingleFrom } from '../plan/plan.js'
import { databaseNamed, type RunContext } from './context.js'
import type { PlannedChunk } from './ledger.js'
import { orderShows, refersToItself } from './row-order.js'
import { cursorText, readSpec, slices } from './source-slices.js'

/** A table this large is split where nothing speaks against it. */
export const AUTO_ROWS = 200_000
const AUTO_CHUNKS = 4
/** Where workers elsewhere do the chunks: enough for as many as there may be, each with work for some seconds. */
const ELSEWHERE_ROWS = 100_000
const ELSEWHERE_CHUNKS = 256
const SCAN_ROWS = 5000

/**
 * Splits an entity's read order into ranges before anything is read, so that each can be read, written and resumed on its
 * own. An integer key is split evenly between its ends; any other by its n-th values; a file where a record ends. The first
 * range is open below, the last one above: rows that appear beyond the ends are not missed. The members of a union are
 * split each for itself.
 */
export async function planChunks(context: RunContext, entity: EntityPlan): Promise<readonly PlannedChunk[]> {
  // Duplicates are seen only by whoever reads all rows.
  if (context.limit !== undefined || context.dryRun || entity.dedupe !== undefined) return ranges([])
  const whole = await context.windows.within(entity, entity.read)
  const { from } = whole
  if (from.kind !== 'union') {
    const read = { ...whole, from }
    return ranges(await boundsOf(context, read, wantedChunks(context, entity, read, entity.estimatedRows)))
  }
  const wanted = from.members.map(({ read, estimatedRows }) => wantedChunks(context, entity, read, estimatedRows))
  if (wanted.every(chunks => chunks <= 1)) return ranges([])
  const bounds: Value[][] = []
  for (const [i, { name, read }] of from.members.entries()) {
    for (const bound of await boundsOf(context, read, wanted[i] ?? 1)) bounds.push([name, ...bound])
    if (i < from.members.length - 1) bounds.push([name])
  }
  return ranges(bounds)
}

async function boundsOf(context: RunContext, read: MemberRead, wanted: number): Promise<readonly (readonly Value[])[]> {
  const { from } = read
  if (wanted <= 1 || from.kind === 'rows') return []
  const database = databaseNamed(context, from.source)
  const session = await context.snapshots.session(from.source)
  const { signal } = context.control
  try {
    if (session.splits !== undefined)
      return await session.splits(readSpec(read, from, { rows: 0, bytes: 0 }), wanted, signal)
    const only = read.order.length === 1 ? read.columns[read.order[0] ?? 0] : undefined
    return only?.type.kind === 'integer' && from.kind === 'table'
      ? await integerBounds(session, database.connector.capabilities.dialect, read, from.table, only.name, wanted)
      : await nthKeys(session, read, from, wanted, signal)
  } finally {
    await session.rollback()
    await session.close()
  }
}

function wantedChunks(context: RunContext, entity: EntityPlan, read: MemberRead, estimatedRows = 0): number {
  const { capabilities } = context.target.connector
  // Two ranges could insert the same row, each finding none.
  if (entity.write.unkeyed) return 1
  const file = isFile(context, read)
  if (!file && !splitsByKey(read)) return 1
  if (entity.chunks !== undefined)
    return 'count' in entity.chunks ? entity.chunks.count : Math.max(1, Math.ceil(estimatedRows / entity.chunks.rows))
  if (estimatedRows < AUTO_ROWS || capabilities.singleWriter || read.from.kind !== 'table') return 1
  return file || !splitsUnasked(entity, context.chunks.workers !== undefined) ? 1 : automatic(context, estimatedRows)
}

/**
 * The order of rows changes unasked only where that cannot be seen.
 *
 * @param elsewhere other processes do the chunks, which are asked for because there are many
 */
export function splitsUnasked(entity: EntityPlan, elsewhere: boolean): boolean {
  if (refersToItself(entity)) return false
  // Rows of several members may meet in one row of the target: then the later member is to have the last word.
  if (entity.read.from.kind === 'union') return elsewhere && entity.write.mode === 'insert'
  return elsewhere || !orderShows(entity)
}

function isFile(context: RunContext, { from }: MemberRead): boolean {
  return from.kind === 'table' && databaseNamed(context, from.source).connector.capabilities.files === true
}

function splitsByKey({ order, key, columns }: MemberRead): boolean {
  return order.length > 0 && order.length === key.length && order.every(index => columns[index]?.nullable === false)
}

function automatic({ chunks, target }: RunContext, rows: number): number {
  return chunks.workers === undefined
    ? usualChunks(target)
    : Math.min(ELSEWHERE_CHUNKS, Math.ceil(rows / ELSEWHERE_ROWS))
}

/** A thread that reads a range is busy all the time, so two cores have work for two of them beside the server's. */
export function usualChunks({ connector }: Database): number {
  const cores = availableParallelism()
  const least = connector.capabilities.serverBound === true ? 1 : 2
  return Math.min(AUTO_CHUNKS, cores, Math.max(least, Math.floor(cores / 2)))
}

async function integerBounds(
  session: Session,
  dialect: Dialect,
  read: ReadPlan,
  table: TableRef,
  key: string,
  wanted: number,
): Promise<Value[][]> {
  const column = quoteName(dialect, key)
  const where = read.where === undefined ? '' : ` where (${read.where}\n)`
  const end = async (of: 'min' | 'max'): Promise<bigint | undefined> => {
    // In one statement SQLite would read the whole table for both.
    const rows = await session.query(`select ${of}(${column}) from ${quoteTable(dialect, table)}${where}`)
    return integer(rows[0]?.[0] ?? null)
  }
  const [low, high] = [await end('min'), await end('max')]
  if (low === undefined || high === undefined) return []
  const bounds: Value[][] = []
  const span = high - low + 1n
  for (let i = 1n; i < BigInt(wanted); i++) {
    const bound = low + (span * i) / BigInt(wanted) - 1n
    if (bound >= low && bound < high && bounds.at(-1)?.[0] !== bound) bounds.push([bound])
  }
  return bounds
}

function integer(value: Value): bigint | undefined {
  return (typeof value === 'string' && /^-?\d+$/.test(value)) ||
    typeof value === 'bigint' ||
    Number.isSafeInteger(value)
    ? BigInt(value as string)
    : undefined
}

/** Reads the keys alone, and keeps each n-th. */
async function nthKeys(
  session: Session,
  read: ReadPlan,
  from: Exclude<SingleFrom, { kind: 'rows' }>,
  wanted: number,
  signal: AbortSignal,
): Promise<Value[][]> {
  const count = await session.count({
    from: from.kind === 'table' ? { table: from.table } : { query: from.query },
    ...(read.where === undefined ? {} : { where: read.where }),
  })
  const step = Math.ceil(count / wanted)
  if (step === 0) return []
  const columns = read.order.map(index => read.columns[index]).filter(column => column !== undefined)
  const keys: ReadPlan = { ...read, columns, order: columns.map((_, i) => i), key: columns.map((_, i) => i) }
  const bounds: Row[] = []
  let seen = 0
  const open = (): Promise<Session> => Promise.resolve(session)
  for await (const { rows } of slices(open, keys, { rows: SCAN_ROWS, bytes: Number.POSITIVE_INFINITY }, signal)) {
    for (const row of rows) {
      seen++
      if (seen % step === 0 && seen < count) bounds.push(row)
    }
  }
  return bounds
}

function ranges(bounds: readonly (readonly Value[])[]): readonly PlannedChunk[] {
  const texts = bounds.map(cursorText)
  return Array.from({ length: texts.length + 1 }, (_, chunk) => {
    const lower = texts[chunk - 1]
    const upper = texts[chunk]
    return { chunk, done: false, ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) }
  })
}
