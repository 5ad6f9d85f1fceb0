import { describe, expect, test } from 'vitest'
import { type EtlResult, resultOf, runEtl, Workspace } from '../support/etl.js'
import { pipeline } from './behaviours/pipeline.js'

const ENTITIES = `
  t:
    from: T
    to: t
    batch_size: 5
    fields:
      id: ID
      price: { from: PRICE, on_lossy: round }
      made: { from: MADE, type: date, on_invalid: null }
      kind: { from: KIND, map: { a: first }, unmapped: null }`

/** Forty rows: every second one is rounded, each fifth has no date, each eighth no kind. */
function place(head = ''): Workspace {
  const at = new Workspace()
  at.source(`create table T (ID integer primary key, PRICE text, MADE text, KIND text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 40)
    insert into T select i, iif(i % 2 = 0, '1.255', '1.25'), iif(i % 5 = 0, 'x', '2024-02-29'), iif(i % 8 = 0, 'z', 'a') from n`)
  at.target('create table t (id integer primary key, price decimal(10, 2), made date, kind text)')
  at.write('pipeline.yaml', pipeline(ENTITIES, head))
  return at
}

const run = (at: Workspace, failpoints: string, ...args: string[]): Promise<EtlResult> =>
  runEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], { cwd: at.dir, env: { ETL_FAILPOINTS: failpoints } })

function expectWhole(at: Workspace, result: EtlResult): void {
  expect(result.code, result.stderr).toBe(0)
  const [entity] = resultOf(result.stdout).entities
  expect(entity?.losses).toEqual([{ field: 'price', rows: 20 }])
  expect([...(entity?.substituted ?? [])].sort((a, b) => a.rows - b.rows)).toEqual([
    { field: 'kind', rows: 5 },
    { field: 'made', rows: 8 },
  ])
  expect(at.rows('select count(*), count(made), count(kind) from t')).toEqual([[40, 32, 35]])
}

describe('values that were rounded or replaced are those of the run, not of its last process', () => {
  test('killed in the middle and resumed, and resumed again when it is complete', async () => {
    const at = place()
    const killed = await run(at, 'before-commit:kill@6')
    expect(killed.signal).toBe('SIGKILL')
    expect(at.rows('select count(*) from etl_batch where changes is not null')).not.toEqual([[0]])
    expectWhole(at, await run(at, '', '--resume'))
    const again = await run(at, '', '--resume')
    expect(again.code, again.stderr).toBe(0)
    expect(at.rows('select count(*) from etl_batch')).toEqual([[8]])
  })

  test('a commit that was thought lost', async () => {
    const at = place()
    expectWhole(at, await run(at, 'after-commit:throw@6'))
  })

  test('where only the checkpoint file remembers', async () => {
    const at = place('ledger: false')
    const killed = await run(at, 'checkpoint-rename:kill@5')
    expect(killed.signal).toBe('SIGKILL')
    expectWhole(at, await run(at, '', '--resume'))
  })

  test('a ledger of a version that did not count them gets the column', async () => {
    const at = place()
    expect((await run(at, 'before-commit:kill@6')).signal).toBe('SIGKILL')
    at.target('alter table etl_batch drop column changes')
    const resumed = await run(at, '', '--resume')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(at.rows('select count(*), count(made), count(kind) from t')).toEqual([[40, 32, 35]])
  })
})
