import { afterAll, beforeAll, expect, test } from 'vitest'
import { database } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { quarantineOf, resultOf, runEtl, Workspace } from '../support/etl.js'

const place = new Workspace()
let target: TestSchema

beforeAll(async () => {
  target = await database.create('deferred')
  place.source(`
    create table NODE (ID integer primary key, BOSS integer, NAME text);
    insert into NODE values (1, 2, 'refers to a later row'), (2, null, 'the boss'), (3, 99, 'refers to nobody'),
      (4, 5, 'refers to a later row that is refused'), (5, null, 'the boss'), (6, 1, 'refers to an earlier row')`)
})
afterAll(() => target.drop())

const PIPELINE = `
version: 1
name: deferred
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${DATABASE_URL}" }
entities:
  node: { from: NODE, to: node, fields: { id: ID, boss_id: BOSS, name: NAME } }
`

test.each([
  ['deferred to the commit, as Django makes them', 'deferrable initially deferred'],
  ['checked by each statement', ''],
])('references %s: the guilty rows are found, references inside a batch are kept', async (_, when) => {
  await target.exec(`
    drop table if exists node; drop table if exists etl_run, etl_batch, etl_chunk, etl_reject, etl_identity, etl_audit;
    create table node (id bigint primary key, boss_id bigint references node (id) ${when}, name text unique)`)
  place.write('pipeline.yaml', PIPELINE)
  const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--json'], {
    cwd: place.dir,
    env: { DATABASE_URL: String(target.config.url) },
  })
  expect(run.code, run.stderr).toBe(3)
  expect(await target.rows('select id from node order by id')).toEqual([['1'], ['2'], ['6']])
  const lines = quarantineOf(resultOf(run.stdout).runDir ?? '', 'node')
  expect(lines.map(({ key, code }) => [key, code])).toEqual([
    ['3', 'E418'],
    ['4', 'E418'],
    ['5', 'E417'],
  ])
})
