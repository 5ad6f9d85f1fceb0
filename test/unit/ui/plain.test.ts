import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/run/events.js'
import { PlainProgress } from '../../../src/ui/plain.js'
import { UNICODE } from '../../../src/ui/theme.js'
import { after, counts, entityFinished, runStarted, SAMPLE_EVENTS, stateAfter } from './sample-run.js'

function plain(): { lines: string[]; progress: PlainProgress } {
  const lines: string[] = []
  const progress = new PlainProgress({
    theme: { color: false, symbols: UNICODE },
    time: at => new Date(at).toISOString().slice(11, 19),
    write: line => lines.push(line),
  })
  return { lines, progress }
}

test('one line per change of state, problems, and where things stand on each tick', () => {
  const { lines, progress } = plain()
  for (const event of SAMPLE_EVENTS) progress.onEvent(event)
  progress.tick(stateAfter(SAMPLE_EVENTS), after(106))
  const rest: RunEvent[] = [
    entityFinished('orders', 189, 950_000, 171_000, { quarantined: 25, skipped: 10, filtered: 5, written: 949_960 }),
    { ...entityFinished('audit_log', 190, 3_000_000, 172_000, {}, 'failed'), message: 'connection lost' },
    { ...entityFinished('order_items', 190, 0, 0, {}, 'skipped'), message: 'audit_log failed' },
    {
      type: 'run_finished',
      at: after(190),
      runId: '7f3a9c',
      status: 'failed',
      counts: counts(0),
      ms: 190_000,
      exitCode: 1,
    },
  ]
  for (const event of rest) progress.onEvent(event)
  expect(lines).toEqual([
    '14:00:00 · run 7f3a9c started: crm-to-warehouse, sqlite crm ━━▶ postgres warehouse, 5 entities, 4 workers',
    '14:00:00 ● countries  started',
    '14:00:00 ● customers  started',
    '14:00:00 ✔ countries  done in 0.4s  249 read, 249 written',
    '14:00:09 ✖ customers  12 rows rejected: E401 email: required value is missing',
    '14:00:18 ⚠ customers  done in 18s  120,000 read, 119,988 written, 12 quarantined',
    '14:00:18 ● orders  started',
    '14:00:18 ● audit_log  started',
    '14:01:31 ↻ audit_log  E306 connection lost, attempt 2 of 5 in 4.0s',
    '14:01:44 ✖ orders  25 rows rejected: E402 total: not a number',
    '14:01:46 ● orders  51%  488,900 / 950,000  5.6k/s  eta 01:23  25 rejected',
    '14:01:46 ● audit_log  24%  2,917,000 / 12,000,000  33.6k/s  eta 04:34',
    '14:03:09 ⚠ orders  done in 02:51  950,000 read, 949,960 written, 10 skipped, 5 filtered, 25 quarantined',
    '14:03:10 ✖ audit_log  failed in 02:52  3,000,000 read, 3,000,000 written: connection lost',
    '14:03:10 – order_items  skipped: audit_log failed',
    '14:03:10 ✖ run 7f3a9c failed after 03:10',
  ])
})

test('a cause of rejections is told once', () => {
  const { lines, progress } = plain()
  const rejected = { type: 'rejected', at: after(1), entity: 'a', batch: 1, code: 'E402', rows: 1 } as const
  progress.onEvent({ ...rejected, field: 'x', message: 'not a number' })
  progress.onEvent({ ...rejected, field: 'x', message: 'not a number', batch: 2 })
  progress.onEvent({ ...rejected, field: 'y', message: 'not a number' })
  progress.onEvent({ ...rejected, message: 'not a number' })
  expect(lines).toEqual([
    '14:00:01 ✖ a  1 row rejected: E402 x: not a number',
    '14:00:01 ✖ a  1 row rejected: E402 y: not a number',
    '14:00:01 ✖ a  1 row rejected: E402 not a number',
  ])
})

test('resumed, paused, stopped, interrupted', () => {
  const { lines, progress } = plain()
  const events: RunEvent[] = [
    runStarted([{ name: 'a', rows: 100, counts: counts(40) }], { resumed: true, concurrency: 1 }),
    { type: 'info', at: after(0), message: 'ledger and checkpoint agree' },
    { type: 'entity_started', at: after(1), entity: 'a', pass: 'load', estimatedRows: 100, counts: counts(40) },
    { type: 'paused', at: after(2) },
    { type: 'resumed_work', at: after(3) },
    { type: 'warning', at: after(4), entity: 'a', code: 'E219', message: 'column X is not mapped' },
    { type: 'stopping', at: after(5) },
    entityFinished('a', 6, 60, 5000, {}, 'stopped'),
    { type: 'entity_started', at: after(6), entity: 'a', pass: 'defer', counts: counts(60) },
    {
      type: 'run_finished',
      at: after(7),
      runId: '7f3a9c',
      status: 'interrupted',
      counts: counts(60),
      ms: 7000,
      exitCode: 130,
    },
  ]
  for (const event of events) progress.onEvent(event)
  expect(lines).toEqual([
    '14:00:00 · run 7f3a9c resumed: crm-to-warehouse, sqlite crm ━━▶ postgres warehouse, 1 entity, 1 worker',
    '14:00:00 · ledger and checkpoint agree',
    '14:00:01 ● a  started from row 40, about 100 rows',
    '14:00:02 ‖ paused',
    '14:00:03 ● going on',
    '14:00:04 ⚠ a  E219 column X is not mapped',
    '14:00:05 ‖ stopping after the batches in work',
    '14:00:06 ‖ a  stopped in 5.0s  60 read, 60 written',
    '14:00:06 ● a  fills deferred columns',
    '14:00:07 · run 7f3a9c interrupted after 7.0s',
  ])
})

test('escapes in a name do not reach the terminal', () => {
  const { lines, progress } = plain()
  progress.onEvent({ type: 'info', at: after(0), message: 'a\u001b[2Jb\nc' })
  expect(lines).toEqual(['14:00:00 · a\\u001b[2Jb\\nc'])
})

test('a dry run says which rows are ok, not that they were written', () => {
  const { lines, progress } = plain()
  progress.onEvent(runStarted([{ name: 'a', rows: 100 }], { dryRun: true, concurrency: 1 }))
  progress.onEvent(entityFinished('a', 6, 60, 5000, { quarantined: 2, written: 58 }))
  expect(lines.at(-1)).toBe('14:00:06 ⚠ a  done in 5.0s  60 read, 58 ok, 2 quarantined')
})
