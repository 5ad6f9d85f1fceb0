import { setTimeout as sleep } from 'node:timers/promises'
import { isTransient } from './retry.js'

/** Between two looks at what others do. */
const LOOK_MS = 700

/** Looks again and again at what other processes do, until it has ended, and once more then. Passing trouble is looked over. */
export async function lookUntil(
  ending: Promise<unknown>,
  look: (nth: number, over: boolean) => Promise<void>,
): Promise<void> {
  const ended = ending.then(
    () => true,
    () => true,
  )
  for (let nth = 1; ; nth++) {
    const timer = new AbortController()
    const over = await Promise.race([ended, sleep(LOOK_MS, false, { signal: timer.signal })])
    timer.abort()
    await look(nth, over).catch((error: unknown) => {
      if (!isTransient(error)) throw error
    })
    if (over) return
  }
}
