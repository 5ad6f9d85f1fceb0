import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Driver from 'better-sqlite3'
import { expect, test } from 'vitest'
import { makeFile, open, openSession, temporaryFolder, write, writeSpec } from './files.js'

test('a source that does not exist', async () => {
  const folder = temporaryFolder()
  await expect(open(folder, { readOnly: true, path: 'old/crm.sqlite' })).rejects.toMatchObject({
    code: 'E303',
    kind: 'connection',
    message: 'the database file old/crm.sqlite does not exist',
    hint: `looked for ${join(folder, 'old/crm.sqlite')}; a relative path starts at the folder of the pipeline file`,
  })
  expect(readdirSync(folder)).toEqual([])
})

test('a folder, a text and a very short file are not databases', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'dir'))
  writeFileSync(join(folder, 'text'), 'create table t (id integer);\n'.repeat(100))
  writeFileSync(join(folder, 'short'), 'x')
  await expect(open(folder, { path: 'dir' })).rejects.toMatchObject({
    code: 'E303',
    message: 'dir is a folder, not a database file',
  })
  for (const path of ['text', 'short']) {
    for (const readOnly of [true, false]) {
      await expect(open(folder, { path, readOnly })).rejects.toMatchObject({
        code: 'E303',
        kind: 'connection',
        message: `${path} is not an SQLite database`,
      })
    }
  }
})

test('a target is created with its folder only where that is asked for', async () => {
  const folder = temporaryFolder()
  await expect(open(folder, { path: 'a/b/new.sqlite' })).rejects.toMatchObject({ code: 'E303' })
  const database = await open(folder, { path: 'a/b/new.sqlite', create: true })
  expect(existsSync(join(folder, 'a/b/new.sqlite'))).toBe(true)
  expect(await database.listTables()).toEqual([])
})

test('a dry run sees an empty database where the target does not exist, and creates nothing', async () => {
  const folder = temporaryFolder()
  const dry = await open(folder, { path: 'a/new.sqlite', create: true, readOnly: true })
  expect(await dry.listTables()).toEqual([])
  const session = await openSession(dry, true)
  await expect(session.execute('create table t (id integer)')).rejects.toMatchObject({ code: 'E305' })
  expect(readdirSync(folder)).toEqual([])
  const real = await open(folder, { path: 'a/new.sqlite', create: true })
  expect(real.identity.uid).toBe(dry.identity.uid)
})

test('a target that cannot be written is refused before anything is read', async () => {
  const folder = temporaryFolder()
  const file = makeFile(folder, 'create table t (id integer)')
  chmodSync(file, 0o444)
  chmodSync(folder, 0o755)
  // Root may write everything, so the test gives up its rights for a moment.
  const root = process.geteuid?.() === 0
  if (root) process.seteuid?.(65534)
  try {
    await expect(open(folder)).rejects.toMatchObject({
      code: 'E305',
      kind: 'connection',
      message: 'data.sqlite cannot be written',
    })
    await expect(open(folder, { path: 'sub/new.sqlite', create: true })).rejects.toMatchObject({ code: 'E305' })
    await expect(open(folder, { path: 'new.sqlite', create: true })).rejects.toMatchObject({ code: 'E305' })
  } finally {
    if (root) process.seteuid?.(0)
  }
})

test('reading leaves the file as it is, and nothing beside it', async () => {
  const folder = temporaryFolder()
  const file = makeFile(folder, 'create table t (id integer primary key); insert into t values (1), (2)')
  const before = hash(file)
  const source = await open(folder, { readOnly: true })
  const session = await openSession(source, true)
  await session.begin()
  expect(await session.query('select count(*) from t')).toEqual([[2]])
  await session.commit()
  expect(hash(file)).toBe(before)
  expect(readdirSync(folder)).toEqual(['data.sqlite'])
})

test('the journal mode stays what the user chose', async () => {
  for (const mode of ['delete', 'wal']) {
    const folder = temporaryFolder()
    const file = makeFile(folder, `pragma journal_mode = ${mode}; create table t (id integer primary key)`)
    const database = await open(folder)
    await write(database, await writeSpec(database, 't', ['id']), [[1]])
    await database.close()
    const db = new Driver(file)
    expect(db.pragma('journal_mode', { simple: true })).toBe(mode)
    db.close()
  }
})

test('a file that another program holds is a passing trouble', async () => {
  const folder = temporaryFolder()
  const file = makeFile(folder, 'create table t (id integer primary key)')
  const database = await open(folder)
  const session = await openSession(database)
  const other = new Driver(file)
  other.exec('begin exclusive')
  await expect(session.begin()).rejects.toMatchObject({
    code: 'E307',
    kind: 'transient',
    message: 'another connection holds the lock of data.sqlite',
  })
  other.exec('rollback')
  other.close()
  await session.begin()
  await session.commit()
})

test('one file is one identity, by whichever path; two files are two', async () => {
  const folder = temporaryFolder()
  makeFile(folder, 'create table t (id integer primary key)')
  writeFileSync(join(folder, 'copy.sqlite'), readFileSync(join(folder, 'data.sqlite')))
  symlinkSync(folder, join(folder, 'link'))
  const database = await open(folder)
  const linked = await open(folder, { path: 'link/data.sqlite' })
  const copy = await open(folder, { path: 'copy.sqlite' })
  expect(linked.identity.uid).toBe(database.identity.uid)
  expect(copy.identity.uid).not.toBe(database.identity.uid)
  await write(database, await writeSpec(database, 't', ['id']), [[1]])
  expect((await open(folder)).identity.uid).toBe(database.identity.uid)
})

test('the lock is a private file beside the target and is freed when its holder is killed', async () => {
  const folder = temporaryFolder()
  makeFile(folder, 'create table t (id integer primary key)')
  const database = await open(folder)
  const lock = await database.lock('crm')
  const side = readdirSync(folder).find(name => name.endsWith('.etl-lock')) ?? ''
  expect(statSync(join(folder, side)).mode & 0o777).toBe(0o600)
  await lock?.release()

  const script = `
    const Driver = require('better-sqlite3')
    const db = new Driver(process.argv[1])
    db.exec('begin exclusive')
    process.stdout.write('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['-e', script, join(folder, side)], { cwd: process.cwd(), stdio: 'pipe' })
  await once(child.stdout, 'data')
  expect(await database.lock('crm')).toBeUndefined()
  expect(await database.lock('other').then(other => other?.release())).toBeUndefined()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const again = await database.lock('crm')
  expect(again).toBeDefined()
  await again?.release()
})

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
