import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { disagreements, Folder, failure, jsonl } from '../csv/folder.js'

/** The size of the pieces in which files are read. */
const CHUNK = 256 * 1024
const MB = 1024 * 1024

const TEXT = '{"id":1,"name":"Zoë"}\r\n\n{"name":"😀\\n","id":12345678901234567890}\n  \n{"id":1.50,"tags":["é", 1]}'
const ROWS = [
  [1, 'Zoë', null],
  [12345678901234567890n, '😀\n', null],
  ['1.50', null, '["é", 1]'],
]

test.each([
  ['plain.jsonl', TEXT, {}],
  ['end.jsonl', `${TEXT}\n`, {}],
  ['bom.jsonl', `\ufeff${TEXT}`, {}],
  ['packed.jsonl.gz', `\ufeff${TEXT}`, {}],
  ['wide.jsonl', Buffer.from(TEXT, 'utf16le'), { encoding: 'utf16le' }],
  ['named.jsonl', TEXT, { columns: ['id', 'name', 'tags'] }],
])('%s: every position goes on with exactly the rest', async (name, content, options) => {
  const folder = new Folder(jsonl, options).write(name, content)
  expect(await folder.rows(name)).toEqual(ROWS)
  expect(await folder.rows(name, { names: ['$row'] })).toEqual([[1], [3], [5]])
  expect(await disagreements(folder, name)).toEqual([])
})

test('a position is the byte in the file and the number of the line', async () => {
  const folder = new Folder(jsonl).write('a.jsonl', '\ufeff{"a":"ë"}\r\n\n{"a":2}')
  expect(await folder.batches('a.jsonl', { batchRows: 1 })).toEqual([
    { rows: [['ë']], cursor: [15, 1] },
    { rows: [[2]], cursor: [23, 3] },
  ])
})

test('a piece may end anywhere', async () => {
  const folder = new Folder(jsonl, { columns: ['a'] })
  const rest = '{"a":"é😀"}\r\n\n{"a":2}\n'
  for (let cut = 0; cut <= Buffer.byteLength(rest); cut++) {
    const filler = 'x'.repeat(CHUNK - 9 - cut)
    folder.write('cut.jsonl', `{"a":"${filler}"}\n${rest}`)
    expect((await folder.rows('cut.jsonl')).slice(1), `cut ${cut}`).toEqual([['é😀'], [2]])
    const [first] = await folder.batches('cut.jsonl', { batchRows: 1, take: 1 })
    expect(await folder.rows('cut.jsonl', { after: first?.cursor ?? [] }), `cut ${cut}`).toEqual([['é😀'], [2]])
  }
})

test('the columns are the members of the first 1,000 objects; another one makes a row malformed', async () => {
  const objects = Array.from({ length: 1000 }, (_, i) => (i === 999 ? '{"a":1,"b":2}' : '{"a":1}'))
  const text = [...objects, '{"a":2,"c":3}', '{"b":4}', ''].join('\n')
  const folder = new Folder(jsonl).write('a.jsonl', text)
  const table = await (await folder.open()).table({ table: 'a.jsonl' })
  expect(table?.columns.map(({ name, type }) => `${name} ${type.kind}`)).toEqual(['a any', 'b any', '$row integer'])
  expect(await folder.malformed('a.jsonl')).toEqual([
    {
      $row: 1001,
      code: 'E423',
      message:
        'the line has a member that none of the first 1000 objects has: name the columns of the source by `columns`',
      values: { $byte: 999 * 8 + 14, $text: '{"a":2,"c":3}' },
    },
  ])
  expect((await folder.rows('a.jsonl')).slice(-2)).toEqual([
    [null, null],
    [null, 4],
  ])
  const named = new Folder(jsonl, { columns: ['c', 'z'] }).write('a.jsonl', text)
  expect(await named.malformed('a.jsonl')).toEqual([])
  expect((await named.rows('a.jsonl')).slice(-2)).toEqual([
    [3, null],
    [null, null],
  ])
})

test('lines that are no object are malformed, the others are read', async () => {
  const folder = new Folder(jsonl).write('a.jsonl', '{"a":1}\n[2]\n{"a":3\n\n{"a":4,"a":5}\n{"a":6}\n')
  expect(await folder.malformed('a.jsonl')).toEqual([
    { $row: 2, code: 'E423', message: 'the line is not a JSON object', values: { $byte: 8, $text: '[2]' } },
    { $row: 3, code: 'E423', message: 'the line is not valid JSON', values: { $byte: 12, $text: '{"a":3' } },
    { $row: 5, code: 'E423', message: 'two members have the same name', values: { $byte: 19, $text: '{"a":4,"a":5}' } },
  ])
  expect(await folder.rows('a.jsonl')).toEqual([[1], [null], [null], [null], [6]])
})

test('what cannot be read says where', async () => {
  const failing = async (content: string | Buffer, options = {}) => {
    const folder = new Folder(jsonl, options)
    writeFileSync(join(folder.dir, 'a.jsonl'), content)
    return failure(folder.rows('a.jsonl'))
  }
  const invalid = Buffer.concat([Buffer.from('{"a":1}\n\n{"a":"'), Buffer.from([0xff]), Buffer.from('"}\n')])
  expect(await failing(invalid, { columns: ['a'] })).toBe('E409 a.jsonl is not valid utf8 text at byte 15 (row 3)')
  const long = `{"a":1}\n{"a":"${'x'.repeat(3000)}"}\n`
  const message = 'E523 a.jsonl: a line is longer than 2048 bytes (row 2, byte 8)'
  expect(await failing(long, { max_record: 2048 })).toBe(message)
  expect(await failing(long.trimEnd(), { max_record: 2048 })).toBe(message)
  expect(await failing('[1]\n')).toBe('E523 a.jsonl: no line holds a JSON object with members')
  expect(await failing('')).toBe('E523 a.jsonl: no line holds a JSON object with members')
})

test('a value of 100 MB is read', async () => {
  const big = '\\"é'.repeat(25 * MB)
  const folder = new Folder(jsonl, { columns: ['a'] }).write('a.jsonl', `{"a":"${big}"}\n{"a":2}\n`)
  const [first, second] = await folder.batches('a.jsonl')
  expect(first?.rows[0]?.[0] === '"é'.repeat(25 * MB)).toBe(true)
  expect(second?.rows).toEqual([[2]])
}, 60_000)
