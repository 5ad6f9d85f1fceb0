import Driver from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { database } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { startEtl, Workspace } from '../support/etl.js'

const ROWS = 120_000
const place = new Workspace()
let target: TestSchema

const PIPELINE = `
version: 1
name: lost
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${DATABASE_URL}" }
entities:
  events:
    from: EVENTS
    to: events
    batch_size: 2000
    fields: { id: ID, note: NOTE }
`

beforeAll(async () => {
  target = await database.create('lost-connection')
  const source = new Driver(place.path('source.sqlite'))
  source.exec('create table EVENTS (ID integer primary key, NOTE text)')
  const insert = source.prepare('insert into EVENTS values (?, ?)')
  source.exec('begin')
  for (let id = 1; id <= ROWS; id++) insert.run(BigInt(id), `event ${id}`)
  source.exec('commit')
  source.close()
  // No key: a batch that were written twice would be seen.
  await target.exec('create table events (id bigint not null, note text)')
  place.write('pipeline.yaml', PIPELINE)
})
afterAll(() => target.drop())

test('connections cut again and again cost nothing but time', { timeout: 120_000 }, async () => {
  const run = startEtl(['run', 'pipeline.yaml', '--yes', '--json'], {
    cwd: place.dir,
    env: { DATABASE_URL: String(target.config.url) },
  })
  let cuts = 0
  let running = true
  void run.result.then(() => {
    running = false
  })
  const loaded = async (): Promise<number> => Number((await target.rows('select count(*) from events'))[0]?.[0])
  // Lets some batches pass between two cuts, so that every one meets a run that made progress.
  let mark = 0
  while (running && cuts < 8) {
    if ((await loaded()) <= mark) continue
    mark = await loaded()
    const cut = await target.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name like 'etl lost%' and state <> 'idle' and datname = current_database() and pid <> pg_backend_pid()`,
    )
    if (cut.length > 0) cuts++
  }
  const { code, stdout } = await run.result
  const events = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string; code?: string; status?: string })
  expect({ code, cut: cuts > 0 }).toEqual({ code: 0, cut: true })
  const retries = events.filter(event => event.type === 'retry')
  expect(retries.length).toBeGreaterThan(0)
  expect(new Set(retries.map(event => event.code))).toEqual(new Set(['E306']))
  expect(await target.rows('select count(*), count(distinct id), min(id), max(id) from events')).toEqual([
    [String(ROWS), String(ROWS), '1', String(ROWS)],
  ])
  expect(await target.rows('select sum(rows_read), sum(inserted) from etl_batch')).toEqual([
    [String(ROWS), String(ROWS)],
  ])
})
