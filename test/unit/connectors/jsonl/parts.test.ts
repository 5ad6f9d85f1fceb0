import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Folder, failure, jsonl, splitDisagreements } from '../csv/folder.js'

const line = fc.oneof(
  fc.constantFrom('', ' ', '\t\r', '\r', '[1]', '{"a":', '{"c":1}', '{"a":"\\n"}', '\u00a0'),
  fc
    .record({ a: fc.oneof(fc.string({ unit: 'binary', maxLength: 9 }), fc.integer()) })
    .map(each => JSON.stringify(each)),
)
const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n')

test('the parts of any file are the whole', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(line, lineEnd), { maxLength: 14 }),
      fc.constantFrom<Readonly<Record<string, unknown>>>({}, { columns: ['a'] }),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 2, max: 9 }),
      async (lines, given, mark, last, parts) => {
        const text = `${mark ? '\ufeff' : ''}{"a":1}\n${lines.flat().join('')}${last ? '{"a":"é"}' : ''}`
        const folder = new Folder(jsonl, given).write('a.jsonl', text)
        expect(await splitDisagreements(folder, 'a.jsonl', parts)).toEqual([])
        rmSync(folder.dir, { recursive: true })
      },
    ),
    { numRuns: 300 },
  )
})

test('a part begins behind the first line that holds something and ends at its share of the bytes or later', async () => {
  const folder = new Folder(jsonl).write('a.jsonl', `{"a":1}\n${' \n\n'.repeat(10)}{"a":2}\n{"a":3}\r\n{"a":4}\n`)
  expect(await folder.splits('a.jsonl', 2)).toEqual([[46, 22]])
  expect(await folder.splits('a.jsonl', 9)).toEqual([
    [8, 1],
    [46, 22],
    [55, 23],
  ])
  const long = `{"a":"${'x'.repeat(600_000)}"}\n`
  const large = new Folder(jsonl).write('a.jsonl', `${long}${' '.repeat(600_000)}\n${long}${long}`)
  expect((await large.splits('a.jsonl', 4)).map(([, number]) => number)).toEqual([1, 3])
  expect(await splitDisagreements(large, 'a.jsonl', 4)).toEqual([])
})

test('a file that cannot be read from anywhere has one part', async () => {
  const rows = '{"a":1}\n'.repeat(1000)
  const splits = async (content: string | Buffer, given = {}, name = 'a.jsonl'): Promise<number> =>
    (await new Folder(jsonl, given).write(name, content).splits(name, 4)).length
  expect(await splits(rows)).toBe(3)
  expect(await splits(rows, {}, 'a.jsonl.gz')).toBe(0)
  expect(await splits(rows, { encoding: 'windows-1252' })).toBe(0)
})

test.each([
  ['no text', Buffer.from([0x22, 0xe9, 0x0a]), /^E409 a\.jsonl is not valid utf8 text at byte \d+ \(row (\d+)\)$/],
  ['too long', `"${'x'.repeat(3000)}"\n`, /^E523 a\.jsonl: a line is longer than 2000 bytes \(row (\d+), byte \d+\)$/],
])('%s: no part begins behind it, and the error is that of the whole', async (_, other, message) => {
  const good = `{"a":"${'x'.repeat(990)}"}\n`
  for (const [at, parts] of [
    [50, 0],
    [150, 1],
    [350, 3],
  ] as const) {
    const folder = new Folder(jsonl, { columns: ['a'], max_record: 2000 })
    const rest = Buffer.from(good.repeat(400 - at))
    writeFileSync(join(folder.dir, 'a.jsonl'), Buffer.concat([Buffer.from(good.repeat(at)), Buffer.from(other), rest]))
    const splits = await folder.splits('a.jsonl', 4)
    expect(splits.length, `at ${at}`).toBe(parts)
    const whole = await failure(folder.rows('a.jsonl'))
    expect(message.exec(whole)?.[1], whole).toBe(String(at + 1))
    const last = splits.at(-1)
    expect(await failure(folder.rows('a.jsonl', last === undefined ? {} : { after: last }))).toBe(whole)
    if (last !== undefined) expect((await folder.rows('a.jsonl', { until: last })).length).toBe(Number(last[1]))
  }
})
