import type { EntityPlan, Plan, ProgramPlan, ReadPlan } from '../plan/plan.js'
import { databaseNamed, type RunContext, sourcesOf } from './context.js'
import { AUTO_ROWS, splitsUnasked, usualChunks } from './plan-chunks.js'
import { threadsAvailable, warmThreads } from './reading-threads.js'

/** Below it a thread costs more than it gives: to start, and to become as fast as the one that is there. */
const THREAD_MIN_ROWS = 20_000
/** The same where rows ask for keys, since all but the writing is done by one of both then. */
const THREAD_MIN_ROWS_ASKING = 100_000

type Where = Pick<RunContext, 'sources' | 'target'>

/** Is a pass of the entity read and transformed in a thread of its own? */
export function suitsThread(
  where: Where,
  entity: Pick<EntityPlan, 'estimatedRows'>,
  { read, program }: { readonly read: ReadPlan; readonly program: ProgramPlan },
): boolean {
  const asks = program.fields.some(field => field.lookup !== undefined || field.ref !== undefined)
  const sources = sourcesOf(read).map(name => databaseNamed(where, name))
  return (
    threadsAvailable &&
    where.target.connector.capabilities.flatPayload === true &&
    sources.length > 0 &&
    sources.every(({ connector, identity }) => {
      return connector.capabilities.sharedSnapshot || identity.uid !== where.target.identity.uid
    }) &&
    (entity.estimatedRows ?? 0) >= (asks ? THREAD_MIN_ROWS_ASKING : THREAD_MIN_ROWS)
  )
}

/** Starts the threads that the plan's first entities will want, while the run itself is still to be prepared. */
export function warmThreadsFor({ entities }: Plan, where: Where, concurrency: number): void {
  const first = entities.filter(entity => entity.wave === 1 && suitsThread(where, entity, entity))
  const chunks = first.reduce((sum, entity) => sum + chunksOf(entity, where), 0)
  warmThreads(Math.min(concurrency, chunks))
}

/** About; how many there are is said when the entity begins. */
function chunksOf(entity: EntityPlan, where: Where): number {
  const { chunks, estimatedRows = 0 } = entity
  if (chunks !== undefined) return 'count' in chunks ? chunks.count : Math.ceil(estimatedRows / chunks.rows)
  if (estimatedRows < AUTO_ROWS || where.target.connector.capabilities.singleWriter) return 1
  const files = sourcesOf(entity.read).some(name => databaseNamed(where, name).connector.capabilities.files === true)
  return !files && splitsUnasked(entity, false) ? usualChunks(where.target) : 1
}
