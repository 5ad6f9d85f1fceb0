import { describe, expect, test } from 'vitest'
import type { Database, ReadSpec } from '../../../../src/core/connector.js'
import { makeFile, open, openSession, readTable, temporaryFolder } from './files.js'

async function sourceOf(sql: string, readOnly = true) {
  const folder = temporaryFolder()
  makeFile(folder, sql)
  return open(folder, { readOnly })
}

test('what is stored comes as it is, whatever the column is called', async () => {
  const source = await sourceOf(`
    create table t (id integer primary key, n integer, r real, b boolean, d decimal(10, 2), x, j json, u uuid);
    insert into t values
      (1, 9007199254740991, 1.5, 1, 1.10, 7, '{"a":1}', 'abc'),
      (2, 9007199254740992, 3, 0, 5, 'seven', 12, 34),
      (3, -9223372036854775808, 1e300, 2, 1e-7, x'00ff', 1.5, null),
      (4, 'no number', 'text', 'yes', 'n/a', 2.5, null, x'01');
  `)
  expect(await readTable(source, 't', ['id'])).toEqual([
    [1, 9007199254740991, 1.5, true, '1.1', 7, '{"a":1}', 'abc'],
    [2, 9007199254740992n, 3, false, '5', 'seven', '12', '34'],
    [3, -9223372036854775808n, 1e300, 2, '0.0000001', Buffer.from([0, 255]), '1.5', null],
    [4, 'no number', 'text', 'yes', 'n/a', 2.5, null, Buffer.from([1])],
  ])
})

test('dates: the separator when somebody looks, numbers as numbers', async () => {
  const source = await sourceOf(`
    create table t (id integer primary key, at datetime, day date);
    insert into t values (1, '2024-02-29 03:04:05.678', '2024-02-29'), (2, 1709175845, 19782), (3, 'soon', '29.2.2024');
  `)
  expect(await readTable(source, 't', ['id'])).toEqual([
    [1, '2024-02-29 03:04:05.678', '2024-02-29'],
    [2, 1709175845, 19782],
    [3, 'soon', '29.2.2024'],
  ])
  expect((await readTable(source, 't', ['id'], { decode: true }))[0]?.[1]).toBe('2024-02-29T03:04:05.678')
})

test('a cursor is the stored value, so dates with a space are found again', async () => {
  const source = await sourceOf(`
    create table t (at datetime primary key, price decimal(10, 2));
    insert into t values ('2024-01-01 00:00:00', 1.5), ('2024-01-01 12:00:00', 2), ('2024-01-02 00:00:00', 2.5);
  `)
  for (const order of [['at'], ['price', 'at']]) {
    const rows = await readTable(source, 't', order, { decode: true, batchRows: 1 })
    expect(rows).toEqual([
      ['2024-01-01T00:00:00', '1.5'],
      ['2024-01-01T12:00:00', '2'],
      ['2024-01-02T00:00:00', '2.5'],
    ])
    const session = await openSession(source, true)
    const type = { kind: 'timestamp', zoned: false } as const
    const spec = {
      from: { table: { table: 't' } },
      columns: [{ name: 'at', type, decode: true }],
      order: [{ index: 0, nullable: false }],
      batchRows: 1,
      batchBytes: 1000,
    }
    for await (const batch of session.read(spec, new AbortController().signal)) {
      expect(batch.cursor).toEqual(['2024-01-01 00:00:00'])
      break
    }
  }
})

test('keys of mixed kinds are all read, across batches', async () => {
  const source = await sourceOf(`
    create table t (k primary key);
    insert into t values (null), (1), (2.5), ('1'), ('a'), (x'31'), ('Z'), (-3);
  `)
  for (const batchRows of [1, 2, 3, 100]) {
    const rows = await readTable(source, 't', ['k'], { batchRows })
    expect(rows.flat()).toEqual([null, -3, 1, 2.5, '1', 'Z', 'a', Buffer.from('1')])
  }
})

/** The rows that cannot be understood, with the id of each and what is left in its place. */
async function malformed(database: Database, order: readonly string[], batchRows: number): Promise<unknown[]> {
  const columns = ['id', 'a', 'b'].map(name => ({ name, type: { kind: 'text' } as const, decode: false }))
  const session = await openSession(database, true)
  const spec: ReadSpec = {
    from: { table: { table: 't' } },
    columns,
    order: order.map(() => ({ index: 0, nullable: false })),
    batchRows,
    batchBytes: 1_000_000,
  }
  const found: unknown[] = []
  for await (const batch of session.read(spec, new AbortController().signal))
    for (const { row, code, message, values } of batch.malformed ?? [])
      found.push({ row: batch.rows[row], code, message, values })
  return found
}

const BAD = [
  {
    row: [201, 'plain', null],
    code: 'E409',
    message: 'column b holds text that is not valid UTF-8',
    values: { id: 201, a: 'plain', b: { $bytes: Buffer.from([0x61, 0x80, 0xff, 0x62]).toString('base64') } },
  },
]

describe('text that is not UTF-8', () => {
  const SQL = `
    create table t (id integer primary key, a text, b text);
    insert into t with recursive n (i) as (select 1 union all select i + 1 from n where i < 250)
      select i, 'plain', 'really ' || char(65533) || ' there ' || i from n;
    update t set b = cast(x'6180ff62' as text) where id = 201;
  `

  test('is one malformed row with its bytes, not a replaced character', async () => {
    const source = await sourceOf(SQL)
    for (const order of [['id'], []]) {
      for (const batchRows of [1, 7, 100, 1000]) expect(await malformed(source, order, batchRows)).toEqual(BAD)
    }
  })

  test('is found while the file is being written, too', async () => {
    expect(await malformed(await sourceOf(SQL, false), ['id'], 7)).toEqual(BAD)
  })

  test('in a key it ends the reading: nothing could be gone on from', async () => {
    const source = await sourceOf("create table t (id text primary key); insert into t values (cast(x'61ff' as text))")
    await expect(readTable(source, 't', ['id'])).rejects.toMatchObject({
      code: 'E409',
      column: 'id',
      message: 'column id of t, by which rows are ordered, holds text that is not valid UTF-8',
    })
  })

  test('a real U+FFFD is a character like any other', async () => {
    const source = await sourceOf(SQL)
    for (const more of [{ where: 'id <> 201' }, { where: 'id < 201', batchRows: 9 }, { after: [201] }]) {
      const rows = await readTable(source, 't', ['id'], more)
      expect(rows.length).toBeGreaterThan(40)
      for (const row of rows) expect(row[2]).toBe(`really \ufffd there ${row[0]}`)
    }
    expect(await readTable(source, 't', [], { where: 'id <> 201', batchRows: 9 })).toHaveLength(249)
  })
})

test('several statements and statements that write are refused', async () => {
  const source = await sourceOf('create table t (id integer primary key)')
  const session = await openSession(source, true)
  await expect(session.query('select 1; drop table t')).rejects.toMatchObject({
    code: 'E308',
    message: 'exactly one SQL statement is expected',
  })
  await expect(session.execute('drop table t')).rejects.toMatchObject({ code: 'E305' })
  await expect(source.describe('select * from nowhere')).rejects.toMatchObject({
    code: 'E308',
    message: 'no such table: nowhere',
  })
})

test('a snapshot does not see what is written meanwhile', async () => {
  const folder = temporaryFolder()
  makeFile(folder, 'pragma journal_mode = wal; create table t (id integer primary key); insert into t values (1)')
  const source = await open(folder, { readOnly: true })
  const target = await open(folder)
  const reading = await openSession(source, true)
  await reading.begin()
  const writing = await openSession(target)
  await writing.execute('insert into t values (2)')
  expect(await reading.query('select count(*) from t')).toEqual([[1]])
  await reading.commit()
  expect(await reading.query('select count(*) from t')).toEqual([[2]])
})

test('a file that is source and target at once can be read while it is written', async () => {
  const folder = temporaryFolder()
  makeFile(folder, 'create table t (id integer primary key); insert into t values (1), (2), (3)')
  const source = await open(folder, { readOnly: true })
  const target = await open(folder)
  const reading = await openSession(source, true)
  const writing = await openSession(target)
  await reading.begin()
  const spec = {
    from: { table: { table: 't' } },
    columns: [{ name: 'id', type: { kind: 'integer', bits: 64 }, decode: false }],
    order: [{ index: 0, nullable: false }],
    batchRows: 1,
    batchBytes: 1000,
    limit: 3,
  } as const
  for await (const batch of reading.read(spec, new AbortController().signal)) {
    await writing.execute('insert into t values (?)', [Number(batch.rows[0]?.[0]) + 100])
  }
  await reading.commit()
  expect((await readTable(target, 't', ['id'])).flat()).toEqual([1, 2, 3, 101, 102, 103])
})

test('a batch of large values ends soon after its limit in bytes', async () => {
  const source = await sourceOf(`
    create table pictures (id integer primary key, picture blob);
    create table texts (id integer primary key, words text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 40)
      insert into pictures select i, zeroblob(1000000) from n;
    insert into texts select id, hex(zeroblob(500000)) from pictures;
  `)
  for (const table of ['pictures', 'texts']) {
    const session = await openSession(source, true)
    const { columns } = (await source.table({ table })) ?? { columns: [] }
    const sizes: number[] = []
    const spec = {
      from: { table: { table } },
      columns: columns.map(({ name, type }) => ({ name, type, decode: false })),
      order: [{ index: 0, nullable: false }],
      batchRows: 1000,
      batchBytes: 3_500_000,
    }
    for await (const { rows } of session.read(spec, new AbortController().signal)) sizes.push(rows.length)
    expect(sizes).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4, 4])
  }
})
