import { renderToString } from 'ink'
import { expect, test } from 'vitest'
import type { RunEvent } from '../../../src/run/events.js'
import { Screen } from '../../../src/ui/components/screen.js'
import { AT_TABLE, type Looking } from '../../../src/ui/navigate.js'
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
  readonly looking?: Looking
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

 [p] pause  [↑↓] select  [⏎] details  [l] log  [?] help  [q] stop, resumable
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

 01:44 ✖ orders       25 rows rejected: E402 total: not a …
 01:31 ↻ audit_log    E306 connection lost, attempt 2 of 5
 00:09 ✖ customers    12 rows rejected: E401 email: requir…

 [p] pause  [l] log  [?] help  [q] stop, resumable
`,
  )
})

test('40 columns: no counts either', () => {
  expectFrame(
    frame(SAMPLE_EVENTS, { columns: 40, rows: 14 }),
    `
 etl run  crm-to-warehouse
 sqlite crm ━━▶ postgres w…  eta ~04:52
 ✔ countries █████████████ 100%    0.4s
 ⚠ customers █████████████ 100%     18s
 ● orders    ██████▋······  51%   01:23
 ● audit_log ███▏·········  24%   04:34
 ◌ order_it… waits for orders    ≈03:29
 Σ total     ██▋··········  20%   04:52
 ✖ 37 rejected   ↻ 1 retry
 01:44 ✖ orders     25 rows rejected: …
 [p] pause  [l] log  [?] help  [q] stop
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
 [p] pause  [↑↓] select  [⏎] details  [l] log  [?] help  [q] stop, resumable
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
  expect(paused.at(-1)).toBe(' [p] go on  [↑↓] select  [⏎] details  [l] log  [?] help  [q] stop, resumable')
  const stopping = frame([...SAMPLE_EVENTS, { type: 'stopping', at: after(106) }]).split('\n')
  expect(stopping[1]).toBe(' sqlite crm ━━▶ postgres warehouse           stopping after the batches in work')
  expect(stopping.at(-1)).toBe(' [ctrl-c] exit at once; what is committed stays, the run can be resumed')
})

test('help takes the place of the table, and the keys stay where they are', () => {
  expectFrame(
    frame(SAMPLE_EVENTS, { looking: { ...AT_TABLE, panel: 'help' } }),
    `
 etl run  crm-to-warehouse                           run 7f3a9c   elapsed 01:46
 sqlite crm ━━▶ postgres warehouse                       4 workers   eta ~04:52

 p          pause after the batches in work; p goes on
 q, ctrl-c  stop after them; \`etl run --resume\` goes on
 ↑↓         select an entity; ⏎ its details, esc back
 l          log of what happened; ↑↓ scroll it

 marks      ● running  ◌ waiting  ✔ done  ✖ failed
            ⚠ done, rows rejected  ↻ trying again
            ‖ paused, stopped  – skipped
 columns    rows read / expected
            rows a second; when done: rows rejected
            time left, ≈ needed later; when done: taken


 [esc] back  [p] pause  [l] log  [q] stop, resumable
`,
  )
})

const SLOW_WRITES = [1, 2, 3].map(n => ({
  ...batch('orders', 106, 488_900, { quarantined: 25, filtered: 3 }),
  stages: { read: 50 * n, transform: 100, write: 500 },
}))

test('details of an entity: where its rows go, how fast, which stage is slow, what was rejected', () => {
  const looking = { ...AT_TABLE, panel: 'details', selected: 'orders' } as const
  expectFrame(
    frame([...SAMPLE_EVENTS, ...SLOW_WRITES], { looking }),
    `
 etl run  crm-to-warehouse                           run 7f3a9c   elapsed 01:46
 sqlite crm ━━▶ postgres warehouse                       4 workers   eta ~04:52

▸● orders      █████████▎········  51%    488,900 /    950,000   5.6k/s   01:23

   from       ORDERS ━━▶ orders, insert
   rows       488,875 written, 3 filtered, 25 rejected
   after      customers
   batches    5 of 97,780 rows, one every 18s

   read       ████▎·························  14%
   transform  ████▎·························  14%
   write      █████████████████████▍········  71% ◀ most of the time

   rejected, by cause
          25  E402 total: not a number

 [↑↓] others  [esc] back  [p] pause  [l] log  [?] help  [q] stop, resumable
`,
  )
})

test('details that find no room lose blank lines, then causes', () => {
  const causes = Array.from(
    { length: 9 },
    (_, i) =>
      ({
        type: 'rejected',
        at: after(106),
        entity: 'orders',
        batch: 9,
        code: 'E401',
        field: `column_${i}`,
        message: 'required value is missing',
        rows: 9 - i,
      }) as const,
  )
  const looking = { ...AT_TABLE, panel: 'details', selected: 'orders' } as const
  expectFrame(
    frame([...SAMPLE_EVENTS, ...SLOW_WRITES, ...causes], { looking, columns: 60, rows: 20 }),
    `
 etl run  crm-to-warehouse       run 7f3a9c   elapsed 01:46
 sqlite crm ━━▶ postgres warehouse   4 workers   eta ~04:52

▸● orders      ███▌···  51%    488,900 /    950,000   01:23
   from       ORDERS ━━▶ orders, insert
   rows       488,875 written, 3 filtered, 25 rejected
   after      customers
   batches    5 of 97,780 rows, one every 18s
   read       ██▊·················  14%
   transform  ██▊·················  14%
   write      ██████████████▎·····  71% ◀ most of the time
   rejected, by cause
          25  E402 total: not a number
           9  E401 column_0: required value is missing
           8  E401 column_1: required value is missing
   … 7 more

 [esc] back  [p] pause  [l] log  [?] help  [q] stop
`,
  )
})

test('an entity that is tried again says why and when, until a batch is committed', () => {
  const retry = {
    type: 'retry',
    at: after(107),
    entity: 'orders',
    attempt: 3,
    attempts: 8,
    waitMs: 4000,
    code: 'E306',
    message: 'connection lost',
  } as const
  const events = [...SAMPLE_EVENTS, { ...retry, attempt: 2, waitMs: 1000 }, retry]
  const lines = frame(events, { seconds: 108 }).split('\n')
  expect(lines[5]).toBe(' ↻ orders      E306, try 3 of 8 in 3s     488,900 /    950,000   5.6k/s   01:25')
  expect(lines[10]).toBe(' ✖ 37 rejected   ↻ 3 retries                                  checkpoint 5s ago')
  expect(lines[12]).toBe(' 01:47 ↻ orders       E306 connection lost, attempt 3 of 8')
  expect(lines[13]).toBe(' 01:44 ✖ orders       25 rows rejected: E402 total: not a number')
  const looking = { ...AT_TABLE, panel: 'details', selected: 'orders' } as const
  expect(frame(events, { seconds: 112, looking })).toContain('   retrying   E306 connection lost, attempt 3 of 8\n')
  const again = frame([...events, batch('orders', 113, 490_000)], { seconds: 113 }).split('\n')
  expect(again[5]).toMatch(/^ ● orders {6}█████████▎········ {2}51%/)
})

test('more rejected than the file allows: the entity and the run have failed, what is undone is said', () => {
  const message = '101 rows failed; max_errors is 100'
  const failed: RunEvent[] = [
    runStarted([{ name: 'orders', rows: 1000, maxErrors: { count: 100 } }]),
    entityStarted('orders', 1),
    batch('orders', 2, 200, { quarantined: 60 }),
    { ...entityFinished('orders', 3, 200, 2000, { quarantined: 60 }, 'failed'), message },
    {
      type: 'run_finished',
      at: after(4),
      runId: '7f3a9c',
      status: 'failed',
      counts: counts(200),
      ms: 4000,
      exitCode: 1,
    },
  ]
  const step = (state: 'started' | 'progress' | 'done', text: string): RunEvent => ({
    type: 'step',
    at: after(5),
    step: 'undo',
    state,
    message: text,
  })
  const working = frame([...failed, step('started', ''), step('progress', 'orders: 100 of 140 rows')], { seconds: 5 })
  expectFrame(
    working,
    `
 etl run  crm-to-warehouse                           run 7f3a9c   elapsed 00:04
 sqlite crm ━━▶ postgres warehouse                          failed, taking back

 ✖ orders ██████▏························  20%    200 /  1,000   60 rej  failed
 ──────────────────────────────────────────────────────────────────────────────
 Σ total  ██████▏························  20%    200 /  1,000
 ✖ 60 rejected

 00:05 ● undo  orders: 100 of 140 rows
 00:03 ✖ orders  101 rows failed; max_errors is 100

 [↑↓] select  [⏎] details  [l] log  [?] help
`,
  )
  const undone = frame([...failed, step('progress', '…'), step('done', 'run 7f3a9c is taken back: 140 rows')]).split(
    '\n',
  )
  expect(undone[1]).toBe(' sqlite crm ━━▶ postgres warehouse                           failed, taken back')
  expect(undone[8]).toBe(' 00:05 · undo  done  run 7f3a9c is taken back: 140 rows')
  const looking = { ...AT_TABLE, panel: 'details', selected: 'orders' } as const
  const details = frame(failed, { looking }).split('\n')
  expect(details).toContain('   rows       140 written, 60 rejected of at most 100')
  expect(details).toContain(`   ✖ failed   ${message}`)
})

test('the log: newest last, what is too long goes on in the next line, scrolled it says how much is newer', () => {
  const looking: Looking = { ...AT_TABLE, panel: 'log' }
  const options = { looking, columns: 60, rows: 16 }
  expectFrame(
    frame(SAMPLE_EVENTS, options),
    `
 etl run  crm-to-warehouse       run 7f3a9c   elapsed 01:46
 sqlite crm ━━▶ postgres warehouse   4 workers   eta ~04:52

 00:09 ✖ customers  12 rows rejected: E401 email: required
         value is missing
 00:18 ⚠ customers  done in 18s  120,000 read, 119,988
         written, 12 quarantined
 00:18 ● orders  started
 00:18 ● audit_log  started
 01:31 ↻ audit_log  E306 connection lost, attempt 2 of 5 in
         4.0s
 01:44 ✖ orders  25 rows rejected: E402 total: not a number

 [↑↓] scroll  [esc] back  [p] pause  [?] help  [q] stop
`,
  )
  const scrolled = frame(SAMPLE_EVENTS, { ...options, looking: { ...looking, foot: 4 } }).split('\n')
  expect(scrolled[7]).toBe(' 00:00 ✔ countries  done in 0.4s  249 read, 249 written')
  expect(scrolled[8]).toBe(' … 6 newer')
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
  expect(early).not.toContain('eta ~')
  expect(early).not.toContain('≈')
  const later = frame(events, { seconds: 5 })
  expect(later).toContain('eta ~00:50')
  expect(later).toContain('≈00:50')
})

test('no row is ever wider than the terminal, and no frame as high as it', () => {
  const names = Array.from({ length: 40 }, (_, i) => ({ name: `entity_with_a_long_name_${i}`, rows: 10 ** (i % 12) }))
  const events = [runStarted(names), entityStarted('entity_with_a_long_name_3', 0)]
  const panels = ['table', 'details', 'log', 'help'] as const
  for (const [n, columns] of [20, 33, 59, 60, 79, 80, 81, 100, 200].entries()) {
    for (const [m, rows] of [8, 12, 24, 50, 100].entries()) {
      const looking: Looking = { ...AT_TABLE, panel: panels[(n + m) % 4] ?? 'table', selected: names[3]?.name }
      const lines = frame(events, { columns, rows, looking }).split('\n')
      expect(Math.max(...lines.map(line => [...line].length))).toBeLessThanOrEqual(columns)
      expect(lines.length).toBeLessThanOrEqual(rows - 2)
    }
  }
})

test('names that carry escapes are defused', () => {
  const events = [runStarted([{ name: 'a\u001b[2Jb', rows: 1 }])]
  expect(frame(events)).toContain('a\\u001b[2Jb')
})
