import { expect, test } from 'vitest'
import { EtlError } from '../../../src/core/errors.js'
import type { JobResult } from '../../../src/job/api.js'
import type { EntityResult, RunResult } from '../../../src/run/api.js'
import { resumeBanner } from '../../../src/ui/banner.js'
import { resultLine } from '../../../src/ui/json.js'
import { previewText } from '../../../src/ui/preview.js'
import { shellWord, summaryText } from '../../../src/ui/summary.js'
import { UNICODE } from '../../../src/ui/theme.js'
import type { VerifyReport } from '../../../src/verify/api.js'
import { counts, runStarted } from './sample-run.js'

const THEME = { color: false, symbols: UNICODE }

function entity(name: string, read: number, ms: number, rest: Partial<EntityResult> = {}): EntityResult {
  return {
    name,
    state: 'done',
    counts: counts(read),
    unresolved: 0,
    ms,
    stages: { read: 1, transform: 1, write: 1 },
    rejects: [],
    losses: [],
    substituted: [],
    ...rest,
  }
}

function result(rest: Partial<JobResult> = {}): JobResult {
  return {
    runId: '7f3a9c',
    pipeline: 'crm',
    status: 'ok',
    exitCode: 0,
    dryRun: false,
    consistency: 'snapshot',
    counts: counts(8649),
    entities: [entity('countries', 249, 400), entity('products', 8400, 1100)],
    ms: 1500,
    runDir: '/data/.etl/crm/runs/7f3a9c',
    quarantineDir: '/data/.etl/crm/runs/7f3a9c/quarantine',
    warnings: [],
    ...rest,
  }
}

function summary(rest: Partial<RunResult> = {}): string {
  return summaryText(result(rest), { theme: THEME, file: 'crm.yaml', cwd: '/data' })
}

test('a run without problems', () => {
  expect(summary()).toBe(` ✔ crm  finished   run 7f3a9c

    ENTITY      READ  WRITTEN  QUARANTINED  TIME  ROWS/S
 ✔  countries    249      249            ·  0.4s       ·
 ✔  products   8,400    8,400            ·  1.1s   7,636
   ─────────────────────────────────────────────────────
    total      8,649    8,649            ·  1.5s   5,766

   report      .etl/crm/runs/7f3a9c/report.html
   consistency snapshot: each source was read in one state
`)
})

test('rejected rows, changed values and warnings, with the files that hold the rows', () => {
  const customers = entity('customers', 120, 2000, {
    counts: counts(120, { quarantined: 12, skipped: 3, filtered: 5, written: 100 }),
    rejects: [
      { code: 'E402', field: 'total', message: 'not a number', rows: 2 },
      { code: 'E401', field: 'email', message: 'required value is missing', rows: 10 },
    ],
    losses: [{ field: 'price', rows: 7 }],
    substituted: [{ field: 'phone', rows: 1 }],
  })
  const text = summary({
    status: 'quarantined',
    exitCode: 3,
    entities: [customers],
    counts: customers.counts,
    ms: 2000,
    warnings: ['customers: column FAX is not mapped'],
  })
  expect(text).toBe(` ⚠ crm  finished, 12 rows quarantined   run 7f3a9c

    ENTITY     READ  WRITTEN  SKIPPED  FILTERED  QUARANTINED  TIME  ROWS/S
 ⚠  customers   120      100        3         5           12  2.0s      60
   ───────────────────────────────────────────────────────────────────────
    total       120      100        3         5           12  2.0s      60

   REJECTED  ENTITY     FIELD  ROWS  WHY
   E401      customers  email    10  required value is missing
   E402      customers  total     2  not a number

   CHANGED    FIELD  ROWS  HOW
   customers  price     7  rounded or truncated (on_lossy)
   customers  phone     1  replaced (on_invalid, unmapped, on_missing)

 ⚠ customers: column FAX is not mapped

   quarantine  .etl/crm/runs/7f3a9c/quarantine/customers.ndjson (12 rows)
   report      .etl/crm/runs/7f3a9c/report.html
   consistency snapshot: each source was read in one state
   next        etl quarantine crm.yaml 7f3a9c   why, and what to do
`)
})

test('an interrupted run says how to go on', () => {
  const text = summary({ status: 'interrupted', exitCode: 130, entities: [entity('a', 5, 10, { state: 'stopped' })] })
  expect(text).toMatch(/^ ‖ crm {2}interrupted {3}run 7f3a9c\n/)
  expect(text).toMatch(/\n {3}next {8}etl run crm\.yaml --resume\n$/)
})

test('a failed run says how to go on', () => {
  const text = summary({ status: 'failed', exitCode: 1, entities: [entity('a', 5, 10, { state: 'failed' })] })
  expect(text).toMatch(/^ ✖ crm {2}failed {3}run 7f3a9c\n/)
  expect(text).toMatch(/\n {3}next {8}etl run crm\.yaml --resume {3}once the cause is removed\n$/)
})

test('a dry run names the run that would write', () => {
  const { runDir: _, ...rest } = result({ dryRun: true })
  const text = summaryText(rest, { theme: THEME, file: 'my crm.yaml', cwd: '/data' })
  expect(text).toMatch(/^ ✔ crm {2}dry run, nothing written: finished/)
  expect(text).toMatch(/\n {3}next {8}etl run 'my crm\.yaml'\n$/)
})

test('paths are quoted where a shell needs it', () => {
  expect(['a/b-c.yaml', 'a b', "it's"].map(shellWord)).toEqual(['a/b-c.yaml', "'a b'", "'it'\\''s'"])
})

test('only the ten most frequent causes are listed', () => {
  const rejects = Array.from(
    { length: 13 },
    (_, i) => ({ code: 'E402', field: `f${i}`, message: 'not a number', rows: i + 1 }) as const,
  )
  const text = summary({ entities: [entity('a', 100, 10, { rejects })] })
  expect(text).toContain('   E402      a       f12      13  not a number\n')
  expect(text).toContain('   and 3 more causes\n')
  expect(text).not.toContain('f2 ')
})

test('the dry run shows rows before and after, with what data carries defused', () => {
  const customers = entity('customers', 120, 10, {
    counts: counts(120, { quarantined: 12 }),
    preview: {
      from: 'CRM.CUSTOMERS',
      to: 'public.customers',
      fields: [
        { target: 'full_name', before: '"  ada " + "LOVELACE"', after: '"Ada Lovelace"' },
        { target: 'note', before: '"\u001b[31mred\u001b[0m"', after: `"${'x'.repeat(40)}"` },
      ],
      rejected: [{ row: 81, field: 'email', value: 'null', code: 'E401', message: 'required value is missing' }],
    },
  })
  expect(previewText(result({ dryRun: true, entities: [customers, entity('other', 1, 1)] }), THEME)).toBe(
    ` DRY RUN  every row read, transformed and checked; nothing written

 customers   CRM.CUSTOMERS → public.customers   120 read · 108 ok · 12 rejected

   row 1      BEFORE                    AFTER
   full_name  "  ada " + "LOVELACE"     "Ada Lovelace"
   note       "\\u001b[31mred\\u001b[0m"  "${'x'.repeat(28)}…

   rejected
   row 81    email  null  E401 required value is missing
   and 11 more rows rejected
`,
  )
})

test('the result is the last JSON line, without rows and with the error in words', () => {
  const error = new EtlError('E302', 'login refused for user x', {
    kind: 'connection',
    where: 'source crm',
    hint: 'check',
  })
  const preview = { from: 'a', to: 'b', fields: [{ target: 't', before: 'secret row', after: 'x' }], rejected: [] }
  const verification = {
    state: 'mismatch',
    entities: [{ name: 'a', differences: [{ kind: 'missing', key: { id: 'secret row' } }] }],
  } as unknown as VerifyReport
  const entities = [entity('a', 1, 1, { preview })]
  const line = resultLine(result({ status: 'failed', error, entities, verification }))
  expect(line).not.toContain('\n')
  expect(line).not.toContain('secret row')
  const json = JSON.parse(line)
  expect(Object.keys(json)[0]).toBe('type')
  expect(json).toMatchObject({
    type: 'result',
    status: 'failed',
    runId: '7f3a9c',
    verification: { state: 'mismatch', entities: [{ name: 'a' }] },
    error: {
      code: 'E302',
      title: 'login refused',
      message: 'login refused for user x',
      where: 'source crm',
      hint: 'check',
    },
  })
})

test('a resumed run says what lies behind it', () => {
  const event = runStarted(
    [
      { name: 'a', state: 'done', counts: counts(10) },
      { name: 'addresses', counts: counts(163_300) },
      { name: 'orders', counts: counts(488_900) },
      { name: 'b' },
    ],
    { resumed: true },
  )
  expect(resumeBanner(event, THEME)).toBe(` ↻ Resuming run 7f3a9c
   done 1 · resume 2 (addresses @163,300, orders @488,900)
   not started 1 · 652,210 rows read before are not read again
`)
})

test('in 60 columns nothing is wider: counts in words, tables and sentences continued below', () => {
  const customers = entity('customers_of_branches', 1_200_000, 2000, {
    counts: counts(1_200_000, { quarantined: 12, skipped: 3, filtered: 5, deduped: 7, written: 1_199_973 }),
    rejects: [{ code: 'E412', field: 'manager_id', message: 'no row of managers has this key, or not yet', rows: 12 }],
    losses: [{ field: 'price', rows: 7 }],
  })
  const told = result({
    status: 'quarantined',
    consistency: 'none',
    entities: [customers],
    counts: customers.counts,
    warnings: ['customers_of_branches: column FAX of the source is not mapped'],
  })
  const text = summaryText(told, { theme: THEME, file: 'crm.yaml', cwd: '/data', width: 60 })
  expect(text).toBe(` ⚠ crm  finished, 12 rows quarantined   run 7f3a9c

 ⚠ customers_of_branches  1,200,000 read, 1,199,973 written,
   3 skipped, 5 filtered, 7 deduped, 12 quarantined  2.0s
   total  1,200,000 read, 1,199,973 written, 3 skipped, 5
   filtered, 7 deduped, 12 quarantined  1.5s

   REJECTED  ENTITY                 FIELD       ROWS  WHY
   E412      customers_of_branches  manager_id    12  no row
     of managers has this key, or not yet

   CHANGED                FIELD  ROWS  HOW
   customers_of_branches  price     7  rounded or truncated
                                       (on_lossy)

 ⚠ customers_of_branches: column FAX of the source is not
   mapped

   quarantine
.etl/crm/runs/7f3a9c/quarantine/customers_of_branches.ndjson
               (12 rows)
   duplicates
.etl/crm/runs/7f3a9c/quarantine/customers_of_branches.ndjson
               (7 rows, E425)
   report      .etl/crm/runs/7f3a9c/report.html
   consistency none: what changed in a source meanwhile may
               be there half
   next        etl quarantine crm.yaml 7f3a9c   why, and
               what to do
`)
  expect(Math.max(...text.split('\n').map(line => [...line].length))).toBe(60)
})
