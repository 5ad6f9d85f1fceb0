import { hostname } from 'node:os'

/** How often a run says that it lives. */
export const BEAT_MS = 10_000
/** Without a word for so long, by the target's clock, a run's process counts as dead. */
export const STALE_SECONDS = 60

/** Which process a run belongs to, as the ledger has it. */
export interface Owner {
  readonly host: string
  readonly pid: number
  /** The server's names of the sessions it has in the target. */
  readonly sessions: readonly string[]
  /** When it took the run, and when it was last heard of: ISO UTC, by the target's clock. */
  readonly since: string
  readonly heardAt: string
  /** Since it was last heard of, by the same clock. */
  readonly quietSeconds: number
}

/** This process. */
export interface Here {
  readonly host: string
  readonly pid: number
  isAlive(pid: number): boolean
}

export const here: Here = {
  host: hostname(),
  pid: process.pid,
  isAlive: pid => {
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      // It belongs to another user.
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  },
}

/** What proves that the owner is dead; undefined where nothing does. */
export function proofOfDeath(owner: Owner, place: Here): string | undefined {
  if (owner.host === place.host && (owner.pid === place.pid || !place.isAlive(owner.pid)))
    return `${owner.host} has no process ${owner.pid} any more`
  return owner.quietSeconds > STALE_SECONDS ? `not heard of for ${owner.quietSeconds} s` : undefined
}

/** `host pid 4711, since …, last heard of 3 s ago` */
export function describeOwner({ host, pid, since, quietSeconds }: Owner): string {
  return `${host} pid ${pid}, since ${since}, last heard of ${quietSeconds} s ago`
}
