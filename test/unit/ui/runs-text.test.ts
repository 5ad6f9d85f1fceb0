import { expect, test } from 'vitest'
import type { History } from '../../../src/history/list-runs.js'
import { runsText } from '../../../src/ui/runs-text.js'
import { UNICODE } from '../../../src/ui/theme.js'

const RUN = {
  runId: '7f3a9c12',
  startedAt: '2026-01-02T14:00:00.000Z',
  ms: 183_000,
  state: 'interrupted',
  read: 12_917_000,
  written: 12_916_988,
  quarantined: 12,
} as unknown as History['runs'][number]

const text = (width: number): string =>
  runsText(
    { pipeline: 'crm', runs: [RUN, { ...RUN, state: 'completed', quarantined: 0, status: 'ok' }] },
    { theme: { color: false, symbols: UNICODE }, file: 'crm.yaml', width },
  )

test('a wide terminal has a line for each run, a narrow one two', () => {
  expect(text(120)).toBe(` · crm  2 runs

   RUN       BEGAN (UTC)           TIME  STATE              READ     WRITTEN  QUARANTINED  VERDICT
   7f3a9c12  2026-01-02 14:00:00  03:03  interrupted  12,917,000  12,916,988           12  rows in quarantine
   7f3a9c12  2026-01-02 14:00:00  03:03  completed    12,917,000  12,916,988            0  ok
`)
  expect(text(80)).toBe(` · crm  2 runs

   RUN       BEGAN (UTC)   TIME  STATE              READ     WRITTEN  QUAR.
   7f3a9c12  01-02 14:00  03:03  interrupted  12,917,000  12,916,988     12
     rows in quarantine
   7f3a9c12  01-02 14:00  03:03  completed    12,917,000  12,916,988      0
     ok
`)
  expect(
    Math.max(
      ...text(80)
        .split('\n')
        .map(line => line.length),
    ),
  ).toBeLessThanOrEqual(80)
})
