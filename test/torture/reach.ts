import type { Failpoint } from '../../src/core/failpoint.js'

/** What one process does that loads, retries or takes back everything without a fault: faults are planned within it. */
export interface Reach {
  /** Hits of each failpoint. */
  readonly points: ReadonlyMap<Failpoint, number>
  readonly ms: number
  /** What goes through the target's proxy. */
  readonly commits: number
  readonly sent: number
}

/** Has a process tell every failpoint that it comes by. */
export const TELL_ALL = '*:tell@0'

export function pointsOf(stderr: string): Map<Failpoint, number> {
  const points = new Map<Failpoint, number>()
  for (const [, point] of stderr.matchAll(/^failpoint (\S+) tell$/gm)) {
    const name = point as Failpoint
    points.set(name, (points.get(name) ?? 0) + 1)
  }
  return points
}
