import { describe, expect, test } from 'vitest'
import type { Row, Value } from '../../../src/core/row.js'
import { keyText } from '../../../src/core/row.js'
import type { LogicalType } from '../../../src/core/types.js'
import { newOutcome } from '../../../src/plan/outcome.js'
import type { FieldPlan, ProgramPlan, ReadPlan, RefPlan } from '../../../src/plan/plan.js'
import type { Resolver } from '../../../src/plan/resolve.js'
import type { ProgramEnv } from '../../../src/plan/row-program.js'
import { compileRowProgram } from '../../../src/plan/row-program.js'

const TEXT: LogicalType = { kind: 'text' }
const INT: LogicalType = { kind: 'integer', bits: 64 }
const NAMES = ['ID', 'NAME', 'CODE', 'AGE']

const read: ReadPlan = {
  from: { kind: 'table', source: 'src', table: { table: 'T' } },
  columns: [
    { name: 'ID', type: INT, native: 'integer', nullable: true, decode: true },
    { name: 'NAME', type: TEXT, native: 'text', nullable: true, decode: true },
    { name: 'CODE', type: TEXT, native: 'text', nullable: true, decode: true },
    { name: 'AGE', type: INT, native: 'integer', nullable: true, decode: true },
  ],
  order: [0],
  key: [0],
}

/** A resolver over a plain map that remembers what it was asked to fetch. */
class KnownKeys implements Resolver {
  readonly asked: (readonly (readonly Value[])[])[] = []
  constructor(readonly known: Readonly<Record<string, Value>>) {}
  async prefetch(keys: readonly (readonly Value[])[]): Promise<void> {
    this.asked.push(keys)
  }
  get(key: readonly Value[]): Value | undefined {
    return this.known[keyText(key)]
  }
}

function field(target: string, from: string | readonly string[], more: Partial<FieldPlan> = {}): FieldPlan {
  const names = typeof from === 'string' ? [from] : from
  return {
    target,
    input: { kind: 'columns', indexes: names.map(name => NAMES.indexOf(name)), names },
    apply: [],
    castFrom: { kind: 'any' },
    castTo: TEXT,
    required: false,
    ...more,
  }
}

async function run(
  fields: readonly FieldPlan[],
  rows: Row[],
  env: Partial<ProgramEnv> & { resolver?: Resolver } = {},
  program: Partial<ProgramPlan> = {},
) {
  const resolver = env.resolver ?? new KnownKeys({})
  const compiled = compileRowProgram({ lets: [], fields, ...program }, read, {
    context: { startedAt: '2024-02-29T00:00:00Z', runId: 'r' },
    constants: { '$vars.region': 'US' },
    resolvers: { lookup: () => resolver, ref: () => resolver },
    nulInText: true,
    looseSource: false,
    entityPolicy: 'quarantine',
    ...env,
  })
  if (compiled.needsPrefetch) await compiled.prefetch(rows)
  const out = newOutcome()
  compiled.run(rows, out)
  return out
}

describe('steps of a field', () => {
  test('copies columns, joins several, sets values', async () => {
    const fields = [
      field('id', 'ID', { castFrom: INT, castTo: INT }),
      field('label', ['CODE', 'NAME'], { apply: [{ fn: 'join', params: { with: '-' } }] }),
      field('origin', 'ID', { input: { kind: 'value', value: 'legacy' } }),
    ]
    const out = await run(fields, [
      [1, 'Ada', 'A', 36],
      [2, 'Bob', 'B', null],
    ])
    expect(out.rows).toEqual([
      [1, 'A-Ada', 'legacy'],
      [2, 'B-Bob', 'legacy'],
    ])
    expect(out.sources).toEqual([0, 1])
  })

  test('functions run left to right; null goes past them', async () => {
    const fields = [
      field('name', 'NAME', {
        apply: [
          { fn: 'trim', params: {} },
          { fn: 'upper', params: {} },
        ],
      }),
    ]
    expect(
      (
        await run(fields, [
          [1, '  ada ', null, null],
          [2, null, null, null],
        ])
      ).rows,
    ).toEqual([['ADA'], [null]])
  })

  test('a map compares codes as text: 1, "1" and 1n are one code', async () => {
    const map: FieldPlan['map'] = {
      entries: [
        ['1', 'one'],
        ['true', 'yes'],
      ],
      unmapped: 'fail',
    }
    const rows: Row[] = [
      [1, null, '1', null],
      [2, null, 1, null],
      [3, null, 1n, null],
      [4, null, true, null],
      [5, null, null, null],
    ]
    expect((await run([field('x', 'CODE', { map })], rows)).rows).toEqual([['one'], ['one'], ['one'], ['yes'], [null]])
  })

  test('unmapped: null and keep go on and null is counted, fail and quarantine reject', async () => {
    const map = (unmapped: 'fail' | 'quarantine' | 'null' | 'keep') => [
      field('x', 'CODE', { map: { entries: [], name: 'codes', unmapped } }),
    ]
    const rows: Row[] = [[1, null, 'Q', null]]
    expect((await run(map('keep'), rows)).rows).toEqual([['Q']])
    const nulled = await run(map('null'), rows)
    expect(nulled.rows).toEqual([[null]])
    expect([...nulled.substituted]).toEqual([['x', 1]])
    for (const policy of ['fail', 'quarantine'] as const) {
      expect((await run(map(policy), rows)).rejects).toEqual([
        { row: 0, stage: 'map', field: 'x', code: 'E410', message: 'value is not in the map codes', policy },
      ])
    }
  })

  test('the default stands in for null, then required is checked', async () => {
    const fields = [field('a', 'NAME', { default: 'none' }), field('b', 'CODE', { required: true })]
    const out = await run(fields, [
      [1, null, 'x', null],
      [2, null, null, null],
    ])
    expect(out.rows).toEqual([['none', 'x']])
    expect(out.rejects).toEqual([
      {
        row: 1,
        stage: 'required',
        field: 'b',
        code: 'E401',
        message: 'required value is missing',
        policy: 'quarantine',
      },
    ])
  })
})

describe('a function that fails', () => {
  const failing = (more: Partial<FieldPlan>) => [
    field('n', 'NAME', { apply: [{ fn: 'to_decimal', params: {} }], castTo: { kind: 'decimal' }, ...more }),
  ]
  const rows: Row[] = [
    [1, 'N/A', null, null],
    [2, '12', null, null],
  ]

  test('follows the entity, the others go on', async () => {
    const out = await run(failing({}), rows, { entityPolicy: 'skip' })
    expect(out.rows).toHaveLength(1)
    expect(out.sources).toEqual([1])
    expect(out.rejects).toEqual([expect.objectContaining({ row: 0, stage: 'transform', field: 'n', policy: 'skip' })])
    expect(out.rejects[0]?.message).not.toContain('N/A')
  })

  test('on_invalid: null, default, quarantine, fail', async () => {
    const nulled = await run(failing({ onInvalid: 'null', default: '7' }), rows)
    expect(nulled.rows[0]).toEqual([null])
    expect([...nulled.substituted]).toEqual([['n', 1]])
    expect((await run(failing({ onInvalid: 'default', default: '7' }), rows)).rows[0]).toEqual(['7'])
    expect((await run(failing({ onInvalid: 'fail' }), rows)).rejects[0]?.policy).toBe('fail')
    expect((await run(failing({ onInvalid: 'null', required: true }), rows)).rejects[0]?.code).toBe('E401')
  })
})

describe('look-ups and refs', () => {
  const lookup = (onMissing: 'fail' | 'quarantine' | 'null' | 'keep') => [
    field('region', 'CODE', { lookup: { name: 'regions', onMissing } }),
  ]

  test('asks once for every distinct key of the batch; null asks for nothing', async () => {
    const resolver = new KnownKeys({ A: 'Alpha', B: 'Beta' })
    const rows: Row[] = ['A', 'B', 'A', null].map((code, i) => [i, null, code, null])
    const out = await run(lookup('fail'), rows, { resolver })
    expect(resolver.asked).toEqual([[['A'], ['B']]])
    expect(out.rows).toEqual([['Alpha'], ['Beta'], ['Alpha'], [null]])
  })

  test('two fields that share a resolver ask together', async () => {
    const resolver = new KnownKeys({ A: 'one', B: 'two' })
    const fields = [...lookup('fail'), field('other', 'NAME', { lookup: { name: 'regions', onMissing: 'fail' } })]
    expect((await run(fields, [[1, 'B', 'A', null]], { resolver })).rows).toEqual([['one', 'two']])
    expect(resolver.asked).toEqual([[['A'], ['B']]])
  })

  test('on_missing', async () => {
    const rows: Row[] = [[1, null, 'Z', null]]
    expect((await run(lookup('keep'), rows)).rows).toEqual([['Z']])
    const nulled = await run(lookup('null'), rows)
    expect(nulled.rows).toEqual([[null]])
    expect([...nulled.substituted]).toEqual([['region', 1]])
    expect((await run(lookup('fail'), rows)).rejects).toEqual([
      {
        row: 0,
        stage: 'lookup',
        field: 'region',
        code: 'E411',
        message: 'look-up regions has no row for this key',
        policy: 'fail',
      },
    ])
  })

  test('a composite key is asked for in order', async () => {
    const ref: RefPlan = { entity: 'line', onMissing: 'quarantine', kind: 'identity' }
    const resolver = new KnownKeys({ [keyText(['A', 1])]: 77 })
    const out = await run(
      [field('line_id', ['CODE', 'ID'], { ref, castTo: INT })],
      [
        [1, null, 'A', null],
        [2, null, 'A', null],
      ],
      {
        resolver,
      },
    )
    expect(out.rows).toEqual([[77]])
    expect(out.rejects.map(r => [r.row, r.stage, r.code, r.message])).toEqual([
      [1, 'ref', 'E412', 'line has no row for this key'],
    ])
  })

  test('a computed ref gives what the other key field makes of the key, if it exists', async () => {
    const made = field('code', 'KEY', {
      input: { kind: 'columns', indexes: [0], names: ['KEY'] },
      apply: [{ fn: 'upper', params: {} }],
    })
    const ref: RefPlan = { entity: 'e', onMissing: 'null', kind: 'computed', field: made, keyColumns: ['KEY'] }
    const resolver = new KnownKeys({ AB: 'AB' })
    const out = await run(
      [field('x', 'CODE', { ref })],
      [
        [1, null, 'ab', null],
        [2, null, 'zz', null],
      ],
      { resolver },
    )
    expect(resolver.asked).toEqual([[['AB'], ['ZZ']]])
    expect(out.rows).toEqual([['AB'], [null]])
  })

  test('what fails before the key is known rejects its own row only', async () => {
    const fields = [
      field('x', 'CODE', {
        apply: [{ fn: 'to_decimal', params: {} }],
        lookup: { name: 'n', onMissing: 'fail' },
        onInvalid: 'quarantine',
      }),
    ]
    const resolver = new KnownKeys({ '5': 'five' })
    const out = await run(
      fields,
      [
        [1, null, 'no', null],
        [2, null, '5', null],
      ],
      { resolver },
    )
    expect(out.rows).toEqual([['five']])
    expect(out.rejects).toEqual([expect.objectContaining({ row: 0, stage: 'transform', field: 'x' })])
  })

  test('a run without its prefetch is a mistake of the caller', () => {
    const program = compileRowProgram({ lets: [], fields: lookup('fail') }, read, {
      context: { startedAt: '', runId: '' },
      constants: {},
      resolvers: { lookup: () => new KnownKeys({}), ref: () => new KnownKeys({}) },
      nulInText: true,
      looseSource: false,
      entityPolicy: 'fail',
    })
    expect(() => program.run([[1, null, null, null]], newOutcome())).toThrow('prefetch was not called')
  })
})

describe('rows', () => {
  test('a null key is rejected', async () => {
    expect((await run([field('a', 'NAME')], [[null, 'x', null, null]])).rejects).toEqual([
      { row: 0, stage: 'key', code: 'E422', message: 'key is null', policy: 'quarantine' },
    ])
  })

  test('lets see the lets before them, the filter counts what it drops', async () => {
    const lets = [
      { name: 'older', rule: { '>': [{ var: 'AGE' }, 30] } },
      {
        name: 'text',
        rule: { if: [{ var: 'older' }, { cat: [{ var: 'NAME' }, '/', { var: '$vars.region' }] }, 'young'] },
      },
    ]
    const input: FieldPlan['input'] = { kind: 'columns', indexes: [5], names: ['text'] }
    const rows: Row[] = [
      [1, 'Ada', null, 36],
      [2, 'Bob', null, 3],
      [3, 'Cy', null, 99],
    ]
    const filter = { '<': [{ var: 'AGE' }, 90] }
    const out = await run([field('t', 'NAME', { input })], rows, {}, { lets, filter })
    expect(out.rows).toEqual([['Ada/US'], ['young']])
    expect(out.sources).toEqual([0, 1])
    expect(out.filtered).toBe(1)
    expect(rows[0]).toEqual([1, 'Ada', null, 36])
  })

  test('an empty array is false to the filter, as in JSON Logic', async () => {
    const filter = { filter: [[1, 2], { '>': [{ var: '' }, 5] }] }
    expect((await run([field('a', 'NAME')], [[1, 'x', null, null]], {}, { filter })).filtered).toBe(1)
  })

  test('an expression that gives no value rejects the row', async () => {
    const fields = [field('x', 'NAME', { input: { kind: 'expr', rule: { '/': [{ var: 'AGE' }, 0] } } })]
    expect((await run(fields, [[1, null, null, 5]])).rejects).toEqual([
      expect.objectContaining({ row: 0, stage: 'transform', field: 'x', code: 'E414' }),
    ])
  })

  test('every source row is accounted for', async () => {
    const fields = [field('a', 'NAME', { required: true })]
    const rows: Row[] = Array.from({ length: 30 }, (_, i) => [i, i % 3 === 0 ? null : 'x', null, i])
    const out = await run(fields, rows, {}, { filter: { '>=': [{ var: 'AGE' }, 10] } })
    expect(out.rows.length + out.filtered + out.rejects.length).toBe(30)
    expect(out.filtered).toBe(10)
  })
})

describe('casts', () => {
  test('losses that were allowed are counted for rows that pass, and only for them', async () => {
    const decimal: LogicalType = { kind: 'decimal', precision: 10, scale: 1 }
    const fields = [field('a', 'CODE', { castTo: decimal, onLossy: 'round' }), field('b', 'NAME', { required: true })]
    const out = await run(fields, [
      [1, 'x', '1.25', null],
      [2, null, '1.25', null],
      [3, 'x', '1.2', null],
    ])
    expect(out.rows).toEqual([
      ['1.3', 'x'],
      ['1.2', 'x'],
    ])
    expect([...out.losses]).toEqual([['a', 1]])
  })

  test('lost precision is an error of the row; on_lossy says which', async () => {
    const decimal: LogicalType = { kind: 'decimal', precision: 10, scale: 1 }
    const rows: Row[] = [[1, null, '1.25', null]]
    const plain = await run([field('a', 'CODE', { castTo: decimal })], rows)
    expect(plain.rejects).toEqual([
      expect.objectContaining({ stage: 'cast', field: 'a', code: 'E404', policy: 'quarantine' }),
    ])
    const failing = await run([field('a', 'CODE', { castTo: decimal, onLossy: 'fail', onInvalid: 'null' })], rows)
    expect(failing.rejects[0]?.policy).toBe('fail')
  })

  test('on_invalid covers casts', async () => {
    const out = await run(
      [field('a', 'CODE', { castTo: INT, onInvalid: 'default', default: 0 })],
      [[1, null, 'x', null]],
    )
    expect(out.rows).toEqual([[0]])
    expect([...out.substituted]).toEqual([['a', 1]])
  })
})

describe('a regular expression that takes for ever on one value', () => {
  // More ways to read it than can be tried in a lifetime.
  const endless = `${'a'.repeat(200)}!`
  const rows: Row[] = [
    [1, 'aab', 'A', null],
    [2, endless, 'B', null],
    [3, 'b', null, null],
  ]
  const fields = [
    field('code', 'CODE', { castTo: INT, onInvalid: 'null' }),
    field('kind', 'NAME', { apply: [{ fn: 'matches', params: { pattern: '^(a|aa)*b?$' } }] }),
  ]
  const message = 'kind: its regular expression, or its list, did not come to an end within 1 s'

  test('rejects that row; the others are as they would be', async () => {
    const out = await run(fields, rows)
    expect(out.rows).toEqual([
      [null, 'true'],
      [null, 'true'],
    ])
    expect(out.sources).toEqual([0, 2])
    expect([...out.substituted]).toEqual([['code', 1]])
    expect(out.rejects).toEqual([{ row: 1, stage: 'transform', code: 'E413', message, policy: 'quarantine' }])
  }, 30_000)

  test('ends the run where rows cannot be looked at twice', async () => {
    const duplicates = { keptInstead: () => undefined }
    const dedupe = { by: [1], names: ['NAME'], keep: 'last' } as const
    await expect(run(fields, rows, { duplicates }, { dedupe } as unknown as Partial<ProgramPlan>)).rejects.toThrow(
      'kind: its regular expression, or its list, did not come to an end within 5 s',
    )
  }, 30_000)
})
