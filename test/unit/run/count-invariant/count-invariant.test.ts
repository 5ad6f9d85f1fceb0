import { afterEach, expect, test } from 'vitest'
import { armFailpoints, shareFailpoints } from '../../../../src/core/failpoint.js'
import { loadPipeline, type RunOptions, type RunResult, startRun } from '../../../../src/index.js'
import { quarantineOf, Workspace, withSqlite } from '../../../support/etl.js'
import { Random } from '../../../support/random.js'
import { DEFAULT, expected, type Scenario, scenario } from './model.js'

const SCENARIOS = Number(process.env.ETL_TEST_SCENARIOS ?? 40)
const SEED = Number(process.env.ETL_TEST_SEED ?? Date.now() % 1_000_000)
console.log(`count invariant: ETL_TEST_SEED=${SEED}`)

afterEach(() => shareFailpoints(undefined))

test('read = written + skipped + filtered + deduped + quarantined, in summary, ledger and target', {
  timeout: 120_000,
}, async () => {
  for (let i = 0; i < SCENARIOS; i++) {
    const made = scenario(new Random(SEED + i))
    const { rows, ...rest } = made
    const about = `ETL_TEST_SEED=${SEED + i} ETL_TEST_SCENARIOS=1\n${JSON.stringify(rest)}\n${JSON.stringify(rows)}`
    await check(made, about)
  }
})

async function check(made: Scenario, about: string): Promise<void> {
  const place = new Workspace()
  fill(place, made)
  place.write('pipeline.yaml', yaml(made))
  const result = await runToTheEnd(place, made, about)
  const want = expected(made)
  const { quarantined = 0, deduped = 0 } = want.counts
  expect(result.counts, about).toMatchObject(want.counts)
  expect(place.rows('select id, v, src from t order by id'), about).toEqual(want.target)
  const sums = place.rows(
    'select sum(rows_read), sum(inserted) + sum(updated), sum(skipped), sum(filtered), sum(deduped), sum(quarantined) from etl_batch where run_id = ?',
    result.runId,
  )
  expect(sums[0]?.map(Number), about).toEqual(Object.values(want.counts))
  const rejects = place.rows('select policy, count(*) from etl_reject where run_id = ? group by policy', result.runId)
  const listed = new Map(rejects.map(([policy, n]) => [String(policy), Number(n)]))
  expect([listed.get('quarantine') ?? 0, listed.get('dedupe') ?? 0], about).toEqual([quarantined, deduped])
  const lines = quarantined + deduped === 0 ? [] : quarantineOf(String(result.runDir), 'e')
  const kept = lines.filter(line => line.policy === 'quarantine').length
  expect([kept, lines.filter(line => line.policy === 'dedupe').length], about).toEqual([quarantined, deduped])
}

/** Runs; where that fails by one of the scenario's faults, goes on. */
async function runToTheEnd(place: Workspace, made: Scenario, about: string): Promise<RunResult> {
  const { limit, concurrency } = made
  const pipeline = await loadPipeline(place.path('pipeline.yaml'), { env: {} })
  const options: RunOptions = { concurrency, ...(limit === undefined ? {} : { limit }) }
  for (const [attempt, fault] of [...made.faults, undefined].entries()) {
    shareFailpoints(undefined)
    if (fault !== undefined) armFailpoints(fault)
    const resume = attempt > 0
    const handle = await startRun(pipeline, { ...options, resume }).catch(error => {
      throw new Error(about, { cause: error })
    })
    const result = await handle.result
    if (result.status !== 'failed') return result
    expect(result.error?.message, about).toMatch(/^failpoint /)
  }
  throw new Error(about)
}

function yaml(s: Scenario): string {
  const [first = 'A'] = s.members
  const where = s.where ? ', where: "N <> 3"' : ''
  const union = s.members.map(table => `{ table: ${table}${where} }`).join(', ')
  const invalid = s.onInvalid === undefined ? '' : `, on_invalid: ${s.onInvalid}`
  const other = s.onInvalid === 'default' ? `, default: ${DEFAULT}` : ''
  const lines = [
    s.members.length === 1 ? `from: ${first}` : `from: { union: [${union}] }`,
    'to: t',
    s.members.length === 1 && s.where ? 'where: N <> 3' : '',
    `load: ${s.load}`,
    `batch_size: ${s.batchSize}`,
    `on_error: ${s.onError}`,
    s.chunks === 1 ? '' : `chunks: ${s.chunks}`,
    s.filter ? 'filter: { ">": [{ var: N }, 1] }' : '',
    s.dedupe === undefined ? '' : `dedupe: { by: [${s.dedupe.by.join(', ')}], keep: ${s.dedupe.keep} }`,
    s.early ? 'let: { number: { to_integer: [{ var: V }] } }' : '',
    `fields: { id: K, v: { from: ${s.early ? 'number' : 'V'}, type: integer${invalid}${other} }, src: SRC }`,
    'rest: ignore',
  ]
  const body = lines.filter(line => line !== '').map(line => `    ${line}\n`)
  return `version: 1
name: p
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  e:
${body.join('')}`
}

function fill(place: Workspace, s: Scenario): void {
  withSqlite(place.path('source.sqlite'), db => {
    for (const member of ['A', 'B'])
      db.exec(
        `create table ${member} (ID ${s.keyType} primary key not null, K integer, G text, N integer, V text, SRC text)`,
      )
    db.transaction(() => {
      for (const { member, id, k, g, n, v } of s.rows) {
        const value = v === 'bytes' ? "cast(x'ff' as text)" : '?'
        const key = s.keyType === 'text' ? `k${String(id).padStart(4, '0')}` : id
        db.prepare(`insert into ${member} values (?, ?, ?, ?, ${value}, ?)`).run(
          ...[key, k, g, n, ...(v === 'bytes' ? [] : [v]), `${member}${id}`],
        )
      }
    })()
  })
  withSqlite(place.path('target.sqlite'), db => {
    db.exec(`create table t (id integer primary key, v integer${s.constraint ? ' check (v <> 13)' : ''}, src text)`)
    for (const id of s.existing) db.prepare('insert into t values (?, null, ?)').run(id, 'old')
  })
}
