import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { FAILPOINTS } from '../../src/core/failpoint.js'
import type { CommitCut, Toxics } from '../support/proxy.js'
import type { Random } from './random.js'

export type Damage = 'truncated' | 'deleted' | 'bit flipped' | 'stale'

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
  | { readonly kind: 'SIGTERM'; readonly batches: number }
  | { readonly kind: 'target server crash' | 'source server crash'; readonly batches: number }
  | { readonly kind: 'connection cut at COMMIT'; readonly commit: number; readonly cut: CommitCut }
  | { readonly kind: 'all connections cut' | 'source connections cut'; readonly batches: number }
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
  /** Rejected rows are retried: nobody takes a retry over, it is begun anew. */
  readonly retry?: boolean
}

export function randomSteps(random: Random, around: Surroundings): Step[] {
  return Array.from({ length: random.int(1, 4) }, () => {
    const fault = randomFault(random, around)
    if (!around.ledger || !random.chance(0.3)) return { fault }
    return { fault, damage: random.pick(['truncated', 'deleted', 'bit flipped', 'stale'] as const) }
  })
}

function randomFault(random: Random, around: Surroundings): Fault {
  const killPoint = (): string => {
    const point = random.chance(0.4) ? '*' : random.pick(FAILPOINTS)
    return `${point}:kill@${random.int(1, point === '*' ? 80 : 12)}`
  }
  const killAt = (): Fault => ({ kind: 'kill -9 at a failpoint', failpoint: killPoint() })
  // Without a ledger only a process that dies shows what is missing.
  if (!around.ledger) return killAt()
  const kinds: (() => Fault)[] = [
    killAt,
    killAt,
    killAt,
    () => ({ kind: 'kill -9 at a moment', ms: random.int(150, 1500) }),
    () => ({ kind: 'SIGTERM', batches: random.int(1, 8) }),
    () => {
      const point = random.chance(0.4) ? '*' : random.pick(FAILPOINTS)
      return {
        kind: 'error at a failpoint',
        failpoint: `${point}:${random.pick(['throw', 'throw', 'fail'])}@${random.int(1, 9)}`,
      }
    },
    () => {
      const point = random.pick([
        'after-begin',
        'after-ledger-row',
        'after-write',
        'before-commit',
        'after-commit',
        'read-batch',
      ])
      const [silent, forgotten] =
        around.retry === true
          ? [true, true]
          : random.pick([
              [true, false],
              [false, true],
              [true, true],
            ] as const)
      return { kind: 'SIGSTOP and take-over', failpoint: `${point}:stop@${random.int(1, 9)}`, silent, forgotten }
    },
  ]
  if (around.retry !== true) kinds.push(() => ({ kind: 'kill -9 and take-over', failpoint: killPoint() }))
  if (around.targetCrash) kinds.push(() => ({ kind: 'target server crash', batches: random.int(0, 6) }))
  if (around.sourceCrash) kinds.push(() => ({ kind: 'source server crash', batches: random.int(0, 6) }))
  if (around.proxy) {
    const cut = (): Fault => ({
      kind: 'connection cut at COMMIT',
      commit: random.int(1, 20),
      cut: random.pick(['before', 'inside', 'reply lost', 'reply lost', 'after'] as const),
    })
    kinds.push(cut, cut, cut)
    kinds.push(() => ({ kind: 'all connections cut', batches: random.int(1, 6) }))
    kinds.push(() => ({ kind: 'connection cut at a byte', toxics: { cutAtByte: random.int(500, 60_000) } }))
    kinds.push(() => ({
      kind: 'slow network',
      toxics: random.pick([{ latencyMs: 5 }, { sliceBytes: 7 }, { bytesPerSecond: 200_000 }] as const),
    }))
  }
  if (around.sourceProxy) kinds.push(() => ({ kind: 'source connections cut', batches: random.int(0, 6) }))
  return random.pick(kinds)()
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
