import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eachRow, FlatWriter } from '../../../../src/connectors/sqlite/flat-rows.js'
import type { Bound } from '../../../../src/connectors/sqlite/values.js'

const value: fc.Arbitrary<Bound> = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary-ascii', maxLength: 200 }),
  fc.constant(`${'long '.repeat(20)}ü`),
  fc.constant('\ud800'),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.maxSafeInteger().map(BigInt),
  fc.uint8Array(),
)

test('any range of rows comes back as it was, also from another thread', () => {
  const tables = fc.nat(6).chain(width => fc.array(fc.array(value, { minLength: width, maxLength: width })))
  fc.assert(
    fc.property(tables, fc.nat(), fc.nat(), fc.nat(64), (rows, a, b, room) => {
      const width = rows[0]?.length ?? 0
      const writer = new FlatWriter(rows.length, width, room)
      for (const row of rows) for (const one of row) writer.add(one)
      const [from, to] = [a % (rows.length + 1), b % (rows.length + 1)].sort((x, y) => x - y) as [number, number]
      const flat = writer.rows()
      const sent = structuredClone(flat, {
        transfer: [flat.kinds, flat.numbers, flat.text, flat.ends, flat.bytes].map(view => view.buffer as ArrayBuffer),
      })
      const back: Bound[][] = []
      eachRow(sent, from, to, row => back.push([...row]))
      expect(back).toEqual(rows.slice(from, to))
    }),
  )
})
