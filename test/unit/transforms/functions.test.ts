import { describe, expect, it } from 'vitest'
import { EtlError, RowError } from '../../../src/core/errors.js'
import type { Value } from '../../../src/core/row.js'
import type { FunctionExample, TransformFunction } from '../../../src/core/transform.js'
import { bindFunction } from '../../../src/transforms/bind.js'
import { functions } from '../../../src/transforms/registry.js'
import './own-plate.js'

const context = { startedAt: '2024-02-29T03:04:05.678Z', runId: 'run-1' }

const valuesOf = (example: FunctionExample): readonly Value[] =>
  Array.isArray(example.in) ? (example.in as readonly Value[]) : [example.in as Value]

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** What happens, in a form that can be compared: the value, or the code of the row error. */
function outcome(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof RowError)) throw error
    return { error: error.code }
  }
}

function wanted(example: FunctionExample): unknown {
  return example.error === undefined ? (example.out ?? null) : { error: example.error }
}

const cases = [...functions.values()].flatMap(fn =>
  fn.examples.map((example, i) => ({ fn, example, name: `${fn.name} ${i + 1}` })),
)

describe('examples of every function', () => {
  it('has at least 45 functions, each with a summary, described parameters and examples', () => {
    expect(functions.size).toBeGreaterThanOrEqual(45)
    for (const fn of functions.values()) {
      expect(fn.summary).toMatch(/[.?]( |$)/)
      expect(fn.examples.length).toBeGreaterThan(0)
      expect(fn.name).toMatch(/^[a-z][a-z0-9_]*$/)
      for (const [name, schema] of Object.entries(fn.params.properties as Record<string, { description?: string }>))
        expect(schema.description, `${fn.name}.${name}`).toBeTruthy()
    }
  })

  it.each(cases)('$name through apply', ({ fn, example }: { fn: TransformFunction; example: FunctionExample }) => {
    const got = outcome(() => bindFunction(fn, example.params ?? {}, context)(valuesOf(example)))
    if (fn.pure) expect(got).toEqual(wanted(example))
    else expect(got).toMatch(UUID)
  })
})

describe('a function called more than once', () => {
  it('to_boolean gives the same answer to a spelling each time, and refuses each time', () => {
    const run = bindFunction(
      functions.get('to_boolean') as TransformFunction,
      { true: ['1', 'A'], false: ['0'] },
      context,
    )
    const given: Value[] = ['A', 'a ', 1, 1n, '0', -0, 0, 'no']
    const twice = [...given, ...given].map(value => outcome(() => run([value])))
    const once = [true, true, true, true, false, false, false, { error: 'E407' }]
    expect(twice).toEqual([...once, ...once])
  })

  it('replace puts in what stands there, once or more often', () => {
    const params = { pattern: '$&', with: '$1$$', literal: true }
    const run = bindFunction(functions.get('replace') as TransformFunction, params, context)
    expect(['a', '$&', 'a$&b', '$&$&', '$&a$&'].map(value => run([value]))).toEqual([
      'a',
      '$1$$',
      'a$1$$b',
      '$1$$$1$$',
      '$1$$a$1$$',
    ])
  })
})

describe('every function on every kind of value', () => {
  const values: Value[] = [
    null,
    true,
    -0,
    1.5,
    Number.NaN,
    2n ** 70n,
    '',
    ' \u0000\ud800 ',
    '-1.50',
    '2024-02-29T03:04:05Z',
    '{"a":[1]}',
    Buffer.from([0xff, 0]),
  ]

  it.each([...functions.values()].map(fn => [fn.name, fn] as const))(
    '%s throws nothing but row errors without the value',
    (_, fn) => {
      const params = fn.examples.find(example => example.params !== undefined)?.params ?? {}
      const run = bindFunction(fn, params, context)
      for (const value of values) {
        try {
          const result = run(fn.values.min === 2 ? [value, value] : [value])
          expect(
            result === null ||
              ['boolean', 'number', 'bigint', 'string'].includes(typeof result) ||
              Buffer.isBuffer(result),
          ).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(RowError)
          const { message } = error as RowError
          expect(message.startsWith(`${fn.name}: `)).toBe(true)
          if (typeof value === 'string' && value.length > 3) expect(message).not.toContain(value)
        }
      }
    },
  )
})

describe('parameters', () => {
  const bind = (name: string, params: Record<string, unknown>) => () =>
    bindFunction(functions.get(name) as TransformFunction, params, context)

  it.each([
    ['truncate', { lenght: 3 }, 'truncate has no parameter lenght; did you mean length?'],
    ['truncate', {}, 'truncate needs the parameter length'],
    ['truncate', { length: '3' }, 'truncate: parameter length must be a whole number from 0'],
    ['truncate', { length: -1 }, 'truncate: parameter length must be a whole number from 0'],
    ['trim', { x: 1 }, 'trim has no parameter x; it takes none'],
    ['zone', { zone: 'Mars/Olympus' }, '"Mars/Olympus" is not a time zone'],
    ['zone', { zone: 'local' }, '"local" is not a time zone'],
    ['replace', { pattern: '(', with: '' }, 'replace: the pattern is not a regular expression'],
    ['remove', { pattern: '(a+)+$' }, 'remove: the pattern repeats a repetition and could take forever'],
    [
      'round',
      { rounding: 'up_half' },
      'round: parameter rounding must be one of half_up, half_even, down, up, floor, ceil',
    ],
    ['phone', { region: 'XX' }, 'phone: "XX" is not a country'],
    ['uuid5', { namespace: 'x' }, 'uuid5: the namespace is not a UUID'],
    ['json_get', { path: 'a..b' }, 'json_get: the path cannot be read'],
    ['mask', { with: '**' }, 'mask: with must be one character'],
    ['json_object', { names: [1] }, 'json_object: parameter names must be a list, each item text'],
  ])('%s %j is refused', (name, params, message) => {
    expect(bind(name, params)).toThrow(expect.objectContaining({ code: 'E211', kind: 'usage', message }))
    expect(bind(name, params)).toThrow(EtlError)
  })
})
