import { afterAll, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import type { TestSchema } from '../databases/types.js'
import { resultOf, runEtl, Workspace } from '../support/etl.js'

const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

test('a source table that keeps no transactions leaves the run without consistency', { timeout: 120_000 }, async () => {
  const server = await mysql.create('isam')
  servers.push(server)
  await server.exec(`create table events (id integer not null primary key, note varchar(40)) engine = MyISAM;
    insert into events values (1, 'a')`)
  const place = new Workspace()
  place.target('create table events (id integer primary key, note text)')
  place.write(
    'pipeline.yaml',
    `version: 1
name: isam
sources: { shop: { type: mysql, url: "\${SOURCE_URL}" } }
target: { type: sqlite, path: target.sqlite }
entities: { events: { from: events, to: events, rest: copy } }
`,
  )
  const env = { SOURCE_URL: String(server.config.url) }
  const result = await runEtl(['run', 'pipeline.yaml', '--yes', '--json'], { cwd: place.dir, env })
  expect(result.code, result.stderr).toBe(0)
  expect(resultOf(result.stdout)).toMatchObject({
    consistency: 'none',
    warnings: ['events: events keeps no transactions, so its rows are not read as of one moment'],
  })
  expect(place.rows('select consistency from etl_run')).toEqual([['none']])
})
