import { createContext, Script } from 'node:vm'

const place: { work?: () => void } = createContext({})
const script = new Script('work()')
/** Milliseconds, of what runs now. */
let tightest = Number.POSITIVE_INFINITY

/** Is what runs now ended after `ms` milliseconds, or sooner, anyway? */
export function isWithinTime(ms: number): boolean {
  return tightest <= ms
}

/**
 * Runs synchronous work that cannot look at a clock itself, such as a regular expression, and ends it after `ms` milliseconds.
 * Setting the limit takes some 0.1 ms, so it belongs around many rows. What the work throws is thrown.
 *
 * @returns false where the time was over; what the work changed until then stays changed
 */
export function withinTime(ms: number, work: () => void): boolean {
  const before = tightest
  tightest = Math.min(before, ms)
  place.work = work
  try {
    script.runInContext(place as object, { timeout: ms })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false
    throw error
  } finally {
    delete place.work
    tightest = before
  }
}
