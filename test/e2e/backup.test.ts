import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import Driver from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { backupTarget, loadPipeline, restoreBackup } from '../../src/index.js'
import { resultOf, runEtl, sqliteRows, Workspace } from '../support/etl.js'

const FILE = (backup: string, load = 'upsert'): string => `
version: 1
name: album
sources: { s: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
${backup}
entities:
  photo: { from: PHOTO, to: photo, load: ${load}, fields: { id: ID, name: NAME } }
`

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
const OLD = [
  [1, 'old 1'],
  [500, 'stays'],
]

function album(backup: string, load?: string): Workspace {
  const place = new Workspace()
  place.write('pipeline.yaml', FILE(backup, load))
  place.source(SOURCE)
  place.target(TARGET)
  return place
}

const load = (place: Workspace, env: Record<string, string> = {}) => loadPipeline(place.path('pipeline.yaml'), { env })
const photos = (place: Workspace) => place.rows('select * from photo order by id')
const saved = (place: Workspace, pattern = /_backup_.*\.db$/): string[] =>
  readdirSync(place.path('backups'))
    .filter(file => pattern.test(file))
    .sort()
    .map(file => place.path('backups', file))
const metadataOf = (file: string): string => file.replace(/\.[^/]*$/, '.json')

interface Saved {
  readonly backup: string
  readonly checksum: string
  readonly runId?: string
}

describe('an SQLite target', () => {
  test('is saved before the run, and restored to the byte', async () => {
    const place = album('backup: { dir: backups, keep: 2 }')
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(0)
    const result = resultOf(run.stdout) as unknown as { readonly runId: string; readonly backup: Saved }
    const [file = ''] = saved(place)
    expect(file).toMatch(/\/backups\/album_backup_\d{8}_\d{6}\.db$/)
    expect(readdirSync(place.path('backups'))).toHaveLength(2)
    const metadata = JSON.parse(readFileSync(metadataOf(file), 'utf8')) as { readonly seal: string }
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
      tables: expect.arrayContaining([{ table: 'photo', rows: 2 }]),
    })
    const { seal, ...described } = metadata
    expect(seal).toMatch(/^sha256 [0-9a-f]{64}$/)
    expect(result.backup).toMatchObject({ ...described, removed: [] })
    expect(sqliteRows(file, 'select * from photo order by id')).toEqual(OLD)
    expect(place.rows('select count(*) from photo')).toEqual([[201]])

    const back = await place.etl('restore', file, 'pipeline.yaml', '--yes', '--json')
    expect(back.code, back.stderr).toBe(0)
    expect(JSON.parse(back.stdout)).toMatchObject({ whole: true, undone: [], preRestore: { kind: 'pre_restore' } })
    expect(readFileSync(place.path('target.sqlite'))).toEqual(readFileSync(file))
    const again = await place.run('--json', '--no-backup')
    expect(again.code, again.stderr).toBe(0)
    expect(saved(place)).toEqual([file])
    expect(place.rows('select count(*) from photo')).toEqual([[201]])
    // What was there before the restore can be had too, and the ledger says who did what.
    const [pre = ''] = saved(place, /pre_restore.*\.db$/)
    const forward = await restoreBackup(await load(place), pre)
    expect(forward.undone).toEqual([])
    expect(place.rows('select count(*) from photo')).toEqual([[201]])
    expect(place.rows('select run_id, state from etl_run')).toEqual([[result.runId, 'completed']])
    expect(place.rows('select action from etl_audit')).toEqual([['restore']])
  })

  test('with a write-ahead log is restored without the log of what gave way', async () => {
    const place = album('backup: true')
    place.target('pragma journal_mode = wal')
    const pipeline = await load(place)
    const { backup } = await backupTarget(pipeline)
    chmodSync(place.path('target.sqlite'), 0o640)
    const writer = new Driver(place.path('target.sqlite'))
    writer.exec(`insert into photo values (2, 'in the log')`)
    // Somebody who has the file open would go on writing to one without a name.
    await expect(restoreBackup(pipeline, backup)).rejects.toMatchObject({
      code: 'E543',
      message: expect.stringContaining('open'),
    })
    expect(photos(place)).toHaveLength(3)
    writer.close()
    await restoreBackup(pipeline, backup)
    expect(photos(place)).toEqual(OLD)
    expect(place.rows('pragma journal_mode')).toEqual([['wal']])
    expect(statSync(place.path('target.sqlite')).mode & 0o777).toBe(0o640)
  })

  test('of another place is refused, unless that is meant', async () => {
    const place = album('backup: true')
    const { backup } = await backupTarget(await load(place))
    const other = album('backup: true')
    other.target(`delete from photo`)
    const elsewhere = await other.etl('restore', backup, 'pipeline.yaml', '--yes')
    expect(elsewhere.code).toBe(2)
    expect(elsewhere.stderr).toContain('E542 backup is of another target')
    expect(elsewhere.stderr).toContain('--into-other-target')
    expect(photos(other)).toEqual([])
    expect(existsSync(other.path('backups'))).toBe(false)
    const silent = await other.etl('restore', backup, 'pipeline.yaml', '--into-other-target')
    expect(silent.code).toBe(2)
    expect(silent.stderr).toContain('E514')
    expect(photos(other)).toEqual([])
    const meant = await other.etl('restore', backup, 'pipeline.yaml', '--into-other-target', '--yes')
    expect(meant.code, meant.stderr).toBe(0)
    expect(photos(other)).toEqual(OLD)
  })

  test('is neither saved nor restored while a run holds the pipeline', async () => {
    const place = album('backup: true')
    const pipeline = await load(place)
    const { backup } = await backupTarget(pipeline)
    const lock = place.path(readdirSync(place.dir).find(file => file.endsWith('.etl-lock')) ?? '')
    const holder = new Driver(lock)
    holder.exec('begin exclusive')
    await expect(restoreBackup(pipeline, backup)).rejects.toMatchObject({ code: 'E503' })
    await expect(backupTarget(pipeline)).rejects.toMatchObject({ code: 'E503' })
    holder.close()
    expect(readdirSync(place.path('backups'))).toHaveLength(2)
    await restoreBackup(pipeline, backup)
  })
})

describe('a backup that is not what was written', () => {
  test('is refused, and nothing is touched', async () => {
    const place = album('backup: true')
    const pipeline = await load(place)
    const { backup } = await backupTarget(pipeline)
    place.target(`insert into photo values (3, 'later')`)
    const second = await backupTarget(pipeline)
    const target = readFileSync(place.path('target.sqlite'))
    const good = readFileSync(backup)
    const refused = async (code: string, message: string): Promise<void> => {
      await expect(restoreBackup(pipeline, backup)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
        hint: expect.stringContaining('nothing was touched'),
      })
      expect(readFileSync(place.path('target.sqlite'))).toEqual(target)
      expect(saved(place, /pre_restore/)).toEqual([])
      writeFileSync(backup, good)
    }
    const flipped = Buffer.from(good)
    flipped[5000] = (flipped[5000] ?? 0) ^ 1
    writeFileSync(backup, flipped)
    const told = await place.etl('restore', backup, 'pipeline.yaml', '--yes')
    expect([told.code, told.stderr]).toEqual([1, expect.stringContaining('E541 backup is damaged')])
    await refused('E541', 'SHA-256')
    for (const size of [0, 1, 4096, good.length - 1]) {
      truncateSync(backup, size)
      await refused('E541', `it has ${size} bytes, and ${good.length} were written`)
    }
    copyFileSync(second.backup, backup)
    await refused('E541', 'SHA-256')
    renameSync(metadataOf(backup), `${backup}.away`)
    await refused('E541', 'cannot be read')
    for (const text of ['', '{', 'null', '{"v":1}', '{"v":2}']) {
      writeFileSync(metadataOf(backup), text)
      await refused('E541', 'is not the description of a backup')
    }
    copyFileSync(metadataOf(second.backup), metadataOf(backup))
    await refused('E541', 'SHA-256')
    const described = readFileSync(`${backup}.away`)
    for (let at = 0; at < described.length; at += 31) {
      const changed = Buffer.from(described)
      changed[at] = (changed[at] ?? 0) ^ 1
      writeFileSync(metadataOf(backup), changed)
      await refused('E541', '.json is not ')
    }
    writeFileSync(metadataOf(backup), `${described} `)
    await refused('E541', 'is not as it was written')
    renameSync(`${backup}.away`, metadataOf(backup))
    place.write('pipeline.yaml', FILE('backup: true').replace('name: album', 'name: albums'))
    const other = await load(place)
    await expect(restoreBackup(other, backup)).rejects.toMatchObject({
      code: 'E542',
      message: 'the backup is one of the pipeline album, and this is albums',
    })
    expect(readFileSync(place.path('target.sqlite'))).toEqual(target)
    place.write('pipeline.yaml', FILE('backup: true'))
    await expect(restoreBackup(pipeline, `${backup}x`)).rejects.toMatchObject({ code: 'E001' })
    await restoreBackup(pipeline, backup)
    expect(photos(place)).toEqual(OLD)
  })

  test('and an encrypted one opens to its key alone', async () => {
    const place = album('backup: { encrypt: "${BACKUP_KEY}" }')
    place.target(`insert into photo values (7, 'canary-in-clear')`)
    const before = photos(place)
    const pipeline = await load(place, { BACKUP_KEY: 'correct horse battery' })
    const { backup, encrypted } = await backupTarget(pipeline)
    expect(backup).toMatch(/\.db\.enc$/)
    expect(encrypted).toBe(true)
    const sealed = readFileSync(backup)
    expect(sealed.includes('canary-in-clear')).toBe(false)
    expect(readFileSync(metadataOf(backup), 'utf8')).not.toContain('horse')
    expect(readdirSync(place.path('backups'))).toHaveLength(2)
    place.target('delete from photo')
    const other = await load(place, { BACKUP_KEY: 'another horse' })
    await expect(restoreBackup(other, backup)).rejects.toMatchObject({ code: 'E544' })
    place.write('pipeline.yaml', FILE('backup: true'))
    await expect(restoreBackup(await load(place), backup)).rejects.toMatchObject({ code: 'E544' })
    // Whoever can write the folder can mend the digest too; the seal is another matter.
    const described = readFileSync(metadataOf(backup), 'utf8')
    const digest = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')
    const describe = (changes: object, sealed = false): void => {
      const { seal: own, ...metadata } = JSON.parse(described) as { readonly seal: string }
      const forged = { ...metadata, ...changes }
      const text = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
      writeFileSync(metadataOf(backup), text({ ...forged, seal: sealed ? `sha256 ${digest(text(forged))}` : own }))
    }
    const forge = (bytes: Buffer): void => {
      writeFileSync(backup, bytes)
      describe({ checksum: digest(bytes), size: bytes.length })
    }
    const flipped = Buffer.from(sealed)
    flipped[sealed.length - 20] = (flipped[sealed.length - 20] ?? 0) ^ 1
    const head = sealed.indexOf('\n', sealed.indexOf('\n') + 1) + 1
    const renamed = Buffer.from(sealed)
    renamed.write('Z', sealed.indexOf('"salt":"') + 8)
    for (const bytes of [flipped, sealed.subarray(0, head), sealed.subarray(0, sealed.length - 1), renamed]) {
      forge(bytes)
      await expect(restoreBackup(pipeline, backup)).rejects.toMatchObject({ code: expect.stringMatching(/^E54[14]$/) })
      expect(photos(place)).toEqual([])
    }
    writeFileSync(backup, sealed)
    for (const change of [
      { timestamp: '2020-01-01T00:00:00.000Z' },
      { runsUntil: '2020' },
      { tables: [] },
      { encrypted: false },
    ]) {
      for (const sealed of [false, true]) {
        describe(change, sealed)
        await expect(restoreBackup(pipeline, backup)).rejects.toMatchObject({ code: 'E541' })
        expect(photos(place)).toEqual([])
      }
    }
    writeFileSync(metadataOf(backup), described)
    await restoreBackup(pipeline, backup)
    expect(photos(place)).toEqual(before)
    expect(saved(place, /part|plain|sealed/)).toEqual([])
  })
})

describe('kill -9', () => {
  const killed = async (place: Workspace, point: string, ...args: string[]): Promise<void> => {
    const env = { ETL_FAILPOINTS: `${point}:kill` }
    const { signal, stderr } = await runEtl([...args, 'pipeline.yaml', ...(args[0] === 'backup' ? [] : ['--yes'])], {
      cwd: place.dir,
      env,
    })
    expect([signal, stderr]).toEqual(['SIGKILL', expect.stringContaining(`failpoint ${point} kill`)])
  }

  test('while the target is saved: it is as it was, and the next backup clears away what lies there', async () => {
    const place = album('backup: { encrypt: a key of the test }')
    place.target(`insert into photo values (7, 'canary-in-clear')`)
    const before = readFileSync(place.path('target.sqlite'))
    for (const command of ['backup', 'run']) {
      await killed(place, 'backup-written', command)
      expect(readFileSync(place.path('target.sqlite'))).toEqual(before)
      expect(readdirSync(place.path('backups'))).toEqual([expect.stringMatching(/\.db\.enc\.part$/)])
    }
    const { code, stderr } = await place.etl('backup', 'pipeline.yaml')
    expect(code, stderr).toBe(0)
    const files = readdirSync(place.path('backups'))
    expect(files.sort()).toEqual([expect.stringMatching(/\.db\.enc$/), expect.stringMatching(/\.json$/)])
    for (const file of files) expect(readFileSync(place.path('backups', file)).includes('canary')).toBe(false)
  })

  test('while a backup is put back: the target is as before or as then, and the next command goes on', async () => {
    const place = album('backup: true')
    expect((await place.run()).code).toBe(0)
    const [file = ''] = saved(place)
    const after = photos(place)
    await killed(place, 'backup-written', 'restore', file)
    expect(photos(place)).toEqual(after)
    await killed(place, 'restore-written', 'restore', file)
    expect(readFileSync(place.path('target.sqlite'))).toEqual(readFileSync(file))
    const resumed = await place.run('--resume', '--no-backup')
    expect([resumed.code, resumed.stderr]).toEqual([2, expect.stringMatching(/E508 .*restored.* --restart/s)])
    const again = await place.etl('restore', file, 'pipeline.yaml', '--yes')
    expect(again.code, again.stderr).toBe(0)
    expect(photos(place)).toEqual(OLD)
    expect(readdirSync(place.path('backups')).filter(name => name.endsWith('.part'))).toEqual([])
    const anew = await place.run('--no-backup')
    expect(anew.code, anew.stderr).toBe(0)
    expect(photos(place)).toEqual(after)
  })
})

describe('the folder', () => {
  test('keeps the newest, and nothing of others; its files are their owner’s, whatever the umask', async () => {
    const place = album('backup: { dir: safe/deep, keep: 2 }')
    const folder = place.path('safe', 'deep')
    const umask = process.umask(0)
    try {
      const pipeline = await load(place)
      await backupTarget(pipeline)
      for (const file of ['album_backup_notes.txt.part', 'albums_backup_20200101_000000.db', 'mine.db'])
        writeFileSync(`${folder}/${file}`, 'mine', { mode: 0o600 })
      const made: string[] = []
      for (let i = 0; i < 3; i++) made.push((await backupTarget(pipeline)).backup)
      const own = readdirSync(folder).filter(file => file.startsWith('album_backup_2'))
      expect(own.sort()).toEqual(
        made
          .slice(1)
          .flatMap(file => [file, metadataOf(file)])
          .map(file => file.slice(folder.length + 1))
          .sort(),
      )
      expect(readdirSync(folder)).toHaveLength(7)
      for (const file of readdirSync(folder))
        expect([file, statSync(`${folder}/${file}`).mode & 0o777]).toEqual([file, 0o600])
      for (const dir of [folder, dirname(folder)]) expect(statSync(dir).mode & 0o777).toBe(0o700)
    } finally {
      process.umask(umask)
    }
  })

  test('is not there without a reason: only load: replace saves by itself, and only rows', async () => {
    const plain = album('')
    expect((await plain.run()).code).toBe(0)
    expect(existsSync(plain.path('backups'))).toBe(false)
    const replacing = album('', 'replace')
    const run = await replacing.run('--progress', 'plain')
    expect(run.code, run.stderr).toBe(0)
    expect(run.stderr).toMatch(/backup {2}done {2}album_backup_\d+_\d+\.db/)
    const [file = ''] = saved(replacing)
    expect(sqliteRows(file, 'select * from photo order by id')).toEqual(OLD)
    const never = album('backup: false', 'replace')
    expect((await never.run()).code).toBe(0)
    expect(existsSync(never.path('backups'))).toBe(false)
    const empty = album('', 'replace')
    empty.target('delete from photo')
    expect((await empty.run()).code).toBe(0)
    expect(existsSync(empty.path('backups'))).toBe(false)
  })

  test('that cannot be written stops the run before it writes', async () => {
    const place = album('backup: { dir: target.sqlite/no }')
    const run = await place.run('--json')
    expect(run.code).toBe(1)
    expect(resultOf(run.stdout).error).toMatchObject({ code: 'E540', hint: expect.stringContaining('backup.dir') })
    expect(photos(place)).toEqual(OLD)
    expect(place.rows(`select count(*) from sqlite_schema where name like 'etl_%'`)).toEqual([[0]])
  })
})

const mounted: string[] = []
afterAll(() => {
  for (const folder of mounted.splice(0)) execFileSync('umount', [folder])
})

const mounts = process.getuid?.() === 0 && process.platform === 'linux'
describe.runIf(mounts || process.env.ETL_TEST_STRICT === '1')('a disk that is full', () => {
  test('stops the run before it writes, and leaves no half a backup', { timeout: 120_000 }, async () => {
    const place = album('backup: { dir: disk }')
    place.target(`insert into photo with recursive n (i) as (select 1 union all select i + 1 from n where i < 200)
      select i + 1000, hex(randomblob(2000)) from n`)
    const disk = place.path('disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk])
    mounted.push(disk)
    const target = readFileSync(place.path('target.sqlite'))
    const run = await place.run('--json')
    expect(run.code, run.stderr).toBe(1)
    expect(resultOf(run.stdout).error).toMatchObject({
      code: 'E545',
      message: expect.stringMatching(/\/disk has 0\.4 MB free, and the backup may take 1\.\d MB$/),
      hint: expect.stringContaining('--no-backup'),
    })
    expect(readFileSync(place.path('target.sqlite'))).toEqual(target)
    // There was room when it was looked for.
    execFileSync('mount', ['-o', 'remount,size=4m', disk])
    let filled = false
    const fill = (): void => {
      if (filled) return
      filled = true
      writeFileSync(`${disk}/filler`, Buffer.alloc(3_800_000))
    }
    await expect(backupTarget(await load(place), { onProgress: fill })).rejects.toMatchObject({ code: 'E545' })
    expect(readdirSync(disk)).toEqual(['filler'])
    expect(readFileSync(place.path('target.sqlite'))).toEqual(target)
  })
})
