import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseLine, QuarantineFiles, quarantineFile, type RejectRecord } from '../../../src/run/quarantine.js'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'etl-quarantine-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const reject = (row: number): RejectRecord => ({
  row,
  stage: 'constraint',
  code: 'E413',
  message: 'not unique',
  policy: 'quarantine',
})

function kept(): string[] {
  return readFileSync(quarantineFile(dir, 't'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(text => {
      const line = parseLine(text)
      return line === undefined ? 'torn' : `${line.chunk}.${line.batch}.${line.row}`
    })
}

test('a process that lost its run neither adds to nor cuts the rows of the one that has it', async () => {
  const old = await QuarantineFiles.open(dir, 1)
  await old.append('t', 'load', 0, 1, [reject(1)])
  await old.append('t', 'load', 1, 1, [reject(2)])
  await old.append('t', 'load', 0, 2, [reject(3)])

  const next = await QuarantineFiles.open(dir, 2)
  await next.trim('t', 'load', 0, 1)
  await next.append('t', 'load', 0, 2, [reject(4)])
  await old.append('t', 'load', 0, 3, [reject(5)])
  await old.trim('t', 'load', 0, 0)
  await old.removeOlder()
  expect(kept()).toEqual(['0.1.1', '1.1.2', '0.2.4'])

  await next.removeOlder()
  await old.append('t', 'load', 0, 4, [reject(6)])
  expect(kept()).toEqual(['0.1.1', '1.1.2', '0.2.4'])
})

test('nothing rejected before is nothing rejected, whatever a process that lost its run adds', async () => {
  const old = await QuarantineFiles.open(dir, 1)
  await QuarantineFiles.open(dir, 2)
  await old.append('t', 'load', 0, 1, [reject(1)])
  expect(existsSync(quarantineFile(dir, 't'))).toBe(false)
})

test('a copy that was cut short is made again', async () => {
  const first = await QuarantineFiles.open(dir, 1)
  await first.append('t', 'load', 0, 1, [reject(1)])
  const torn = await QuarantineFiles.open(join(dir, 'quarantine-3.tmp'), 1)
  await torn.append('t', 'load', 0, 9, [reject(9)])
  const third = await QuarantineFiles.open(dir, 3)
  expect(kept()).toEqual(['0.1.1'])
  await third.removeOlder()
  expect(readdirSync(dir)).toEqual(['quarantine-3'])
})
