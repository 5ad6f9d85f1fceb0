import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvDialect } from '../../../../src/connectors/csv/dialect.js'
import { recordEnds } from '../../../../src/connectors/csv/ends.js'
import { type Plain, plainDialect, plainSplitter } from '../../../../src/connectors/csv/split.js'
import { dialects, pieces } from './pieces.js'

test('records end where the splitter cuts them, and it is strange to both', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...pieces), { maxLength: 40 }),
      fc.constantFrom(...dialects),
      fc.boolean(),
      (parts, options, skipEmptyLines) => {
        const of = csvDialect({ type: 'csv', ...options })
        const bytes = Buffer.from(parts.join(''))
        const cut = plainSplitter(of, skipEmptyLines)?.(bytes, 0)
        const records: { start: number; end: number }[] = []
        const ended = recordEnds(bytes.toString('latin1'), plainDialect(of) as Plain, skipEmptyLines, (start, end) =>
          records.push({ start, end }),
        )
        expect({ records, ...ended }).toEqual({
          ...cut,
          records: cut?.records.map(({ start, end }) => ({ start, end })),
        })
      },
    ),
    { numRuns: 20_000 },
  )
})
