import { afterAll, expect, test } from 'vitest'
import { loadPipeline, startRun, undoRun, verifyPipeline } from '../../src/index.js'
import { Workspace } from '../support/etl.js'
import { createOracle, type OracleSchema } from '../support/tns/test-database.js'

let server: OracleSchema | undefined
afterAll(() => server?.drop())

const TABLES = ['T_FRESH', 'T_UPSERT', 'T_UPDATE', 'T_REPLACE']

test('Oracle: a run of every mode is verified, and taken back to the state before', { timeout: 120_000 }, async () => {
  const oracle = await createOracle('undo', '23ai')
  server = oracle
  const place = new Workspace()
  place.source(`
    create table ITEM (ID integer primary key, NAME text not null);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 20) insert into ITEM select i, 'new ' || i from n`)
  await oracle.native([
    ...TABLES.map(name => `CREATE TABLE ${name} (ID NUMBER(10) PRIMARY KEY, NAME VARCHAR2(40), NOTE VARCHAR2(40))`),
    ...TABLES.slice(1).flatMap(name => [1, 3, 500].map(id => `INSERT INTO ${name} VALUES (${id}, 'old', 'kept')`)),
  ])
  place.write(
    'pipeline.yaml',
    `version: 1
name: p
sources: { old: { type: sqlite, path: source.sqlite } }
target: ${JSON.stringify(oracle.config)}
defaults: { batch_size: 7, rest: ignore }
entities:
  fresh: { from: ITEM, to: T_FRESH, load: insert, fields: { ID: ID, NAME: NAME } }
  upserted: { from: ITEM, to: T_UPSERT, load: upsert, fields: { ID: ID, NAME: NAME } }
  updated: { from: ITEM, to: T_UPDATE, load: update, where: "ID in (1, 3)", fields: { ID: ID, NAME: NAME } }
  replaced: { from: ITEM, to: T_REPLACE, load: replace, fields: { ID: ID, NAME: NAME } }
`,
  )
  const state = async () => {
    const all = await Promise.all(TABLES.map(name => oracle.rows(`select * from ${name} order by 1`)))
    return all.map(rows => rows.map(row => row.map(String)))
  }
  const before = await state()
  const pipeline = await loadPipeline(place.path('pipeline.yaml'))
  const run = await (await startRun(pipeline, { backup: false })).result
  expect(run.status, run.error?.message).toBe('ok')
  expect((await verifyPipeline(pipeline)).state).toBe('verified')
  await oracle.native(["UPDATE T_FRESH SET NOTE = 'mine' WHERE ID = 5"])
  await expect(undoRun(pipeline, { run: 'last' })).rejects.toMatchObject({
    code: 'E537',
    message: `1 rows of run ${run.runId} cannot be taken back:\n  T_FRESH 5: changed since`,
  })
  await oracle.native(['UPDATE T_FRESH SET NOTE = NULL WHERE ID = 5'])
  const undone = await undoRun(pipeline, { run: 'last' })
  expect([undone.verified, undone.conflicts]).toEqual([true, []])
  expect(await state()).toEqual(before)
})
