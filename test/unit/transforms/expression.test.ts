import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import jsonLogic from 'json-logic-js'
import { describe, expect, it } from 'vitest'
import { RowError } from '../../../src/core/errors.js'
import type { Value } from '../../../src/core/row.js'
import type { TransformFunction } from '../../../src/core/transform.js'
import { bindFunction } from '../../../src/transforms/bind.js'
import { checkExpression, compileExpression, isPure, namesUsed, usable } from '../../../src/transforms/expression.js'
import { compileRule } from '../../../src/transforms/logic/compile.js'
import { functions } from '../../../src/transforms/registry.js'
import { logicCases } from './json-logic-cases.js'
import './own-plate.js'

const context = { startedAt: '2024-02-29T03:04:05.678Z', runId: 'run-1' }
// The reference writes the operands of `log` to the console.
jsonLogic.add_operation('log', (value: unknown) => value)

const THROWS = Symbol('throws')

/** Objects of the compiled form have no prototype; only their content is compared. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}

function result(run: () => unknown): unknown {
  try {
    return plain(run())
  } catch {
    return THROWS
  }
}

const expected = (rule: unknown, data: unknown): unknown =>
  result(() => jsonLogic.apply(rule as Parameters<typeof jsonLogic.apply>[0], data))

const isRow = (data: unknown): data is Record<string, unknown> =>
  typeof data === 'object' && data !== null && !Array.isArray(data)

/** All ways we have to run a rule; every one must agree with json-logic-js. */
function ours(rule: unknown, data: unknown): unknown[] {
  const item = result(() => compileRule(rule, { row: undefined, context, constants: new Map() })(data))
  if (!isRow(data)) return [item]
  const columns = Object.keys(data)
  const frame = Object.values(data)
  const compiled = result(() => compileExpression(rule, { columns, context })(frame))
  return [item, compiled, result(() => compileExpression(rule, { columns, context, reference: true })(frame))]
}

const evaluate = (rule: unknown, row: Record<string, Value>, constants: Record<string, Value> = {}): unknown => {
  const env = { columns: Object.keys(row), constants, context }
  const frame = Object.values(row)
  const compiled = compileExpression(rule, env)(frame)
  expect(plain(compileExpression(rule, { ...env, reference: true })(frame))).toEqual(plain(compiled))
  return compiled
}

describe('the meaning of json-logic-js', () => {
  it(`agrees on ${logicCases.length} chosen cases`, () => {
    expect(logicCases.length).toBeGreaterThan(9_000)
    const differences = logicCases.filter(([rule, data]) => {
      const want = expected(rule, data)
      return ours(rule, data).some(got => !isDeepStrictEqual(got, want))
    })
    expect(differences).toEqual([])
  })

  it('agrees on 20,000 random rules with nested scopes', () => {
    const scalar = fc.oneof(
      fc.integer({ min: -3, max: 12 }),
      fc.constantFrom(0.5, -0, 1e21, '', 'a', 'ab', '10', '9', ' 2', true, false, null),
    )
    const { value } = fc.letrec(tie => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        scalar,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.record({ k: tie('value'), m: scalar }, { requiredKeys: ['m'], noNullPrototype: true }),
      ),
    }))
    const data = fc.record(
      {
        a: value,
        b: value,
        list: fc.array(value, { maxLength: 4 }),
        obj: fc.record({ k: value, m: value }, { noNullPrototype: true }),
      },
      { requiredKeys: ['a'], noNullPrototype: true },
    )
    const name = fc.constantFrom<unknown>(
      'a',
      'b',
      'list',
      'obj',
      'obj.k',
      'list.0',
      'list.1.k',
      'list.length',
      'zz',
      '',
      'k',
      'm',
      'current',
      'accumulator',
      'current.k',
      0,
      1,
      null,
    )
    const operators = [
      '==',
      '===',
      '!=',
      '!==',
      '<',
      '<=',
      '>',
      '>=',
      '+',
      '-',
      '*',
      '/',
      '%',
      'in',
      'cat',
      'substr',
      'min',
      'max',
      'merge',
      'if',
      '?:',
      'and',
      'or',
      '!',
      '!!',
      'missing',
    ]
    const { rule } = fc.letrec(tie => ({
      rule: fc.oneof(
        { maxDepth: 4, depthSize: 'medium', withCrossShrink: true },
        scalar,
        fc.tuple(name).map(([path]) => ({ var: path })),
        fc.tuple(name, tie('rule')).map(operands => ({ var: operands })),
        fc
          .tuple(fc.constantFrom(...operators), fc.array(tie('rule'), { maxLength: 4 }))
          .map(([operator, operands]) => ({ [operator]: operands })),
        fc
          .tuple(fc.constantFrom('map', 'filter', 'all', 'none', 'some'), tie('rule'), tie('rule'))
          .map(([operator, list, each]) => ({ [operator]: [list, each] })),
        fc
          .tuple(fc.constantFrom('map', 'filter', 'all', 'none', 'some'), tie('rule'))
          .map(([operator, each]) => ({ [operator]: [{ var: 'list' }, each] })),
        fc.tuple(tie('rule'), tie('rule')).map(([each, start]) => ({ reduce: [{ var: 'list' }, each, start] })),
        fc
          .tuple(fc.integer({ min: 0, max: 3 }), fc.array(name, { maxLength: 3 }))
          .map(operands => ({ missing_some: operands })),
        fc.array(tie('rule'), { maxLength: 3 }),
        fc.tuple(tie('rule')).map(([dynamic]) => ({ var: [dynamic, 'fallback'] })),
        fc.constant({ two: 1, keys: { var: 'a' } }),
      ),
    }))
    let thrown = 0
    let cases = 0
    fc.assert(
      fc.property(rule, data, (someRule, someData) => {
        cases++
        const want = expected(someRule, someData)
        if (want === THROWS) thrown++
        for (const got of ours(someRule, someData)) if (!isDeepStrictEqual(got, want)) return false
        return true
      }),
      { numRuns: 20_000, seed: 20_240_229 },
    )
    expect(cases).toBe(20_000)
    expect(thrown).toBeLessThan(2_000)
  })
})

describe('names', () => {
  it('finds a column by its exact name before a path, whatever the name is', () => {
    const row = { 'A.B': 1, __proto__x: 2, A: 'text' }
    expect(evaluate({ var: 'A.B' }, row)).toBe(1)
    expect(evaluate({ var: 'A.length' }, row)).toBe(4)
    expect(compileExpression({ var: '__proto__' }, { columns: ['__proto__'], context })(['mine'])).toBe('mine')
    const whole = compileExpression({ var: '' }, { columns: ['__proto__', 'x'], context })(['mine', 1]) as object
    expect(Object.getPrototypeOf(whole)).toBeNull()
    expect(Object.entries(whole)).toEqual([
      ['__proto__', 'mine'],
      ['x', 1],
    ])
  })

  it.each([
    'constructor',
    'constructor.constructor',
    '__proto__',
    '__proto__.toString',
    'toString',
    'hasOwnProperty',
    'NAME.constructor',
    'NAME.constructor.constructor',
    'NAME.__proto__',
    'NAME.trim',
    'LIST.map',
    'LIST.constructor.constructor',
    'valueOf',
    'NAME.length.constructor',
  ])('%s does not exist', path => {
    const env = { columns: ['NAME', 'LIST'], context }
    const frame = ['x', [{ a: 1 }]]
    expect(compileExpression({ var: path }, env)(frame)).toBeNull()
    expect(compileExpression({ var: [{ cat: [path] }, 'none'] }, env)(frame)).toBe('none')
    expect(compileExpression({ missing: [path] }, env)(frame)).toEqual([path])
    expect(compileExpression({ map: [{ var: 'LIST' }, { var: path }] }, env)(frame)).toEqual([null])
  })

  it('sees constants, also as parameters of functions inside lists', () => {
    const constants = { '$vars.region': 'US', '$vars.size': 2 }
    expect(evaluate({ cat: [{ var: 'A' }, '-', { var: '$vars.region' }] }, { A: 'x' }, constants)).toBe('x-US')
    expect(evaluate({ truncate: [{ var: 'A' }, { var: '$vars.size' }] }, { A: 'abc' }, constants)).toBe('ab')
    expect(evaluate({ truncate: [{ var: 'A' }, { length: { var: '$vars.size' } }] }, { A: 'abc' }, constants)).toBe(
      'ab',
    )
  })

  it('tells which names a rule touches', () => {
    expect(
      namesUsed({ if: [{ missing: ['A', 'B'] }, { var: 'C' }, { map: [{ var: 'L' }, { var: 'inner' }] }] }),
    ).toEqual(['A', 'B', 'C', 'L'])
    expect(namesUsed({ missing_some: [1, ['A', 'B']] })).toEqual(['A', 'B'])
    expect(namesUsed({ var: [{ cat: ['A', { var: 'B' }] }, { var: 'D' }] })).toEqual(['', 'B', 'D'])
    expect(namesUsed({ reduce: [{ var: 'L' }, { var: 'current' }, { var: 'S' }] })).toEqual(['L', 'S'])
    expect(namesUsed({ upper: [{ var: 'A' }] })).toEqual(['A'])
  })

  it('knows which rules are random', () => {
    expect(isPure({ cat: [{ uuid5: [{ var: 'A' }, 'dns'] }] })).toBe(true)
    expect(isPure({ if: [true, [{ cat: ['x', { uuid: [] }] }]] })).toBe(false)
  })
})

describe('functions as operators', () => {
  const cases = [...functions.values()]
    .filter(fn => fn.pure)
    .flatMap(fn => fn.examples.map((example, i) => ({ fn, example, name: `${fn.name} ${i + 1}` })))

  it.each(cases)('$name', ({ fn, example }) => {
    const values = (Array.isArray(example.in) ? example.in : [example.in]) as Value[]
    const operands: unknown[] = values.map((_, i) => ({ var: `V${i}` }))
    const params = example.params ?? {}
    if (Object.keys(params).length > 0) operands.push(params)
    const columns = values.map((_, i) => `V${i}`)
    const safe = values.map(value => value)
    for (const reference of [false, true]) {
      const call = (): unknown => compileExpression({ [fn.name]: operands }, { columns, context, reference })(safe)
      if (example.error === undefined) expect(call()).toEqual(example.out ?? null)
      else expect(call).toThrow(expect.objectContaining({ name: 'RowError', code: example.error }))
    }
  })

  it('takes parameters in declared order, as one object, and lists as values', () => {
    const row = { X: 'abcdef', Y: null, Z: 'z' }
    expect(evaluate({ upper: { var: 'X' } }, row)).toBe('ABCDEF')
    expect(evaluate({ truncate: [{ var: 'X' }, 3] }, row)).toBe('abc')
    expect(evaluate({ truncate: [{ var: 'X' }, 4, '…'] }, row)).toBe('abc…')
    expect(evaluate({ truncate: [{ var: 'X' }, { length: 3 }] }, row)).toBe('abc')
    expect(evaluate({ join: [{ var: 'X' }, { var: 'Y' }, { var: 'Z' }, { with: '-' }] }, row)).toBe('abcdef-z')
    expect(evaluate({ join: [{ map: [[1, 2], { '+': [{ var: '' }, 1] }] }, { with: ',' }] }, row)).toBe('2,3')
    expect(evaluate({ null_if: [{ var: 'Z' }, ['y', 'z']] }, row)).toBeNull()
    expect(evaluate({ substr: ['jsonlogic', 4] }, row)).toBe('logic')
    expect(evaluate({ map: [['a', 'b'], { upper: { var: '' } }] }, row)).toEqual(['A', 'B'])
  })

  it('refuses lists and objects as values', () => {
    expect(() => evaluate({ upper: [[1, 2]] }, {})).toThrow(
      new RowError('E414', 'a list or an object cannot be given to a function'),
    )
  })
})

describe('64-bit integers', () => {
  const big = 9007199254740993n

  it('are numbers where nothing is lost', () => {
    expect(evaluate({ '+': [{ var: 'N' }, 1] }, { N: 41n })).toBe(42)
    expect(evaluate({ '===': [{ var: 'N' }, 41] }, { N: 41n })).toBe(true)
  })

  it('compare exactly and pass through', () => {
    expect(evaluate({ var: 'N' }, { N: big })).toBe(big)
    expect(evaluate({ '>': [{ var: 'N' }, 9007199254740992] }, { N: big })).toBe(true)
    expect(evaluate({ '==': [{ var: 'N' }, '9007199254740993'] }, { N: big })).toBe(true)
    expect(evaluate({ add: [{ var: 'N' }, 1] }, { N: big })).toBe('9007199254740994')
  })

  it.each(['+', '-', '*', '/', '%', 'min', 'max'])('%s refuses one that a float cannot hold', operator => {
    const run = compileExpression({ [operator]: [{ var: 'N' }, 2] }, { columns: ['N'], context })
    expect(() => run([big])).toThrow(
      new RowError(
        'E414',
        'a whole number beyond 2^53 does not fit float arithmetic; use add, subtract, multiply, divide',
      ),
    )
  })

  it('refuses a comparison whose answer would be wrong', () => {
    const run = compileExpression({ '<': [{ var: 'N' }, '9007199254740993.5'] }, { columns: ['N'], context })
    expect(() => run([big])).toThrow(expect.objectContaining({ code: 'E414' }))
  })
})

describe('usable', () => {
  it.each<[unknown, string]>([
    [Number.NaN, 'the result is not a number'],
    [Number.POSITIVE_INFINITY, 'the result is infinite'],
    [Number.NEGATIVE_INFINITY, 'the result is infinite'],
    [undefined, 'there is no result'],
    [[1], 'the result is a list, not a value'],
    [{ a: 1 }, 'the result is an object, not a value'],
    ['x[object Object]', 'an object was used as text'],
    [() => 1, 'there is no result'],
  ])('refuses %s', (value, message) => {
    expect(() => usable(value)).toThrow(new RowError('E414', message))
  })

  it.each([null, true, 0, 1.5, 5n, '', 'x', Buffer.from('x')])('takes %s', value => {
    expect(usable(value)).toBe(value)
  })

  it('writes lists and objects as JSON where that is wanted', () => {
    expect(usable([1, { a: 9007199254740993n, b: 'x"' }, null], { json: true })).toBe(
      '[1,{"a":9007199254740993,"b":"x\\""},null]',
    )
    expect(() => usable([Number.NaN], { json: true })).toThrow(new RowError('E414', 'JSON cannot hold the value'))
  })

  it('is what stops an expression that went wrong', () => {
    const run = (rule: unknown): unknown => usable(compileExpression(rule, { columns: ['A'], context })(['x']))
    expect(() => run({ '*': [{ var: 'A' }, 2] })).toThrow(new RowError('E414', 'the result is not a number'))
    expect(() => run({ '/': [1, 0] })).toThrow(new RowError('E414', 'the result is infinite'))
    expect(() => run({ cat: [{ var: '' }] })).toThrow(new RowError('E414', 'an object was used as text'))
    expect(() => run({ '*': [] })).toThrow(new RowError('E414', 'the operands do not suit an operator'))
  })
})

describe('checkExpression', () => {
  const names = new Set(['NAME', 'WEIGHT', '$vars.region'])
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { '!': [deep(levels - 1)] })

  it.each<[unknown, object[]]>([
    [{ '>': [{ var: 'WEIGHT' }, 0] }, []],
    [{ cat: [{ var: '$vars.region' }, { var: 'NAME' }] }, []],
    [
      { uper: [{ var: 'NAME' }] },
      [{ code: 'E205', message: '"uper" is no operator and no function', path: ['uper'], hint: 'did you mean upper?' }],
    ],
    [
      { if: [true, { available: 'x' }, 1] },
      [
        {
          code: 'E205',
          message: '"available" is no operator and no function',
          path: ['if', 1, 'available'],
          hint: 'an object with one key is always an operator; a table of codes and values belongs under map:',
        },
      ],
    ],
    [
      { var: 'NAMES' },
      [{ code: 'E206', message: '"NAMES" is no column and no let name', path: ['var'], hint: 'did you mean NAME?' }],
    ],
    [
      { and: [{ missing: ['NAME', 'WIGHT'] }, 1] },
      [
        {
          code: 'E206',
          message: '"WIGHT" is no column and no let name',
          path: ['and', 0, 'missing', 1],
          hint: 'did you mean WEIGHT?',
        },
      ],
    ],
    [{ map: [[1], { var: 'anything' }] }, []],
    [{ '>': [1] }, [{ code: 'E211', message: '> takes 2 operands, not 1', path: [] }]],
    [{ '-': [1, 2, 3] }, [{ code: 'E211', message: '- takes 1 to 2 operands, not 3', path: [] }]],
    [{ if: [1] }, [{ code: 'E211', message: 'if takes at least 2 operands, not 1', path: [] }]],
    [{ trim: [{ var: 'NAME' }, 1] }, [{ code: 'E211', message: 'trim takes one value and no parameters', path: [] }]],
    [{ truncate: [{ var: 'NAME' }] }, [{ code: 'E211', message: 'truncate needs the parameter length', path: [] }]],
    [
      { truncate: [{ var: 'NAME' }, { var: 'WEIGHT' }] },
      [
        {
          code: 'E211',
          message: 'truncate: parameter length must be a constant, it cannot differ from row to row',
          path: [],
        },
      ],
    ],
    [{ truncate: [{ var: 'NAME' }, { var: '$vars.region' }] }, []],
    [{ upper: [] }, [{ code: 'E211', message: 'upper needs a value', path: [] }]],
    [
      { '>': [{ var: 'WEIGHT' }, 0], '<': [{ var: 'WEIGHT' }, 9] },
      [
        {
          code: 'E211',
          message: 'an operator stands alone in its object, but > has other keys beside it',
          path: [],
          hint: 'join several conditions with and: { "and": [ …, … ] }',
        },
      ],
    ],
    [deep(63), []],
    [deep(64), []],
  ])('%j', (rule, problems) => {
    expect(checkExpression(rule, { names })).toEqual(problems)
  })

  it('refuses what is too deep, once and without overflowing', () => {
    const problems = checkExpression(deep(5_000))
    expect(problems.map(({ code, message, hint }) => ({ code, message, hint }))).toEqual([
      { code: 'E212', message: 'operators are nested deeper than 64', hint: 'compute parts of it in let' },
    ])
    expect(() => compileExpression(deep(5_000), { columns: [], context })).toThrow(
      expect.objectContaining({ code: 'E212', kind: 'usage' }),
    )
  })

  it('finds every problem in one pass', () => {
    expect(
      checkExpression({ and: [{ nope: 1 }, { var: 'X' }, { '!': [] }] }, { names }).map(problem => problem.code),
    ).toEqual(['E205', 'E206', 'E211'])
  })
})

it('bindFunction and the operator give the same', () => {
  const fn = functions.get('truncate') as TransformFunction
  expect(bindFunction(fn, { length: 2 }, context)(['abc'])).toBe(
    evaluate({ truncate: [{ var: 'A' }, 2] }, { A: 'abc' }),
  )
})
