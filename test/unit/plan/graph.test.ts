import { describe, expect, test } from 'vitest'
import { cycleProblems, orderEntities, specDependencies } from '../../../src/plan/dependencies.js'
import { graphMermaid, graphText } from '../../../src/plan/graph.js'
import { selectEntities } from '../../../src/plan/select.js'
import { entity, field, pipelineSpec } from './specs.js'

const spec = pipelineSpec([
  entity('order', { fields: [field('customer_id', 'CUST', { ref: { entity: 'customer', onMissing: 'fail' } })] }),
  entity('customer', { dependsOn: ['country'] }),
  entity('audit'),
  entity('country'),
])
const names = spec.entities.map(e => e.name)

describe('order', () => {
  test('dependencies first, otherwise as declared', () => {
    const order = orderEntities(names, specDependencies(spec))
    expect(order.names).toEqual(['audit', 'country', 'customer', 'order'])
    expect([...order.wave]).toEqual([
      ['audit', 1],
      ['country', 1],
      ['customer', 2],
      ['order', 3],
    ])
    expect(order.after.get('order')).toEqual(['customer'])
  })

  test('a deferred ref does not order', () => {
    const deferred = pipelineSpec([
      entity('a', { defer: ['b_id'], fields: [field('b_id', 'B', { ref: { entity: 'b', onMissing: 'fail' } })] }),
      entity('b', { fields: [field('a_id', 'A', { ref: { entity: 'a', onMissing: 'fail' } })] }),
    ])
    expect(cycleProblems(['a', 'b'], specDependencies(deferred))).toEqual([])
    expect(orderEntities(['a', 'b'], specDependencies(deferred)).names).toEqual(['a', 'b'])
  })

  test('a look-up in a table that another entity loads orders', () => {
    const looked = pipelineSpec(
      [entity('a', { fields: [field('x', 'X', { lookup: { name: 'n', onMissing: 'fail' } })] }), entity('b')],
      { lookups: { n: { in: 'target', table: { table: 'b' }, key: ['id'], value: ['id'], path: ['lookups', 'n'] } } },
    )
    expect(orderEntities(['a', 'b'], specDependencies(looked)).names).toEqual(['b', 'a'])
  })
})

describe('cycles', () => {
  test('names every entity on it and offers defer', () => {
    const cyclic = pipelineSpec([
      entity('a', { fields: [field('b_id', 'B', { ref: { entity: 'b', onMissing: 'fail' } })] }),
      entity('b', { dependsOn: ['c'] }),
      entity('c', { fields: [field('a_id', 'A', { ref: { entity: 'a', onMissing: 'fail' } })] }),
      entity('d', { dependsOn: ['a'] }),
    ])
    expect(cycleProblems(['a', 'b', 'c', 'd'], specDependencies(cyclic))).toEqual([
      {
        code: 'E209',
        severity: 'error',
        message: 'these entities wait for each other: a (ref b_id) → b (depends_on) → c (ref a_id) → a',
        path: ['entities', 'a', 'fields', 'b_id', 'ref'],
        hint: 'fill one side in a second pass: `defer: [b_id]` in a, or `defer: [a_id]` in c',
      },
    ])
  })

  test('a ref to itself that is not deferred', () => {
    const self = pipelineSpec([
      entity('staff', { fields: [field('boss', 'BOSS', { ref: { entity: 'staff', onMissing: 'fail' } })] }),
    ])
    expect(cycleProblems(['staff'], specDependencies(self)).map(p => p.message)).toEqual([
      'these entities wait for each other: staff (ref boss) → staff',
    ])
  })
})

describe('selection', () => {
  const select = (entities: string[], exclude: string[] = []) =>
    selectEntities(names, specDependencies(spec), { entities, exclude })

  test('a name, what it depends on, what depends on it', () => {
    expect(select(['customer']).names).toEqual(['customer'])
    expect(select(['+customer']).names).toEqual(['customer', 'country'])
    expect(select(['customer+']).names).toEqual(['order', 'customer'])
    expect(select([]).names).toEqual(names)
    expect(select(['+order'], ['country']).names).toEqual(['order', 'customer'])
  })

  test('every unknown name is a problem', () => {
    expect(select(['custmer', 'audit'], ['nothing']).problems.map(p => [p.code, p.message, p.hint])).toEqual([
      ['E201', 'there is no entity "custmer"', 'did you mean "customer"?'],
      ['E201', 'there is no entity "nothing"', 'the entities are order, customer, audit, country'],
    ])
  })
})

test('text', () => {
  expect(graphText(spec)).toBe(
    'wave 1\n  audit\n  country\nwave 2\n  customer  after country\nwave 3\n  order     after customer\n',
  )
})

test('mermaid', () => {
  expect(graphMermaid(spec)).toBe(
    [
      'flowchart LR',
      '  e1["audit"]',
      '  e2["country"]',
      '  e3["customer"]',
      '  e4["order"]',
      '  e2 --> e3',
      '  e3 --> e4',
      '',
    ].join('\n'),
  )
})
