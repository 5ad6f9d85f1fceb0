import { expect, test } from 'vitest'
import type { Column } from '../../../src/core/catalog.js'
import type { Row } from '../../../src/core/row.js'
import { canonicalEncoder } from '../../../src/run/canonical-rows.js'
import type { PreparedBatch } from '../../../src/run/prepared-batch.js'
import { keyComparison } from '../../../src/verify/compare-keys.js'
import { Findings } from '../../../src/verify/findings.js'
import { merge, NotInOrder } from '../../../src/verify/merge.js'
import { Rows } from '../../../src/verify/rows.js'
import { sortAndCompare } from '../../../src/verify/sort.js'
import { temporaryFolder } from '../../support/etl.js'
import { Random } from '../../support/random.js'

const column = (name: string): Column => ({
  name,
  type: { kind: 'integer', bits: 64 },
  native: 'int',
  nullable: false,
  hasDefault: false,
})
const COLUMNS = [column('id'), column('v')]

function rowsOf(rows: readonly Row[], batchRows: number, keyColumns: number): Rows {
  const encoder = canonicalEncoder({
    columns: COLUMNS.map(({ type }, index) => ({ index, type, signedZero: true })),
  })
  async function* batches(): AsyncGenerator<PreparedBatch> {
    for (let at = 0; at < rows.length; at += batchRows) {
      const some = rows.slice(at, at + batchRows)
      const middle = some.length >> 1
      const parts = [some.slice(0, middle), some.slice(middle)].map(part => encoder.encode(part))
      const counts = { read: some.length, filtered: 0, absent: 0, duplicates: [], rejects: [] }
      yield { ...counts, parts, lastKey: String(at) } as unknown as PreparedBatch
    }
  }
  return new Rows(batches(), keyColumns)
}

function findings(keyColumns: number): Findings {
  const allow = { emptyIsNull: false, charPad: false, zeroSign: false, floatUlp: 0 }
  const flags = { showValues: false, pairsOnly: false, owned: true }
  return new Findings({ columns: COLUMNS, keyColumns, steps: new Map(), allow, ...flags })
}

const compare = keyComparison(COLUMNS.slice(0, 1))

test('merging and sorting find the same, and what there is to find', async () => {
  const folder = temporaryFolder()
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed)
    const size = random.int(0, 60)
    const share = random.pick([0, 0.05, 0.5])
    const all = Array.from({ length: size }, (_, i): Row => [i * 3 - 50, random.int(0, 9)])
    const there = all.flatMap(([id, v]): Row[] => {
      const row: Row = [id ?? null, v ?? null]
      if (random.chance(share)) return []
      if (random.chance(share)) return [[row[0] ?? null, Number(row[1]) + 10]]
      return random.chance(share) ? [row, [Number(id) + 1, 0]] : [row]
    })
    const left = new Map(all.map(row => [row[0], row[1]]))
    const right = new Map(there.map(row => [row[0], row[1]]))
    const ids = [...left.keys()]
    const wanted = {
      equal: ids.filter(id => right.get(id) === left.get(id)).length,
      different: ids.filter(id => right.has(id) && right.get(id) !== left.get(id)).length,
      missing: ids.filter(id => !right.has(id)).length,
      extra: [...right.keys()].filter(id => !left.has(id)).length,
      doubled: 0,
    }
    const merged = findings(1)
    const sizes = [random.int(1, 7), random.int(1, 7)] as const
    await merge(rowsOf(all, sizes[0], 1), rowsOf(there, sizes[1], 1), compare, merged, async () => undefined)
    expect({ seed, ...merged.found }).toMatchObject({ seed, ...wanted })

    const sorted = findings(1)
    const shuffled = [...there].sort(() => (random.chance(0.5) ? 1 : -1))
    const options = { folder, rows: random.pick([1, 100_000]), keyColumns: 1, read: () => undefined }
    await sortAndCompare(rowsOf(all, sizes[0], 1), rowsOf(shuffled, sizes[1], 1), sorted, options)
    expect({ seed, ...sorted.found }).toMatchObject({ seed, ...wanted })

    // In another order merging says so, or is not wrong.
    const other = findings(1)
    const done = await merge(rowsOf(all, 5, 1), rowsOf(shuffled, 5, 1), compare, other, async () => undefined).then(
      () => true,
      (error: unknown) => {
        expect(error).toBeInstanceOf(NotInOrder)
        return false
      },
    )
    if (done) expect({ seed, ...other.found }).toMatchObject({ seed, ...wanted })
  }
})

test('rows without a key are compared as wholes, and paired by likeness', async () => {
  const rows: Row[] = [
    [1, 1],
    [1, 1],
    [2, 5],
    [3, 6],
  ]
  const other: Row[] = [
    [3, 7],
    [1, 1],
    [2, 5],
    [2, 5],
    [2, 5],
  ]
  const found = findings(0)
  const options = { folder: temporaryFolder(), rows: 10, keyColumns: 0, read: () => undefined }
  await sortAndCompare(rowsOf(rows, 3, 0), rowsOf(other, 2, 0), found, options)
  expect(found.found).toMatchObject({ equal: 2, different: 1, missing: 1, extra: 0, doubled: 2, fields: { v: 1 } })
})

test('of several rows with one key the first or the last stands', async () => {
  const rows: Row[] = [
    [1, 1],
    [2, 2],
    [1, 3],
  ]
  const other: Row[] = [
    [2, 2],
    [1, 3],
  ]
  const folder = temporaryFolder()
  for (const [stands, different] of [
    ['last', 0],
    ['first', 1],
  ] as const) {
    const found = findings(1)
    const options = { folder, rows: 10, keyColumns: 1, stands, read: () => undefined }
    await sortAndCompare(rowsOf(rows, 3, 1), rowsOf(other, 2, 1), found, options)
    expect(found.found).toMatchObject({ different, missing: 0, extra: 0, merged: 1 })
  }
})
