import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Checkpoint, CheckpointFile } from '../../../src/run/checkpoint.js'
import { NO_COUNTS } from '../../../src/run/events.js'

const checkpoint: Checkpoint = {
  v: 1,
  runId: 'aa11',
  pipeline: 'crm',
  targetUid: 'sqlite:1',
  fingerprint: 'f',
  epoch: 2,
  startedAt: '2026-01-01T00:00:00.000Z',
  state: 'running',
  updatedAt: '2026-01-01T00:00:00.000Z',
  entities: {
    customer: [
      {
        pass: 'load',
        chunk: 0,
        batch: 3,
        lastKey: '["9007199254740993"]',
        done: false,
        counts: { ...NO_COUNTS, read: 3000, written: 3000, inserted: 3000 },
      },
    ],
  },
}

let dir: string
let file: CheckpointFile
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'etl-checkpoint-'))
  file = new CheckpointFile(join(dir, 'state'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('reads back what was written, readable by the owner only', async () => {
  await file.write(checkpoint)
  expect(await file.read('now')).toEqual({ kind: 'ok', checkpoint })
  expect(statSync(file.path).mode & 0o777).toBe(0o600)
  expect(statSync(join(dir, 'state')).mode & 0o777).toBe(0o700)
})

test('no file is no checkpoint', async () => {
  expect(await file.read('now')).toEqual({ kind: 'none' })
})

test('every truncation and every flipped byte is noticed and the file is kept aside', async () => {
  await file.write(checkpoint)
  const good = readFileSync(file.path)
  for (let length = 0; length < good.length; length++) {
    writeFileSync(file.path, good.subarray(0, length))
    expect(await file.read(`cut-${length}`)).toEqual({
      kind: 'damaged',
      kept: join(dir, 'state', `checkpoint.corrupt-cut-${length}.json`),
    })
  }
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good)
    bad[at] = (bad[at] ?? 0) ^ 1
    writeFileSync(file.path, bad)
    expect((await file.read(`flip-${at}`)).kind).toBe('damaged')
  }
})

const aside = (stamp: string) => ({ kind: 'damaged', kept: join(dir, 'state', `checkpoint.corrupt-${stamp}.json`) })

test('a link, a pipe and a gigabyte of nothing are kept aside, and neither followed nor waited for', async () => {
  await file.write(checkpoint)
  const elsewhere = join(dir, 'elsewhere.json')
  renameSync(file.path, elsewhere)
  symlinkSync(elsewhere, file.path)
  expect(await file.read('link')).toEqual(aside('link'))
  await file.write({ ...checkpoint, epoch: 3 })
  expect(readFileSync(elsewhere, 'utf8')).toContain('"epoch":2')
  rmSync(file.path)
  execFileSync('mkfifo', [file.path])
  expect(await file.read('pipe')).toEqual(aside('pipe'))
  writeFileSync(file.path, '')
  truncateSync(file.path, 2 ** 30)
  expect(await file.read('huge')).toEqual(aside('huge'))
})

test('whatever else is in it with a right checksum is no checkpoint, and a strange key is a key', async () => {
  const signed = (body: string): string =>
    `${body.slice(0, -1)},"sha256":"${createHash('sha256').update(body).digest('hex')}"}\n`
  const whole = JSON.stringify(checkpoint)
  mkdirSync(join(dir, 'state'))
  const strange = [
    '{"v":1}',
    '{"v":1,"__proto__":{"runId":"aa11"}}',
    whole.replace('"entities":{', '"entities":{"x":null,'),
  ]
  strange.push(whole.replace('"batch":3', '"batch":"3"'), whole.replace('"v":1', '"v":2'), '[1]', 'null')
  for (const [i, body] of strange.entries()) {
    writeFileSync(file.path, signed(body))
    expect(await file.read(`n${i}`), body).toEqual(aside(`n${i}`))
  }
  writeFileSync(file.path, signed(whole.replace('"customer":', '"__proto__":')))
  const read = await file.read('proto')
  expect(read.kind === 'ok' ? Object.keys(read.checkpoint.entities) : read).toEqual(['__proto__'])
  expect(Object.hasOwn({}, 'batch')).toBe(false)
})

test('a folder that cannot be made is a clear error', async () => {
  writeFileSync(join(dir, 'state'), 'a file where the folder should be')
  await expect(file.write(checkpoint)).rejects.toMatchObject({
    code: 'E513',
    message: `${file.path} cannot be written: EEXIST`,
  })
})
