import { describe, expect, test } from 'vitest'
import { sqlite } from '../../../../src/connectors/sqlite/index.js'
import type { Value } from '../../../../src/core/row.js'
import { makeFile, open, openSession, readTable, temporaryFolder, write, writeSpec } from './files.js'

async function targetOf(sql: string) {
  const folder = temporaryFolder()
  makeFile(folder, sql)
  return open(folder)
}

async function storedAs(declared: string, value: Value): Promise<[unknown, unknown]> {
  const target = await targetOf(`create table t (id integer primary key, v ${declared})`)
  await write(target, await writeSpec(target, 't', ['id', 'v']), [[1, value]])
  const session = await openSession(target, true)
  const [row] = await session.query('select typeof(v), cast(v as text) from t')
  return [row?.[0], row?.[1]]
}

test.each([
  ['integer', 7, 'integer', '7'],
  ['text', 7, 'text', '7'],
  ['', 7, 'integer', '7'],
  ['', 7.5, 'real', '7.5'],
  ['any', 7, 'integer', '7'],
  ['integer', '9223372036854775807', 'integer', '9223372036854775807'],
  ['integer', -9223372036854775808n, 'integer', '-9223372036854775808'],
  ['decimal(10,2)', '12.50', 'real', '12.5'],
  ['decimal(10,2)', '12.00', 'integer', '12'],
  ['decimal(19,0)', '9223372036854775807', 'integer', '9223372036854775807'],
  ['decimal_text(38,10)', '12.5000000000', 'text', '12.5000000000'],
  ['text', '007', 'text', '007'],
  ['boolean', true, 'integer', '1'],
  ['boolean', 'f', 'integer', '0'],
  ['timestamp', '2024-02-29T03:04:05.5', 'text', '2024-02-29 03:04:05.5'],
  ['timestamptz', '2024-02-29T03:04:05Z', 'text', '2024-02-29 03:04:05+00:00'],
  ['date', '2024-02-29', 'text', '2024-02-29'],
  ['json', '{"a": 1}', 'text', '{"a": 1}'],
  ['json', '12', 'integer', '12'],
  ['real', 3, 'real', '3.0'],
  ['real', 'Infinity', 'real', 'Inf'],
] as const)('column %s stores %s as %s %s', async (declared, value, type, text) => {
  expect(await storedAs(declared, value)).toEqual([type, text])
})

test.each([
  [
    'decimal(20,2)',
    '123456789012345678.01',
    'E404',
    'v of t: the decimal cannot be held exactly by a numeric column of SQLite',
  ],
  [
    'decimal(38,0)',
    '9223372036854775809',
    'E404',
    'v of t: the decimal cannot be held exactly by a numeric column of SQLite',
  ],
  ['json', '1.10', 'E404', 'v of t: the column turns text into numbers, and this one would not stay as it is'],
  ['json', '1e5', 'E404', 'v of t: the column turns text into numbers, and this one would not stay as it is'],
  ['uuid', '007', 'E404', 'v of t: the column turns text into numbers, and this one would not stay as it is'],
  ['integer', 2n ** 63n, 'E403', 'v of t: the integer does not fit 64 bits'],
  ['integer', '9223372036854775808', 'E403', 'v of t: the integer does not fit 64 bits'],
  ['real', Number.NaN, 'E420', 'v of t: SQLite has no NaN'],
  ['real', 'NaN', 'E420', 'v of t: SQLite has no NaN'],
  ['', Number.NaN, 'E420', 'v of t: SQLite has no NaN'],
  ['text', 'a\ud800', 'E409', 'v of t: the text holds half a surrogate pair'],
  ['boolean', 'maybe', 'E407', 'v of t: the text is not a boolean'],
] as const)('column %s refuses %s: %s', async (declared, value, code, message) => {
  const target = await targetOf(`create table t (id integer primary key, v ${declared})`)
  const spec = await writeSpec(target, 't', ['id', 'v'])
  const rows = [
    [1, null],
    [2, value],
    [3, null],
  ] as Value[][]
  const payload = structuredClone(sqlite.encoder(spec).encode(rows))
  const session = await openSession(target)
  await session.begin()
  const writer = await session.writer(spec)
  await expect(writer.write(payload, 0, 3)).rejects.toMatchObject({ code, message, kind: 'row', row: 1, column: 'v' })
  // Only its own row is refused.
  expect(await writer.write(payload, 0, 1)).toMatchObject({ inserted: 1 })
  expect(await writer.write(payload, 2, 3)).toMatchObject({ inserted: 1 })
  await session.commit()
  expect(await readTable(target, 't', ['id'])).toEqual([
    [1, null],
    [3, null],
  ])
})

describe('errors in words', () => {
  const SCHEMA = `
    create table parent (id integer primary key);
    create table t (id integer primary key, "a, b" text not null, c text unique,
      n integer constraint positive check (n > 0), p integer references parent (id) deferrable initially deferred);
    create table strictly (id integer primary key, n integer) strict;
    create table guarded (id integer primary key);
    create trigger guard before insert on guarded begin select raise(abort, 'never'); end;
  `
  const attempt = async (table: string, columns: readonly string[], row: Value[]) => {
    const target = await targetOf(SCHEMA)
    return write(target, await writeSpec(target, table, columns, 'insert', ['id']), [row]).catch(
      (error: unknown) => error,
    )
  }

  test.each([
    ['t', ['id', 'a, b'], [1, null], 'E401', 'a, b of t must not be null'],
    ['t', ['id', 'a, b', 'n'], [1, 'x', -1], 'E419', 'a check of t failed: positive'],
    ['strictly', ['id', 'n'], [1, 'text'], 'E420', 'a value has not the type that strictly demands'],
    ['guarded', ['id'], [1], 'E420', 'a trigger of guarded refused the row'],
  ] as const)('%s %j', async (table, columns, row, code, message) => {
    expect(await attempt(table, columns, [...row])).toMatchObject({ code, message, kind: 'row', row: 0 })
  })

  test('a deferred foreign key is found at the commit', async () => {
    expect(await attempt('t', ['id', 'a, b', 'p'], [1, 'x', 99])).toMatchObject({ code: 'E418', kind: 'row' })
  })

  test('match columns without a unique index', async () => {
    const target = await targetOf(SCHEMA)
    const session = await openSession(target)
    await expect(session.writer(await writeSpec(target, 't', ['n'], 'upsert', ['n']))).rejects.toMatchObject({
      code: 'E217',
      kind: 'usage',
      message: 't has no primary key or unique index on (n)',
    })
  })

  test('a full disk', async () => {
    const target = await targetOf('create table t (id integer primary key, body text)')
    const session = await openSession(target)
    await session.query('pragma max_page_count = 10')
    await session.begin()
    const spec = await writeSpec(target, 't', ['id', 'body'])
    const writer = await session.writer(spec)
    const rows: Value[][] = Array.from({ length: 100 }, (_, i) => [i, 'x'.repeat(2000)])
    await expect(writer.write(sqlite.encoder(spec).encode(rows), 0, 100)).rejects.toMatchObject({
      code: 'E513',
      kind: 'failed',
      hint: 'free space, then run again with --resume',
    })
    await session.rollback()
    expect(await session.query('select count(*) from t')).toEqual([[0]])
  })
})

test('autoincrement goes on after explicit keys', async () => {
  const target = await targetOf('create table t (id integer primary key autoincrement, v text)')
  await write(target, await writeSpec(target, 't', ['id', 'v']), [[900, 'explicit']])
  await write(target, await writeSpec(target, 't', ['v']), [['next']])
  expect(await readTable(target, 't', ['id'])).toEqual([
    [900, 'explicit'],
    [901, 'next'],
  ])
})

test('foreign keys are checked', async () => {
  const target = await targetOf('create table p (id integer primary key); create table c (id integer references p)')
  await expect(write(target, await writeSpec(target, 'c', ['id']), [[1]])).rejects.toMatchObject({
    code: 'E418',
    message: 'c refers to a row that does not exist',
    row: 0,
  })
})
