import { describe, expect, test } from 'vitest'
import { explainPlan } from '../../../src/plan/explain.js'
import type { Plan } from '../../../src/plan/plan.js'
import { planOf } from './temp-databases.js'

const source = `
  create table AB_COIL (ID integer primary key, IS_USED number(1, 0), IS_SOLD number(1,0), WEIGHT number(10,2),
    STATUS char(1), CARRIER integer, RAW);
  create table AB_CARRIER (ID number(9,0) primary key not null, NAME text);`

const coil = (more = '') => `  coil:
    from: AB_COIL
    to: { table: coil, create: if_missing }
    rest: ignore
${more}    fields: { id: ID, used: IS_USED, sold: IS_SOLD, weight: WEIGHT }
`

const created = (plan: Plan) =>
  plan.entities.flatMap(entity => entity.created.map(({ column, type, by }) => `${column} ${type}, ${by}`))
const warnings = (plan: Plan) =>
  plan.warnings.map(({ code, path, message, hint }) => [code, path.join('.'), message, hint])

describe('a type rule', () => {
  test('decides the column and its cast, whatever the case and the spaces of the type', async () => {
    const plan = await planOf({
      source,
      entities: coil(),
      head: 'types: [{ when: { source: "Number(1,0)" }, to: boolean }, { when: { source: "number(*,2)" }, to: "decimal(14,4)" }]\n',
    })
    expect(created(plan)).toEqual([
      'id int64, source INTEGER',
      'used boolean, rule types[0] of the pipeline',
      'sold boolean, rule types[0] of the pipeline',
      'weight decimal(14,4), rule types[1] of the pipeline',
    ])
    expect(plan.entities[0]?.write.columns.map(column => column.type.kind)).toEqual([
      'integer',
      'boolean',
      'boolean',
      'decimal',
    ])
    expect(plan.entities[0]?.program.fields.map(field => field.castTo.kind)).toEqual([
      'integer',
      'boolean',
      'boolean',
      'decimal',
    ])
    expect(warnings(plan)).toEqual([])
    expect(explainPlan(plan)).toContain(
      `  CREATED COLUMNS
  coil.id      int64          INTEGER        source INTEGER
  coil.used    boolean        BOOLEAN        rule types[0] of the pipeline
`,
    )
  })

  test('of the field comes before that of the entity, that before that of the pipeline, the first before the second', async () => {
    const plan = await planOf({
      source,
      entities: coil().replace('weight: WEIGHT', 'weight: { from: WEIGHT, type: text }'),
      head: `types: [{ when: { column: IS_* }, to: int8 }, { when: { column: IS_USED }, to: int32 }]\n`,
    })
    expect(created(plan)).toEqual([
      'id int64, source INTEGER',
      'used int8, rule types[0] of the pipeline',
      'sold int8, rule types[0] of the pipeline',
      'weight text, field type',
    ])
    const fixed = await planOf({
      source,
      entities: coil(`    types: [{ when: { source: "number(1,*)" , column: "is_s*" }, to: int16 }]\n`),
      head: `types: [{ when: { column: IS_* }, to: int8 }]\n`,
    })
    expect(created(fixed).slice(1, 3)).toEqual([
      'used int8, rule types[0] of the pipeline',
      'sold int16, rule types[0] of the entity',
    ])
  })

  test('is for straight columns: functions, maps and expressions make other values', async () => {
    const plan = await planOf({
      source,
      entities: `  carrier: { from: AB_CARRIER, to: { table: carrier, create: if_missing }, fields: { id: ID, name: NAME } }
  coil:
    from: AB_COIL
    to: { table: coil, create: if_missing }
    rest: ignore
    fields:
      id: ID
      carrier_id: { from: CARRIER, ref: carrier }
      status: { from: STATUS, map: { A: available }, type: text }
`,
      head: 'types: [{ when: { table: AB_CARRIER, column: ID }, to: int32 }, { when: { source: "CHAR(1)" }, to: boolean }]\n',
    })
    expect(created(plan)).toEqual([
      'id int32, rule types[0] of the pipeline',
      'name text, source TEXT',
      'id int64, source INTEGER',
      'carrier_id int64, key of carrier',
      'status text, field type',
    ])
    expect(warnings(plan)).toEqual([
      [
        'E214',
        'types.1',
        'this rule gives no column the type boolean: it fits no source column',
        'the source types are number(9,0), TEXT, INTEGER',
      ],
    ])
  })

  test('gives a type to what has none', async () => {
    const plan = await planOf({
      source,
      entities: coil().replace('weight: WEIGHT', 'raw: RAW'),
      head: 'types: [{ when: { column: RAW }, to: date }]\n',
    })
    expect(created(plan).at(-1)).toBe('raw date, rule types[0] of the pipeline')
    expect(plan.entities[0]?.conversions.at(-1)).toEqual({
      field: 'raw',
      from: 'any',
      to: 'date',
      risk: 'checked',
      note: 'every value says itself what it is',
    })
  })

  test('that can lose something says so', async () => {
    const plan = await planOf({
      source,
      entities: coil(),
      head: 'types: [{ when: { column: WEIGHT }, to: int32 }, { when: { column: IS_* }, to: boolean }]\n',
    })
    expect(
      plan.entities[0]?.conversions.map(({ field, from, to, risk, note }) => [field, from, to, risk, note]),
    ).toEqual([
      ['used', 'decimal(1,0)', 'boolean', 'checked', 'only 0 and 1'],
      ['sold', 'decimal(1,0)', 'boolean', 'checked', 'only 0 and 1'],
      ['weight', 'decimal(10,2)', 'int32', 'lossy', 'a fraction would be cut off'],
    ])
    expect(warnings(plan)).toEqual([
      [
        'E220',
        'entities.coil.fields.weight',
        'weight: decimal(10,2) to int32, a fraction would be cut off',
        'rows that would lose something are rejected; `on_lossy: round` or `truncate` allows it',
      ],
    ])
  })

  test('that nothing uses is a warning: a typo, a rule in its way, no table to create', async () => {
    const plan = await planOf({
      source,
      entities: coil(),
      head: `types:
  - { when: { source: "NUMBR(1,0)" }, to: boolean }
  - { when: { column: IS_* }, to: boolean }
  - { when: { source: "NUMBER(1,0)" }, to: int8 }
`,
    })
    expect(warnings(plan)).toEqual([
      [
        'E214',
        'types.0',
        'this rule gives no column the type boolean: it fits no source column',
        'did you mean "number(1,0)"?',
      ],
      [
        'E214',
        'types.2',
        'this rule gives no column the type int8: the `type` of fields and earlier rules decide all that it fits',
        'remove it, or move it up',
      ],
    ])
    const there = await planOf({
      source,
      target: 'create table coil (id integer primary key, used integer, sold integer, weight numeric)',
      entities: coil().replace(', create: if_missing', ''),
      head: 'types: [{ when: { column: IS_* }, to: boolean }]\n',
    })
    expect(there.entities[0]?.created).toEqual([])
    expect(warnings(there).filter(([code]) => code === 'E214')).toEqual([
      [
        'E214',
        'types.0',
        'this rule gives no column the type boolean: no table is created',
        'say `create: if_missing` in `to`, or remove the rule',
      ],
    ])
  })

  test('is part of the fingerprint', async () => {
    const plan = await planOf({ source, entities: coil(), head: 'types: [{ when: { column: IS_* }, to: boolean }]\n' })
    expect(plan.fingerprintParts['types.0']).toBe('{"to":{"kind":"boolean"},"when":{"column":["IS_*"]}}')
  })
})
