import type { Counts } from './events.js'
import { NO_COUNTS } from './events.js'

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    read: a.read + b.read,
    written: a.written + b.written,
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    skipped: a.skipped + b.skipped,
    filtered: a.filtered + b.filtered,
    deduped: a.deduped + b.deduped,
    quarantined: a.quarantined + b.quarantined,
  }
}

export function sumCounts(all: Iterable<Counts>): Counts {
  let sum = NO_COUNTS
  for (const counts of all) sum = addCounts(sum, counts)
  return sum
}

/** Rows the counts do not explain; 0 for honest counts. */
export function unexplained(counts: Counts): number {
  return counts.read - counts.written - counts.skipped - counts.filtered - counts.deduped - counts.quarantined
}
