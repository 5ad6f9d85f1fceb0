import { setTimeout as sleep } from 'node:timers/promises'
import type { Lock } from '../core/connector.js'
import { EtlError } from '../core/errors.js'
import type { Ledger } from './ledger.js'
import { describeOwner, type Here, type Owner, proofOfDeath, STALE_SECONDS } from './owner.js'
import type { RunRow } from './run-ledger.js'
import type { Sessions } from './sessions.js'

/** A server frees the lock of a session it ended a moment later. */
const FREED_MS = 2000
const LOOK_MS = 100

export interface Contest {
  readonly pipeline: string
  readonly lockName: string
  readonly targets: Sessions
  readonly ledger: Ledger | undefined
  readonly takeOver: boolean
  readonly here: Here
  /** What proves the owner dead, where the caller knows. */
  readonly proof?: string
}

export interface TakenLock {
  readonly lock: Lock
  /** What was done to get it, for the audit. */
  readonly tookOver?: string
}

/** The run that is going on as far as the ledger knows, and its process. */
interface Rival {
  readonly run: RunRow
  readonly owner: Owner | undefined
}

/**
 * The lock of a pipeline on its target. Held by another process: E503, which says who. With `takeOver` a process that is
 * proven dead loses it, and its sessions are ended where the server lets us; E512 where it lives.
 */
export async function takeLock(contest: Contest): Promise<TakenLock> {
  const { targets, lockName, takeOver } = contest
  const lock = (await targets.database.lock(lockName)) ?? (takeOver ? undefined : await unlessBusy(contest))
  try {
    const tookOver = takeOver ? await endRival(contest) : undefined
    const mine = lock ?? (await again(contest))
    return { lock: mine, ...(tookOver === undefined ? {} : { tookOver }) }
  } catch (error) {
    await lock?.release()
    throw error
  }
}

/** The lock is free, but is its process dead? One that lost its connection a moment ago will take the lock again. */
export function refuseLiving(run: RunRow, owner: Owner | undefined, here: Here, proof?: string): void {
  if (run.state !== 'running' || owner === undefined || (proof ?? proofOfDeath(owner, here)) !== undefined) return
  const left = STALE_SECONDS + 1 - owner.quietSeconds
  throw new EtlError(
    'E503',
    `run ${run.runId} belongs to ${describeOwner(owner)}, and nothing proves that it is dead`,
    {
      hint: `stop it there; where it has died, try again in ${left} s`,
    },
  )
}

async function rivalOf({ ledger, targets, pipeline }: Contest): Promise<Rival | undefined> {
  if (ledger === undefined || !(await ledger.exists())) return undefined
  return targets.ask(async session => {
    const run = await ledger.runs.latestRun(session, pipeline)
    return run === undefined ? undefined : { run, owner: await ledger.owner(session, run.runId) }
  })
}

/** One that the ledger knows nothing of may just have ended. */
async function unlessBusy(contest: Contest): Promise<Lock> {
  const rival = await rivalOf(contest).catch(() => undefined)
  const running = rival !== undefined && rival.run.state === 'running' ? rival : undefined
  const lock = running === undefined ? await freed(contest) : undefined
  if (lock === undefined) throw busy(contest, running)
  return lock
}

function busy(contest: Contest, running: Rival | undefined): EtlError {
  const { label } = contest.targets.database.identity
  const who =
    running === undefined
      ? 'another process, which is just beginning or ending'
      : running.owner === undefined
        ? `${running.run.owner} since ${running.run.startedAt} (run ${running.run.runId})`
        : `${describeOwner(running.owner)} (run ${running.run.runId})`
  return new EtlError('E503', `${contest.pipeline} is being run on ${label} by ${who}`, {
    hint: 'wait until it has ended, or stop it; a second run of the same pipeline would load rows twice. Where its process is dead: `etl run … --take-over`',
  })
}

/** Ends the sessions of a dead owner; gives what proves it dead. */
async function endRival(contest: Contest): Promise<string | undefined> {
  const rival = await rivalOf(contest)
  if (rival === undefined || rival.run.state !== 'running') return undefined
  const { run, owner } = rival
  if (owner === undefined) return undefined
  const proof = proofOfDeath(owner, contest.here) ?? contest.proof
  if (proof === undefined) {
    throw new EtlError('E512', `run ${run.runId} is not taken over: ${describeOwner(owner)}`, {
      kind: 'usage',
      hint: `stop that process; it counts as dead when it is not heard of for ${STALE_SECONDS} s, or when its host has it no more`,
    })
  }
  const ended = (await contest.targets.database.endSessions?.(owner.sessions)) ?? []
  const left = owner.sessions.filter(id => !ended.includes(id))
  const what = ended.length === 0 ? '' : `; sessions ended: ${ended.join(', ')}`
  const rest = left.length === 0 ? '' : `; sessions left: ${left.join(', ')}`
  return `${describeOwner(owner)}: ${proof}${what}${rest}`
}

async function freed({ targets, lockName }: Contest): Promise<Lock | undefined> {
  for (let waited = 0; waited <= FREED_MS; waited += LOOK_MS) {
    const lock = await targets.database.lock(lockName)
    if (lock !== undefined) return lock
    await sleep(LOOK_MS)
  }
  return undefined
}

async function again(contest: Contest): Promise<Lock> {
  const lock = await freed(contest)
  if (lock !== undefined) return lock
  const rival = await rivalOf(contest)
  const who = rival?.owner === undefined ? 'somebody' : `${rival.owner.host} pid ${rival.owner.pid}`
  const sessions = rival?.owner?.sessions ?? []
  throw new EtlError('E503', `the lock is still held, as far as the ledger knows by ${who}`, {
    hint:
      sessions.length === 0
        ? 'end that process, which may only be stopped; then `etl run … --take-over` again'
        : `have its sessions on the server ended (${sessions.join(', ')}); then \`etl run … --take-over\` again`,
  })
}
