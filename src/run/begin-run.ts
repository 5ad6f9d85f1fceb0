import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import type { Session } from '../core/connector.js'
import { TOOL_VERSION } from '../core/version.js'
import type { Plan } from '../plan/plan.js'
import { Heartbeat } from './heartbeat.js'
import type { Ledger } from './ledger.js'
import { here } from './owner.js'
import type { RunRow, StoredOptions } from './run-ledger.js'
import { type Sessions, transaction } from './sessions.js'
import type { Consistency, KeptSnapshots } from './source-snapshots.js'
import type { TakenLock } from './take-lock.js'

/** What a run of a pipeline has before it begins. */
export interface Claim {
  readonly pipeline: string
  readonly targets: Sessions
  readonly taken: TakenLock
  readonly ledger: Ledger | undefined
}

export function newRunId(): string {
  return randomBytes(4).toString('hex')
}

/** Who runs, for people. */
export function runOwner(): string {
  return `${userInfo().username}@${here.host} pid ${here.pid}`
}

export function lockName(pipeline: string): string {
  return `etl:${pipeline}`
}

/** @param runId undefined where no run is begun: the lock alone is held */
export function heartbeatOf({ pipeline, targets, taken, ledger }: Claim, runId?: string, epoch = 1): Heartbeat {
  const run = ledger === undefined || runId === undefined ? undefined : { ledger: ledger.runs, runId, epoch }
  return new Heartbeat({ lockName: lockName(pipeline), lock: taken.lock, targets, run })
}

/** Notes in the caller's transaction that the run is this process's. */
export async function claimRun(
  { targets, taken, ledger }: Claim,
  session: Session,
  runId: string,
  epoch: number,
): Promise<void> {
  const held = taken.lock.session
  const sessions = [...(held === undefined ? [] : [held]), ...targets.names]
  await ledger?.runs.owners.claim(session, { runId, epoch }, { host: here.host, pid: here.pid, sessions })
}

/**
 * Writes a new run into the ledger, which is created where it is missing.
 *
 * @param run `abandon` is an unfinished run to give up in the same transaction
 * @returns when it began, by the target's clock; undefined without a ledger
 */
export async function beginRun(
  claim: Claim,
  run: {
    readonly runId: string
    readonly plan: Plan
    readonly options: StoredOptions
    readonly consistency: Consistency
    readonly snapshots: KeptSnapshots
    readonly abandon: RunRow | undefined
  },
): Promise<string | undefined> {
  const { runId, plan, options, consistency, snapshots, abandon } = run
  const { ledger } = claim
  if (ledger === undefined) return undefined
  return claim.targets.write(async session => {
    await ledger.prepare(session)
    await transaction(session, async () => {
      if (abandon !== undefined) await ledger.runs.abandon(session, abandon)
      await ledger.runs.insertRun(session, {
        runId,
        pipeline: plan.pipeline,
        epoch: 1,
        fingerprint: plan.fingerprint,
        fingerprintParts: plan.fingerprintParts,
        targetUid: plan.target.uid,
        owner: runOwner(),
        options,
        toolVersion: TOOL_VERSION,
        consistency,
        snapshots,
      })
      await claimRun(claim, session, runId, 1)
    })
    return (await ledger.runs.findRun(session, runId))?.startedAt
  })
}
