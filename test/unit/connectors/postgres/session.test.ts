import { beforeAll, describe, expect, test } from 'vitest'
import { parseType } from '../../../../src/core/types.js'
import { failure, freshPlace, open, readAll } from './place.js'

const place = freshPlace('session')
const int32 = { kind: 'integer', bits: 32 } as const

beforeAll(async () => {
  await place.schema.exec(`
    create type size as enum ('small', 'large', 'huge');
    create table t (id int primary key, v text);
    create table ordered (at timestamptz, size size, name varchar(5) collate "C", price numeric, raw bytea, code char(4), u uuid,
      primary key (at, size, name, price, raw, code, u));
    insert into ordered select '2024-02-29 03:04:05.000001+00'::timestamptz + (i / 8) * interval '1 microsecond',
      (array['small', 'large', 'huge'])[1 + i % 3]::size, (array['b', 'A', 'é', ''])[1 + i % 4], (i % 5) / 3.0, decode(lpad(to_hex(i), 4, '0'), 'hex'),
      'x' || (i % 2), md5(i::text)::uuid from generate_series(1, 200) i;
    create table wide (id int primary key, body text);
    insert into wide select i, repeat('x', case when i % 10 = 0 then 200000 else 10 end) from generate_series(1, 100) i;
  `)
})

test('a commit that the server answers with ROLLBACK is an error', async () => {
  const session = await place.session()
  await session.begin()
  await session.execute("insert into t values (1, 'lost')")
  await failure(session.execute('select 1 / 0'))
  expect(await failure(session.commit())).toMatchObject({
    code: 'E308',
    kind: 'failed',
    native: 'ROLLBACK',
    message: 'the server rolled back instead of committing, because a statement before had failed',
  })
  await session.begin()
  await session.execute("insert into t values (2, 'kept')")
  await session.commit()
  await session.close()
  expect(await place.schema.rows('select * from t')).toEqual([['2', 'kept']])
  await place.schema.exec('delete from t')
})

test('values of statements: canonical, exact, and bound without loss', async () => {
  const session = await place.session()
  expect(
    await session.query(
      `select $1::int8, $2::int8, $3::float8::text, $4::bytea, $5::boolean, $6::text, $7::timestamptz, 12::int2, 1.10::numeric, '{"a":1}'::json`,
      [9223372036854775807n, 5, -0, Buffer.from([0, 255]), true, null, '2024-02-29T03:04:05.000001Z'],
    ),
  ).toEqual([
    [
      '9223372036854775807',
      5,
      '-0',
      Buffer.from([0, 255]),
      true,
      null,
      '2024-02-29T03:04:05.000001Z',
      12,
      '1.10',
      '{"a":1}',
    ],
  ])
  expect(await session.execute('update t set v = v where false')).toBe(0)
  await session.close()
})

describe('reading', () => {
  test('any key goes on after any row', async () => {
    const session = await place.session(true)
    await session.begin()
    const spec = await place.readSpec('ordered', ['at', 'size', 'name', 'price', 'raw', 'code', 'u'])
    const all = await readAll(session, spec)
    expect(all).toHaveLength(200)
    for (const position of [0, 7, 42, 111, 198, 199]) {
      const after = all[position] ?? []
      expect(await readAll(session, { ...spec, after })).toEqual(all.slice(position + 1))
      expect(await readAll(session, { ...spec, until: after })).toEqual(all.slice(0, position + 1))
    }
    await session.rollback()
    await session.close()
  })

  test('the key decides by its index, not by a sort of the table', async () => {
    await place.schema.exec(
      `create table many (at timestamptz primary key); insert into many select now() + i * interval '1 s' from generate_series(1, 20000) i; analyze many`,
    )
    const session = await place.session(true)
    const { selectSql } = await import('../../../../src/connectors/postgres/source.js')
    const spec = await place.readSpec('many', ['at'], { after: ['2024-01-01T00:00:00Z'], limit: 10 })
    const { sql, params } = selectSql(spec)
    const plan = (await session.query(`explain ${sql}`, params)).flat().join('\n')
    expect(plan).toContain('Index Only Scan using many_pkey')
    expect(plan).toMatch(/Index Cond: \(at > '2024-01-01 00:00:00\+00'::timestamp with time zone\)/)
    await session.close()
  })

  test('a snapshot stays as it is', async () => {
    await place.schema.exec("insert into t values (10, 'a')")
    const session = await place.session(true)
    await session.begin()
    const spec = await place.readSpec('t', ['id'])
    expect(await readAll(session, spec)).toEqual([[10, 'a']])
    await place.schema.exec("insert into t values (11, 'b'); update t set v = 'changed'")
    expect(await readAll(session, spec)).toEqual([[10, 'a']])
    await session.commit()
    expect(await readAll(session, spec)).toEqual([
      [10, 'changed'],
      [11, 'changed'],
    ])
    await session.close()
    await place.schema.exec('delete from t')
  })

  test('readers take turns on one session, with statements in between', async () => {
    const session = await place.session(true)
    const spec = await place.readSpec('wide', ['id'], { batchRows: 30 })
    const ids: unknown[] = []
    for await (const outer of session.read(spec, new AbortController().signal)) {
      const inner = await readAll(session, { ...spec, batchRows: 7 })
      ids.push([outer.rows.length, inner.length, (await session.query('select 1'))[0]?.[0]])
    }
    expect(ids).toEqual([
      [30, 100, 1],
      [30, 100, 1],
      [30, 100, 1],
      [10, 100, 1],
    ])
    await session.close()
  })

  test('a batch ends when it is large enough', async () => {
    const session = await place.session(true)
    const spec = await place.readSpec('wide', ['id'], { batchRows: 50, batchBytes: 250_000 })
    const sizes: number[] = []
    for await (const batch of session.read(spec, new AbortController().signal)) sizes.push(batch.rows.length)
    expect(sizes).toEqual([20, 20, 20, 20, 20])
    await session.close()
  })

  test('where and query: the text of the user, comments and all', async () => {
    const session = await place.session(true)
    const spec = await place.readSpec('wide', ['id'], { where: 'id < 4 or id = 5 -- few', after: [1], limit: 2 })
    expect((await readAll(session, spec)).map(row => row[0])).toEqual([2, 3])
    const query = { query: 'select id from wide where id < 4 -- few' }
    expect(
      await readAll(session, { ...spec, from: query, where: 'id > 1', columns: spec.columns.slice(0, 1) }),
    ).toEqual([[2], [3]])
    expect(await session.count({ from: query, where: 'id > 1' })).toBe(2)
    await session.close()
  })
})

describe('tables', () => {
  test('created with types that hold everything', async () => {
    const types = [
      'boolean',
      'int8',
      'uint8',
      'int16',
      'uint16',
      'int32',
      'uint32',
      'int64',
      'uint64',
      'decimal',
      'decimal(38,10)',
      'float32',
      'float64',
      'text',
      'varchar(40)',
      'char(3)',
      'bytes',
      'date',
      'time(3)',
      'timestamp(3)',
      'timestamptz',
      'interval',
      'json',
      'uuid',
    ]
    const columns = types.map((type, i) => ({
      name: `c${i}`,
      type: parseType(type) ?? { kind: 'any' as const },
      nullable: i > 0,
    }))
    const session = await place.session()
    await session.createTable(
      { table: 'made' },
      [
        ...columns,
        { name: 'any', type: { kind: 'any' }, nullable: true },
        { name: 'mood', type: { kind: 'enum', labels: ['x'] }, nullable: true },
      ],
      ['c5', 'c13'],
    )
    const table = await place.table('made')
    expect(table.columns.map(column => column.native)).toEqual([
      'boolean',
      'smallint',
      'smallint',
      'smallint',
      'integer',
      'integer',
      'bigint',
      'bigint',
      'numeric(20,0)',
      'numeric',
      'numeric(38,10)',
      'real',
      'double precision',
      'text',
      'character varying(40)',
      'character varying(3)',
      'bytea',
      'date',
      'time(3) without time zone',
      'timestamp(3) without time zone',
      'timestamp with time zone',
      'interval',
      'json',
      'uuid',
      'text',
      'text',
    ])
    expect(table.primaryKey).toEqual(['c5', 'c13'])
    expect(table.columns.filter(column => !column.nullable).map(column => column.name)).toEqual(['c0', 'c5', 'c13'])
    await session.close()
  })

  test('sequences move past the largest key, and never back', async () => {
    await place.schema.exec(`create schema app; create sequence free;
      create table app.seq (a int generated always as identity, b serial, c int default nextval('free'), d int);
      insert into app.seq (a, b, c) overriding system value values (50, 7, 9); select setval('app.seq_b_seq', 100)`)
    const session = await place.session()
    const ref = { schema: 'app', table: 'seq' }
    await session.advanceSequences(ref, ['a', 'b', 'c'])
    await session.execute('insert into app.seq (d) values (1)')
    expect(await session.query('select a, b, c from app.seq where d = 1')).toEqual([[51, 101, 10]])
    expect(await failure(session.advanceSequences(ref, ['d']))).toMatchObject({
      code: 'E217',
      message: 'app.seq.d has no sequence to move',
    })
    await session.execute('delete from app.seq')
    await session.advanceSequences(ref, ['a'])
    await session.execute('insert into app.seq (d) values (2)')
    expect(await session.query('select a from app.seq')).toEqual([[52]])
    await session.close()
  })
})

test('the server lists our sessions by the name we gave', async () => {
  const database = await open(place.schema.config, { applicationName: 'etl named' })
  const session = await database.session({ readOnly: false })
  expect(await session.query('select application_name from pg_stat_activity where pid = pg_backend_pid()')).toEqual([
    ['etl named'],
  ])
  await session.close()
  await database.close()
})

test('a cursor that fails on its way tells the error of the server, and its session goes on', async () => {
  const session = await place.session(true)
  const failing = {
    from: { query: 'select i as id, 100 / (600 - i) as v from generate_series(1, 700) i' },
    columns: ['id', 'v'].map(name => ({ name, type: int32, decode: true })),
    order: [{ index: 0, nullable: false }],
    batchRows: 100,
    batchBytes: 1 << 20,
  }
  expect(await failure(readAll(session, failing))).toMatchObject({ message: 'division by zero', native: '22012' })
  expect(await session.query('select 1, null')).toEqual([[1, null]])
  await session.close()
})

test('batches are whole whatever the pages are', async () => {
  const session = await place.session(true)
  const sizes: number[] = []
  const spec = {
    from: { query: 'select i as id from generate_series(1, 2500) i' },
    columns: [{ name: 'id', type: int32, decode: true }],
    order: [{ index: 0, nullable: false }],
    batchRows: 600,
    batchBytes: 1 << 20,
  }
  for await (const { rows } of session.read(spec, new AbortController().signal)) sizes.push(rows.length)
  expect(sizes).toEqual([600, 600, 600, 600, 100])
  await session.close()
})
