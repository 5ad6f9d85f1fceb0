import type { RemoteEngine, TaskState, TaskStatus } from '../engine/port.js'
import { type Counts, type EntityState, type EventListener, NO_COUNTS } from '../run/events.js'
import { runTaskOf } from './run-task.js'
import { eventsAfter, lastTask } from './submit.js'

export interface EngineRun {
  readonly runId: string
  readonly file: string
  readonly state: TaskState
  /** How often it was handed over, and how often the last time a worker took it. */
  readonly turn: number
  readonly attempt: number
  /** ISO UTC. */
  readonly submittedAt: string
}

export interface RunStatusReport extends EngineRun {
  /** Chunks as the engine has them. */
  readonly chunks: Readonly<Record<TaskState, number>>
  readonly entities: readonly {
    readonly name: string
    readonly state: EntityState
    readonly estimatedRows?: number
    readonly counts: Counts
  }[]
}

/** Newest first. */
export async function statusOfAll(engine: RemoteEngine): Promise<readonly EngineRun[]> {
  const last = new Map<string, TaskStatus>()
  for (const task of await engine.tasks('run')) last.set(task.run, task)
  return [...last.values()].map(engineRun).reverse()
}

/**
 * Throws E564 for a run that the engine does not know.
 *
 * @param onEvent all that was told of it so far, from its beginning
 */
export async function runStatus(
  engine: RemoteEngine,
  runId: string,
  onEvent?: EventListener,
): Promise<RunStatusReport> {
  const task = await lastTask(engine, runId)
  const chunks: Record<TaskState, number> = { waiting: 0, active: 0, done: 0, failed: 0, cancelled: 0 }
  for (const { state } of await engine.tasks('chunk', runId)) chunks[state]++
  const entities = new Map<string, RunStatusReport['entities'][number]>()
  for await (const { event } of eventsAfter(engine, runId, 0)) {
    onEvent?.(event)
    if (event.type === 'run_started') {
      entities.clear()
      for (const { name, state, counts, estimatedRows } of event.entities)
        entities.set(name, { name, state, counts, ...(estimatedRows === undefined ? {} : { estimatedRows }) })
    } else if ('entity' in event && 'counts' in event) {
      const state = event.type === 'entity_finished' ? event.state : event.pass === 'defer' ? 'deferring' : 'running'
      const before = entities.get(event.entity) ?? { name: event.entity, counts: NO_COUNTS }
      entities.set(event.entity, { ...before, state, counts: event.counts })
    }
  }
  return { ...engineRun(task), chunks, entities: [...entities.values()] }
}

function engineRun(task: TaskStatus): EngineRun {
  const { run, state, attempt, createdAt } = task
  const { turn, pipeline } = runTaskOf(task)
  return { runId: run, file: pipeline.file, state, turn, attempt, submittedAt: createdAt }
}
