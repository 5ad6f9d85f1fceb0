import { EtlError } from '../core/errors.js'
import { LocalEngine } from '../engine/local.js'
import type { Engine, Task } from '../engine/port.js'
import type { EntityPlan } from '../plan/plan.js'
import { type RunContext, sourcesOf } from './context.js'
import type { EntityRun } from './entity.js'
import type { ChunkRef, Pass } from './ledger.js'

/** Who does a run's chunks. */
export interface ChunkEngine {
  readonly engine: Engine
  /** Processes elsewhere, and what they need beside the ids to find the pipeline. Absent: this process does. */
  readonly workers?: { readonly data: Task['data']; readonly label?: string }
}

/** This process does them, so many at a time. */
export function chunksHere(concurrency: number, entityNamed: (name: string) => EntityRun | undefined): ChunkEngine {
  const handlers = {
    chunk: async (task: Task, { signal }: { readonly signal: AbortSignal }): Promise<unknown> => {
      const ref = chunkOf(task)
      const run = entityNamed(ref.entity)
      if (run === undefined) throw new EtlError('E901', `the run has no entity ${ref.entity}`)
      return run.chunk(ref, signal)
    },
  }
  return { engine: new LocalEngine(handlers, { concurrency }) }
}

/** The ids of a chunk, as an engine carries them. */
export function chunkTask(context: RunContext, entity: EntityPlan, ref: ChunkRef): Task {
  const { workers } = context.chunks
  const { runId, pass, chunk, epoch } = ref
  const limits = limitsOf(context, entity)
  return {
    id: `${runId}/${entity.name}/${pass}/${chunk}/${epoch}`,
    kind: 'chunk',
    run: runId,
    data: {
      ...workers?.data,
      entity: entity.name,
      pass,
      chunk,
      epoch,
      ...(workers === undefined ? {} : { snapshots: context.snapshots.shared }),
    },
    ...(workers?.label === undefined ? {} : { label: workers.label }),
    ...(limits === undefined ? {} : { limits }),
  }
}

export function chunkOf({ run, data }: Pick<Task, 'run' | 'data'>): ChunkRef {
  const { entity, pass, chunk, epoch } = data
  return { runId: run, entity: String(entity), pass: pass as Pass, chunk: Number(chunk), epoch: Number(epoch) }
}

/** By the database's own id, so that all pipelines that read a source keep to one limit. */
function limitsOf({ plan, limits, target, chunks }: RunContext, entity: EntityPlan): Task['limits'] {
  const found = sourcesOf(entity.read).flatMap(name => {
    const [limit, uid] = [limits[name], plan.sources[name]?.uid]
    return limit === undefined || uid === undefined ? [] : [[uid, limit] as const]
  })
  // A database with one writer would only have the others wait.
  if (chunks.workers !== undefined && target.connector.capabilities.singleWriter) found.push([plan.target.uid, 1])
  return found.length === 0 ? undefined : Object.fromEntries(found)
}
