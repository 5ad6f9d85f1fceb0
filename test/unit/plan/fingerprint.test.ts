import { describe, expect, test } from 'vitest'
import type { FingerprintInput } from '../../../src/plan/fingerprint.js'
import { diffFingerprints, fingerprintOf, fingerprintParts } from '../../../src/plan/fingerprint.js'
import type { EntitySpec, PipelineSpec } from '../../../src/spec/model.js'
import { entity, field, pipelineSpec } from './specs.js'

function parts(
  entities: readonly EntitySpec[],
  more: Partial<FingerprintInput> = {},
  spec: Partial<PipelineSpec> = {},
): Record<string, string> {
  return fingerprintParts({
    spec: pipelineSpec(entities, spec),
    entities,
    baseDir: '/p',
    files: {},
    secrets: [],
    databases: { 'source.crm': { type: 'sqlite', uid: 'u1' }, target: { type: 'postgres', uid: 'u2' } },
    tables: {},
    queries: {},
    ...more,
  })
}

const orders = (more: Partial<EntitySpec> = {}) =>
  entity('orders', { where: 'a', fields: [field('id', 'ID')], ...more })
const change = (more: Partial<EntitySpec>) => diffFingerprints(parts([orders()]), parts([orders(more)]))

describe('what changes it', () => {
  test('names the path with what was and what is', () => {
    expect(change({ where: 'b' })).toEqual(['entities.orders.where: "a" → "b"'])
    expect(change({ match: ['id'] })).toEqual(['entities.orders.match: nothing → ["id"]'])
    expect(change({ fields: [field('id', 'NUM')] })).toEqual(['entities.orders.fields.id.input.names.0: "ID" → "NUM"'])
  })

  test('a column of a table, a file, a database', () => {
    const column = {
      name: 'ID',
      type: { kind: 'integer', bits: 32 },
      native: 'int',
      nullable: false,
      hasDefault: false,
    } as const
    const table = {
      table: 'ORDERS',
      kind: 'table',
      columns: [column],
      primaryKey: ['ID'],
      uniques: [],
      foreignKeys: [],
      transactional: true,
    } as const
    const wider = { ...table, columns: [{ ...column, native: 'bigint' }] }
    const before = { tables: { 'source.crm.table.ORDERS': table }, files: { '/p/maps/a.csv': 'aa' } }
    const after = { tables: { 'source.crm.table.ORDERS': wider }, files: { '/p/maps/a.csv': 'bb' } }
    expect(diffFingerprints(parts([orders()], before), parts([orders()], after))).toEqual([
      'files.maps/a.csv: sha256:aa → sha256:bb',
      'source.crm.table.ORDERS.columns.ID: "int not null" → "bigint not null"',
    ])
    const other = parts([orders()], { databases: { 'source.crm': { type: 'sqlite', uid: 'u9' } } })
    expect(diffFingerprints(parts([orders()]), other)).toEqual([
      'source.crm.identity: "sqlite u1" → "sqlite u9"',
      'target.identity: "postgres u2" → nothing',
    ])
  })

  test('each difference gives another fingerprint', () => {
    const all = [orders(), orders({ where: 'b' }), orders({ load: 'upsert' }), orders({ onError: 'fail' })]
    expect(new Set(all.map(e => fingerprintOf(parts([e])))).size).toBe(4)
  })
})

test('batch size, limits, words and places do not change it', () => {
  const moved = orders({ batchSize: 9, maxErrors: { count: 1 }, description: 'words' })
  const apply = (line: number) => [field('id', 'ID', { apply: [{ fn: 'trim', params: { b: 1, a: 2 }, path: [line] }] })]
  expect(change(moved)).toEqual([])
  expect(diffFingerprints(parts([orders({ fields: apply(1) })]), parts([orders({ fields: apply(2) })]))).toEqual([])
})

test('the order of keys of a rule does not change it', () => {
  expect(
    diffFingerprints(
      parts([orders({ filter: { if: [{ a: 1, b: 2 }] } })]),
      parts([orders({ filter: { if: [{ b: 2, a: 1 }] } })]),
    ),
  ).toEqual([])
})

test('very long values are hashes, secrets are masked', () => {
  const secret = parts([orders({ where: "token = 'hunter2'" })], { secrets: ['hunter2'] })
  expect(secret['entities.orders.where']).toMatch(/^"token = '•••'" sha256:[0-9a-f]{16}$/)
  expect(JSON.stringify(secret)).not.toContain('hunter2')
  expect(parts([orders({ where: 'x'.repeat(4000) })])['entities.orders.where']).toMatch(/^sha256:[0-9a-f]{16}$/)
  expect(parts([orders()], {}, { vars: { big: 12345678901234567890n } })['vars.big']).toBe(
    '{"$bigint":"12345678901234567890"}',
  )
})

test('a difference within a block of keys is shown by its key alone', () => {
  const fields = (fn: string) => [field('id', 'ID', { apply: [{ fn, params: {}, path: [1] }], required: true })]
  expect(
    diffFingerprints(parts([orders({ fields: fields('trim') })]), parts([orders({ fields: fields('upper') })])),
  ).toEqual(['entities.orders.fields.id.apply.0.fn: "trim" → "upper"'])
})
