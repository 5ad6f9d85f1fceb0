import { beforeEach, describe, expect, test } from 'vitest'
import type { Row } from '../../../../src/core/row.js'
import { columnNamed, failure, freshPlace, write } from './place.js'

const place = freshPlace('target')

beforeEach(async () => {
  await place.schema.exec(`
    drop table if exists item, keyed, coded, parted, odd, unmatched;
    create table item (id int primary key, code text not null unique, qty int, note text default 'none');
    insert into item values (1, 'a', 10, 'old'), (2, 'b', 20, 'old');
    create table keyed (id bigint generated always as identity (start with 100), code text not null unique, total int generated always as (1) stored);
    create table coded (id uuid default gen_random_uuid(), code text not null unique);
    create table parted (id int, body text, primary key (id)) partition by range (id);
    create table parted_1 partition of parted for values from (0) to (1000);
    create table odd (etl_row int primary key, "a ""b" text);
    create table unmatched (a int not null, b int unique, c int not null);
  `)
})

async function commit(
  table: string,
  columns: readonly string[],
  mode: 'insert' | 'ignore' | 'upsert' | 'update',
  match: readonly string[],
  rows: Row[],
  returning?: string,
) {
  const typed = await place.spec(table, columns, mode, match)
  const spec =
    returning === undefined
      ? typed
      : { ...typed, returning: columnNamed((await place.table(table)).columns, returning) }
  const session = await place.session()
  try {
    await session.begin()
    const result = await write(session, spec, rows)
    await session.commit()
    return result
  } finally {
    await session.close()
  }
}

const items = () => place.schema.rows('select id, code, qty, note from item order by id')

test('insert: unmapped columns keep their default', async () => {
  const result = await commit('item', ['id', 'code', 'qty'], 'insert', [], [[3, 'c', null]])
  expect(result).toEqual({ inserted: 1, updated: 0, skipped: 0, missing: [] })
  expect((await items()).at(-1)).toEqual(['3', 'c', null, 'none'])
})

test('insert with generated keys: known for each row, and the sequence goes on after them', async () => {
  const first = await commit('keyed', ['code'], 'insert', [], [['x'], ['y\ttab'], ['z']], 'id')
  expect(first).toEqual({ inserted: 3, updated: 0, skipped: 0, missing: [], keys: [100, 101, 102] })
  expect(await place.schema.rows('select id, code from keyed order by id')).toEqual([
    ['100', 'x'],
    ['101', 'y\ttab'],
    ['102', 'z'],
  ])
  const second = await commit('keyed', ['code'], 'ignore', ['code'], [['z'], ['new'], ['x'], ['new']], 'id')
  expect(second).toMatchObject({ inserted: 1, skipped: 3 })
  const keys = new Map((await place.schema.rows('select code, id from keyed')).map(([code, id]) => [code, Number(id)]))
  expect(second.keys).toEqual([keys.get('z'), keys.get('new'), keys.get('x'), keys.get('new')])
  expect(keys.get('new')).toBeGreaterThan(102)
})

test('insert with keys that are no numbers', async () => {
  const { keys } = await commit('coded', ['code'], 'insert', [], [['x'], ['y']], 'id')
  expect(keys).toEqual((await place.schema.rows('select id from coded order by code')).map(row => row[0]))
})

test('ignore: the earlier of two equal rows, and nothing that is there', async () => {
  const rows: Row[] = [
    [1, 'other', 0],
    [3, 'c', 1],
    [3, 'd', 2],
  ]
  expect(await commit('item', ['id', 'code', 'qty'], 'ignore', ['id'], rows)).toEqual({
    inserted: 1,
    updated: 0,
    skipped: 2,
    missing: [],
  })
  expect(await items()).toEqual([
    ['1', 'a', '10', 'old'],
    ['2', 'b', '20', 'old'],
    ['3', 'c', '1', 'none'],
  ])
})

test('upsert: the later of two equal rows, unmapped columns untouched', async () => {
  const rows: Row[] = [
    ['b', 2, 1],
    ['c', 3, 2],
    ['b', 2, 3],
    ['c', 3, null],
  ]
  expect(await commit('item', ['code', 'id', 'qty'], 'upsert', ['code'], rows)).toEqual({
    inserted: 1,
    updated: 3,
    skipped: 0,
    missing: [],
  })
  expect(await items()).toEqual([
    ['1', 'a', '10', 'old'],
    ['2', 'b', '3', 'old'],
    ['3', 'c', null, 'none'],
  ])
})

test('upsert of nothing but the match counts the rows that were there', async () => {
  await commit('keyed', ['code'], 'insert', [], [['x']])
  expect(await commit('keyed', ['code'], 'upsert', ['code'], [['x'], ['y']])).toMatchObject({ inserted: 1, updated: 1 })
})

test('upsert into a partitioned table tells new rows from old', async () => {
  await commit('parted', ['id', 'body'], 'insert', [], [[1, 'a']])
  expect(
    await commit(
      'parted',
      ['id', 'body'],
      'upsert',
      ['id'],
      [
        [1, 'b'],
        [2, 'c'],
        [3, 'd'],
      ],
    ),
  ).toMatchObject({ inserted: 2, updated: 1 })
  expect(await place.schema.rows('select * from parted order by id')).toEqual([
    ['1', 'b'],
    ['2', 'c'],
    ['3', 'd'],
  ])
})

test('upsert writes explicit values of an "always" identity', async () => {
  await place.schema.exec('alter table keyed add primary key (id)')
  expect(await commit('keyed', ['id', 'code'], 'upsert', ['id'], [[7, 'seven']])).toMatchObject({ inserted: 1 })
  expect(await place.schema.rows('select id, code from keyed')).toEqual([['7', 'seven']])
})

test('update: missing rows by their index, the later of two equal rows', async () => {
  const rows: Row[] = [
    [9, 0],
    [1, 11],
    [8, 0],
    [1, 12],
  ]
  expect(await commit('item', ['id', 'qty'], 'update', ['id'], rows)).toEqual({
    inserted: 0,
    updated: 2,
    skipped: 0,
    missing: [0, 2],
  })
  expect(await items()).toEqual([
    ['1', 'a', '12', 'old'],
    ['2', 'b', '20', 'old'],
  ])
})

test('columns named like our own', async () => {
  expect(
    await commit(
      'odd',
      ['a "b', 'etl_row'],
      'upsert',
      ['etl_row'],
      [
        ['x', 1],
        ['y', 1],
      ],
    ),
  ).toMatchObject({ inserted: 1, updated: 1 })
  expect(await place.schema.rows('select * from odd')).toEqual([['1', 'y']])
})

test('one writer through savepoints, rollbacks and several transactions', async () => {
  const spec = await place.spec('item', ['id', 'code', 'qty'], 'upsert', ['id'])
  const { postgres } = await import('../../../../src/connectors/postgres/index.js')
  const payload = postgres.encoder(spec).encode([
    [3, 'c', 1],
    [4, 'a', 1],
    [5, 'e', 1],
    [6, 'f', 1],
  ])
  const session = await place.session()
  await session.begin()
  const writer = await session.writer(spec)
  await session.savepoint('batch')
  expect(await failure(writer.write(payload, 0, 4))).toMatchObject({ code: 'E417', kind: 'row' })
  await session.rollbackTo('batch')
  expect(await writer.write(payload, 0, 1)).toMatchObject({ inserted: 1 })
  await session.releaseSavepoint('batch')
  await session.commit()
  await session.begin()
  expect(await writer.write(payload, 2, 3)).toMatchObject({ inserted: 1 })
  await session.rollback()
  await session.begin()
  expect(await writer.write(payload, 2, 4)).toMatchObject({ inserted: 2 })
  expect(await writer.write(payload, 2, 4)).toMatchObject({ inserted: 0, updated: 2 })
  expect(await writer.write(payload, 2, 2)).toEqual({ inserted: 0, updated: 0, skipped: 0, missing: [] })
  await session.commit()
  await writer.close()
  await session.close()
  expect((await items()).map(row => row[0])).toEqual(['1', '2', '3', '5', '6'])
})

describe('a match that cannot decide', () => {
  test.each([
    [
      ['a'],
      'E217',
      'table public.unmatched cannot be matched by (a): no unique constraint covers exactly these columns',
    ],
    [['b'], 'E217', 'table public.unmatched cannot be matched by b: it may be null'],
    [['c'], 'E217', 'table public.unmatched cannot be matched by c: nothing is written to it'],
    [[], 'E210', 'table public.unmatched has no key to match rows by for `load: upsert`'],
  ])('%j', async (match, code, message) => {
    const session = await place.session()
    const spec = await place.spec('unmatched', ['a', 'b'], 'upsert', match)
    expect(await failure(session.writer(spec))).toMatchObject({ code, kind: 'usage', message })
    await session.close()
  })

  test('a key that nothing generates', async () => {
    const spec = await place.spec('unmatched', ['a', 'b'], 'insert')
    const session = await place.session()
    const error = await failure(
      session.writer({ ...spec, returning: columnNamed((await place.table('unmatched')).columns, 'c') }),
    )
    expect(error).toMatchObject({ code: 'E217', kind: 'usage' })
    await session.close()
  })

  test('a table that is not there', async () => {
    const spec = { ...(await place.spec('item', ['id'], 'insert')), table: { table: 'gone' } }
    const session = await place.session()
    expect(await failure(session.writer(spec))).toMatchObject({
      code: 'E208',
      message: 'table public.gone does not exist',
    })
    await session.close()
  })
})
