import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csv, disagreements, Folder } from './folder.js'

/** The size of the pieces in which files are read. */
const CHUNK = 256 * 1024

const TEXT = [
  'id,name,note',
  '1,"a ""quoted"" name",x',
  '2,"two\r\nlines","\n"',
  '3,Zoë Ünal,😀',
  '',
  '4,,""',
  '5,"","a,b"',
  '6,"""",last',
].join('\r\n')

const ROWS = [
  ['1', 'a "quoted" name', 'x'],
  ['2', 'two\r\nlines', '\n'],
  ['3', 'Zoë Ünal', '😀'],
  ['4', null, ''],
  ['5', '', 'a,b'],
  ['6', '"', 'last'],
]

test.each([
  ['plain.csv', TEXT, {}],
  ['end.csv', `${TEXT}\r\n`, {}],
  ['bom.csv', `\ufeff${TEXT}`, {}],
  ['bom.csv.gz', `\ufeff${TEXT}`, {}],
  ['packed.csv.gz', TEXT, {}],
  ['mixed.csv', TEXT.replace('\r\n3', '\n3').replace('\r\n5', '\r5'), {}],
  ['wide.csv', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), { encoding: 'utf16le' }],
  ['skip.csv', `exported\ntoday\n${TEXT}`, { skip_lines: 2 }],
  ['named.csv', TEXT.slice(TEXT.indexOf('1')), { columns: ['id', 'name', 'note'] }],
])('%s: every position goes on with exactly the rest', async (name, content, options) => {
  const folder = new Folder(csv, options).write(name, content)
  expect(await folder.rows(name)).toEqual(ROWS)
  expect(await disagreements(folder, name)).toEqual([])
})

test('a position is the byte in the file and the number of the row', async () => {
  const folder = new Folder(csv).write('a.csv', '\ufeffa,b\r\n1,"ë\r\n"\r\n2,😀\n')
  const batches = await folder.batches('a.csv', { batchRows: 1, names: ['b', '$row'] })
  expect(batches).toEqual([
    { rows: [['ë\r\n', 1]], cursor: [3 + 5 + 10, 1] },
    { rows: [['😀', 2]], cursor: [3 + 5 + 10 + 7, 2] },
  ])
})

test('a piece may end anywhere: in a character, a line end, an escaped quote', async () => {
  const folder = new Folder(csv)
  const row = '"é""😀""",\r\n2,"\r\n"\r\n'
  const size = Buffer.byteLength(row)
  for (let cut = 0; cut <= size; cut++) {
    const head = 'a,b\n'
    const filler = 'x'.repeat(CHUNK - head.length - 4 - cut)
    folder.write('cut.csv', `${head}${filler},y\n\n${row}`)
    const rows = await folder.rows('cut.csv')
    expect(rows.slice(1), `cut ${cut}`).toEqual([
      ['é"😀"', null],
      ['2', '\r\n'],
    ])
    expect(rows[0]?.[0]?.toString().length).toBe(filler.length)
    const [first] = await folder.batches('cut.csv', { batchRows: 1, take: 1 })
    expect(await folder.rows('cut.csv', { after: first?.cursor ?? [] }), `cut ${cut}`).toEqual(rows.slice(1))
  }
})

const value = fc.oneof(
  fc.constantFrom(null, '', '"', '""', '\r', '\n', '\r\n', ',', ' ', 'NULL', 'é', '😀', '\u0000'),
  fc.string({ unit: 'binary', maxLength: 6 }),
)

test('any table comes back from any position', async () => {
  const folder = new Folder(csv)
  const table = fc.tuple(
    fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }),
    fc.constantFrom('\n', '\r\n'),
  )
  await fc.assert(
    fc.asyncProperty(table, async ([rows, newline]) => {
      const written = (item: string | null): string => (item === null ? '' : `"${item.replaceAll('"', '""')}"`)
      folder.write('any.csv', `a,b${newline}${rows.map(row => row.map(written).join(',') + newline).join('')}`)
      expect(await folder.rows('any.csv')).toEqual(rows)
      expect(await disagreements(folder, 'any.csv')).toEqual([])
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('batches end by rows and by bytes; a limit stops', async () => {
  const folder = new Folder(csv).write('a.csv', `a\n${Array.from({ length: 10 }, (_, i) => `value ${i}\n`).join('')}`)
  const sizes = async (options: object) => (await folder.batches('a.csv', options)).map(batch => batch.rows.length)
  expect(await sizes({ batchRows: 4 })).toEqual([4, 4, 2])
  expect(await sizes({ batchBytes: 16 })).toEqual([2, 2, 2, 2, 2])
  expect(await sizes({ limit: 5, batchRows: 4 })).toEqual([4, 1])
  expect(await sizes({ limit: 0 })).toEqual([])
})
