import { renderToString } from 'ink'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/run/events.js'
import { Screen } from '../../../src/ui/components/screen.js'
import { ASCII, type Symbols, UNICODE } from '../../../src/ui/theme.js'
import {
  after,
  batch,
  counts,
  entityFinished,
  entityStarted,
  runStarted,
  SAMPLE_EVENTS,
  stateAfter,
} from './sample-run.js'

interface Options {
  readonly columns?: number
  readonly rows?: number
  readonly seconds?: number
  readonly symbols?: Symbols
  readonly help?: boolean
  readonly memory?: number
}

function frame(events: readonly RunEvent[], options: Options = {}): string {
  const { columns = 80, rows = 24, seconds = 106, symbols = UNICODE, ...rest } = options
  const view = { columns, rows, now: after(seconds), theme: { color: false, symbols }, ...rest }
  return renderToString(<Screen state={stateAfter(events)} view={view} />, { columns })
}

function expectFrame(actual: string, expected: string): void {
  expect(actual).toBe(expected.replace(/^\n/, '').replace(/\n$/, ''))
}

test('80 columns', () => {
  expectFrame(
    frame(SAMPLE_EVENTS, { memory: 222_298_112 }),
    `
 etl run  crm-to-warehouse                           run 7f3a9c   elapsed 01:46
 sqlite crm ━━▶ postgres warehouse                       4 workers   eta ~04:52

 ✔ countries   ██████████████████ 100%        249 /        249             0.4s
 ⚠ customers   ██████████████████ 100%    120,000 /    120,000   12 rej     18s
 ● orders      █████████▎········  51%    488,900 /    950,000   5.6k/s   01:23
 ● audit_log   ████▍·············  24%  2,917,000 / 12,000,000  33.6k/s   04:34
 ◌ order_items waits for orders                 0 /  3,800,000           ≈03:29
 ──────────────────────────────────────────────────────────────────────────────
 Σ total       ███▊··············  20%  3,526,149 / 16,870,249  39.2k/s   04:52
 ✖ 37 rejected   ↻ 1 retry                    checkpoint 3s ago   memory 212 MB

 01:44 ✖ orders       25 rows rejected: E402 total: not a number
 01:31 ↻ audit_log    E306 connection lost, attempt 2 of 5
 00:09 ✖ customers    12 rows rejected: E401 email: required value is missing

 [p] pause  [?] help  [q] stop, resumable
`,
  )
})

test('60 columns: no rate', () => {
  expectFrame(
    frame(SAMPLE_EVENTS, { columns: 60 }),
    `
 etl run  crm-to-warehouse       run 7f3a9c   elapsed 01:46
 sqlite crm ━━▶ postgres warehouse   4 workers   eta ~04:52

 ✔ countries   ███████ 100%        249 /        249    0.4s
 ⚠ customers   ███████ 100%    120,000 /    120,000     18s
 ● orders      ███▌···  51%    488,900 /    950,000   01:23
 ● audit_log   █▋·····  24%  2,917,000 / 12,000,000   04:34
 ◌ order_items waits for o…          0 /  3,800,000  ≈03:29
 ──────────────────────────────────────────────────────────
 Σ total       █▍·····  20%  3,526,149 / 16,870,249   04:52
 ✖ 37 rejected   ↻ 1 retry                checkpoint 3s ago

 01:44 ✖ orders       25 rows rejected: E402 total: not a n…
 01:31 ↻ audit_log    E306 connection lost, attempt 2 of 5
 00:09 ✖ customers    12 rows rejected: E401 email: require…

 [p] pause  [?] help  [q] stop, resumable
`,
  )
})

test('40 columns: no counts either', () => {
  expectFrame(
    frame(SAMPLE_EVENTS, { columns: 40, rows: 14 }),
    `
 etl run  crm-to-warehouse
 sqlite crm ━━▶ postgres warehouse
 ✔ countries █████████████ 100%    0.4s
 ⚠ customers █████████████ 100%     18s
 ● orders    ██████▋······  51%   01:23
 ● audit_log ███▏·········  24%   04:34
 ◌ order_it… waits for orders    ≈03:29
 Σ total     ██▋··········  20%   04:52
 ✖ 37 rejected   ↻ 1 retry
 01:44 ✖ orders     25 rows rejected: E…
 [p] pause  [?] help  [q] stop, resumab…
`,
  )
})

test('few rows: what runs is kept, the rest is one line', () => {
  expectFrame(
    frame(SAMPLE_EVENTS, { rows: 11 }),
    `
 etl run  crm-to-warehouse                           run 7f3a9c   elapsed 01:46
 sqlite crm ━━▶ postgres warehouse                       4 workers   eta ~04:52
 ● orders      █████████▎········  51%    488,900 /    950,000   5.6k/s   01:23
 ● audit_log   ████▍·············  24%  2,917,000 / 12,000,000  33.6k/s   04:34
 ◌ order_items waits for orders                 0 /  3,800,000           ≈03:29
 ✔ 2 done
 Σ total       ███▊··············  20%  3,526,149 / 16,870,249  39.2k/s   04:52
 ✖ 37 rejected   ↻ 1 retry                                    checkpoint 3s ago
 [p] pause  [?] help  [q] stop, resumable
`,
  )
})

test('ASCII', () => {
  const text = frame(SAMPLE_EVENTS, { symbols: ASCII })
  expect(text).toMatch(/^[\x20-\x7e\n]+$/)
  expect(text.split('\n').slice(3, 8)).toEqual([
    ' + countries   ################## 100%        249 /        249             0.4s',
    ' ! customers   ################## 100%    120,000 /    120,000   12 rej     18s',
    ' * orders      #########.........  51%    488,900 /    950,000   5.6k/s   01:23',
    ' * audit_log   ####..............  24%  2,917,000 / 12,000,000  33.6k/s   04:34',
    ' o order_items waits for orders                 0 /  3,800,000           ~03:29',
  ])
})

test('every state in words as well as by its mark', () => {
  const events: RunEvent[] = [
    runStarted([
      { name: 'before', rows: 7, state: 'done', counts: counts(7) },
      { name: 'broken', rows: 100 },
      { name: 'halted', rows: 100 },
      { name: 'absent' },
      { name: 'unknown' },
      { name: 'parent', rows: 50 },
      { name: 'ready', rows: 50 },
    ]),
    entityStarted('broken', 1),
    entityFinished('broken', 2, 40, 1000, {}, 'failed'),
    entityStarted('halted', 1),
    entityFinished('halted', 2, 60, 1000, {}, 'stopped'),
    entityFinished('absent', 2, 0, 0, {}, 'skipped'),
    entityStarted('unknown', 2),
    batch('unknown', 3, 1234),
    { type: 'entity_started', at: after(3), entity: 'parent', pass: 'defer', counts: counts(50) },
  ]
  expect(frame(events, { seconds: 4 }).split('\n').slice(3, 10)).toEqual([
    ' ✔ before  ██████████████████████████████ 100%      7 /      7           before',
    ' ✖ broken  ████████████··················  40%     40 /    100           failed',
    ' ‖ halted  ██████████████████············  60%     60 /    100          stopped',
    ' – absent  skipped                                  0 /      0',
    ' ● unknown                                      1,234 rows       1.2k/s',
    ' ● parent  fills deferred columns                  50 /     50',
    ' ◌ ready   next                                     0 /     50',
  ])
})

test('pausing and stopping are said in the header and in the keys', () => {
  const paused = frame([...SAMPLE_EVENTS, { type: 'paused', at: after(106) }]).split('\n')
  expect(paused[1]).toBe(' sqlite crm ━━▶ postgres warehouse                          paused, [p] goes on')
  expect(paused[5]).toBe(' ‖ orders      █████████▎········  51%    488,900 /    950,000   5.6k/s   01:23')
  expect(paused.at(-1)).toBe(' [p] go on  [?] help  [q] stop, resumable')
  const stopping = frame([...SAMPLE_EVENTS, { type: 'stopping', at: after(106) }]).split('\n')
  expect(stopping[1]).toBe(' sqlite crm ━━▶ postgres warehouse           stopping after the batches in work')
  expect(stopping.at(-1)).toBe(' [ctrl-c] exit at once; what is committed stays, the run can be resumed')
})

test('help takes the place of the problems', () => {
  const lines = frame(SAMPLE_EVENTS, { help: true }).split('\n')
  expect(lines.slice(-7)).toEqual([
    '',
    ' ● running  ◌ waiting  ✔ done  ⚠ done, rows rejected  ✖ failed  ‖ paused',
    ' p  stops reading and writing after the batches in work; p again goes on',
    ' q  finishes the batches in work, writes the checkpoint and ends the run',
    '    `etl run --resume` goes on from there; ctrl-c does the same as q',
    '',
    ' [p] pause  [?] close help  [q] stop, resumable',
  ])
})

test('estimates are hidden in the first seconds', () => {
  const events = [
    runStarted([
      { name: 'a', rows: 1000 },
      { name: 'b', rows: 1000 },
    ]),
    entityStarted('a', 0),
    batch('a', 2, 100),
  ]
  const early = frame(events, { seconds: 4.9 })
  expect(early).not.toContain('eta')
  expect(early).not.toContain('≈')
  const later = frame(events, { seconds: 5 })
  expect(later).toContain('eta ~00:50')
  expect(later).toContain('≈00:50')
})

test('no row is ever wider than the terminal, and no frame as high as it', () => {
  const names = Array.from({ length: 40 }, (_, i) => ({ name: `entity_with_a_long_name_${i}`, rows: 10 ** (i % 12) }))
  const events = [runStarted(names), entityStarted('entity_with_a_long_name_3', 0)]
  for (const columns of [20, 33, 59, 60, 79, 80, 81, 100, 200]) {
    for (const rows of [8, 12, 24, 50, 100]) {
      const lines = frame(events, { columns, rows }).split('\n')
      expect(Math.max(...lines.map(line => [...line].length))).toBeLessThanOrEqual(columns)
      expect(lines.length).toBeLessThanOrEqual(rows - 2)
    }
  }
})

test('names that carry escapes are defused', () => {
  const events = [runStarted([{ name: 'a\u001b[2Jb', rows: 1 }])]
  expect(frame(events)).toContain('a\\u001b[2Jb')
})
