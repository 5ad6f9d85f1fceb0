import { describe, expect, test } from 'vitest'
import { checkDatabases } from '../../../src/plan/check.js'
import type { Given } from './temp-databases.js'
import { withPipeline } from './temp-databases.js'

const target = 'create table t (id integer primary key, a text);'
const check = (given: Given) => withPipeline(given, (pipeline, databases) => checkDatabases(pipeline, databases))

test('everything there', async () => {
  const report = await check({
    source: 'create table S (ID integer primary key, A text);',
    target,
    entities: '  e: { from: S, to: t, fields: { id: ID, a: A } }\n',
  })
  expect(report.items.every(item => item.ok)).toBe(true)
  expect(report.items.map(item => [item.where, item.what, item.ok, item.detail])).toEqual([
    ['crm', 'connection', true, expect.stringMatching(/^sqlite .*source\.db$/)],
    ['target', 'connection', true, expect.stringMatching(/^sqlite .*target\.db$/)],
    ['e', 'tables and columns', true, '2 columns read, 2 written'],
    ['crm', 'read S', true, undefined],
    ['target', 'write t', true, undefined],
  ])
})

test('what the plan refuses, with code and hint', async () => {
  const report = await check({
    source: 'create table S (ID integer primary key);',
    target,
    entities: '  e: { from: SS, to: t, fields: { id: ID } }\n',
  })
  expect(report.plan).toBe(undefined)
  expect(report.items.at(-1)).toEqual({
    where: 'e',
    what: 'from, line 6',
    ok: false,
    detail: expect.stringMatching(/ has no table SS$/),
    code: 'E208',
    hint: 'did you mean "S"?',
  })
})

test('keys are counted in the source itself, within `where`', async () => {
  const given = (where: string): Given => ({
    source: `create table S (K integer not null, A text);
      insert into S values (1, 'x'), (1, 'y'), (2, 'x'), (3, 'x'), (3, 'x');`,
    target,
    entities: `  e: { from: S, to: t, key: [K], ${where}fields: { id: K, a: A } }\n`,
  })
  expect((await check(given(''))).items.at(-1)).toMatchObject({
    where: 'e',
    what: 'key K',
    ok: false,
    detail: '2 keys stand for several rows',
    code: 'E518',
  })
  expect((await check(given('where: "K = 2", '))).items.at(-1)).toMatchObject({
    ok: true,
    detail: 'unique and never null',
  })
})

test('null keys of a query', async () => {
  const report = await check({
    source: `create table S (K integer, A text); insert into S values (1, 'x'), (null, 'y');`,
    target,
    entities: `  e: { from: { query: "select K, A from S" }, to: t, key: [K], fields: { id: K, a: A } }\n`,
  })
  expect(report.items.at(-1)).toMatchObject({ what: 'key K', ok: false, detail: '1 row has a null key', code: 'E422' })
})

describe('keys that the target does not tell apart', () => {
  const given = (fields: string, where = ''): Given => ({
    source: `create table S (ID integer primary key, A text, B text not null, C text);
      insert into S values (1, 'x', 'k', 'p'), (2, 'X', 'K', 'p'), (3, 'X', 'k ', 'p '), (4, 'y', 'K', 'q'), (5, null, 'm', 'p'), (6, null, 'm', 'p');`,
    target: `create table t (id integer primary key, a text collate nocase unique, b text, c text, unique (b collate nocase, c collate rtrim));`,
    entities: `  e: { from: S, to: t, rest: ignore, ${where}fields: { id: ID, ${fields} } }\n`,
  })
  const counted = async (fields: string, where?: string) =>
    (await check(given(fields, where))).items.filter(({ where, what }) => where === 'e' && what.startsWith('key '))

  test('are counted in the source, by what the target does not see', async () => {
    expect(await counted('a: A, b: B, c: C')).toEqual([
      {
        where: 'e',
        what: 'key a of t',
        ok: false,
        detail: '1 key stands for values that differ only in case',
        code: 'E226',
        hint: 'give the column a binary collation, or leave such rows out with `where`',
      },
      expect.objectContaining({
        what: 'key b, c of t',
        ok: false,
        detail: '1 key stands for values that differ only in case and trailing spaces',
      }),
    ])
    expect(await counted('a: A', `where: "ID <> 1", `)).toEqual([
      { where: 'e', what: 'key a of t', ok: true, detail: 'no values differ only in case' },
    ])
  })

  test('are left alone where the values are made of others', async () => {
    expect(await counted('b: B, c: { from: C, apply: [trim] }')).toEqual([])
  })
})
