import { randomInt } from 'node:crypto'
import type { Session } from '../core/connector.js'
import type { PreparedBatch } from '../run/prepared-batch.js'
import { produceHere } from '../run/produce-job.js'
import { beginSession, type OpenSource, ReadingSessions } from '../run/reading-sessions.js'
import type { Compared, CompareOptions } from './compare.js'
import { findingsOf, suspended } from './compare.js'
import { keyComparison } from './compare-keys.js'
import type { Comparison } from './comparison.js'
import type { VerifyContext } from './context.js'
import type { Findings } from './findings.js'
import { type HashedSides, hashedSides, type KeyRange } from './hashable.js'
import { merge, NotInOrder } from './merge.js'
import { Rows } from './rows.js'

export interface HashSizes {
  /** Tables with fewer rows are read: that takes no longer. */
  readonly least: number
  /** Rows that are hashed at once, about. */
  readonly range: number
  /** A range that differs is split until it has no more rows; then they are compared. */
  readonly leaf: number
}

const SIZES: HashSizes = { least: 50_000, range: 50_000, leaf: 4000 }
/** Parts of a range that differs. */
const PARTS = 16
/** Where a larger share of the rows is to be read, reading all of them is quicker. */
const MOST_READ = 1 / 4

export interface ComparedByHashes extends Compared {
  /** In ranges that differ. */
  readonly rowsRead: number
}

/**
 * Lets both databases hash their rows, range by range of the key, and compares only the rows of ranges that differ. It finds
 * what comparing all rows finds; undefined where it cannot, or would take longer.
 */
export async function compareByHashes(
  context: VerifyContext,
  comparison: Comparison,
  { rows: { expected, actual }, owned }: Pick<CompareOptions, 'rows' | 'owned'>,
  sizes: HashSizes = SIZES,
): Promise<ComparedByHashes | undefined> {
  const rows = Math.max(expected, actual)
  const most = Math.max(sizes.leaf, rows * MOST_READ)
  if (rows < sizes.least || Math.abs(expected - actual) > most) return undefined
  const sides = hashedSides(context, comparison, randomInt(2 ** 31))
  if (sides === undefined) return undefined
  const sessions = new ReadingSessions(name =>
    name === '$target' ? beginSession(context.target, undefined) : context.snapshots.session(name),
  )
  // One side may be in the database of the other.
  const own = new ReadingSessions(() => beginSession(context.target, undefined))
  try {
    const asked = { expected: await sessions.get(sides.expected.source), actual: await own.get('$target') }
    const found = await differing(context, comparison, sides, asked, { rows, most, sizes })
    if (found === undefined) return undefined
    const findings = findingsOf(context, comparison, owned)
    findings.same(found.equal)
    let unreadable = 0
    for (const range of found.ranges) {
      const read = (side: 'expected' | 'actual', open: OpenSource): AsyncGenerator<PreparedBatch, void, void> => {
        const job = comparison[side]
        const within = { ...job, read: { ...job.read, where: sides[side].where(range) } }
        return produceHere(within, open, context.resolvers, context.signal, context.now)
      }
      unreadable += await compareRange(read('expected', sessions.get), read('actual', own.get), comparison, findings)
      if (context.signal.aborted) throw suspended()
    }
    return { found: findings.found, unreadable, rowsRead: found.rows }
  } catch (error) {
    if (error instanceof NotInOrder) return undefined
    throw error
  } finally {
    await sessions.close()
    await own.close()
  }
}

/** Gives how many rows of the target cannot be read. */
async function compareRange(
  expected: AsyncGenerator<PreparedBatch, void, void>,
  actual: AsyncGenerator<PreparedBatch, void, void>,
  { key }: Comparison,
  findings: Findings,
): Promise<number> {
  try {
    const [left, right] = [new Rows(expected, key.columns.length), new Rows(actual, key.columns.length)]
    await merge(left, right, keyComparison(key.columns), findings, async () => undefined)
    return right.totals.quarantined
  } finally {
    await expected.return()
    await actual.return()
  }
}

interface Differing {
  /** Rows of ranges that are the same. */
  readonly equal: number
  /** In ascending order. */
  readonly ranges: readonly KeyRange[]
  /** Of the larger side in those. */
  readonly rows: number
}

interface Asked {
  readonly expected: Session
  readonly actual: Session
}

/** The ranges whose rows may differ; undefined where they hold too many rows. */
async function differing(
  context: VerifyContext,
  { entity }: Comparison,
  sides: HashedSides,
  asked: Asked,
  { rows, most, sizes }: { readonly rows: number; readonly most: number; readonly sizes: HashSizes },
): Promise<Differing | undefined> {
  const ends = await Promise.all([sides.expected.ends(asked.expected), sides.actual.ends(asked.actual)])
  const whole = union(ends)
  let [equal, toRead] = [0, 0]
  const ranges: KeyRange[] = []
  const todo = whole === undefined ? [] : split(whole, Math.ceil(rows / sizes.range)).reverse()
  for (let range = todo.pop(); range !== undefined; range = todo.pop()) {
    if (context.signal.aborted) throw suspended()
    const [left, right] = await Promise.all([
      sides.expected.hash(asked.expected, range),
      sides.actual.hash(asked.actual, range),
    ])
    const larger = Math.max(left.rows, right.rows)
    if (left.rows === right.rows && (larger === 0 || (left.hash !== undefined && left.hash === right.hash))) {
      equal += larger
      context.tell(`${entity.name}: ${(equal + toRead).toLocaleString('en-US')} rows`)
    } else if (larger > sizes.leaf && range.high > range.low)
      todo.push(...split(range, Math.min(PARTS, Math.ceil((2 * larger) / sizes.leaf))).reverse())
    else {
      toRead += larger
      if (toRead > most) return undefined
      const last = ranges.at(-1)
      if (last?.high === range.low - 1n) ranges[ranges.length - 1] = { low: last.low, high: range.high }
      else ranges.push(range)
    }
  }
  return { equal, ranges, rows: toRead }
}

function union(ends: readonly (KeyRange | undefined)[]): KeyRange | undefined {
  const ordered = ends
    .flatMap(range => (range === undefined ? [] : [range.low, range.high]))
    .sort((a, b) => (a < b ? -1 : 1))
  const [low, high] = [ordered[0], ordered.at(-1)]
  return low === undefined || high === undefined ? undefined : { low, high }
}

/** In ascending order, of about the same width. */
function split({ low, high }: KeyRange, parts: number): KeyRange[] {
  const width = (high - low + BigInt(parts)) / BigInt(parts)
  const ranges: KeyRange[] = []
  for (let from = low; from <= high; from += width) {
    const to = from + width - 1n
    ranges.push({ low: from, high: to < high ? to : high })
  }
  return ranges
}
