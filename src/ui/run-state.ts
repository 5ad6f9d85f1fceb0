import type { ErrorCode } from '../core/codes.js'
import type { Counts, EntityState, RunEvent, RunStatus, StageTimes, StepName } from '../run/events.js'
import type { Rate } from './rate.js'

/** Everything the screen knows about one entity. Times are milliseconds since the epoch unless they say `active`. */
export interface EntityView {
  readonly name: string
  readonly after: readonly string[]
  /** Where its rows come from and go to, and how many may be rejected. */
  readonly way: Pick<AnnouncedEntity, 'from' | 'to' | 'load' | 'maxErrors'>
  readonly state: EntityState
  readonly counts: Counts
  readonly estimatedRows: number | undefined
  /** Active time (pauses left out) and rows read at which this process took the entity up; undefined before. */
  readonly started: { readonly active: number; readonly read: number } | undefined
  readonly rate: Rate
  readonly retries: number
  /** The attempt that is waited for; undefined while all goes well. */
  readonly retrying: Retrying | undefined
  /** Of the batches that this process committed. */
  readonly batches: number
  readonly stages: StageTimes
  /** Causes of rejected rows that this process saw, those with most rows first, at most {@link MAX_CAUSES}. */
  readonly causes: readonly Cause[]
  readonly ms: number | undefined
  readonly message: string | undefined
}

export type AnnouncedEntity = (RunEvent & { type: 'run_started' })['entities'][number]

export interface Retrying {
  readonly attempt: number
  readonly attempts: number
  readonly code: ErrorCode
  readonly message: string
  /** When the attempt begins. */
  readonly until: number
}

export interface Cause {
  readonly code: ErrorCode
  readonly text: string
  readonly rows: number
}

export interface Problem {
  readonly at: number
  readonly kind: 'rejected' | 'retry' | 'warning' | 'failed' | 'info' | 'working'
  readonly entity: string | undefined
  readonly code: ErrorCode | undefined
  readonly text: string
  /** Rows rejected for this cause since the first time; 0 for other kinds. */
  readonly rows: number
  /** The step before or after the run that this is about. */
  readonly step?: StepName
}

export interface RunState {
  readonly phase: 'starting' | 'running' | 'paused' | 'stopping' | 'finished'
  readonly runId: string
  readonly pipeline: string
  readonly source: string
  readonly target: string
  readonly dryRun: boolean
  readonly resumed: boolean
  readonly concurrency: number
  readonly startedAt: number | undefined
  readonly pausedAt: number | undefined
  readonly pausedMs: number
  readonly entities: readonly EntityView[]
  /** Newest first, at most {@link MAX_PROBLEMS}. */
  readonly problems: readonly Problem[]
  /** What happened, oldest first: the last {@link MAX_LOG} of `logged` events. */
  readonly log: readonly RunEvent[]
  readonly logged: number
  readonly retries: number
  readonly checkpointAt: number | undefined
  readonly finished: { readonly status: RunStatus; readonly ms: number } | undefined
  /** The step before or after the run that is at work, or was last. */
  readonly step: { readonly name: StepName; readonly state: 'started' | 'progress' | 'done' | 'failed' } | undefined
}

export const MAX_PROBLEMS = 50
export const MAX_CAUSES = 20
export const MAX_LOG = 500

export const initialState: RunState = {
  phase: 'starting',
  runId: '',
  pipeline: '',
  source: '',
  target: '',
  dryRun: false,
  resumed: false,
  concurrency: 1,
  startedAt: undefined,
  pausedAt: undefined,
  pausedMs: 0,
  entities: [],
  problems: [],
  log: [],
  logged: 0,
  retries: 0,
  checkpointAt: undefined,
  finished: undefined,
  step: undefined,
}

/** Counts of all entities together. */
export function totals(state: RunState): {
  readonly read: number
  readonly quarantined: number
  readonly rows?: number
} {
  let read = 0
  let quarantined = 0
  let rows: number | undefined = 0
  for (const entity of state.entities) {
    read += entity.counts.read
    quarantined += entity.counts.quarantined
    const expected = expectedRows(entity)
    rows = rows === undefined || expected === undefined ? undefined : rows + expected
  }
  return rows === undefined ? { read, quarantined } : { read, quarantined, rows }
}

/** How many rows the entity will read; undefined where nobody knows, or where the estimate has proved too low. */
export function expectedRows(entity: EntityView): number | undefined {
  if (entity.state === 'done' || entity.state === 'skipped') return entity.counts.read
  return entity.estimatedRows === undefined || entity.counts.read > entity.estimatedRows
    ? undefined
    : entity.estimatedRows
}

/** Milliseconds of the run so far, pauses left out. */
export function activeTime(state: RunState, now: number): number {
  if (state.startedAt === undefined) return 0
  const pausing = state.pausedAt === undefined ? 0 : now - state.pausedAt
  return Math.max(0, now - state.startedAt - state.pausedMs - pausing)
}
