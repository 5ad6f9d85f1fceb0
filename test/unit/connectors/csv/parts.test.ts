import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csv, Folder, failure, splitDisagreements } from './folder.js'

/** The size of the pieces in which files are gone through. */
const CHUNK = 256 * 1024

const value = fc.oneof(
  fc.constantFrom('', '"', '""', '\r', '\n', '\r\n', ',', ' ', 'é', '😀', '\u0000', '\n\n', '\r\r'),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const quoted = value.map(text => `"${text.replaceAll('"', '""')}"`)
const bare = fc.constantFrom('', '1', 'é', '😀 x', 'a b', 'NULL')
const lineEnd = fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\r\r', '\n\r\n')
/** Records of any width: those that do not fit are malformed. */
const record = fc
  .tuple(fc.array(fc.oneof(quoted, bare), { minLength: 1, maxLength: 4 }), lineEnd)
  .map(([values, end]) => values.join(',') + end)
const options = fc.constantFrom<Readonly<Record<string, unknown>>>(
  {},
  { skip_lines: 2 },
  { columns: ['a', 'b'] },
  { columns: ['a'] },
  { columns: ['a', 'b'], skip_lines: 1 },
  { columns: ['a', 'b'], quote: false },
)

test('the parts of any file are the whole', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 14 }),
      options,
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 2, max: 9 }),
      async (records, given, mark, last, parts) => {
        const lines = 'exported "\n today\n'.split('\n').slice(0, (given.skip_lines as number | undefined) ?? 0)
        const head = 'columns' in given ? '' : 'a,b\n'
        const text = `${mark ? '\ufeff' : ''}${lines.map(line => `${line}\n`).join('')}${head}${records.join('')}`
        const folder = new Folder(csv, given).write('a.csv', last ? `${text}x,"y"` : text)
        expect(await splitDisagreements(folder, 'a.csv', parts)).toEqual([])
        rmSync(folder.dir, { recursive: true })
      },
    ),
    { numRuns: 300 },
  )
})

test('a part begins with the first record that ends at its share of the bytes or later', async () => {
  const folder = new Folder(csv).write('a.csv', 'a,b\r\n1,"x\n\ny"\r\n2,z\r\n\r\n3,"é"\n4,\n')
  expect(await folder.splits('a.csv', 2)).toEqual([[20, 2]])
  expect(await folder.splits('a.csv', 4)).toEqual([
    [15, 1],
    [20, 2],
    [29, 3],
  ])
  expect(await folder.splits('a.csv', 100)).toEqual([
    [15, 1],
    [20, 2],
    [29, 3],
  ])
  expect(await folder.splits('a.csv', 1)).toEqual([])
  expect(await new Folder(csv).write('none.csv', 'a,b\n').splits('none.csv', 4)).toEqual([])
  expect(await new Folder(csv).write('one.csv', 'a,b\n1,2').splits('one.csv', 4)).toEqual([])
})

test('a large file: whatever stands where a piece ends', { timeout: 60_000 }, async () => {
  const folder = new Folder(csv)
  const hard = '"é""😀""",\r\n\r\n2,"\r\n"\r\n'
  for (let cut = 0; cut <= Buffer.byteLength(hard); cut += 3) {
    const filler = (size: number): string => `${'x'.repeat(size - 3)},y\n`
    const rows = Array.from({ length: 63 }, () => filler(4096)).join('')
    const head = 'a,b\n'
    folder.write('a.csv', `${head}${rows}${filler(4096 - 4 - cut)}${hard}${rows}${hard}`)
    expect(await splitDisagreements(folder, 'a.csv', 5), `cut ${cut}`).toEqual([])
    expect((await folder.splits('a.csv', 5)).length).toBe(4)
  }
})

test('a file that cannot be read from anywhere has one part', async () => {
  const rows = `a,b\n${Array.from({ length: 1000 }, (_, i) => `${i},x\n`).join('')}`
  const splits = async (content: string | Buffer, given = {}, name = 'a.csv'): Promise<number> =>
    (await new Folder(csv, given).write(name, content).splits(name, 4)).length
  expect(await splits(rows)).toBe(3)
  expect(await splits(rows, {}, 'a.csv.gz')).toBe(0)
  expect(await splits(rows, { encoding: 'latin1' })).toBe(0)
  expect(await splits(Buffer.from(rows, 'utf16le'), { encoding: 'utf16le' })).toBe(0)
  expect(await splits(rows, { escape: '\\' })).toBe(0)
  expect(await splits(rows.replaceAll(',', '||'), { delimiter: '||' })).toBe(0)
})

/** 400 records of 1,000 bytes, one of which is another. */
function withOne(at: number, other: string | Buffer): Buffer {
  const record = Buffer.from(`${'x'.repeat(997)},y\n`)
  const records = Array.from({ length: 400 }, (_, i) => (i === at ? Buffer.from(other) : record))
  return Buffer.concat([Buffer.from('a,b\n'), ...records])
}

test.each([
  [
    'a quote within a value',
    'a"b,c\n',
    /^E523 a\.csv: a quote stands within an unquoted value \(row (\d+), byte \d+\)$/,
  ],
  ['text after a quote', '"a"b,c\n', /^E523 a\.csv: text follows a closing quote \(row (\d+), byte \d+\)$/],
  ['no text', Buffer.from([0x61, 0xe9, 0x2c, 0x0a]), /^E409 a\.csv is not valid utf8 text at byte \d+ \(row (\d+)\)$/],
  [
    'too long',
    `"${'x\n'.repeat(1000)}",y\n`,
    /^E523 a\.csv: a record is longer than 2000 bytes \(row (\d+), byte \d+\)$/,
  ],
])('%s: no part begins behind it, and the error is that of the whole', async (_, other, message) => {
  for (const [at, parts] of [
    [50, 0],
    [150, 1],
    [250, 2],
    [350, 3],
  ] as const) {
    const folder = new Folder(csv, { max_record: 2000 })
    writeFileSync(join(folder.dir, 'a.csv'), withOne(at, other))
    const splits = await folder.splits('a.csv', 4)
    expect(splits.length, `at ${at}`).toBe(parts)
    const whole = await failure(folder.rows('a.csv'))
    expect(whole).toMatch(message)
    expect(message.exec(whole)?.[1]).toBe(String(at + 1))
    const last = splits.at(-1)
    expect(await failure(folder.rows('a.csv', last === undefined ? {} : { after: last }))).toBe(whole)
    if (last !== undefined) expect((await folder.rows('a.csv', { until: last })).length).toBe(Number(last[1]))
  }
})

test('a record that the reader leaves to the parser ends the search', async () => {
  const long = `"${'x'.repeat(2 * 1024 * 1024)}",y\n`
  const small = `${'x'.repeat(997)},y\n`.repeat(1500)
  const folder = new Folder(csv).write('a.csv', `a,b\n${small}${long}${small}${small}`)
  expect(await folder.splits('a.csv', 5)).toEqual([[4 + 1000 * 1320, 1320]])
  expect(await splitDisagreements(folder, 'a.csv', 5)).toEqual([])
})

test('another file by the same name is not split', async () => {
  const folder = new Folder(csv).write('a.csv', 'a\n1\n2\n3\n')
  const table = await (await folder.open()).table({ table: 'a.csv' })
  folder.write('a.csv', 'a\n1\n2\n3\n4\n')
  expect(await failure(folder.splits('a.csv', 2, table?.version ?? ''))).toBe('E522 a.csv changed while it was read')
})

test('pieces of a file are as large as they are said to be', async () => {
  const folder = new Folder(csv).write('a.csv', `a,b\n${'x,y\n'.repeat(CHUNK)}`)
  expect(await folder.splits('a.csv', 2)).toEqual([[4 + CHUNK * 2, CHUNK / 2]])
})
