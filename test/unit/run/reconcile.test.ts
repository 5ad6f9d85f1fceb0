import { expect, test } from 'vitest'
import type { EtlError } from '../../../src/core/errors.js'
import type { Checkpoint, CheckpointRead } from '../../../src/run/checkpoint.js'
import { NO_COUNTS } from '../../../src/run/events.js'
import { compareMarks, decide, type Memories } from '../../../src/run/reconcile.js'
import type { RunRow } from '../../../src/run/run-ledger.js'

const run: RunRow = {
  runId: 'r1',
  pipeline: 'crm',
  state: 'interrupted',
  epoch: 1,
  fingerprint: 'f',
  fingerprintParts: {},
  targetUid: 't1',
  owner: 'ann@host pid 1',
  options: {},
  toolVersion: '0',
  consistency: 'snapshot',
  snapshots: {},
  startedAt: '2026-01-01T00:00:00Z',
}

function fileOf(change: Partial<Checkpoint> = {}, batch = 3): CheckpointRead {
  return {
    kind: 'ok',
    checkpoint: {
      v: 1,
      runId: 'r1',
      pipeline: 'crm',
      targetUid: 't1',
      fingerprint: 'f',
      startedAt: '',
      epoch: 1,
      state: 'running',
      updatedAt: '',
      entities: { customer: [{ pass: 'load', chunk: 0, batch, done: false, counts: NO_COUNTS }] },
      ...change,
    },
  }
}

const base: Memories = {
  pipeline: 'crm',
  targetUid: 't1',
  file: { kind: 'none' },
  run: undefined,
  fileRun: undefined,
  resume: false,
  restart: false,
}

function refused(memories: Partial<Memories>): Pick<EtlError, 'code' | 'message'> {
  try {
    decide({ ...base, ...memories })
  } catch (error) {
    const { code, message, kind } = error as EtlError
    expect(kind).toBe(code === 'E504' ? 'failed' : 'usage')
    return { code, message }
  }
  throw new Error('was not refused')
}

test('nothing known: a new run', () => {
  expect(decide(base)).toEqual({ action: 'new' })
})

test('a completed run before: a new run', () => {
  expect(decide({ ...base, run: { ...run, state: 'completed' } })).toEqual({ action: 'new' })
})

test.each(['running', 'interrupted', 'failed'] as const)('an unfinished run (%s) is not begun twice', state => {
  expect(refused({ run: { ...run, state } })).toEqual({
    code: 'E504',
    message: `run r1 of crm (started 2026-01-01T00:00:00Z, ${state}) is not finished`,
  })
  const given = { ...run, state }
  expect(decide({ ...base, run: given, restart: true })).toEqual({ action: 'new', abandon: given })
})

test('resume goes on with the unfinished run', () => {
  expect(decide({ ...base, resume: true, run, file: fileOf(), fileRun: run })).toEqual({
    action: 'resume',
    begun: true,
    run,
    notes: [],
  })
})

test('resume without the file, or with a damaged one, goes by the ledger and says so', () => {
  expect(decide({ ...base, resume: true, run })).toEqual({
    action: 'resume',
    begun: true,
    run,
    notes: ['checkpoint was missing and is rebuilt from the ledger'],
  })
  expect(decide({ ...base, resume: true, run, file: { kind: 'damaged', kept: 'x.json' } })).toEqual({
    action: 'resume',
    begun: true,
    run,
    notes: ['checkpoint was damaged and is rebuilt from the ledger; the old one is kept as x.json'],
  })
})

test('resume of a completed run has nothing to do', () => {
  const completed: RunRow = { ...run, state: 'completed' }
  expect(decide({ ...base, resume: true, run: completed, file: fileOf(), fileRun: run })).toEqual({
    action: 'complete',
    run: completed,
  })
})

test('resume where no run is, or only a given up one', () => {
  expect(refused({ resume: true })).toEqual({ code: 'E505', message: 'crm has no run to resume in this target' })
  expect(refused({ resume: true, run: { ...run, state: 'abandoned' } })).toEqual({
    code: 'E505',
    message: 'crm has no unfinished run',
  })
})

test('a run that was taken back, or half so, is not gone on with', () => {
  expect(refused({ resume: true, run: { ...run, state: 'undone' } })).toEqual({
    code: 'E525',
    message: 'run r1 of crm was taken back',
  })
  expect(decide({ ...base, run: { ...run, state: 'undone' } })).toEqual({ action: 'new' })
  const half = { ...run, state: 'undoing' } as const
  for (const how of [{}, { resume: true }, { restart: true }]) {
    expect(refused({ ...how, run: half })).toEqual({ code: 'E525', message: 'run r1 of crm is being taken back' })
  }
})

test('a checkpoint of another target, of another run, or whose run the ledger does not know is refused', () => {
  expect(refused({ resume: true, run, file: fileOf({ targetUid: 't2' }), fileRun: run })).toEqual({
    code: 'E509',
    message: 'the checkpoint belongs to target t2, this one is t1',
  })
  expect(refused({ resume: true, run: undefined, file: fileOf() })).toEqual({
    code: 'E508',
    message: "run r1 of the checkpoint is not in the target's ledger",
  })
  expect(refused({ resume: true, run: { ...run, runId: 'r2' }, file: fileOf(), fileRun: run })).toEqual({
    code: 'E509',
    message: "the checkpoint is of run r1, the ledger's unfinished run is r2",
  })
})

test('a run that ended before its first checkpoint is gone on with, whatever the run before has left', () => {
  const next = { ...run, runId: 'r2' }
  for (const state of ['completed', 'abandoned', 'undone'] as const) {
    const fileRun = { ...run, state }
    expect(decide({ ...base, resume: true, run: next, file: fileOf(), fileRun })).toEqual({
      action: 'resume',
      begun: true,
      run: next,
      notes: ['checkpoint is of run r1, which has ended: the ledger decides'],
    })
  }
})

test('the file may be behind the ledger, never ahead of it', () => {
  const ledger = (batch: number) => new Map([['customer:load:0', batch]])
  expect(compareMarks(fileOf(), ledger(3), 1)).toBe('equal')
  expect(compareMarks(fileOf(), ledger(5), 1)).toBe('behind')
  expect(compareMarks(fileOf(), ledger(5), 2)).toBe('stale')
  expect(compareMarks(fileOf(), ledger(3), 2)).toBe('equal')
  expect(compareMarks({ kind: 'none' }, ledger(5), 1)).toBe('equal')
  const more = new Map([...ledger(3), ['orders:load:0', 1]])
  expect(compareMarks(fileOf(), more, 1)).toBe('behind')
  expect(() => compareMarks(fileOf(), ledger(2), 1)).toThrow(
    "the checkpoint has batch 3 of customer, the target's ledger only 2",
  )
  expect(() => compareMarks(fileOf(), new Map(), 1)).toThrow(
    "the checkpoint has batch 3 of customer, the target's ledger only 0",
  )
})
