import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { OpenOptions } from '../../../../src/core/connector.js'
import { csv, disagreements, Folder, failure, newFolder } from './folder.js'

const options = (baseDir: string): OpenOptions => ({ readOnly: false, baseDir, applicationName: 'etl test' })

async function start(baseDir: string, config: Readonly<Record<string, unknown>>, table = 't'): Promise<void> {
  const database = await csv.open({ type: 'csv', ...config }, options(baseDir))
  const session = await database.session({ readOnly: false })
  try {
    await session.begin()
    const columns = [{ name: '€', type: { kind: 'text' as const }, nullable: true }]
    await session.startTable?.({ table }, columns, false)
    await session.commit()
  } finally {
    await session.close()
    await database.close()
  }
}

test('a target stays in the folder of the pipeline or in a root, wherever links lead', async () => {
  const outside = newFolder()
  const dir = newFolder()
  mkdirSync(join(dir, 'out'))
  symlinkSync(outside, join(dir, 'link'))
  symlinkSync(join(outside, 'mine'), join(dir, 'out/t.csv.part'))
  const at = (path: string, table?: string) => failure(start(dir, { path }, table))
  expect(await at('..')).toBe('E013 .. lies outside the folder of the pipeline')
  expect(await at('link/x')).toBe('E013 link/x lies outside the folder of the pipeline')
  expect(await at('.', '../t')).toBe('E013 ../t.csv lies outside .')
  expect(await at('.', 'link/t')).toBe('E013 link/t.csv lies outside .')
  expect(await at('out', 't')).toBe('E305 out/t.csv.part cannot be written (ELOOP)')
  expect(readdirSync(outside)).toEqual([])
  writeFileSync(join(dir, 'file'), '')
  expect(await at('file')).toBe('E001 file is no folder')
  await start(dir, { path: join(outside, 'new'), roots: [outside] }, 'sub/t')
  expect(readdirSync(join(outside, 'new/sub'))).toEqual(['t.csv.part'])
  await start(dir, { path: '.' }, 'a/b')
  expect(readdirSync(join(dir, 'a'))).toEqual(['b.csv.part'])
})

test('options that cannot be told apart, or a header that cannot be written, are refused', async () => {
  const apart = 'E215 delimiter, quote and null of the target cannot be told apart'
  expect(await failure(start(newFolder(), { path: 'out', delimiter: '"' }))).toBe(apart)
  expect(await failure(start(newFolder(), { path: 'out', delimiter: '||', null: 'a|' }))).toBe(apart)
  expect(await failure(start(newFolder(), { path: 'out', encoding: 'latin1' }))).toBe(
    'E409 the header cannot hold the name of column €: the text has a character that latin1 does not have',
  )
})

test('half of a long delimiter at the end of a value, and a byte order mark at the beginning, are quoted', async () => {
  const column = { name: 'a', type: { kind: 'text' as const }, native: 'text', nullable: true, hasDefault: false }
  const spec = {
    table: { table: 't' },
    columns: [column, { ...column, name: 'b' }],
    mode: 'insert' as const,
    match: [],
  }
  const encoder = csv.encoder(spec, { type: 'csv', delimiter: '||' })
  const { data } = encoder.encode([
    ['a|', 'b'],
    ['\ufeffa', '|'],
  ])
  expect(Buffer.from((data as { bytes: Uint8Array }).bytes).toString()).toBe('"a|"||b\n"\ufeffa"||"|"\n')
})

test('a compressed file of several members is read as one, from every position', async () => {
  const parts = ['a,b\n1,x\n2,"y\n', 'z"\n', '', '3,é', 'é\n']
  const folder = new Folder(csv)
  writeFileSync(join(folder.dir, 'a.csv.gz'), Buffer.concat(parts.map(part => gzipSync(part))))
  expect(await folder.rows('a.csv.gz')).toEqual([
    ['1', 'x'],
    ['2', 'y\nz'],
    ['3', 'éé'],
  ])
  expect(await disagreements(folder, 'a.csv.gz')).toEqual([])
})

test('line ends of all kinds in one file', async () => {
  const folder = new Folder(csv).write('a.csv', 'a,b\r\n1,x\n2,"y\r\nz\rw"\r3,\n\r\n4,v')
  expect(await folder.rows('a.csv')).toEqual([
    ['1', 'x'],
    ['2', 'y\r\nz\rw'],
    ['3', null],
    ['4', 'v'],
  ])
  expect(await disagreements(folder, 'a.csv')).toEqual([])
})
