import type { RunEvent } from '../run/events.js'
import { NO_RATE, sampleRate } from './rate.js'
import type { EntityView, Problem, RunState } from './run-state.js'
import { activeTime, initialState, MAX_PROBLEMS } from './run-state.js'
import { stepText } from './step-text.js'

/** All the logic of the screen: what is known after one more event. */
export function reduce(state: RunState, event: RunEvent): RunState {
  switch (event.type) {
    case 'run_started':
      return start(state, event)
    case 'entity_started':
      return update(state, event.entity, entity => ({
        ...entity,
        state: event.pass === 'defer' ? 'deferring' : 'running',
        counts: event.counts,
        estimatedRows: event.estimatedRows ?? entity.estimatedRows,
        // The second pass reads no new rows; its time belongs to the rows of the first.
        started: entity.started ?? { active: activeTime(state, event.at), read: event.counts.read },
      }))
    case 'batch':
      return update(state, event.entity, entity => ({
        ...entity,
        counts: event.counts,
        rate: sampleRate(entity.rate, event.counts.read, activeTime(state, event.at), entity.started),
      }))
    case 'rejected':
      return reject(state, event)
    case 'retry':
      return note(
        {
          ...update(state, event.entity, entity => ({ ...entity, retries: entity.retries + 1 })),
          retries: state.retries + 1,
        },
        {
          at: event.at,
          kind: 'retry',
          entity: event.entity,
          code: event.code,
          text: `${event.message}, attempt ${event.attempt} of ${event.attempts}`,
          rows: 0,
        },
      )
    case 'entity_finished':
      return finishEntity(state, event)
    case 'checkpoint':
      return { ...state, checkpointAt: event.at }
    case 'warning':
      return note(state, {
        at: event.at,
        kind: 'warning',
        entity: event.entity,
        code: event.code,
        text: event.message,
        rows: 0,
      })
    case 'info':
      return note(state, {
        at: event.at,
        kind: 'info',
        entity: undefined,
        code: undefined,
        text: event.message,
        rows: 0,
      })
    case 'step':
      return note(state, {
        at: event.at,
        kind: event.state === 'failed' ? 'failed' : 'info',
        entity: undefined,
        code: undefined,
        text: stepText(event),
        rows: 0,
      })
    case 'paused':
      return state.phase === 'running' ? { ...state, phase: 'paused', pausedAt: event.at } : state
    case 'resumed_work':
      return state.phase === 'paused' ? { ...endPause(state, event.at), phase: 'running' } : state
    case 'stopping':
      return state.phase === 'finished' ? state : { ...endPause(state, event.at), phase: 'stopping' }
    case 'run_finished':
      return {
        ...endPause(state, event.at),
        phase: 'finished',
        finished: { status: event.status, ms: event.ms },
      }
  }
}

function start(state: RunState, event: RunEvent & { type: 'run_started' }): RunState {
  return {
    ...initialState,
    problems: state.problems,
    phase: 'running',
    runId: event.runId,
    pipeline: event.pipeline,
    source: event.source,
    target: event.target,
    dryRun: event.dryRun,
    resumed: event.resumed,
    concurrency: event.concurrency,
    startedAt: event.at,
    entities: event.entities.map(entity => ({
      name: entity.name,
      after: entity.after,
      state: entity.state,
      counts: entity.counts,
      estimatedRows: entity.estimatedRows,
      started: undefined,
      rate: NO_RATE,
      retries: 0,
      ms: undefined,
      message: undefined,
    })),
  }
}

function finishEntity(state: RunState, event: RunEvent & { type: 'entity_finished' }): RunState {
  const next = update(state, event.entity, entity => ({
    ...entity,
    state: event.state,
    counts: event.counts,
    ms: event.ms,
    message: event.message,
  }))
  if (event.state !== 'failed' && (event.state !== 'skipped' || event.message === undefined)) return next
  return note(next, {
    at: event.at,
    kind: event.state === 'failed' ? 'failed' : 'warning',
    entity: event.entity,
    code: undefined,
    text: event.message ?? 'failed',
    rows: 0,
  })
}

/** The same cause is one line whose count grows, moved to the top. */
function reject(state: RunState, event: RunEvent & { type: 'rejected' }): RunState {
  const text = event.field === undefined ? event.message : `${event.field}: ${event.message}`
  const same = (p: Problem): boolean =>
    p.kind === 'rejected' && p.entity === event.entity && p.code === event.code && p.text === text
  const before = state.problems.find(same)
  const rows = (before?.rows ?? 0) + event.rows
  const others = { ...state, problems: state.problems.filter(p => p !== before) }
  return note(others, { at: event.at, kind: 'rejected', entity: event.entity, code: event.code, text, rows })
}

function note(state: RunState, problem: Problem): RunState {
  return { ...state, problems: [problem, ...state.problems].slice(0, MAX_PROBLEMS) }
}

function update(state: RunState, name: string, change: (entity: EntityView) => EntityView): RunState {
  return { ...state, entities: state.entities.map(entity => (entity.name === name ? change(entity) : entity)) }
}

function endPause(state: RunState, at: number): RunState {
  if (state.pausedAt === undefined) return state
  return { ...state, pausedAt: undefined, pausedMs: state.pausedMs + at - state.pausedAt }
}
