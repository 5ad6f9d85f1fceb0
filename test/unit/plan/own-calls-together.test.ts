import { expect, test } from 'vitest'
import type { Row, Value } from '../../../src/core/row.js'
import { isWithinTime } from '../../../src/core/time-limit.js'
import type { LogicalType } from '../../../src/core/types.js'
import { newOutcome } from '../../../src/plan/outcome.js'
import type { FieldPlan, ProgramPlan, ReadPlan } from '../../../src/plan/plan.js'
import { compileRowProgram } from '../../../src/plan/row-program.js'
import { keepOwn } from '../../../src/transforms/own/registry.js'

const INT: LogicalType = { kind: 'integer', bits: 64 }
const read: ReadPlan = {
  from: { kind: 'table', source: 'src', table: { table: 'T' } },
  columns: [{ name: 'ID', type: INT, native: 'integer', nullable: true, decode: true }],
  order: [0],
  key: [0],
}
const field: FieldPlan = {
  target: 'id',
  input: { kind: 'columns', indexes: [0], names: ['ID'] },
  apply: [{ fn: 'module', params: { function: './own.mjs#same' } }],
  castFrom: { kind: 'any' },
  castTo: INT,
  required: false,
}

/** Rows through a function that never ends for -1; which values were given to it under a limit of many calls. */
function program(timeout: number, more: Partial<ProgramPlan> = {}) {
  const together: Value[] = []
  keepOwn(
    { key: './own.mjs#same', file: '/own.mjs', hash: '', name: 'same' },
    {
      arguments: ['integer'],
      result: 'integer',
      timeout,
      examples: [{ in: 1, out: 1 }],
      call: (id: Value) => {
        if (isWithinTime(timeout)) together.push(id)
        while (id === -1);
        return id
      },
    },
  )
  const compiled = compileRowProgram({ lets: [], fields: [field], ...more }, read, {
    context: { startedAt: '2024-02-29T00:00:00Z', runId: 'r' },
    constants: {},
    resolvers: { lookup: () => never(), ref: () => never() },
    nulInText: true,
    looseSource: false,
    entityPolicy: 'quarantine',
    duplicates: { keptInstead: () => undefined },
  })
  const run = (...ids: number[]) => {
    const out = newOutcome()
    compiled.run(
      ids.map((id): Row => [id]),
      out,
    )
    return [out.rows.flat(), out.sources, out.rejects.map(({ row, message }) => `${row} ${message}`)]
  }
  return { run, together }
}

function never(): never {
  throw new Error('nothing is looked up')
}

test('calls of many rows are within one limit', () => {
  const { run, together } = program(5000)
  expect(run(1, 2, 3)).toEqual([[1, 2, 3], [0, 1, 2], []])
  expect(together).toEqual([1, 2, 3])
})

test('where one does not end, its row alone is rejected, and half as many go together from then on', () => {
  const { run, together } = program(500)
  const hung = 'module: ./own.mjs#same did not end within 500 ms'
  expect(run(1, -1, 3, 4)).toEqual([[1, 3, 4], [0, 2, 3], [`1 ${hung}`]])
  expect(together).toEqual([1, -1])
  together.length = 0
  expect(run(5, 6, -1)).toEqual([[5, 6], [0, 1], [`2 ${hung}`]])
  expect(together).toEqual([5, 6, -1])
}, 30_000)

test('rows that cannot be looked at twice are called each within its own', () => {
  const { run, together } = program(5000, { dedupe: { by: [0], names: ['ID'], keep: 'first' } } as Partial<ProgramPlan>)
  expect(run(1, 2)).toEqual([[1, 2], [0, 1], []])
  expect(together).toEqual([])
})
