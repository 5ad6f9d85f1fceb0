import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const FILE = new URL('./produce-thread-main.js', import.meta.url)
const YOUNG_GENERATION_MB = 24
/** A thread that nobody needs gives its memory back. */
const IDLE_MS = 10_000

/** False where the program runs from its TypeScript sources, as unit tests do: a thread needs the built file. */
export const threadsAvailable: boolean = existsSync(fileURLToPath(FILE))

/** Threads without work, the one that worked last at the end; they do not keep the process alive. */
const idle: Worker[] = []

/** Starts threads for work that will come, beside those that have none. */
export function warmThreads(count: number): void {
  if (!threadsAvailable) return
  for (let missing = count - idle.length; missing > 0; missing--) giveThread(started())
}

/** A thread without work and without listeners: it has the modules, and after the first work the machine code too. */
export function takeThread(): Worker {
  const worker = idle.pop() ?? started()
  worker.removeAllListeners()
  worker.ref()
  return worker
}

/** The thread's work is wholly over: it may do other work. */
export function giveThread(worker: Worker): void {
  worker.removeAllListeners()
  const forget = (): void => {
    clearTimeout(timer)
    const at = idle.indexOf(worker)
    if (at >= 0) idle.splice(at, 1)
  }
  const timer = setTimeout(() => {
    forget()
    void worker.terminate()
  }, IDLE_MS)
  timer.unref()
  worker.once('exit', forget)
  // What becomes of a thread without work is nobody's concern: another one is started.
  worker.once('error', forget)
  worker.unref()
  idle.push(worker)
}

function started(): Worker {
  return new Worker(FILE, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB } })
}
