import { randomInt } from 'node:crypto'
import { databaseNamed } from '../run/context.js'
import type { PreparedBatch } from '../run/prepared-batch.js'
import { type ProduceJob, produceHere } from '../run/produce-job.js'
import { beginSession, type OpenSource, ReadingSessions } from '../run/reading-sessions.js'
import { readSpec } from '../run/source-slices.js'
import { findingsOf, isPosition, suspended } from './compare.js'
import type { Comparison } from './comparison.js'
import type { VerifyContext } from './context.js'
import type { Found } from './findings.js'
import { atPositions, positionsOf, withNumbers } from './keyed-reader.js'
import { keyEnd, keyTexts, Rows } from './rows.js'
import { compareHeap } from './sort.js'

export interface Sampled {
  readonly found: Found
  /** In one sentence. */
  readonly proves: string
}

/**
 * Compares rows that are drawn at random, each as likely as any other. Where the target can be asked by key it is asked for
 * those; else it is read through for them.
 *
 * @param rows of the source
 */
export async function compareSample(context: VerifyContext, comparison: Comparison, rows: number): Promise<Sampled> {
  const { sample } = context.settings
  const keyColumns = comparison.key.columns.length
  const findings = findingsOf(context, comparison, false)
  const sessions = new ReadingSessions(name =>
    name === '$target' ? beginSession(context.target, undefined) : context.snapshots.session(name),
  )
  try {
    const drawn = draw(Math.min(sample, rows), rows)
    const open = await sampledSource(context, comparison, drawn, sessions.get)
    const expected = await linesOf(context, comparison.expected, open, keyColumns, () => true)
    const actual = await actualLines(context, comparison, expected, sessions.get)
    compareHeap(Buffer.concat(expected), Buffer.concat(actual), findings, { keyColumns })
    return { found: findings.found, proves: sentence(findings.found, rows, drawn.length) }
  } finally {
    await sessions.close()
  }
}

/** So many different numbers below `below`, in ascending order, each set of them as likely as any other. */
export function draw(count: number, below: number): number[] {
  const drawn = new Set<number>()
  // Floyd's: one random number for each that is drawn, however many of all that is.
  for (let last = below - count; last < below; last++) {
    const number = randomInt(last + 1)
    drawn.add(drawn.has(number) ? last : number)
  }
  return [...drawn].sort((a, b) => a - b)
}

/** By key where the source can be asked so: only the keys of all rows are read then. */
async function sampledSource(
  context: VerifyContext,
  { expected: { read, limit } }: Comparison,
  drawn: readonly number[],
  open: OpenSource,
): Promise<OpenSource> {
  const { from, order, columns } = read
  const keyed =
    (from.kind === 'table' || from.kind === 'query') &&
    order.length > 0 &&
    order.every(index => columns[index]?.nullable === false) &&
    databaseNamed(context, from.source).connector.capabilities.files !== true
  if (!keyed) return withNumbers(open, drawn)
  const reader = await open(from.source)
  const options = { rows: 1000, bytes: 1 << 24, ...(limit === undefined ? {} : { limit }) }
  const positions = await positionsOf(reader, readSpec(read, from, options), drawn, context.signal)
  return async () => atPositions(reader, positions)
}

async function actualLines(
  context: VerifyContext,
  comparison: Comparison,
  expected: readonly Buffer[],
  open: OpenSource,
): Promise<Buffer[]> {
  const { key, actual } = comparison
  const columns = key.columns.length
  if (key.unique && isPosition(comparison)) {
    const reader = await open('$target')
    const positions = expected.map(line => keyTexts(line, columns)).filter(position => !position.includes(null))
    return linesOf(
      context,
      actual,
      async () => atPositions(reader, positions),
      columns,
      () => true,
    )
  }
  const wanted = new Set(expected.map(line => line.toString('latin1', 0, keyEnd(line, columns))))
  const unordered = { ...actual, read: { ...actual.read, order: [] } }
  return linesOf(context, unordered, open, columns, line => wanted.has(line))
}

async function linesOf(
  context: VerifyContext,
  job: ProduceJob,
  open: OpenSource,
  keyColumns: number,
  wanted: (key: string) => boolean,
): Promise<Buffer[]> {
  const batches: AsyncGenerator<PreparedBatch> = produceHere(job, open, context.resolvers, context.signal, context.now)
  const rows = new Rows(batches, keyColumns)
  const lines: Buffer[] = []
  while (await rows.more()) {
    if (context.signal.aborted) throw suspended()
    for (; rows.at < rows.count; rows.at++) {
      const line = rows.line()
      if (wanted(line.toString('latin1', 0, keyEnd(line, keyColumns)))) lines.push(Buffer.from(line))
    }
  }
  if (context.signal.aborted) throw suspended()
  return lines
}

/** @param drawn of the rows; what the run left out of them was not compared */
function sentence({ equal, different, missing, doubled }: Found, rows: number, drawn: number): string {
  const compared = equal + different + missing
  const wrong = different + missing + doubled
  const shown = compared.toLocaleString('en-US')
  const found = `${wrong === 0 ? 0 : wrong.toLocaleString('en-US')} differences in`
  if (compared === 0) return 'no row was compared'
  if (drawn >= rows) return `${found} all ${shown} rows`
  if (wrong > 0) return `${found} ${shown} random rows of ${rows.toLocaleString('en-US')}`
  // The bound would be all of them.
  if (compared <= 3) return `${found} ${shown} random rows, too few to say anything of the others`
  const share = Number(((3 / compared) * 100).toPrecision(1))
  return `${found} ${shown} random rows: at 95 % at most 3/${compared} of all are wrong (${share} %)`
}
