import { expect, test } from 'vitest'
import { resultOf, Workspace } from '../support/etl.js'

const pipeline = (entity: string): string => `
version: 1
name: places
sources: { shop: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
defaults: { batch_size: 2 }
entities:
${entity}
`

async function firstRun(place: Workspace): Promise<string> {
  const first = await place.run('--json')
  expect(first.code, first.stderr).toBe(3)
  return resultOf(first.stdout).runId ?? ''
}

test('rows of a union are found in their own member; duplicates are left alone', async () => {
  const place = new Workspace()
  place.source(`
    create table NEWER (ID integer primary key, CODE text, PRICE text);
    create table OLDER (NO integer primary key, CODE text, PRICE text);
    insert into NEWER values (1, 'a', '1.10'), (2, 'b', 'two'), (3, 'a', '3'), (4, 'c', '4');
    insert into OLDER values (1, 'b', '1'), (2, 'd', 'two'), (3, 'e', 'three'), (4, 'd', '4')`)
  place.target('create table prices (member text, id integer, code text, price decimal(8,2))')
  place.write(
    'pipeline.yaml',
    pipeline(`
  prices:
    from: { union: [{ table: NEWER }, { table: OLDER, rename: { NO: ID } }] }
    to: prices
    dedupe: { by: CODE }
    fields: { member: $member, id: ID, code: CODE, price: { from: PRICE, type: "decimal(8,2)" } }`),
  )
  const run = await firstRun(place)
  const states = (): unknown =>
    place.rows('select source_key, code, policy, state from etl_reject order by policy, source_key')
  expect(states()).toEqual([
    ['["NEWER","3"]', 'E425', 'dedupe', 'deduped'],
    ['["OLDER","1"]', 'E425', 'dedupe', 'deduped'],
    ['["OLDER","4"]', 'E425', 'dedupe', 'deduped'],
    ['["NEWER","2"]', 'E402', 'quarantine', 'open'],
    ['["OLDER","2"]', 'E402', 'quarantine', 'open'],
    ['["OLDER","3"]', 'E402', 'quarantine', 'open'],
  ])

  // Of the duplicates none is tried again, though their keys are those of rows of the other member that are.
  place.source(`
    update NEWER set PRICE = '2.20' where ID = 2; update OLDER set PRICE = '2.50' where NO = 2;
    update NEWER set PRICE = '3.30' where ID = 3`)
  const one = await place.etl('quarantine', 'retry', run, '--json')
  expect(one.code, one.stderr).toBe(3)
  expect(resultOf(one.stdout)).toMatchObject({
    retry: { of: run, left: 1 },
    counts: { read: 3, written: 2, deduped: 0, quarantined: 1 },
  })
  place.source("update OLDER set PRICE = '3.50' where NO = 3")
  const two = await place.etl('quarantine', 'retry', run, '--json')
  expect(two.code, two.stderr).toBe(0)
  expect(resultOf(two.stdout).counts).toMatchObject({ read: 1, written: 1 })
  expect(place.rows('select * from prices order by member, id')).toEqual([
    ['NEWER', 1, 'a', 1.1],
    ['NEWER', 2, 'b', 2.2],
    ['NEWER', 4, 'c', 4],
    ['OLDER', 2, 'd', 2.5],
    ['OLDER', 3, 'e', 3.5],
  ])
  expect(states()).toEqual([
    ['["NEWER","3"]', 'E425', 'dedupe', 'deduped'],
    ['["OLDER","1"]', 'E425', 'dedupe', 'deduped'],
    ['["OLDER","4"]', 'E425', 'dedupe', 'deduped'],
    ['["NEWER","2"]', 'E402', 'quarantine', 'closed'],
    ['["OLDER","2"]', 'E402', 'quarantine', 'closed'],
    ['["OLDER","3"]', 'E402', 'quarantine', 'closed'],
  ])
})

test('rows of a union that its members do not have any more are loaded as they were kept', async () => {
  const place = new Workspace()
  place.source(`
    create table A (ID integer primary key, PRICE text); create table B (ID integer primary key, PRICE text);
    insert into A values (1, '1'), (2, 'x'); insert into B values (1, 'y'), (2, '2')`)
  place.target('create table prices (member text, id integer, price decimal(8,2))')
  const file = (more: string): string =>
    pipeline(`
  prices:
    from: { union: [{ table: A }, { table: B }] }
    to: prices
    fields: { member: $member, id: ID, price: { from: PRICE, type: "decimal(8,2)"${more} } }`)
  place.write('pipeline.yaml', file(''))
  const run = await firstRun(place)
  place.source('delete from B where ID = 1')
  place.write('pipeline.yaml', file(', on_invalid: null'))
  const today = await place.etl('quarantine', 'retry', run, '--json')
  expect(today.code, today.stderr).toBe(3)
  expect(resultOf(today.stdout)).toMatchObject({ retry: { left: 1 }, counts: { read: 2, written: 1 } })
  const kept = await place.etl('quarantine', 'retry', run, '--from', 'kept', '--json')
  expect(kept.code, kept.stderr).toBe(0)
  expect(place.rows('select * from prices order by member, id')).toEqual([
    ['A', 1, 1],
    ['A', 2, null],
    ['B', 1, null],
    ['B', 2, 2],
  ])
})

test('a retry finds rows below the high-water mark, and does not move it', async () => {
  const place = new Workspace()
  place.source(`
    create table ITEM (ID integer primary key, SEQ integer, PRICE text);
    insert into ITEM values (1, 10, '1'), (2, 20, 'x'), (3, 30, '3')`)
  place.target('create table items (id integer primary key, price decimal(8,2))')
  place.write(
    'pipeline.yaml',
    pipeline(`
  items:
    from: ITEM
    to: items
    incremental: { column: SEQ }
    fields: { id: ID, price: { from: PRICE, type: "decimal(8,2)" } }`),
  )
  const run = await firstRun(place)
  place.source("update ITEM set PRICE = '2' where ID = 2; insert into ITEM values (4, 40, '4')")
  const retry = await place.etl('quarantine', 'retry', run, '--json')
  expect(retry.code, retry.stderr).toBe(0)
  expect(resultOf(retry.stdout).counts).toMatchObject({ read: 1, written: 1 })
  expect(place.rows('select id from items order by id')).toEqual([[1], [2], [3]])
  const next = await place.run('--json')
  expect(next.code, next.stderr).toBe(0)
  expect(resultOf(next.stdout).counts).toMatchObject({ read: 1, written: 1 })
  expect(place.rows('select * from items order by id')).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
  ])
})
