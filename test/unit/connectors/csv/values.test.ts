import { expect, test } from 'vitest'
import { csv, Folder } from './folder.js'

async function read(text: string | Buffer, options: Readonly<Record<string, unknown>> = {}) {
  return new Folder(csv, options).write('a.csv', text).rows('a.csv')
}

test('an empty value is null, a quoted one is empty text', async () => {
  expect(await read('a,b,c\n,"", \n"a""""b",,""\n')).toEqual([
    [null, '', ' '],
    ['a""b', null, ''],
  ])
})

test('with a null token of its own an empty value is empty text, and the token is text where it is quoted', async () => {
  expect(await read('a,b,c\nNULL,"NULL",\nnull,"",""\n', { null: 'NULL' })).toEqual([
    [null, 'NULL', ''],
    ['null', '', ''],
  ])
  expect(await read('a,b\n\\N,"\\N"\n', { null: '\\N' })).toEqual([[null, '\\N']])
})

test('an empty line is a row where a file has one column only', async () => {
  expect(await read('a\n1\n\n""\n3\n')).toEqual([['1'], [null], [''], ['3']])
  expect(await read('a,b\n1,2\n\n\n3,4\n')).toEqual([
    ['1', '2'],
    ['3', '4'],
  ])
})

test('delimiters, quotes and escapes are as the source says', async () => {
  expect(await read("a;b\n'x;''y''';2\n", { delimiter: ';', quote: "'" })).toEqual([["x;'y'", '2']])
  expect(await read('a\tb\n5" pipe\t"x\n', { delimiter: '\t', quote: false })).toEqual([['5" pipe', '"x']])
  expect(await read('a,b\n"x\\"y","\\\\"\n', { escape: '\\' })).toEqual([['x"y', '\\']])
  expect(await read('a||b\n1||"x||y"\n', { delimiter: '||' })).toEqual([['1', 'x||y']])
})

test('nothing is trimmed, guessed or converted', async () => {
  expect(await read('a,b\n 007 ,1e5\n"  ",true\n')).toEqual([
    [' 007 ', '1e5'],
    ['  ', 'true'],
  ])
})

test('text is read in the encoding of the source', async () => {
  expect(await read(Buffer.from('a\n\u00e9\u0080\n', 'latin1'), { encoding: 'latin1' })).toEqual([['é\u0080']])
  const windows = Buffer.concat([Buffer.from('a\n'), Buffer.from([0x80, 0x93, 0xe9, 0x9f, 0x0a])])
  expect(await read(windows, { encoding: 'windows-1252' })).toEqual([['€“éŸ']])
  const wide = Buffer.from('\ufeffa,b\n\u0a05\u0100,😀\n', 'utf16le')
  expect(await read(wide, { encoding: 'utf16le' })).toEqual([['\u0a05\u0100', '😀']])
})

test('the catalog: text columns, the number of the row, an estimate', async () => {
  const lines = Array.from({ length: 200_000 }, (_, i) => `${i},x\n`).join('')
  const folder = new Folder(csv).write('a.csv', `id,"full ""name"""\n${lines}`).write('b.csv', 'a,b\n1,2\n3\n')
  const database = await folder.open()
  const table = await database.table({ table: 'a.csv' })
  expect(table?.columns.map(column => [column.name, column.native, column.nullable, column.pseudo])).toEqual([
    ['id', 'text', true, undefined],
    ['full "name"', 'text', true, undefined],
    ['$row', 'row number', false, true],
  ])
  expect(table?.primaryKey).toEqual(['$row'])
  // The first numbers are shorter than the others.
  expect(table?.estimatedRows).toBeGreaterThan(180_000)
  expect(table?.estimatedRows).toBeLessThan(240_000)
  expect((await database.table({ table: 'b.csv' }))?.estimatedRows).toBe(2)
  expect(await database.table({ table: 'c.csv' })).toBeUndefined()
  // A dotted name that was taken for a schema and a table is put together again.
  expect((await database.table({ schema: 'b', table: 'csv' }))?.table).toBe('b.csv')
})
