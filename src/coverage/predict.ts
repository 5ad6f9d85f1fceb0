import type { Counts } from '../run/events.js'
import type { Amount, Coverage, Prediction } from './coverage.js'

/** What one place was found to hold. */
export interface Tally {
  readonly read?: number
  readonly quarantined?: number
  readonly skipped?: number
  readonly fails?: boolean
  /** Nothing can be said of what becomes of the rows. */
  readonly open: boolean
}

/** The prediction for an entity from those of its places. */
export function predict(
  tallies: readonly Tally[],
  unknown: {
    /** Rows may be rejected for reasons that nobody looked for. */
    readonly open: boolean
    readonly filter: boolean
    readonly dedupe: boolean
    /** Rows may be left out, so that all other numbers are of too many. */
    readonly drops: boolean
  },
): Prediction {
  if (tallies.some(({ read }) => read === undefined)) return {}
  const sum = (of: (tally: Tally) => number | undefined): number =>
    tallies.reduce((total, tally) => total + (of(tally) ?? 0), 0)
  const [read, quarantined, skipped] = [sum(t => t.read), sum(t => t.quarantined), sum(t => t.skipped)]
  const open = unknown.open || tallies.some(tally => tally.open)
  const exact = (rows: number): Amount => ({ rows })
  const some = (rows: number): Amount => (open ? { rows, bound: 'at least' } : { rows })
  const bad: Pick<Prediction, 'quarantined' | 'skipped'> = unknown.drops
    ? {}
    : { quarantined: some(quarantined), skipped: some(skipped) }
  const left = read - (unknown.drops ? 0 : quarantined + skipped)
  return {
    read: unknown.drops && !unknown.filter && !unknown.dedupe ? { rows: read, bound: 'at most' } : exact(read),
    written: open || unknown.drops ? { rows: left, bound: 'at most' } : exact(left),
    ...bad,
    ...(unknown.filter ? {} : { filtered: exact(0) }),
    ...(unknown.dedupe ? {} : { deduped: exact(0) }),
    ...(tallies.some(({ fails }) => fails === true) ? { fails: true } : {}),
  }
}

/** What was predicted beside what happened. */
export interface Compared {
  readonly entity: string
  readonly what: PredictedCount
  readonly predicted: Amount
  readonly happened: number
  readonly fits: boolean
}

const COUNTS = ['read', 'written', 'skipped', 'filtered', 'deduped', 'quarantined'] as const
export type PredictedCount = (typeof COUNTS)[number]

/** One line for each number that was predicted. */
export function compare(
  coverage: Coverage,
  entities: readonly { readonly name: string; readonly counts: Counts }[],
): readonly Compared[] {
  return entities.flatMap(({ name, counts }) => {
    const predicted = coverage.entities.find(({ entity }) => entity === name)?.predicted ?? {}
    return COUNTS.flatMap(what => {
      const amount = predicted[what]
      return amount === undefined
        ? []
        : { entity: name, what, predicted: amount, happened: counts[what], fits: fits(amount, counts[what]) }
    })
  })
}

function fits({ rows, bound }: Amount, happened: number): boolean {
  if (bound === 'at least') return happened >= rows
  return bound === 'at most' ? happened <= rows : happened === rows
}
