import type { Database } from '../core/connector.js'
import type { Pipeline } from '../load/pipeline.js'
import type { RunOptions } from './api.js'
import { runBudget, type Tally } from './budget.js'
import type { ChunkEngine } from './chunk-tasks.js'
import type { RunContext } from './context.js'
import type { DryKeys } from './dry-keys.js'
import type { Prepared } from './prepare.js'
import { addressOf } from './produce-job.js'
import { Resolvers } from './resolvers.js'
import type { RunFiles } from './run-files.js'
import { Sessions } from './sessions.js'
import { UndoTables } from './undo-tables.js'
import { Windows } from './windows.js'

/** What is settled of a run before its parts are made. */
export type Settled = Pick<
  Prepared,
  'plan' | 'databases' | 'ledger' | 'targets' | 'runId' | 'epoch' | 'startedAt' | 'snapshots' | 'limit' | 'retry'
>

export interface Surroundings extends Pick<RunContext, 'control' | 'emit' | 'now' | 'progress'> {
  readonly files: Pick<RunFiles, 'dir' | 'quarantine'> | undefined
  readonly dryKeys: DryKeys | undefined
  readonly chunks: ChunkEngine
  /** Of all entities, by then. */
  readonly tallies: () => readonly Tally[]
  readonly warn: (message: string, entity: string) => void
}

/** Everything that the parts of a run work with: of the process that has the run, or of one that does chunks of it. */
export function openContext(
  settled: Settled,
  pipeline: Pipeline,
  options: Pick<RunOptions, 'dryRun' | 'logic' | 'keepRejectedRows' | 'undo'>,
  around: Surroundings,
): RunContext {
  const { plan, databases, ledger, targets, runId, epoch, snapshots } = settled
  const { spec } = pipeline
  const dryRun = options.dryRun ?? false
  return {
    plan,
    runId,
    epoch,
    startedAt: settled.startedAt,
    dryRun,
    limit: settled.limit,
    logic: options.logic ?? 'compiled',
    keepRejectedRows: dryRun || (options.keepRejectedRows ?? spec.quarantine.keepRows),
    sources: databases.sources,
    target: databases.target,
    targetConfig: spec.target,
    targets,
    snapshots,
    address: source => addressOf(pipeline, source),
    control: around.control,
    chunks: around.chunks,
    limits: spec.engine.limits,
    progress: around.progress,
    runDir: around.files?.dir,
    quarantine: around.files?.quarantine,
    resolvers: new Resolvers({
      plan,
      sources: databases.sources,
      targets,
      ledger,
      dry: around.dryKeys,
      sessionsOf: (source: string, database: Database): Sessions =>
        new Sessions(database, () => snapshots.asking(source, database)),
    }),
    budget: runBudget(settled.retry === undefined ? spec.quarantine.maxErrors : undefined, around.tallies, () =>
      around.control.stop('stop'),
    ),
    retry: settled.retry,
    undo: dryRun ? undefined : UndoTables.of(spec, databases.target, ledger, options.undo),
    windows: new Windows(settled, { ...around, dryRun }),
    emit: around.emit,
    now: around.now,
  }
}
