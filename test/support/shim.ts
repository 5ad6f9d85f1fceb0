import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, temporaryFolder } from './etl.js'

/** Calls on files whose path has `path` in it fail from the `at`-th on, counted from 1. */
export interface FailingCalls {
  readonly call: 'write' | 'fsync' | 'rename' | 'open'
  readonly path: string
  readonly at: number
}

const EIO = 5
let library: string | undefined

/** The environment of a process whose calls fail so; what it tells of it is on its stderr: `shim fsync 2`. */
export function failing({ call, path, at }: FailingCalls): Record<string, string> {
  return { ...preload(), SHIM_CALL: call, SHIM_PATH: path, SHIM_AT: String(at), SHIM_ERRNO: String(EIO) }
}

/** The environment of a process whose wall clock jumps by so many seconds, ahead and back again. */
export function jumpingClock(seconds: number, every: number): Record<string, string> {
  return { ...preload(), SHIM_CLOCK: String(seconds), SHIM_EVERY: String(every) }
}

/** The environment of a process whose wall clock is so many seconds ahead, or behind. */
export function clockOff(seconds: number): Record<string, string> {
  return jumpingClock(seconds, Number.MAX_SAFE_INTEGER)
}

function preload(): Record<string, string> {
  library ??= compile()
  return { LD_PRELOAD: library }
}

function compile(): string {
  const file = join(temporaryFolder(), 'shim.so')
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', file, join(ROOT, 'test/support/shim.c'), '-ldl'])
  return file
}
