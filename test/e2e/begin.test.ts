import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { loadPipeline, type RunEvent, startRun } from '../../src/index.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'
import { ToxicProxy } from '../support/proxy.js'

let schema: TestSchema | undefined
afterAll(async () => schema?.drop())

test('a target that is lost anywhere while a run begins: begun again, told, and loaded once', {
  timeout: 60_000,
}, async () => {
  const CUTS = 6
  schema = await postgres.create('begin')
  await schema.exec('create table events (id bigint not null, note varchar(100))')
  const proxy = await ToxicProxy.open(String(schema.config.url))
  const at = new Workspace()
  at.source("create table EVENTS (ID integer primary key, NOTE text); insert into EVENTS values (1, 'a'), (2, 'b')")
  at.write(
    'pipeline.yaml',
    `version: 1
name: begin
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "${proxy.url}" }
checks:
  - { sql: "select count(*) >= 0 from events", expect: true, name: there, when: before }
entities:
  events: { from: EVENTS, to: events, load: replace, fields: { id: ID, note: NOTE } }
`,
  )
  const pipeline = await loadPipeline(at.path('pipeline.yaml'))
  const run = async () => {
    const events: RunEvent[] = []
    let began = 0
    const handle = await startRun(pipeline, {
      backup: false,
      onEvent: event => {
        events.push(event)
        if (event.type === 'run_started') began = proxy.sent
      },
    })
    return { result: await handle.result, events, began }
  }
  await run()
  const before = proxy.sent
  const whole = await run()
  const bytes = whole.began - before
  let retries = 0
  for (let i = 1; i <= CUTS; i++) {
    proxy.toxics = { cutAtByte: proxy.sent + Math.floor((bytes * i) / (CUTS + 1)) }
    const { result, events } = await run()
    expect(result.error).toBeUndefined()
    expect(result.status).toBe('ok')
    expect(result.checks?.outcomes.map(({ state }) => state)).toEqual(['passed'])
    const told = events.filter(event => event.type === 'retry')
    retries += told.length
    for (const event of told) expect(event).toMatchObject({ entity: '$pipeline', attempt: 2 })
    expect(await schema.rows('select id, note from events order by id')).toEqual([
      ['1', 'a'],
      ['2', 'b'],
    ])
  }
  // What the command line asks before it begins a run, to tell of dangers.
  at.write(
    'plain.yaml',
    readFileSync(at.path('pipeline.yaml'), 'utf8').replace('name: begin', 'name: plain').replace('load: replace, ', ''),
  )
  await schema.exec('delete from events')
  const cuts = proxy.cuts
  proxy.toxics = { cutAtByte: proxy.sent + 600 }
  const told = await at.etl('run', 'plain.yaml', '--json')
  expect([told.code, proxy.cuts], told.stderr).toEqual([0, cuts + 1])
  expect(await schema.rows('select id, note from events order by id')).toEqual([
    ['1', 'a'],
    ['2', 'b'],
  ])
  await proxy.close()
  expect(retries).toBeGreaterThanOrEqual(CUTS / 2)
  // An attempt whose commit was thought lost is gone on with.
  expect(await schema.rows('select state, count(*) from etl_run group by state')).toEqual([
    ['completed', String(CUTS + 3)],
  ])
})
