import { beforeAll, expect, test } from 'vitest'
import { loadPipeline, type RunOptions, startRun } from '../../src/index.js'
import { Workspace, withSqlite } from '../support/etl.js'

const ROWS = 250

const place = new Workspace()
beforeAll(() => {
  place.source('create table EVENTS (ID integer primary key, NOTE text)')
  place.target('create table events (id integer primary key, note text)')
  withSqlite(place.path('source.sqlite'), db => {
    const insert = db.prepare('insert into EVENTS values (?, ?)')
    for (let id = 1; id <= ROWS; id++) insert.run(id, `event ${id}`)
  })
})

async function run(options: string, more: RunOptions = {}) {
  place.write(
    'pipeline.yaml',
    `version: 1
name: twice
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  events: { from: EVENTS, to: events, batch_size: 120, ${options}fields: { id: ID, note: NOTE } }
`,
  )
  const handle = await startRun(await loadPipeline(place.path('pipeline.yaml')), more)
  return handle.result
}

test('a load that is done twice stops at its first batch and names what to do, unless the file wants rows put aside', async () => {
  expect(await run('')).toMatchObject({ status: 'ok', counts: { inserted: ROWS } })
  const twice = await run('')
  expect(twice).toMatchObject({
    status: 'failed',
    exitCode: 1,
    counts: { read: 0, quarantined: 0 },
    error: {
      code: 'E529',
      where: 'events',
      message: 'events has all 120 rows of the first batch already',
      hint:
        'set `load: ignore` to keep what is there, or `load: upsert` to bring it up to date, and go on with ' +
        '`etl run … --resume --accept-changes`; with `on_error: quarantine` in the file each such row is put aside',
    },
  })
  // What the hint says works.
  expect(await run('load: ignore, match: [id], ', { resume: true, acceptChanges: true })).toMatchObject({
    status: 'ok',
    counts: { read: ROWS, skipped: ROWS, quarantined: 0 },
  })
  expect(await run('on_error: quarantine, ')).toMatchObject({
    status: 'quarantined',
    counts: { read: ROWS, inserted: 0, quarantined: ROWS },
  })
  // New rows among the first ones: only those that are there are put aside.
  withSqlite(place.path('target.sqlite'), db => db.prepare('delete from events where id in (7, 200)').run())
  expect(await run('')).toMatchObject({ status: 'quarantined', counts: { inserted: 2, quarantined: ROWS - 2 } })
})

test('a limited run of an incremental insert, which keeps no mark, is refused', async () => {
  const incremental = 'incremental: { column: ID }, '
  await expect(run(incremental, { limit: 5 })).rejects.toMatchObject({
    code: 'E215',
    kind: 'usage',
    where: 'events',
    message: '--limit keeps no high-water mark, so the next run would insert the rows of events again',
  })
  expect(await run(incremental, { limit: 5, dryRun: true })).toMatchObject({ counts: { read: 5 } })
})
