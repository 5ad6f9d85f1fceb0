import { readdirSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { resultOf, sqliteRows, Workspace } from '../support/etl.js'

const FILE = (backup: string, more = ''): string => `
version: 1
name: album
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
${backup}
entities:
  photo: { from: PHOTO, to: photo, load: upsert, fields: { id: ID, name: NAME } }
${more}`

const SOURCE = `
  create table PHOTO (ID integer primary key, NAME text);
  insert into PHOTO with recursive n (i) as (select 1 union all select i + 1 from n where i < 200)
    select i, 'new ' || i from n;
`
const TARGET = `
  create table photo (id integer primary key, name text);
  create table other (id integer primary key);
  insert into photo values (1, 'old 1'), (500, 'stays');
`

function album(backup: string, more = ''): Workspace {
  const place = new Workspace()
  place.write('pipeline.yaml', FILE(backup, more))
  place.source(SOURCE)
  place.target(TARGET)
  return place
}

const saved = (place: Workspace, pattern = /\.db$/): string[] =>
  readdirSync(place.path('backups'))
    .filter(file => pattern.test(file))
    .map(file => place.path('backups', file))

interface Saved {
  readonly backup: string
  readonly checksum: string
  readonly size: number
  readonly runId?: string
  readonly removed: readonly string[]
  readonly tables: readonly { readonly table: string; readonly rows?: number }[]
}

describe('an SQLite target', () => {
  test('is saved before the run, and restored to the byte', async () => {
    const place = album('backup: { dir: backups, keep: 2 }')
    const before = place.rows('select * from photo order by id')
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(0)
    const result = resultOf(run.stdout) as unknown as { readonly runId: string; readonly backup: Saved }
    const [file = ''] = saved(place)
    expect(file).toMatch(/\/backups\/album_backup_\d{8}_\d{6}\.db$/)
    expect(readdirSync(place.path('backups'))).toHaveLength(2)
    const metadata = JSON.parse(readFileSync(file.replace(/db$/, 'json'), 'utf8')) as Saved
    expect(metadata).toMatchObject({
      v: 1,
      kind: 'backup',
      pipeline: 'album',
      runId: result.runId,
      original: expect.stringMatching(/^sqlite .* target\.sqlite$/),
      backup: file,
      timestamp: expect.stringMatching(/^20\d\d-/),
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: statSync(file).size,
      format: 'sqlite',
      encrypted: false,
    })
    expect(metadata.tables).toContainEqual({ table: 'photo', rows: 2 })
    expect(result.backup).toMatchObject({ checksum: metadata.checksum, removed: [] })
    expect(sqliteRows(file, 'select * from photo order by id')).toEqual(before)
    expect(place.rows('select count(*) from photo')).toEqual([[201]])
    const back = await place.etl('restore', file, 'pipeline.yaml', '--yes', '--json')
    expect(back.code, back.stderr).toBe(0)
    expect(JSON.parse(back.stdout)).toMatchObject({ whole: true, undone: [], preRestore: { kind: 'pre_restore' } })
    expect(place.rows('select * from photo order by id')).toEqual(before)
    expect(readFileSync(place.path('target.sqlite'))).toEqual(readFileSync(file))
    const again = await place.run('--json')
    expect(again.code, again.stderr).toBe(0)
    expect(place.rows('select count(*) from photo')).toEqual([[201]])
    // What was there before the restore can be had too, and the ledger says who did what.
    const [pre = ''] = saved(place, /pre_restore.*\.db$/)
    const forward = await place.etl('restore', pre, 'pipeline.yaml', '--yes', '--json')
    expect(forward.code, forward.stderr).toBe(0)
    expect(place.rows('select count(*) from photo')).toEqual([[201]])
    expect(place.rows('select action from etl_audit')).toEqual([['restore']])
  })
})
