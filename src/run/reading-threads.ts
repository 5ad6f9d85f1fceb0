import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const FILE = new URL('./produce-thread-main.js', import.meta.url)
const YOUNG_GENERATION_MB = 24
/** A thread that nobody needs gives its memory back. */
const IDLE_MS = 10_000

/** False where the program runs from its TypeScript sources, as unit tests do: a thread needs the built file. */
export const threadsAvailable: boolean = existsSync(fileURLToPath(FILE))

interface Idle {
  readonly worker: Worker
  readonly timer: NodeJS.Timeout
}

/** Threads without work, the one that worked last at the end; they do not keep the process alive. */
const idle: Idle[] = []

/** Starts threads for work that will come, beside those that have none. */
export function warmThreads(count: number): void {
  if (!threadsAvailable) return
  for (let missing = count - idle.length; missing > 0; missing--) giveThread(started())
}

/** A thread without work and without listeners: it has the modules, and after the first work the machine code too. */
export function takeThread(): Worker {
  const last = idle.at(-1)
  if (last === undefined) return started()
  forget(last)
  last.worker.ref()
  return last.worker
}

/** The thread's work is wholly over: it may do other work. */
export function giveThread(worker: Worker): void {
  worker.removeAllListeners()
  const timer = setTimeout(() => {
    forget(mine)
    void worker.terminate()
  }, IDLE_MS)
  const mine = { worker, timer }
  timer.unref()
  worker.once('exit', () => forget(mine))
  // What becomes of a thread without work is nobody's concern: another one is started.
  worker.once('error', () => forget(mine))
  worker.unref()
  idle.push(mine)
}

function forget(one: Idle): void {
  clearTimeout(one.timer)
  one.worker.removeAllListeners()
  const at = idle.indexOf(one)
  if (at >= 0) idle.splice(at, 1)
}

function started(): Worker {
  return new Worker(FILE, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } })
}
