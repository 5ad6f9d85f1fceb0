import { EtlError } from '../core/errors.js'
import { cursorText } from '../run/source-slices.js'
import { keyComparison } from './compare-keys.js'
import type { Comparison } from './comparison.js'
import type { VerifyContext } from './context.js'
import { Findings, type Found } from './findings.js'
import { merge, NotInOrder } from './merge.js'
import { type ReadTotals, Rows } from './rows.js'
import { readApart, readHere } from './sides.js'
import { sortAndCompare } from './sort.js'

const TELL_MS = 1000
const KEEP_MS = 2000

/** Where a comparison stood, so that another process can go on with it. */
export interface Position {
  readonly expectedAfter: string
  readonly actualAfter?: string
  readonly found: Found
  readonly totals: ReadTotals
}

export interface Compared {
  readonly found: Found
  /** Rows of the target that could not be read. */
  readonly unreadable: number
}

export interface CompareOptions {
  /** About how many rows each side has. */
  readonly rows: { readonly expected: number; readonly actual: number }
  readonly owned: boolean
  readonly from: Position | undefined
  readonly keep: (position: Position) => Promise<void>
}

/** Compares every row of both sides: as they come where they come in one order, else sorted on disk. */
export async function compareAll(
  context: VerifyContext,
  comparison: Comparison,
  options: CompareOptions,
): Promise<Compared> {
  if (comparison.key.unique) {
    try {
      return await attempt(context, comparison, options, true)
    } catch (error) {
      if (!(error instanceof NotInOrder)) throw error
    }
  }
  return attempt(context, comparison, { ...options, from: undefined }, false)
}

async function attempt(
  context: VerifyContext,
  comparison: Comparison,
  { rows, owned, from, keep }: CompareOptions,
  ordered: boolean,
): Promise<Compared> {
  const { key, entity, pass } = comparison
  const keyColumns = key.columns.length
  const findings = findingsOf(context, comparison, owned, from?.found)
  // The target's rows go through no mapping: this thread reads them in the time of the other, which a third would not shorten.
  const sides = [
    await readApart(context, { ...comparison.expected, ...after(from?.expectedAfter) }, rows.expected),
    readHere(context, { ...actualJob(comparison, ordered), ...after(from?.actualAfter) }),
  ] as const
  try {
    const expected = new Rows(sides[0].batches, keyColumns, from?.totals)
    const actual = new Rows(sides[1].batches, keyColumns)
    let told = context.now()
    let kept = told
    const look = (): void => {
      if (context.signal.aborted) throw suspended()
      const now = context.now()
      if (now - told < TELL_MS) return
      told = now
      const { equal, different, missing } = findings.found
      context.tell(
        `${entity.name}: ${(ordered ? equal + different + missing : expected.totals.read).toLocaleString('en-US')} rows`,
      )
    }
    if (ordered) {
      await merge(expected, actual, keyComparison(key.columns), findings, async () => {
        const cancelled = context.signal.aborted
        if (isPosition(comparison) && expected.passed !== undefined && (cancelled || context.now() - kept > KEEP_MS)) {
          kept = context.now()
          const last = actual.lastKey
          await keep({
            expectedAfter: expected.passed,
            ...(last === undefined ? {} : { actualAfter: cursorText(last) }),
            found: findings.found,
            totals: expected.totals,
          })
        }
        look()
      })
    } else {
      const stands = pass === 'load' ? standsFor(comparison) : undefined
      await sortAndCompare(expected, actual, findings, {
        folder: context.stateDir,
        rows: Math.max(rows.expected, rows.actual),
        keyColumns,
        ...(stands === undefined ? {} : { stands }),
        read: look,
      })
    }
    // A reader that was told to stop ends as if there were no more rows.
    if (context.signal.aborted) throw suspended()
    return { found: findings.found, unreadable: actual.totals.quarantined }
  } finally {
    for (const side of sides) await side.close()
  }
}

/** @param from what was found before */
export function findingsOf(context: VerifyContext, comparison: Comparison, owned: boolean, from?: Found): Findings {
  const { key, pass, columns, steps } = comparison
  const { allow, showValues } = context.settings
  const keyColumns = key.columns.length
  return new Findings({ columns, keyColumns, steps, allow, showValues, pairsOnly: pass === 'defer', owned }, from)
}

/** Rows that are sorted here need no order. */
function actualJob({ actual }: Comparison, ordered: boolean): Comparison['actual'] {
  return ordered ? actual : { ...actual, read: { ...actual.read, order: [] } }
}

function after(cursor: string | undefined): { after?: string } {
  return cursor === undefined ? {} : { after: cursor }
}

/** Several rows of the source with one key: the writer let the later, or the earlier, stand. */
function standsFor({ entity }: Comparison): 'first' | 'last' | undefined {
  const { mode } = entity.write
  return mode === 'insert' ? undefined : mode === 'ignore' ? 'first' : 'last'
}

/** Can reading go on behind a key's texts? */
export function isPosition({ key }: Comparison): boolean {
  return key.columns.every(({ type: { kind } }) => ['integer', 'decimal', 'text', 'uuid', 'date'].includes(kind))
}

export function suspended(): EtlError {
  return new EtlError('E515', 'the verification was interrupted', {
    kind: 'interrupted',
    hint: 'go on with it: `etl verify … --resume`',
  })
}
