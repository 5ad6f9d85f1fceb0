import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogicalType } from '../../../src/core/types.js'
import { markAt, marker } from '../../../src/run/row-marks.js'
import { decodeRecord, encodeRecord, type UndoRecord } from '../../../src/run/undo-record.js'

const RECORD: UndoRecord = {
  inserted: [[1], ['two'], [2n ** 60n]],
  updated: [[4, null, Buffer.from([0, 255])]],
  marks: new Uint32Array([1, 2 ** 32 - 1, 255, 256, 0, 7, 8, 9]),
  rest: '1 2',
  lost: 3,
}

test.each([['with marks', RECORD] as const, ['without', { inserted: [], updated: [], was: ['7'] }] as const])(
  'a record %s comes back as it was',
  async (_, record) => {
    expect(decodeRecord(await encodeRecord(record))).toEqual(record)
  },
)

test('a record of a ledger from before marks stood beside the text', () => {
  const marks = Buffer.from(new Uint32Array([5, 6]).buffer).toString('base64')
  const content = deflateRawSync(JSON.stringify({ inserted: [[1]], updated: [], marks, rest: '1 2' }))
  expect(decodeRecord(content)).toEqual({ inserted: [[1]], updated: [], marks: new Uint32Array([5, 6]), rest: '1 2' })
})

test('a whole number has the mark of its text', () => {
  const integer: LogicalType = { kind: 'integer', bits: 64 }
  for (const type of [integer, { kind: 'decimal' } as const]) {
    const mark = marker({ columns: [{ index: 0, type, signedZero: false }] })
    const same = (value: number): void => {
      const text = Object.is(value, -0) ? '0' : String(value)
      expect(markAt(mark([[value]]), 0)).toBe(markAt(mark([[text]]), 0))
    }
    for (const value of [0, -0, 9, 10, -1, 999_999_999, 1_000_000_000, -999_999_999, -1_000_000_000, 2 ** 31])
      same(value)
    fc.assert(fc.property(fc.maxSafeInteger(), same), { seed: 1 })
    fc.assert(fc.property(fc.integer({ min: -100_000, max: 100_000 }), same), { seed: 1 })
  }
})

test('a mark is the one that earlier ledgers hold', () => {
  const types: readonly LogicalType[] = [
    { kind: 'integer', bits: 32 },
    { kind: 'text' },
    { kind: 'decimal' },
    { kind: 'boolean' },
  ]
  const mark = marker({ columns: types.map((type, index) => ({ index, type, signedZero: false })) })
  expect(markAt(mark([[-1205, 'na\u00efve', '12.50', true]]), 0)).toBe('2893560243 4183806597')
  expect(markAt(mark([[7, null, 3, false]]), 0)).toBe('3418641968 1428900239')
})
