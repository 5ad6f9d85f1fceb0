import { formatTable, type TableRef } from '../core/catalog.js'
import type { Database } from '../core/connector.js'
import type { Pipeline } from '../load/pipeline.js'
import { occupied } from '../plan/occupied.js'
import type { Plan } from '../plan/plan.js'
import { type BackupResult, makeBackup } from './backup.js'
import { holdLock } from './hold-lock.js'
import { RunsOfTarget } from './runs.js'

export interface BeforeRun {
  readonly pipeline: Pipeline
  readonly runId: string
  readonly restart: boolean
  readonly signal: AbortSignal
  plan(): Promise<Plan>
  target(): Promise<Database>
  progress(message: string): void
}

/** Does the file want a backup before a run that may need one? Opens nothing. */
export function mayNeedBackup({ spec }: Pipeline): boolean {
  if (spec.backup.before === 'replace') return spec.entities.some(entity => entity.load === 'replace')
  return spec.backup.before === 'run'
}

/** What a run is about to write to, saved before it does; or why nothing had to be. */
export async function backupBeforeRun(run: BeforeRun): Promise<BackupResult | string> {
  const { pipeline, runId, signal } = run
  const { before, scope } = pipeline.spec.backup
  const database = await run.target()
  if (database.connector.capabilities.files === true) return 'the target makes its files anew'
  const plan = await run.plan()
  const tables = before === 'run' ? writtenTables(plan) : await emptiedTables(database, plan)
  if (tables.length === 0 || (await database.listTables()).length === 0) return 'nothing is there yet'
  const lock = await holdLock(pipeline, database)
  try {
    // Its own backup was made when it began. This one would take its place, and the run will be refused.
    const unfinished = run.restart ? undefined : await new RunsOfTarget(pipeline, database).unfinished()
    if (unfinished !== undefined) return `run ${unfinished} is not finished`
    return await makeBackup({
      pipeline,
      database,
      kind: 'backup',
      tables: before === 'run' && scope === 'database' ? undefined : tables,
      runId,
      signal,
      progress: run.progress,
    })
  } finally {
    await lock.release()
  }
}

function writtenTables(plan: Plan): readonly TableRef[] {
  return plan.entities.map(entity => entity.write.table)
}

/** Those that hold rows and are emptied by the run. */
async function emptiedTables(database: Database, plan: Plan): Promise<readonly TableRef[]> {
  const emptied = plan.entities.filter(entity => entity.write.replace)
  if (emptied.length === 0) return []
  const holding = await occupied(database, { ...plan, entities: emptied })
  return emptied.map(entity => entity.write.table).filter(table => holding.includes(formatTable(table)))
}
