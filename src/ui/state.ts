import type { RunEvent, StageTimes } from '../run/events.js'
import { NO_RATE, sampleRate } from './rate.js'
import type { Cause, EntityView, Problem, RunState } from './run-state.js'
import { activeTime, initialState, MAX_CAUSES, MAX_LOG, MAX_PROBLEMS } from './run-state.js'
import { stepText } from './step-text.js'

/** All the logic of the screen: what is known after one more event. */
export function reduce(state: RunState, event: RunEvent): RunState {
  return logged(changed(state, event), event, state)
}

function changed(state: RunState, event: RunEvent): RunState {
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
        retrying: undefined,
        batches: entity.batches + 1,
        stages: addStages(entity.stages, event.stages),
        rate: sampleRate(entity.rate, event.counts.read, activeTime(state, event.at), entity.started),
      }))
    case 'rejected':
      return reject(state, event)
    case 'retry':
      return retry(state, event)
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
      return step(state, event)
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
    log: state.log,
    logged: state.logged,
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
      way: entity,
      state: entity.state,
      counts: entity.counts,
      estimatedRows: entity.estimatedRows,
      started: undefined,
      rate: NO_RATE,
      retries: 0,
      retrying: undefined,
      batches: 0,
      stages: { read: 0, transform: 0, write: 0 },
      causes: [],
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
    retrying: undefined,
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
  const { entity: name, code } = event
  const counted = update(state, name, entity => ({
    ...entity,
    causes: addCause(entity.causes, code, text, event.rows),
  }))
  const others = { ...counted, problems: state.problems.filter(p => p !== before) }
  return note(others, { at: event.at, kind: 'rejected', entity: event.entity, code: event.code, text, rows })
}

/** The attempts of one trouble are one line. */
function retry(state: RunState, event: RunEvent & { type: 'retry' }): RunState {
  const { at, entity: name, code, attempt, attempts, waitMs } = event
  const next = update(state, name, entity => ({
    ...entity,
    retries: entity.retries + 1,
    retrying: { ...event, until: at + waitMs },
  }))
  const same = (p: Problem): boolean => p.kind === 'retry' && p.entity === name && p.code === code
  return note(
    { ...next, problems: state.problems.filter(p => !same(p)), retries: state.retries + 1 },
    { at, kind: 'retry', entity: name, code, text: `${event.message}, attempt ${attempt} of ${attempts}`, rows: 0 },
  )
}

function addCause(causes: readonly Cause[], code: Cause['code'], text: string, rows: number): readonly Cause[] {
  const known = causes.find(cause => cause.code === code && cause.text === text)
  const all = [...causes.filter(cause => cause !== known), { code, text, rows: rows + (known?.rows ?? 0) }]
  return all.sort((a, b) => b.rows - a.rows).slice(0, MAX_CAUSES)
}

function addStages(a: StageTimes, b: StageTimes): StageTimes {
  return { read: a.read + b.read, transform: a.transform + b.transform, write: a.write + b.write }
}

/** One line a step, which says how far it is and then what it found. */
function step(state: RunState, event: RunEvent & { type: 'step' }): RunState {
  const working = event.state === 'started' || event.state === 'progress'
  const others = state.problems.filter(problem => problem.step !== event.step || problem.kind !== 'working')
  return note(
    { ...state, problems: others, step: { name: event.step, state: event.state } },
    {
      at: event.at,
      kind: working ? 'working' : event.state === 'failed' ? 'failed' : 'info',
      entity: undefined,
      code: undefined,
      text: stepText(event),
      rows: 0,
      step: event.step,
    },
  )
}

/** Batches and how far a step is are no news; a cause of rejections is, once. */
function logged(state: RunState, event: RunEvent, before: RunState): RunState {
  if (event.type === 'batch' || event.type === 'checkpoint') return state
  if (event.type === 'step' && event.state === 'progress') return state
  if (event.type === 'rejected') {
    const count = (of: RunState): number => of.entities.find(({ name }) => name === event.entity)?.causes.length ?? 0
    if (count(state) === count(before)) return state
  }
  return { ...state, log: [...state.log.slice(1 - MAX_LOG), event], logged: state.logged + 1 }
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
