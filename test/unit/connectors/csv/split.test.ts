import { Parser } from 'csv-parse'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvDialect, parserOptions } from '../../../../src/connectors/csv/dialect.js'
import type { CsvRecord } from '../../../../src/connectors/csv/records.js'
import { plainSplitter } from '../../../../src/connectors/csv/split.js'
import { dialects, pieces } from './pieces.js'

const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map(parts => Buffer.from(parts.join('')))
const dialect = fc.constantFrom(...dialects).map(options => csvDialect({ type: 'csv', ...options }))

test('what is cut and what is left give what the parser makes of the whole', async () => {
  await fc.assert(
    fc.asyncProperty(text, dialect, fc.boolean(), fc.nat(20), async (bytes, of, skipEmptyLines, cut) => {
      const split = plainSplitter(of, skipEmptyLines)
      if (split === undefined) throw new Error('the dialect is plain')
      const parse = (rest: Buffer, at: number) => parsed(rest, at, parserOptions(of, skipEmptyLines))
      const whole = await parse(bytes, 100)
      const first = split(bytes.subarray(0, placeBefore(bytes, cut)), 100)
      const second = first.strange ? first : split(bytes.subarray(first.end - 100), first.end)
      const last = await parse(bytes.subarray(second.end - 100), second.end)
      const records = [...first.records, ...(first.strange ? [] : second.records), ...last.records]
      expect({ records, code: last.code }).toEqual(whole)
    }),
    { numRuns: 3000 },
  )
})

test('plain text is cut to its last line end', () => {
  const split = plainSplitter(csvDialect({ type: 'csv' }), true)
  const bytes = Buffer.from('1,"a ""b"", c",ü\r\n\n2,,""\n3,x\r')
  expect(split?.(bytes, 0)).toEqual({
    records: [
      { values: ['1', 'a "b", c', 'ü'], start: 0, end: 19 },
      { values: ['2', '', ''], start: 19, end: 26 },
    ],
    end: 26,
    strange: false,
  })
})

test.each(['a"b,1\n', '"a"b,1\n', '"a" ,1\n'])('%j is left to the parser', text => {
  expect(plainSplitter(csvDialect({ type: 'csv' }), true)?.(Buffer.from(`1,2\n${text}`), 0)).toEqual({
    records: [{ values: ['1', '2'], start: 0, end: 4 }],
    end: 4,
    strange: true,
  })
})

test.each([{ escape: '\\' }, { delimiter: '||' }, { delimiter: '§' }])('%j is no plain dialect', options => {
  expect(plainSplitter(csvDialect({ type: 'csv', ...options }), true)).toBeUndefined()
})

function parsed(
  bytes: Buffer,
  at: number,
  options: object,
): Promise<{ records: CsvRecord[]; code: string | undefined }> {
  return new Promise(resolve => {
    const records: CsvRecord[] = []
    let start = at
    const parser = new Parser({
      ...options,
      on_record: (values: string[], info: { bytes: number }) => {
        records.push({ values, start, end: at + info.bytes })
        start = at + info.bytes
        return null
      },
    })
    parser.once('end', () => resolve({ records, code: undefined }))
    parser.once('error', error => resolve({ records, code: (error as Error & { code: string }).code }))
    parser.resume()
    parser.end(bytes)
  })
}

/** A place between two characters. */
function placeBefore(bytes: Buffer, place: number): number {
  let at = Math.min(place, bytes.length)
  while (at > 0 && at < bytes.length && ((bytes[at] as number) & 0xc0) === 0x80) at--
  return at
}
