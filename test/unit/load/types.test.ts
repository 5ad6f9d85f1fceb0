import { describe, expect, it } from 'vitest'
import { failure, load, problems, VALID } from './pipeline-file.js'

const RULES = `types:
  - { when: { source: "NUMBER(1,0)" }, to: boolean }
  - { when: { source: [CLOB, NCLOB], column: "*_NOTE", table: "AB_*" }, to: varchar(40) }
`

describe('types', () => {
  it('of the file and of an entity, with every short form written out', async () => {
    const { spec } = await load(`${VALID}    types: [{ when: { column: FLAG }, to: bool }]\n${RULES}`)
    expect(spec.types).toEqual([
      { when: { source: ['NUMBER(1,0)'] }, to: { kind: 'boolean' }, path: ['types', 0] },
      {
        when: { source: ['CLOB', 'NCLOB'], column: ['*_NOTE'], table: ['AB_*'] },
        to: { kind: 'text', length: 40 },
        path: ['types', 1],
      },
    ])
    expect(spec.entities[0]?.types).toEqual([
      { when: { column: ['FLAG'] }, to: { kind: 'boolean' }, path: ['entities', 'customers', 'types', 0] },
    ])
  })

  it.each([
    ['[{ when: { source: A }, to: boolaen }]', 'E216 12:36 "boolaen" is not a type'],
    ['[{ when: {}, to: boolean }]', 'E105 12:11 needs at least 1 entry'],
    ['[{ when: { sorce: A }, to: boolean }]', 'E101 12:19 "sorce" is not a key of `when`'],
    ['[{ to: boolean }]', 'E104 12:9 this item of `types` needs `when`'],
    ['[{ when: { source: A } }]', 'E104 12:9 this item of `types` needs `to`'],
    ['[{ when: { source: [] }, to: boolean }]', 'E105 12:19 needs at least 1 entry'],
    ['{ NUMBER: boolean }', 'E102 12:1 must be a list, not a block of keys'],
  ])('%s', async (rules, expected) => {
    expect(await problems(`${VALID}types: ${rules}\n`)).toEqual([expected])
  })

  it('offer the nearest type, in an entity too', async () => {
    const { diagnostics } = await failure(`${VALID}    types: [{ when: { source: A }, to: boolaen }]\n`)
    expect(diagnostics.map(({ message, hint, path }) => [message, hint, path.join('.')])).toEqual([
      ['"boolaen" is not a type', 'Did you mean "boolean"?', 'entities.customers.types.0.to'],
    ])
  })
})
