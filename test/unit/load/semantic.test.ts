import { describe, expect, it } from 'vitest'
import { failure, HEAD, load, problems, VALID } from './pipeline-file.js'

/** The problems of one more field `f` on line 12. */
const inField = (field: string, more = '') => problems(`${VALID}      f: ${field}\n${more}`)

/** The problems of one more entity that begins on line 12. */
const inEntity = (...lines: string[]) => problems(`${VALID}  other:\n${lines.map(line => `    ${line}\n`).join('')}`)

describe('names that do not exist', () => {
  it.each([
    ['{ from: A, ref: customer }', 'E201 12:26 no entity is called "customer"'],
    ['{ from: A, map: m }', 'E203 12:26 no map is called "m"'],
    ['{ from: A, lookup: l }', 'E204 12:29 no look-up is called "l"'],
    ['{ from: A, apply: [trm] }', 'E205 12:29 no function is called "trm"'],
    ['{ from: A, apply: [{ trm: 1 }] }', 'E205 12:31 no function is called "trm"'],
    ['{ from: A, type: decimall }', 'E216 12:27 "decimall" is not a type'],
    ['{ expr: { var: $vars.regoin } }', 'E206 12:25 nothing is called "$vars.regoin"'],
  ])('%s', async (field, expected) => {
    expect(await inField(field, 'vars: { region: US }\n')).toEqual([expected])
  })

  it('in depends_on, hooks and look-ups', async () => {
    const text = `${VALID}    depends_on: [customer]
    hooks: { before: [{ on: crn, sql: select 1 }] }
lookups:
  l: { in: crn, table: T, key: K, value: V }
`
    expect(await problems(text)).toEqual([
      'E201 12:18 no entity is called "customer"',
      'E202 13:29 no source is called "crn"',
      'E202 15:12 no source is called "crn"',
    ])
  })

  it('offers the nearest name', async () => {
    const { diagnostics } = await failure(`${VALID}      f: { from: A, ref: customer }\n`)
    expect(diagnostics[0]?.hint).toBe('Did you mean "customers"?')
  })
})

describe('keys that do not go together', () => {
  it.each([
    ['{ from: A, value: 1 }', 'E215 12:21 `from` and `value` exclude each other'],
    ['{ value: 1, expr: { var: A } }', 'E215 12:22 `value` and `expr` exclude each other'],
    ['{ apply: [trim] }', 'E104 12:7 field f needs `from`, `value` or `expr`'],
    ['{ from: A, unmapped: keep }', 'E217 12:21 `unmapped` says nothing without `map`'],
    ['{ from: A, on_missing: null }', 'E217 12:21 `on_missing` says nothing without `lookup` or `ref`'],
    ['{ from: A, on_invalid: default }', 'E217 12:21 `on_invalid: default` needs a `default`'],
    ['{ value: { var: A } }', 'E102 12:12 must be text, a number, true or false or null, not a block of keys'],
  ])('in a field: %s', async (field, expected) => {
    expect(await inField(field)).toEqual([expected])
  })

  it.each([
    ['from: { table: T, query: select 1 }', 'E215 13:23 `table` and `query` exclude each other'],
    ['from: { rows: [{ A: 1 }], source: crm }', 'E215 13:31 `rows` and `source` exclude each other'],
    ['from: { target: true, table: T, source: crm }', 'E215 13:37 `target` and `source` exclude each other'],
    ['from: { source: crm }', 'E104 13:5 `from` needs `table`, `file`, `query` or `rows`'],
    ['from: { query: select 1 }', 'E210 13:20 a query has no primary key, so the entity needs `key`'],
  ])('in `from`: %s', async (from, expected) => {
    expect(await inEntity(from, 'to: t', 'fields: { a: A }')).toEqual([expected])
  })

  it.each(['map: { a: b }', 'lookup: l'])('%s and ref', async other => {
    const lookups = 'lookups: { l: { table: T, key: K, value: V } }'
    const field = `fields: { a: { from: A, ${other}, ref: customers } }`
    expect(await problems(`${VALID}  other:\n    from: T\n    to: t\n    ${field}\n${lookups}\n`)).toEqual([
      `E215 15:${31 + other.length} \`${other.split(':')[0]}\` and \`ref\` exclude each other`,
    ])
  })

  it('a misspelt key is not reported as missing too', async () => {
    expect(await inField('{ form: A }')).toEqual(['E101 12:12 "form" is not a key of field f'])
    expect(await inEntity('from: T', 'to: { tabel: t }', 'fields: { a: A }')).toEqual([
      'E101 14:11 "tabel" is not a key of `to`',
    ])
  })
})

describe('numbers of values', () => {
  it.each([
    ['{ from: [A, B], apply: [trim] }', 'E211 12:34 trim takes one value, but gets 2'],
    ['{ from: [A, B] }', 'E211 12:12 2 columns need a function, a look-up or a ref that makes them one'],
    ['{ from: A, apply: [truncate] }', 'E211 12:29 truncate needs `length`'],
    ['{ from: A, apply: [{ truncate: x }] }', 'E211 12:41 must be a whole number, not text'],
    ['{ from: A, apply: [{ trim: {}, upper: {} }] }', 'E105 12:29 takes at most 1 entry'],
    ['{ from: [A, B], lookup: l }', 'E211 12:34 l takes one value, but gets 2'],
  ])('%s', async (field, expected) => {
    const lookups = 'lookups: { l: { table: T, key: K, value: V } }\n'
    expect(await inField(field, lookups)).toEqual([expected])
  })
})

describe('columns', () => {
  it('that the file itself says are not there', async () => {
    const found = await inEntity(
      'from: { rows: [{ A: 1 }] }',
      'to: t',
      'key: B',
      'fields: { a: AA, c: A }',
      'defer: [d]',
    )
    expect(found).toEqual([
      'E207 15:10 the rows have no column "B"',
      'E207 16:18 the rows have no column "AA"',
      'E207 17:13 no field makes the target column "d"',
    ])
  })

  it('are missing altogether', async () => {
    expect(await inEntity('from: T', 'to: t')).toEqual(['E104 12:3 entity other writes no column: it has no `fields`'])
  })
})

describe('several sources', () => {
  it('need to be named', async () => {
    const text = VALID.replace('sources:\n', 'sources:\n  b: { type: sqlite, path: b.sqlite }\n')
    expect(await problems(text)).toEqual(['E202 9:11 the file has several sources: which one is meant?'])
  })
})

describe('cycles', () => {
  const entity = (name: string, ref: string, more = '') =>
    `  ${name}:\n    from: ${name}\n    to: ${name}\n    fields: { id: ID, r: { from: R, ref: ${ref} } }\n${more}`

  it('name every entity on them and offer defer', async () => {
    const { diagnostics } = await failure(HEAD + entity('a', 'b') + entity('b', 'c') + entity('c', 'a'))
    expect(diagnostics).toMatchObject([
      {
        code: 'E209',
        message: 'a, b and c wait for each other',
        position: { line: 10, column: 42 },
        hint: 'Fill it in a second pass: `defer: [r]` in entity a.',
      },
    ])
  })

  it('of one entity', async () => {
    expect(await problems(HEAD + entity('a', 'a'))).toEqual(['E209 10:42 a waits for itself'])
  })

  it('of depends_on', async () => {
    const found = await problems(HEAD + entity('a', 'b', '    defer: [r]\n    depends_on: [b]\n') + entity('b', 'a'))
    expect(found).toEqual(['E209 12:18 a and b wait for each other'])
  })

  it('are gone when the ref is deferred', async () => {
    const { spec } = await load(HEAD + entity('a', 'b', '    defer: [r]\n') + entity('b', 'a'))
    expect(spec.entities.map(({ name, defer }) => [name, defer])).toEqual([
      ['a', ['r']],
      ['b', []],
    ])
  })
})

describe('warnings', () => {
  it('a server that need not prove itself', async () => {
    const text = `
version: 1
name: x
sources:
  old: { type: mysql, host: db.example, database: app, user: me, insecure_tls: true }
target: { type: sqlite, path: out.sqlite }
entities:
  t: { from: t, to: t, rest: copy }
`
    const { warnings } = await load(text)
    expect(warnings.map(({ code, path, message }) => [code, path, message])).toEqual([
      [
        'E230',
        ['sources', 'old', 'insecure_tls'],
        'nobody proves which server answers: what passes, the password too, may be read or changed on its way',
      ],
    ])
  })

  it('name maps and look-ups that nothing uses', async () => {
    const text = `${VALID}maps: { m: { a: b } }\nlookups: { l: { table: T, key: K, value: V } }\n`
    const { warnings } = await load(text)
    expect(warnings.map(({ code, message, position }) => [code, message, position])).toEqual([
      ['E214', 'no field uses the map "m"', { line: 12, column: 9, length: 1 }],
      ['E214', 'no field uses the look-up "l"', { line: 13, column: 12, length: 1 }],
    ])
  })
})

describe('parameters that only the function itself can judge', () => {
  it.each([
    [
      '{ from: A, apply: [{ replace: { pattern: "(", with: x } }] }',
      'E211 12:31 replace: the pattern is not a regular expression',
    ],
    ['{ from: A, apply: [{ zone: Amerika/Chicago }] }', 'E211 12:37 "Amerika/Chicago" is not a time zone'],
    ['{ from: A, apply: [{ phone: QQ }] }', 'E211 12:38 phone: "QQ" is not a country'],
    ['{ from: A, apply: [{ add: "1,5" }] }', 'E211 12:36 add: a parameter cannot be used: the value is not a number'],
    ['{ expr: { zone: [{ var: A }, $none] } }', 'E211 12:12 "$none" is not a time zone'],
    ['{ expr: { zone: [{ var: A }, { var: $vars.zone }] } }', 'E211 12:12 "Nowhere" is not a time zone'],
  ])('%s', async (field, expected) => {
    expect(await inField(field, 'vars: { zone: Nowhere }\n')).toEqual([expected])
  })

  it('are told all at once, with what else is wrong', async () => {
    const found = await problems(`${VALID}      a: { from: A, apply: [{ extract: "[" }, { zone: X }] }
      b: { from: B, apply: [trim, { zone: X }] }
      c: { from: C, ref: customer }
`)
    expect(found.map(problem => problem.slice(0, 10))).toEqual(['E211 12:40', 'E211 12:55', 'E211 13:43', 'E201 14:26'])
  })

  it('are not judged twice where the schema refuses them', async () => {
    expect(await inField('{ from: A, apply: [{ replace: { pattern: "(" } }] }')).toHaveLength(1)
  })
})
