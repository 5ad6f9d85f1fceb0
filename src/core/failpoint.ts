import { writeSync } from 'node:fs'
import { EtlError } from './errors.js'

/** Named moments of a run at which a test can make something go wrong. */
export const FAILPOINTS = [
  'run-begun',
  'after-begin',
  'after-ledger-row',
  'after-write',
  'before-commit',
  'after-commit',
  'checkpoint-tmp',
  'checkpoint-rename',
  'read-batch',
  'thread-batch',
  'second-pass',
  'entity-complete',
  'run-complete',
  'retry',
  'file-written',
  'file-whole',
  'file-named',
  'backup-written',
  'restore-written',
] as const

export type Failpoint = (typeof FAILPOINTS)[number]

/** What a thread needs to fail at the same hits as the thread that started it. */
export interface ArmedFailpoints {
  readonly rules: readonly Rule[]
  /** Hits of each rule so far, over all threads. */
  readonly hits: Int32Array
}

interface Rule {
  readonly point: Failpoint | '*'
  readonly action: (typeof ACTIONS)[number]
  readonly ms: number
  /** The hit that fails, from 1; 0 is every hit. */
  readonly at: number
}

/**
 * `throw` is an error that passes, `fail` one that does not; `stop` is SIGSTOP; `sleep-N` blocks the thread N milliseconds;
 * `tell` only says that the point was hit, as all of them do.
 */
const ACTIONS = ['kill', 'stop', 'throw', 'fail', 'sleep', 'tell'] as const

let armed: ArmedFailpoints | undefined

/** Does nothing at all unless {@link armFailpoints} was called. */
export function failpoint(point: Failpoint): void {
  if (armed !== undefined) hit(armed, point)
}

/** @param text `after-write:kill@3,before-commit:sleep-200`; `*` is every point, without `@` it is the first hit, `@0` is every hit */
export function armFailpoints(text: string): void {
  const rules = text.split(',').map(parse)
  armed = { rules, hits: new Int32Array(new SharedArrayBuffer(4 * rules.length)) }
}

export function armedFailpoints(): ArmedFailpoints | undefined {
  return armed
}

export function shareFailpoints(shared: ArmedFailpoints | undefined): void {
  armed = shared
}

function parse(text: string): Rule {
  const [, point, action, ms, at] = /^([a-z*-]+?):([a-z]+)(?:-(\d+))?(?:@(\d+))?$/.exec(text.trim()) ?? []
  const known = FAILPOINTS.find(name => name === point) ?? (point === '*' ? point : undefined)
  const does = ACTIONS.find(name => name === action)
  if (known === undefined || does === undefined) {
    throw new EtlError('E520', `ETL_FAILPOINTS: ${text} is no failpoint`, { kind: 'usage' })
  }
  return { point: known, action: does, ms: Number(ms ?? 100), at: Number(at ?? 1) }
}

function hit({ rules, hits }: ArmedFailpoints, point: Failpoint): void {
  for (const [i, rule] of rules.entries()) {
    if (rule.point !== point && rule.point !== '*') continue
    const count = Atomics.add(hits, i, 1) + 1
    if (rule.at === count || rule.at === 0) trip(rule, point)
  }
}

function trip({ action, ms }: Rule, point: Failpoint): void {
  const STDERR = 2
  writeSync(STDERR, `failpoint ${point} ${action}\n`)
  switch (action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL')
      break
    case 'stop':
      process.kill(process.pid, 'SIGSTOP')
      break
    case 'sleep':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
      break
    case 'throw':
      throw new EtlError('E307', `failpoint ${point}`, { kind: 'transient' })
    case 'fail':
      throw new EtlError('E308', `failpoint ${point}`)
  }
}
