import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type EtlResult, resultOf } from '../../support/etl.js'
import { sqliteExec, sqliteRows } from '../../support/sqlite.js'
import { type OpenSystem, openSystem } from '../open.js'
import { junmai } from './junmai.js'

let at: OpenSystem
let run: EtlResult
let empty: string
beforeAll(async () => {
  at = await openSystem(junmai)
  empty = await at.state()
  run = await at.etl('run', '--yes', '--json')
})

const file = (name: string): string => join(at.dir, name)
const backups = (pattern: RegExp): string[] => readdirSync(file('backups')).filter(name => pattern.test(name))

test('backs up, migrates every row and proves it', async () => {
  expect(run.code, run.stderr).toBe(0)
  expect(resultOf(run.stdout)).toMatchObject({ status: 'ok', verification: { state: 'verified' } })
  expect(resultOf(run.stdout).entities.map(({ name, counts }) => [name, counts.written])).toEqual([
    ['sessions', 5],
    ['photos', 127],
    ['jobs', 45],
    ['presets', 3],
    ['statistics', 10],
    ['learning_data', 89],
  ])
  expect(sqliteRows(file('junmai_v2.db'), 'select distinct iso from photos order by 1')).toEqual([
    [null],
    [400],
    [12_800],
  ])
  expect(
    sqliteRows(file('junmai_v2.db'), `select count(*) from photos where captured_at not glob '2021-??-??T??:??:??'`),
  ).toEqual([[0]])
})

test('the backup is named by its time, with its checksum beside it, for its owner only', async () => {
  const [backup = ''] = backups(/^junmai_backup_\d{8}_\d{6}\.db$/)
  const metadata = JSON.parse(readFileSync(file(`backups/${backup.replace(/db$/, 'json')}`), 'utf8')) as Record<
    string,
    unknown
  >
  expect(metadata.checksum).toMatch(/^[0-9a-f]{64}$/)
  expect(metadata.size).toBe(statSync(file(`backups/${backup}`)).size)
  expect(statSync(file(`backups/${backup}`)).mode & 0o777).toBe(0o600)
})

test('a difference is found by a verification alone, with its key and field', async () => {
  copyFileSync(file('junmai_v2.db'), file('kept.db'))
  sqliteExec(
    file('junmai_v2.db'),
    `update photos set camera = camera || ' ' where id = (select min(id) from photos where camera is not null)`,
  )
  const verify = await at.etl('verify', '--json')
  expect(verify.code).toBe(4)
  const { entities } = JSON.parse(verify.stdout) as {
    entities: { name: string; differences: { fields: { column: string }[] }[] }[]
  }
  expect(entities.find(({ name }) => name === 'photos')?.differences).toMatchObject([
    { fields: [{ column: 'camera', how: 'white space at the end' }] },
  ])
  copyFileSync(file('kept.db'), file('junmai_v2.db'))
  expect((await at.etl('verify', '--level', 'sample')).code).toBe(0)
})

test('a damaged backup is refused and nothing is touched; a sound one comes back, after a backup of what is there', async () => {
  const [backup = ''] = backups(/^junmai_backup_\d{8}_\d{6}\.db$/)
  const bytes = readFileSync(file(`backups/${backup}`))
  const damaged = Buffer.from(bytes)
  damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1
  writeFileSync(file(`backups/${backup}`), damaged)
  const before = await at.state()
  const refused = await at.etl('restore', join('backups', backup), '--yes')
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toMatch(/checksum|SHA-256/)
  expect(await at.state()).toBe(before)
  expect(backups(/pre_restore/)).toEqual([])
  writeFileSync(file(`backups/${backup}`), bytes)
  const restored = await at.etl('restore', join('backups', backup), '--yes')
  expect(restored.code, restored.stderr).toBe(0)
  expect(await at.state()).toBe(empty)
  expect(backups(/^junmai_pre_restore_\d{8}_\d{6}\.db$/)).toHaveLength(1)
})

test('an orphan ends the run, which takes back what it wrote; the backup stays', async () => {
  const dirty = await openSystem(junmai)
  sqliteExec(join(dirty.dir, 'junmai.db'), 'update jobs set photo_id = 9999 where id = 7')
  const failed = await dirty.etl('run', '--yes', '--json')
  expect(failed.code).toBe(1)
  expect(resultOf(failed.stdout).error).toMatchObject({ code: 'E502' })
  expect(failed.stderr).toContain('photo_id')
  expect(await dirty.state()).toBe(empty)
  expect(readdirSync(join(dirty.dir, 'backups')).filter(name => name.endsWith('.db'))).toHaveLength(1)
})

test('every step is in the log of the run and in its report', async () => {
  const { runDir = '' } = resultOf(run.stdout)
  const events = readFileSync(join(runDir, 'events.ndjson'), 'utf8').trimEnd().split('\n')
  const steps = events
    .map(line => JSON.parse(line) as { type: string; step?: string; state?: string })
    .filter(({ type }) => type === 'step')
  expect(steps.filter(({ state }) => state === 'done').map(({ step }) => step)).toEqual(
    expect.arrayContaining(['backup', 'verify']),
  )
  expect(JSON.parse(readFileSync(join(runDir, 'report.json'), 'utf8'))).toMatchObject({ pipeline: 'junmai' })
})

test('a source that is not there is said, with what to do', async () => {
  const place = await openSystem(junmai)
  const gone = await place.etl('run', '--yes', '--var', 'JUNMAI_DB=gone.db')
  expect(gone.code).toBe(5)
  expect(gone.stderr).toContain('gone.db')
})
