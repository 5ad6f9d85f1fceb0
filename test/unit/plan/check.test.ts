import { expect, test } from 'vitest'
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
  expect(report.ok).toBe(true)
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
  expect(report.ok).toBe(false)
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
