import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type { Failpoint } from '../../src/core/failpoint.js'
import type { CommitCut, Toxics } from '../support/proxy.js'
import type { Random } from './random.js'
import type { Reach } from './reach.js'

export const DAMAGES = ['truncated', 'deleted', 'bit flipped', 'stale'] as const
export type Damage = (typeof DAMAGES)[number]

/** One thing that goes wrong with one process of a migration. */
export type Fault =
  | {
      readonly kind: 'kill -9 at a failpoint' | 'kill -9 and take-over' | 'error at a failpoint'
      readonly failpoint: string
    }
  | {
      readonly kind: 'SIGSTOP and take-over'
      readonly failpoint: string
      /** Not heard of for long when the other one comes. */
      readonly silent: boolean
      /** Its connections have ended. */
      readonly forgotten: boolean
    }
  | { readonly kind: 'kill -9 at a moment'; readonly ms: number }
  | {
      readonly kind:
        | 'SIGTERM'
        | 'target server crash'
        | 'source server crash'
        | 'all connections cut'
        | 'source connections cut'
      /** A failpoint that only tells: it happens then, from outside. */
      readonly when: string
    }
  | { readonly kind: 'connection cut at COMMIT'; readonly commit: number; readonly cut: CommitCut }
  | { readonly kind: 'connection cut at a byte' | 'slow network'; readonly toxics: Toxics }

export interface Step {
  readonly fault: Fault
  /** What happens to the checkpoint file after it. */
  readonly damage?: Damage
}

export interface Surroundings {
  /** The target is reached through a proxy. */
  readonly proxy: boolean
  readonly sourceProxy: boolean
  readonly targetCrash: boolean
  readonly sourceCrash: boolean
  readonly ledger: boolean
}

/** Points that each process comes by, however little is left to do. */
const EACH_PROCESS: readonly Failpoint[] = ['run-begun', 'run-complete']
export const IN_EACH_BATCH: readonly Failpoint[] = [
  'after-begin',
  'after-ledger-row',
  'after-write',
  'before-commit',
  'after-commit',
  'read-batch',
]

/**
 * Faults for the processes of one act, one after the other, each within what a process still has to do when those before
 * it have done their part. Only the last may be one that a process survives: after that nothing is left.
 */
export function randomSteps(random: Random, around: Surroundings, act: ActKind, reach: Reach): Step[] {
  const planner = new Planner(random, around, act, reach)
  // Each retry is a run of its own, and no more than four of them can be taken back.
  const count = act === 'retry' ? 1 : random.int(1, 4)
  return Array.from({ length: count }, (_, i) => {
    const fault = planner.next(i === count - 1)
    if (!around.ledger || act === 'undo' || !random.chance(0.3)) return { fault }
    // An older checkpoint of the same run is there from its second process on.
    return { fault, damage: random.pick(i === 0 || act === 'retry' ? DAMAGES.filter(how => how !== 'stale') : DAMAGES) }
  })
}

export type ActKind = 'run' | 'retry' | 'again' | 'undo'

class Planner {
  readonly #random: Random
  readonly #around: Surroundings
  readonly #act: ActKind
  readonly #reach: Reach
  /** Share of the act's work that no planned fault has let pass yet. */
  #left = 1

  constructor(random: Random, around: Surroundings, act: ActKind, reach: Reach) {
    this.#random = random
    this.#around = around
    this.#act = act
    this.#reach = reach
  }

  next(last: boolean): Fault {
    const random = this.#random
    // Without a ledger only a process that dies shows what is missing.
    if (!this.#around.ledger) return this.#kill('kill -9 at a failpoint')
    if (last && random.chance(0.6)) return random.pick(this.#survived())()
    return random.pick(this.#deadly())()
  }

  #deadly(): (() => Fault)[] {
    const random = this.#random
    const { targetCrash, sourceCrash } = this.#around
    const killAt = (): Fault => this.#kill('kill -9 at a failpoint')
    const kinds: (() => Fault)[] = [
      killAt,
      killAt,
      killAt,
      () => ({
        kind: 'kill -9 at a moment',
        ms: Math.round(this.#reach.ms * (0.3 + 0.6 * this.#left * random.next())),
      }),
      () => ({ kind: 'SIGTERM', when: this.#when() }),
      () => ({ kind: 'error at a failpoint', failpoint: this.#at('fail') }),
      () => {
        const [silent, forgotten] =
          this.#act === 'run' || this.#act === 'again'
            ? random.pick([
                [true, false],
                [false, true],
                [true, true],
              ] as const)
            : // Nobody takes a retry or an undo over: another one begins.
              [true, true]
        return { kind: 'SIGSTOP and take-over', failpoint: this.#at('stop', IN_EACH_BATCH), silent, forgotten }
      },
    ]
    if (this.#act === 'run' || this.#act === 'again') kinds.push(() => this.#kill('kill -9 and take-over'))
    if (targetCrash) kinds.push(() => ({ kind: 'target server crash', when: this.#when() }))
    if (sourceCrash && this.#act !== 'undo') kinds.push(() => ({ kind: 'source server crash', when: this.#when() }))
    return kinds
  }

  #survived(): (() => Fault)[] {
    const random = this.#random
    const { proxy, sourceProxy } = this.#around
    const kinds: (() => Fault)[] = [() => ({ kind: 'error at a failpoint', failpoint: this.#at('throw') })]
    if (proxy) {
      const cut = (): Fault => ({
        kind: 'connection cut at COMMIT',
        commit: this.#within(this.#reach.commits),
        cut: random.pick(['before', 'inside', 'reply lost', 'reply lost', 'after'] as const),
      })
      const { sent } = this.#reach
      kinds.push(cut, cut, cut)
      kinds.push(() => ({ kind: 'all connections cut', when: this.#when() }))
      kinds.push(() => ({ kind: 'connection cut at a byte', toxics: { cutAtByte: this.#within(sent) } }))
      kinds.push(() => ({
        kind: 'slow network',
        toxics: random.pick([{ latencyMs: 5 }, { sliceBytes: 7 }, { bytesPerSecond: 200_000 }] as const),
      }))
    }
    if (sourceProxy && this.#act !== 'undo') kinds.push(() => ({ kind: 'source connections cut', when: this.#when() }))
    return kinds
  }

  #kill(kind: 'kill -9 at a failpoint' | 'kill -9 and take-over'): Fault {
    return { kind, failpoint: this.#at('kill') }
  }

  /** In the middle of the work, so that something is left to be interrupted. */
  #when(): string {
    return this.#at('tell', ['after-commit', 'read-batch'])
  }

  #at(action: 'kill' | 'stop' | 'throw' | 'fail' | 'tell', among?: readonly Failpoint[]): string {
    const { points } = this.#reach
    const within = [...points].filter(([point, hits]) => hits * this.#left >= 1 || EACH_PROCESS.includes(point))
    const chosen = within.filter(([point]) => among === undefined || among.includes(point))
    const total = within.reduce((sum, [, hits]) => sum + hits, 0)
    const [point, hits] =
      among === undefined && this.#random.chance(0.4)
        ? (['*', total] as const)
        : chosen.length > 0
          ? this.#random.pick(chosen)
          : (['*', total] as const)
    const hit = this.#within(hits)
    if (action !== 'throw') this.#left = Math.max(0.05, this.#left - hit / hits)
    return `${point}:${action}@${hit}`
  }

  #within(count: number): number {
    return this.#random.int(1, Math.max(1, Math.floor(count * this.#left)))
  }
}

/** @returns false where there is nothing to damage */
export function damageCheckpoint(random: Random, file: string, damage: Damage, older: string): boolean {
  if (!existsSync(file)) return false
  const bytes = readFileSync(file)
  switch (damage) {
    case 'deleted':
      rmSync(file)
      return true
    case 'truncated':
      truncateSync(file, random.int(0, bytes.length - 1))
      return true
    case 'bit flipped': {
      const at = random.int(0, bytes.length - 1)
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.int(0, 7)), at)
      writeFileSync(file, bytes)
      return true
    }
    case 'stale':
      if (!existsSync(older) || runOf(older) !== runOf(file)) return false
      copyFileSync(older, file)
      return true
  }
}

function runOf(file: string): string | undefined {
  return /"runId":"(\w+)"/.exec(readFileSync(file, 'utf8'))?.[1]
}
