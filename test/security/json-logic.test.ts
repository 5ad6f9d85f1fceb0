import { describe, expect, test } from 'vitest'
import { RowError } from '../../src/core/errors.js'
import { loadPipeline, PipelineError, runMappingTests } from '../../src/index.js'
import { checkExpression, compileExpression } from '../../src/transforms/expression.js'
import { Workspace } from '../support/etl.js'

const context = { startedAt: '2024-02-29T03:04:05.678Z', runId: 'run-1' }

const ESCAPES = [
  'constructor',
  'constructor.constructor',
  'NAME.constructor.constructor',
  'DOC.constructor.prototype',
  'DOC.__proto__',
  'DOC.__proto__.polluted',
  '__proto__',
  '__proto__.polluted',
  'prototype',
  'toString',
  'NAME.toString',
  'DOC.list.constructor',
  'DOC.list.map',
  'DOC.hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  '__lookupGetter__',
  'process',
  'process.env',
  'globalThis',
  'global.process',
  'require',
  'this',
  'self',
  'arguments',
  'then',
]

describe('Expressions: a rule sees its row and nothing else, and ends in time and memory', () => {
  const columns = ['NAME', 'DOC']
  const frame = ['Ada', { list: [1, 2], own: { constructor: 'mine' } }]
  const run = (rule: unknown): unknown => compileExpression(rule, { columns, context })(frame)

  test.each(ESCAPES)('no way out by { var: %s }', name => {
    for (const rule of [{ var: name }, { var: [name, 'absent'] }, { var: [{ cat: [name] }] }])
      expect([null, 'absent']).toContain(run(rule))
    for (const each of ['map', 'filter'])
      expect(JSON.stringify(run({ [each]: [{ var: 'DOC.list' }, { var: name }] }))).toMatch(/^\[(null,null)?\]$/)
    expect(run({ missing: [name] })).toEqual([name])
  })

  test('what the data itself calls so is data', () => {
    expect(run({ var: 'DOC.own.constructor' })).toBe('mine')
    const polluted = JSON.parse('{"__proto__": {"admin": true}}')
    const read = compileExpression({ var: 'DOC.admin' }, { columns, context })
    expect(read(['Ada', polluted])).toBe(null)
    expect(compileExpression({ var: 'DOC.__proto__.admin' }, { columns, context })(['Ada', polluted])).toBe(true)
    expect(({} as { admin?: boolean }).admin).toBe(undefined)
  })

  test.each([
    'method',
    'eval',
    'Function',
    'constructor',
    '__proto__',
    'toString',
    'import',
    'require',
    'add_operation',
  ])('%s is no operator', operator => {
    const rule = JSON.parse(`{ ${JSON.stringify(operator)}: ["x"] }`)
    expect(checkExpression(rule).map(({ code }) => code)).toEqual(['E205'])
    expect(() => run(rule)).toThrow('is no operator and no function')
  })

  test('data that looks like a rule is not run', () => {
    expect(() =>
      compileExpression({ missing: { var: 'DOC' } }, { columns, context })(['Ada', [{ var: 'NAME' }]]),
    ).toThrow(RowError)
    expect(compileExpression({ var: 'DOC' }, { columns, context })(['Ada', { cat: ['x'] }])).toEqual({ cat: ['x'] })
  })

  test('nested deeper than it may be, it is refused by the check and by the compiler alike', () => {
    let rule: unknown = 1
    for (let i = 0; i < 5000; i++) rule = { '!': rule }
    expect(checkExpression(rule).map(({ code }) => code)).toEqual(['E212'])
    expect(() => run(rule)).toThrow('operators are nested deeper than 64')
  })

  test('text and lists that double with each step end as an error of the row', () => {
    const steps = Array.from({ length: 64 }, (_, i) => i)
    const doubled = (operator: string): unknown => ({
      reduce: [steps, { [operator]: [{ var: 'accumulator' }, { var: 'accumulator' }] }, ['x']],
    })
    expect(() => run(doubled('cat'))).toThrow('a text would have more than 67108864 characters')
    expect(() => run(doubled('merge'))).toThrow('a list would have more than 1000000 items')
  })

  test('lists within lists, text made of text: the row is refused in time, the others go on', {
    timeout: 60_000,
  }, async () => {
    const place = new Workspace()
    const ten = JSON.stringify([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    let endless = '1'
    for (let i = 0; i < 16; i++) endless = `{ "map": [${ten}, ${endless}] }`
    const lets = ['L0: { cat: [{ var: NAME }, "0123456789"] }']
    for (let i = 1; i < 60; i++) lets.push(`L${i}: { cat: [{ var: L${i - 1} }, { var: L${i - 1} }] }`)
    place.write(
      'pipeline.yaml',
      `version: 1
name: bombs
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  lists: { from: A, to: a, fields: { id: ID, n: { expr: { if: [{ var: BAD }, ${endless}, 1] } } } }
  texts:
    from: A
    to: b
    let: { ${lets.join(', ')} }
    fields: { id: ID, n: { expr: { length: [{ var: L59 }] } } }
  functions:
    from: A
    to: c
    fields: { id: ID, n: { from: NAME, apply: [${Array.from({ length: 8 }, () => '{ replace: { pattern: a, with: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, literal: true } }').join(', ')}] } }
tests:
  - { entity: lists, given: { ID: 1, BAD: false }, expect: { n: 1 } }
  - { entity: lists, given: { ID: 1, BAD: true }, expect_error: { code: E413 } }
  - { entity: texts, given: { ID: 1, NAME: a }, expect_error: { code: E414 } }
  - { entity: functions, given: { ID: 1, NAME: a }, expect_error: { field: n, code: E413 } }
`,
    )
    const pipeline = await loadPipeline(place.path('pipeline.yaml')).catch((error: unknown) => {
      throw error instanceof PipelineError
        ? new Error(error.diagnostics.map(({ message }) => message).join('\n'))
        : error
    })
    const report = await runMappingTests(pipeline)
    expect(report.tests.map(({ problems }) => problems)).toEqual([[], [], [], []])
  })
})
