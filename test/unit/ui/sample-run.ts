import type { Counts, EntityState, RunEvent } from '../../../src/run/events.js'
import { NO_COUNTS } from '../../../src/run/events.js'
import type { RunState } from '../../../src/ui/run-state.js'
import { initialState } from '../../../src/ui/run-state.js'
import { reduce } from '../../../src/ui/state.js'

export const T0 = Date.UTC(2026, 0, 2, 14, 0, 0)

/** Milliseconds since the epoch, so many seconds after the run began. */
export function after(seconds: number): number {
  return T0 + seconds * 1000
}

export function counts(read: number, rest: Partial<Counts> = {}): Counts {
  const written = rest.written ?? read - (rest.quarantined ?? 0)
  return { ...NO_COUNTS, read, written, inserted: written, ...rest }
}

export interface SampleEntity {
  readonly name: string
  readonly after?: readonly string[]
  readonly rows?: number
  readonly state?: EntityState
  readonly counts?: Counts
  readonly maxErrors?: { readonly count: number } | { readonly share: number }
}

export function runStarted(
  entities: readonly SampleEntity[],
  options: Partial<RunEvent & { type: 'run_started' }> = {},
): RunEvent & { type: 'run_started' } {
  return {
    type: 'run_started',
    at: T0,
    runId: '7f3a9c',
    pipeline: 'crm-to-warehouse',
    source: 'sqlite crm',
    target: 'postgres warehouse',
    dryRun: false,
    resumed: false,
    concurrency: 4,
    consistency: 'snapshot',
    entities: entities.map((entity, i) => ({
      name: entity.name,
      wave: i + 1,
      after: entity.after ?? [],
      from: entity.name.toUpperCase(),
      to: entity.name,
      load: 'insert',
      ...(entity.maxErrors === undefined ? {} : { maxErrors: entity.maxErrors }),
      ...(entity.rows === undefined ? {} : { estimatedRows: entity.rows }),
      state: entity.state ?? 'waiting',
      counts: entity.counts ?? NO_COUNTS,
    })),
    ...options,
  }
}

export function entityStarted(entity: string, seconds: number, read = 0): RunEvent {
  return { type: 'entity_started', at: after(seconds), entity, pass: 'load', counts: counts(read) }
}

export function batch(entity: string, seconds: number, read: number, rest: Partial<Counts> = {}): RunEvent {
  return {
    type: 'batch',
    at: after(seconds),
    entity,
    pass: 'load',
    chunk: 0,
    batch: 1,
    counts: counts(read, rest),
    stages: { read: 1, transform: 1, write: 1 },
  }
}

export function entityFinished(
  entity: string,
  seconds: number,
  read: number,
  ms: number,
  rest: Partial<Counts> = {},
  state: 'done' | 'failed' | 'skipped' | 'stopped' = 'done',
): RunEvent & { type: 'entity_finished' } {
  return { type: 'entity_finished', at: after(seconds), entity, state, counts: counts(read, rest), ms }
}

export function stateAfter(events: readonly RunEvent[]): RunState {
  return events.reduce(reduce, initialState)
}

/** The run of the documentation, 106 seconds after its beginning. */
export const SAMPLE_EVENTS: readonly RunEvent[] = [
  runStarted([
    { name: 'countries', rows: 249 },
    { name: 'customers', rows: 120_000 },
    { name: 'orders', after: ['customers'], rows: 950_000 },
    { name: 'audit_log', after: ['customers'], rows: 12_000_000 },
    { name: 'order_items', after: ['orders'], rows: 3_800_000 },
  ]),
  entityStarted('countries', 0),
  entityStarted('customers', 0),
  entityFinished('countries', 0.4, 249, 400),
  {
    type: 'rejected',
    at: after(9),
    entity: 'customers',
    batch: 4,
    code: 'E401',
    field: 'email',
    message: 'required value is missing',
    rows: 12,
  },
  entityFinished('customers', 18, 120_000, 18_000, { quarantined: 12 }),
  entityStarted('orders', 18),
  entityStarted('audit_log', 18),
  batch('orders', 58, 220_000),
  batch('audit_log', 58, 1_300_000),
  {
    type: 'retry',
    at: after(91),
    entity: 'audit_log',
    attempt: 2,
    attempts: 5,
    waitMs: 4000,
    code: 'E306',
    message: 'connection lost',
  },
  {
    type: 'rejected',
    at: after(104),
    entity: 'orders',
    batch: 9,
    code: 'E402',
    field: 'total',
    message: 'not a number',
    rows: 25,
  },
  { type: 'checkpoint', at: after(103), file: 'checkpoint.json' },
  batch('orders', 106, 488_900, { quarantined: 25 }),
  batch('audit_log', 106, 2_917_000),
]
