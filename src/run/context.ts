import type { ConnectionConfig, Database } from '../core/connector.js'
import { type EntityPlan, type Plan, type ReadPlan, readsOf } from '../plan/plan.js'
import type { Budget } from './budget.js'
import type { ChunkEngine } from './chunk-tasks.js'
import type { Control } from './control.js'
import type { EventListener, RunEvent } from './events.js'
import type { SourceAddress } from './produce-job.js'
import type { Progress } from './progress.js'
import type { QuarantineFiles } from './quarantine.js'
import type { Resolvers } from './resolvers.js'
import type { Retry } from './retry-run.js'
import type { Sessions } from './sessions.js'
import type { SourceSnapshots } from './source-snapshots.js'
import type { UndoTables } from './undo-tables.js'
import type { Windows } from './windows.js'

/** An event without its time, as the parts of a run report it. */
export type Happening = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'at'> : never) : never

/** What every part of a run works with. Made once, by the runner. */
export interface RunContext {
  readonly plan: Plan
  readonly runId: string
  readonly epoch: number
  readonly startedAt: string
  readonly dryRun: boolean
  readonly limit: number | undefined
  readonly logic: 'compiled' | 'reference'
  readonly keepRejectedRows: boolean
  readonly sources: ReadonlyMap<string, Database>
  readonly target: Database
  /** The `target` block. */
  readonly targetConfig: ConnectionConfig
  readonly targets: Sessions
  readonly snapshots: SourceSnapshots
  /** Where a thread can open a source for itself. */
  readonly address: (source: string) => SourceAddress
  readonly control: Control
  /** Who does the chunks of all entities. */
  readonly chunks: ChunkEngine
  /** Chunks at a time that read a source, by its name. */
  readonly limits: Readonly<Record<string, number>>
  /** Undefined in a dry run, which keeps nothing. */
  readonly progress: Progress | undefined
  readonly quarantine: QuarantineFiles | undefined
  /** The run's folder; undefined in a dry run. */
  readonly runDir: string | undefined
  readonly resolvers: Resolvers
  /** Of all entities together. */
  readonly budget: Budget
  /** Only rows that another run rejected are read, and closed. */
  readonly retry: Retry | undefined
  /** What is noted so that the run can be taken back; undefined where nothing is. */
  readonly undo: UndoTables | undefined
  /** What incremental entities read. */
  readonly windows: Windows
  readonly emit: (event: Happening) => void
  /** Milliseconds since the epoch; the only clock of a run. */
  readonly now: () => number
}

export function entityNamed(plan: Plan, name: string): EntityPlan {
  const entity = plan.entities.find(candidate => candidate.name === name)
  if (entity === undefined) throw new Error(`the plan has no entity ${name}`)
  return entity
}

/** The database of a name that a read plan knows. */
export function databaseNamed(context: Pick<RunContext, 'sources' | 'target'>, source: string): Database {
  const database = source === '$target' ? context.target : context.sources.get(source)
  if (database === undefined) throw new Error(`the plan has no source ${source}`)
  return database
}

/** Names of the sources that are read; none for rows that stand in the file. */
export function sourcesOf(read: ReadPlan): readonly string[] {
  return readsOf(read).flatMap(({ from }) => (from.kind === 'rows' ? [] : [from.source]))
}

/** @param redact masks secrets: a server's own words may repeat what it was asked */
export function emitter(
  listeners: readonly EventListener[],
  now: () => number,
  redact: (text: string) => string,
): (event: Happening) => void {
  return event => {
    const complete = { at: now(), ...withoutSecrets(event, redact) } as RunEvent
    for (const listener of listeners) listener(complete)
  }
}

/** Names are left alone, whatever somebody chose as a password. */
function withoutSecrets(event: Happening, redact: (text: string) => string): Happening {
  if ('message' in event && event.message !== undefined) return { ...event, message: redact(event.message) }
  if (event.type !== 'run_finished' || event.error === undefined) return event
  const { error } = event
  const { hint, where } = error
  return {
    ...event,
    error: {
      ...error,
      message: redact(error.message),
      ...(hint === undefined ? {} : { hint: redact(hint) }),
      ...(where === undefined ? {} : { where: redact(where) }),
    },
  }
}
