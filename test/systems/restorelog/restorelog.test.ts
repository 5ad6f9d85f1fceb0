import { beforeAll, expect, test } from 'vitest'
import { type EtlResult, resultOf } from '../../support/etl.js'
import { type OpenSystem, openSystem } from '../open.js'
import { restorelog } from './restorelog.js'

let at: OpenSystem
let before: string
let expected: EtlResult
let run: EtlResult
beforeAll(async () => {
  at = await openSystem(restorelog)
  before = await at.state()
  expected = await at.etl('verify', '--before')
  run = await at.etl('run', '--yes', '--json')
})

test('before: how many will move, by status and method', async () => {
  expect(expected.code, expected.stderr).toBe(0)
  for (const text of ['500', 'restore_method', 'scheduled', 'status', 'completed'])
    expect(expected.stdout).toContain(text)
})

test('moved, skipped and refused rows are counted; an unknown method is put aside and told by the exit code', async () => {
  expect(run.code, run.stderr).toBe(3)
  const [entity] = resultOf(run.stdout).entities
  // Three were moved by hand, ten are there twice, one has a method that means nothing.
  expect(entity?.counts).toMatchObject({ read: 500, inserted: 486, skipped: 13, quarantined: 1 })
  expect(entity?.rejects).toMatchObject([{ code: 'E410', field: 'trigger_type', rows: 1 }])
})

test('every moved row is as its source says, to the microsecond; what was there is untouched', async () => {
  const wrong = `select s.id from database_management_restorelog s join system_backups_restorelog t on t.name = s.name and t.created_at = s.created_at
    where s.id % 50 <> 0 and (t.status, t.target_database, t.started_at, t.completed_at, t.duration_seconds, t.message,
      t.updated_at, t.source_backup_id, t.created_by_id, t.restore_type, t.trigger_type)
      is distinct from (s.status, s.target_database, s.started_at, s.completed_at, s.duration_seconds, s.message, s.updated_at, s.source_backup_id,
      s.created_by_id, 'database', case s.restore_method when 'manual' then 'manual' when 'scheduled' then 'automatic' when 'auto' then 'automatic' else 'recovery' end)`
  expect(await at.server.rows(wrong)).toEqual([])
  expect(await at.server.rows('select min(id), max(id), count(*) from system_backups_restorelog')).toEqual([
    ['1', '489', '489'],
  ])
  expect(
    await at.server.rows(
      `select count(*) from system_backups_restorelog where extract(microseconds from created_at)::bigint % 1000000 <> 0`,
    ),
  ).not.toEqual([['0']])
  const verified = await at.etl('verify')
  expect(verified.code, verified.stdout).toBe(0)
  expect(verified.stdout).toMatch(/✔ VERIFIED /)
})

test('a second run skips everything', async () => {
  const second = await at.etl('run', '--yes', '--json')
  expect(resultOf(second.stdout).counts).toMatchObject({ read: 500, written: 0, skipped: 499, quarantined: 1 })
  expect((await at.etl('undo', 'last', '--yes')).code).toBe(0)
})

test('undo asks, and takes back what was moved and nothing else', async () => {
  const { runId = '' } = resultOf(run.stdout)
  const asked = await at.etl('undo', runId)
  expect(asked.code).toBe(2)
  expect(asked.stderr).toContain('--yes')
  const undone = await at.etl('undo', runId, '--yes')
  expect(undone.code, undone.stderr).toBe(0)
  expect(undone.stdout).toContain('486')
  expect(await at.state()).toBe(before)
})

test('no rows is a success; no table is a warning', async () => {
  await at.server.exec('truncate database_management_restorelog')
  const none = await at.etl('run', '--yes', '--json')
  expect(none.code, none.stderr).toBe(0)
  expect(resultOf(none.stdout).counts.read).toBe(0)
  await at.server.exec('drop table database_management_restorelog')
  const gone = await at.etl('run', '--yes', '--json')
  expect(gone.code, gone.stderr).toBe(0)
  expect(resultOf(gone.stdout).warnings.join()).toContain('database_management_restorelog')
})
