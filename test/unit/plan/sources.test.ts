import { describe, expect, test } from 'vitest'
import { errorsOf, planOf } from './temp-databases.js'

const db = {
  source: `create table T (ID integer primary key, CD text, N real);
    create table REGION (CD text primary key, NAME text);`,
  target: 'create table t (id integer primary key, a text, b text);',
}

describe('where rows come from', () => {
  test('a query needs a key and is described without being run', async () => {
    const query = (more: string, sql = 'select ID, CD from T') =>
      `  e: { from: { query: "${sql}" }, ${more}to: t, fields: { id: ID, a: CD } }\n`
    const plan = await planOf({ ...db, entities: query('key: [ID], ') })
    expect(plan.entities[0]?.read).toMatchObject({ from: { kind: 'query', source: 'crm' }, order: [0], key: [0] })
    expect(plan.fingerprintParts['source.crm.query.e.columns.ID']).toBeDefined()
    expect((await errorsOf({ ...db, entities: query('key: [ID], ', 'select X from T') })).map(e => e[0])).toEqual([
      'E308',
    ])
  })

  test('inline rows: columns of all rows, in order, absent ones null', async () => {
    const entities =
      '  e: { from: { rows: [{ id: 1, a: x }, { id: 2, b: y }] }, to: t, fields: { id: id, a: a, b: b } }\n'
    const [entity] = (await planOf({ ...db, entities })).entities
    expect(entity?.read.from).toEqual({
      kind: 'rows',
      rows: [
        [1, 'x', null],
        [2, null, 'y'],
      ],
    })
    expect(entity?.read.order).toEqual([])
    expect(entity?.read.key).toEqual([])
  })

  test('in-place work reads the target', async () => {
    const entities =
      '  e: { from: { target: true, table: t }, to: t, load: update, rest: ignore, fields: { id: id, a: { from: b, apply: [upper] } } }\n'
    const [entity] = (await planOf({ ...db, entities })).entities
    expect(entity?.read.from).toEqual({ kind: 'table', source: '$target', table: { table: 't' } })
    expect(entity?.write).toMatchObject({ mode: 'update', match: ['id'], advance: [] })
  })

  test('columns of a union must fit each other where they are used, and only there', async () => {
    const source = 'create table A (ID integer primary key, N text); create table B (ID integer primary key, N real);'
    const members = (more: string, rest = 'ignore'): string =>
      `  e: { from: { union: [{ table: A }, { table: B }] }, to: t, rest: ${rest}, ${more} }\n`
    const plan = await planOf({ source, target: db.target, entities: members('fields: { id: ID }') })
    expect(plan.entities[0]?.read.columns.map(({ name }) => name)).toEqual(['ID', '$member'])
    const clash = [
      'E216',
      'e.from.union',
      'N is text in A and float64 in B, which have no common type',
      '`rename` one of them, or read it by a `query` that converts it',
    ]
    for (const more of [
      'fields: { id: ID, a: N }',
      'fields: { id: ID }, filter: { "==": [{ var: N }, 1] }',
      'fields: { id: ID }, dedupe: { by: N }',
      'let: { x: { var: N } }, fields: { id: ID, b: x }',
    ])
      expect(await errorsOf({ source, target: db.target, entities: members(more) }), more).toEqual([clash])
    const created = 'create table t (id integer primary key, N text);'
    expect(await errorsOf({ source, target: created, entities: members('fields: { id: ID }', 'copy') })).toEqual([
      clash,
    ])
  })

  test('a let may not hide a column', async () => {
    const entities = '  e: { from: T, to: t, rest: ignore, let: { CD: { var: ID } }, fields: { id: ID, a: CD } }\n'
    expect(await errorsOf({ ...db, entities })).toEqual([
      ['E215', 'e.let.CD', 'T has a column CD, which this let would hide', 'give it a name of its own'],
    ])
  })
})

describe('look-ups', () => {
  const head = (key: string, table = 'REGION') =>
    `lookups: { region: { in: crm, table: ${table}, key: ${key}, value: NAME } }\n`
  const entities = '  e: { from: T, to: t, rest: ignore, fields: { id: ID, a: { from: CD, lookup: region } } }\n'

  test('are planned with their columns', async () => {
    const plan = await planOf({ ...db, head: head('CD'), entities })
    expect(plan.lookups.region).toMatchObject({ in: 'crm', key: [{ name: 'CD' }], value: [{ name: 'NAME' }] })
    expect(plan.entities[0]?.program.fields[1]).toMatchObject({
      lookup: { name: 'region', onMissing: 'quarantine' },
      castFrom: { kind: 'text' },
    })
  })

  test('tables and columns are checked', async () => {
    const messages = async (text: string) => (await errorsOf({ ...db, head: text, entities })).map(e => [e[0], e[2]])
    expect(await messages(head('CD', 'REGIONS'))).toEqual([['E208', expect.stringMatching(/has no table REGIONS$/)]])
    expect(await messages(head('CODE'))).toEqual([['E207', 'REGION has no column CODE']])
  })
})

test('a ref to a skipped entity stays and is a warning', async () => {
  const plan = await planOf({
    ...db,
    entities: `  e: { from: T, to: t, rest: ignore, fields: { id: ID, a: { from: CD, ref: gone } } }
  gone: { from: GONE, to: t, when: { source_has: GONE }, fields: { id: ID } }\n`,
  })
  expect(plan.entities[0]?.program.fields[1]?.ref).toEqual({
    entity: 'gone',
    onMissing: 'quarantine',
    kind: 'identity',
  })
  expect(plan.warnings.map(w => [w.code, w.message])).toEqual([
    ['E412', 'gone is skipped, so this ref finds only rows of earlier runs'],
    ['E208', 'gone is skipped: crm has no table GONE'],
  ])
})

test('constants that do not fit their column', async () => {
  const entities =
    '  e: { from: T, to: t, rest: ignore, fields: { id: { from: ID, default: abc }, a: { value: 5 } } }\n'
  expect((await errorsOf({ ...db, entities })).map(e => [e[0], e[1]])).toEqual([['E103', 'e.fields.id.default']])
})
