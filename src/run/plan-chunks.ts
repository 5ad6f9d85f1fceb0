import { availableParallelism } from 'node:os'
import type { Dialect, Session } from '../core/connector.js'
import type { Row, Value } from '../core/row.js'
import { quoteName, quoteTable } from '../core/sql.js'
import type { EntityPlan, ReadPlan } from '../plan/plan.js'
import { type RunContext, sourceOf } from './context.js'
import type { PlannedChunk } from './ledger.js'
import { cursorText, slices } from './source-slices.js'

/** A table this large is split where nothing speaks against it: reading a range keeps one core busy, writing it another. */
const AUTO_ROWS = 200_000
const AUTO_CHUNKS = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)))
const SCAN_ROWS = 5000

/**
 * Splits an entity's read order into ranges before anything is read, so that each can be read, written and resumed on its
 * own. An integer key is split evenly between its ends; any other by its n-th values. The first range is open below, the
 * last one above: rows that appear beyond the ends are not missed.
 */
export async function planChunks(context: RunContext, entity: EntityPlan): Promise<readonly PlannedChunk[]> {
  const wanted = wantedChunks(context, entity)
  if (wanted <= 1) return ranges([])
  const database = sourceOf(context, entity)
  const session = await database?.session({ readOnly: true })
  if (database === undefined || session === undefined) return ranges([])
  try {
    await session.begin()
    const only = entity.read.order.length === 1 ? entity.read.columns[entity.read.order[0] ?? 0] : undefined
    const evenly = only?.type.kind === 'integer' && entity.read.from.kind === 'table'
    const bounds = evenly
      ? await integerBounds(session, database.connector.capabilities.dialect, entity.read, only.name, wanted)
      : await nthKeys(session, entity.read, wanted, context.control.signal)
    return ranges(bounds)
  } finally {
    await session.rollback()
    await session.close()
  }
}

function wantedChunks(context: RunContext, entity: EntityPlan): number {
  const { read, estimatedRows = 0 } = entity
  const { capabilities } = context.target.connector
  if (context.limit !== undefined || context.dryRun || read.order.length === 0 || read.order.length !== read.key.length)
    return 1
  if (read.order.some(index => read.columns[index]?.nullable !== false)) return 1
  if (entity.chunks !== undefined)
    return 'count' in entity.chunks ? entity.chunks.count : Math.max(1, Math.ceil(estimatedRows / entity.chunks.rows))
  return estimatedRows >= AUTO_ROWS && !capabilities.singleWriter && read.from.kind === 'table' ? AUTO_CHUNKS : 1
}

async function integerBounds(
  session: Session,
  dialect: Dialect,
  read: ReadPlan,
  key: string,
  wanted: number,
): Promise<Value[][]> {
  if (read.from.kind !== 'table') return []
  const column = quoteName(dialect, key)
  const where = read.where === undefined ? '' : ` where (${read.where}\n)`
  const rows = await session.query(
    `select min(${column}), max(${column}) from ${quoteTable(dialect, read.from.table)}${where}`,
  )
  const [low, high] = (rows[0] ?? []).map(integer)
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
async function nthKeys(session: Session, read: ReadPlan, wanted: number, signal: AbortSignal): Promise<Value[][]> {
  if (read.from.kind === 'rows') return []
  const count = await session.count({
    from: read.from.kind === 'table' ? { table: read.from.table } : { query: read.from.query },
    ...(read.where === undefined ? {} : { where: read.where }),
  })
  const step = Math.ceil(count / wanted)
  if (step === 0) return []
  const columns = read.order.map(index => read.columns[index]).filter(column => column !== undefined)
  const keys: ReadPlan = { ...read, columns, order: columns.map((_, i) => i), key: columns.map((_, i) => i) }
  const bounds: Row[] = []
  let seen = 0
  for await (const { rows } of slices(session, keys, { rows: SCAN_ROWS, bytes: Number.POSITIVE_INFINITY }, signal)) {
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
