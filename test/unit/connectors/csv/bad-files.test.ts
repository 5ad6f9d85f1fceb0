import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { csv, Folder, failure, newFolder } from './folder.js'

const MB = 1024 * 1024

async function failing(content: string | Buffer, options: Readonly<Record<string, unknown>> = {}, name = 'a.csv') {
  const folder = new Folder(csv, options)
  if (Buffer.isBuffer(content)) writeFileSync(join(folder.dir, name), content)
  else folder.write(name, content)
  return failure(folder.rows(name))
}

test('a row with a wrong number of values is malformed, the others are read', async () => {
  const folder = new Folder(csv).write('a.csv', '\ufeffa,b\n1,2\n3\n"x\n",5,"6"\r\n\n7,8\n9,')
  expect(await folder.malformed('a.csv')).toEqual([
    {
      $row: 2,
      code: 'E423',
      message: 'the row has 1 value where the file has 2 columns',
      values: { $byte: 11, $text: '3' },
    },
    {
      $row: 3,
      code: 'E423',
      message: 'the row has 3 values where the file has 2 columns',
      values: { $byte: 13, $text: '"x\n",5,"6"' },
    },
  ])
  expect(await folder.rows('a.csv', { names: ['b', '$row'] })).toEqual([
    ['2', 1],
    [null, 2],
    [null, 3],
    ['8', 4],
    [null, 5],
  ])
})

test('quotes that are wrong end the reading where they stand', async () => {
  expect(await failing('a,b\n1,2\n3,"x\n4,5\n')).toBe('E523 a.csv: a quote is never closed (row 2, byte 10)')
  expect(await failing('a,b\n1,2\n"é","x" y\n')).toBe('E523 a.csv: text follows a closing quote (row 2, byte 13)')
  expect(await failing('a,b\n1,2\né"x",y\n')).toBe(
    'E523 a.csv: a quote stands within an unquoted value (row 2, byte 10)',
  )
  expect(await failing('\ufeffa,"b\n1,2\n')).toBe('E523 a.csv: a quote is never closed (row 0, byte 5)')
})

test.each([
  ['5,"x\n', {}, 'E523 a.csv: a quote is never closed (row 3, byte 14)'],
  [`5,${'x'.repeat(100)}\n6,7\n`, { max_record: 50 }, 'E523 a.csv: a record is longer than 50 bytes (row 3, byte 12)'],
])('rows before the place at fault are given first: %j', async (fault, options, message) => {
  const folder = new Folder(csv, options).write('a.csv', `a,b\n1,2\n3,4\n${fault}`)
  const database = await folder.open()
  const session = await database.session({ readOnly: true })
  const columns = [{ name: 'a', type: { kind: 'text' as const }, decode: false }]
  const from = { table: { table: 'a.csv' } }
  const rows: unknown[] = []
  const reading = async () => {
    const spec = { from, columns, order: [], batchRows: 1000, batchBytes: MB }
    for await (const batch of session.read(spec, new AbortController().signal)) rows.push(...batch.rows)
  }
  expect(await failure(reading())).toBe(message)
  expect(rows).toEqual([['1'], ['3']])
})

test('bytes that are no text say where they are and in which row', async () => {
  const invalid = Buffer.concat([Buffer.from('a,b\n1,é\n2,x'), Buffer.from([0xe9]), Buffer.from('\n3,y\n')])
  expect(await failing(invalid)).toBe('E409 a.csv is not valid utf8 text at byte 12 (row 2)')
  const first = Buffer.concat([Buffer.from('a\n1\n'), Buffer.from([0xff])])
  expect(await failing(first)).toBe('E409 a.csv is not valid utf8 text at byte 4 (row 2)')
  const cut = Buffer.from('a\né').subarray(0, 3)
  expect(await failing(cut)).toBe('E409 a.csv is not valid utf8 text at byte 2 (row 1)')
  const far = Buffer.concat([Buffer.from(`a\n${'ü\n'.repeat(200_000)}`), Buffer.from([0xc3, 0x28])])
  expect(await failing(far)).toBe('E409 a.csv is not valid utf8 text at byte 600002 (row 200001)')
  expect(await failing(Buffer.from([0x61, 0x0a, 0x81]), { encoding: 'windows-1252' })).toBe(
    'E409 a.csv is not valid windows-1252 text at byte 2 (row 1)',
  )
  expect(await failing(Buffer.from('a\n\ud800x', 'utf16le'), { encoding: 'utf16le' })).toBe(
    'E409 a.csv is not valid utf16le text at byte 2 (row 1)',
  )
})

test('a value of 100 MB is read; a longer record than allowed is an error with its place', async () => {
  const big = 'é'.repeat(50 * MB)
  const folder = new Folder(csv).write('a.csv', `a,b\n1,"${big}"\n2,x\n`)
  const [first, second] = await folder.batches('a.csv')
  expect([first?.rows.length, second?.rows]).toEqual([1, [['2', 'x']]])
  expect(first?.rows[0]?.[1] === big).toBe(true)
  const small = { max_record: 2048 }
  expect(await failing(`a,b\n1,x\n2,${'x'.repeat(3000)}\n`, small)).toBe(
    'E523 a.csv: a record is longer than 2048 bytes (row 2, byte 8)',
  )
  const unclosed = `a,b\n1,x\n2,"${'x\n'.repeat(300_000)}`
  expect(await failing(unclosed, small)).toBe(
    'E523 a.csv: a record is longer than 2048 bytes (row 2, byte 10, where a quote is opened)',
  )
}, 60_000)

test('a file without a usable header says so', async () => {
  expect(await failing('')).toBe('E523 a.csv: the file has no header')
  expect(await failing('\n\n')).toBe('E523 a.csv: the file has no header')
  expect(await failing('a,,c\n')).toBe('E523 a.csv: column 2 of the header has no name')
  expect(await failing('a,b,a\n')).toBe('E523 a.csv: two columns are called a')
  expect(await failing('a,$row\n')).toBe('E523 a.csv: a column may not be called $row')
  expect(await new Folder(csv, { columns: ['a'] }).write('a.csv', '').rows('a.csv')).toEqual([])
  expect(await new Folder(csv).write('a.csv', 'a,b').rows('a.csv')).toEqual([])
})

test('a damaged or uncompressed .gz file says so', async () => {
  const whole = gzipSync(`a\n${Array.from({ length: 1000 }, (_, i) => `${i}\n`).join('')}`)
  const message = 'E523 a.csv.gz is not a whole gzip file'
  expect(await failing(whole.subarray(0, whole.length / 2), {}, 'a.csv.gz')).toBe(message)
  expect(await failing(Buffer.from('a,b\n1,2\n'), {}, 'a.csv.gz')).toBe(message)
})

test('files lie in the folder of the pipeline or below a root, wherever links lead', async () => {
  const outside = newFolder()
  writeFileSync(join(outside, 'secret.csv'), 'a\n1\n')
  const folder = new Folder(csv)
  mkdirSync(join(folder.dir, 'data'))
  writeFileSync(join(folder.dir, 'data/in.csv'), 'a\n1\n')
  symlinkSync(join(outside, 'secret.csv'), join(folder.dir, 'link.csv'))
  symlinkSync(outside, join(folder.dir, 'links'))
  symlinkSync(join(folder.dir, 'data/in.csv'), join(folder.dir, 'inner.csv'))
  const look = async (name: string) => failure((await folder.open()).table({ table: name }))
  for (const name of ['link.csv', 'links/secret.csv', join(outside, 'secret.csv'), '../x.csv', '/etc/x.csv']) {
    expect(await look(name)).toBe(`E013 ${name} lies outside the folder of the pipeline`)
  }
  expect(await look('data')).toBe('E001 data is no file')
  expect(await folder.rows('inner.csv')).toEqual([['1']])
  expect(await folder.rows('data/../data/in.csv')).toEqual([['1']])
  const rooted = new Folder(csv, { roots: [outside] }).write('own.csv', 'a\n')
  expect(await rooted.rows(join(outside, 'secret.csv'))).toEqual([['1']])
  expect(await failure((await rooted.open()).table({ table: 'own.csv' }))).toBe(
    'E013 own.csv lies outside the `roots` of its source',
  )
})

test('a file that changes is not read on', async () => {
  const folder = new Folder(csv).write('a.csv', 'a\n1\n2\n')
  const database = await folder.open()
  await database.table({ table: 'a.csv' })
  folder.write('a.csv', 'a\n1\n2\n3\n')
  const session = await database.session({ readOnly: true })
  expect(await failure(session.count({ from: { table: { table: 'a.csv' } } }))).toBe(
    'E522 a.csv changed while it was read',
  )
  expect(await failure(folder.rows('a.csv', { version: '8 bytes' }))).toBe('E522 a.csv changed while it was read')
})

test('files answer no SQL', async () => {
  const database = await new Folder(csv).open()
  const session = await database.session({ readOnly: true })
  const message = 'E308 files are read as they are: they answer no SQL and cannot be written'
  expect(await failure(session.query('select 1'))).toBe(message)
  expect(await failure(session.execute('delete'))).toBe(message)
  expect(await failure(database.session({ readOnly: false }))).toBe('E305 files are read only')
  expect(await failure(database.describe('select 1'))).toBe('E308 files answer no queries')
})
