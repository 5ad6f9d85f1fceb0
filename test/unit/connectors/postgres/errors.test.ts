import { beforeAll, describe, expect, test } from 'vitest'
import type { WriteSpec } from '../../../../src/core/connector.js'
import type { Row } from '../../../../src/core/row.js'
import { failure, freshPlace, write } from './place.js'

const place = freshPlace('errors')

beforeAll(async () => {
  await place.schema.exec(`
    create table parent (id int primary key);
    insert into parent values (1);
    create domain positive as int check (value > 0);
    create type mood as enum ('sad', 'ok');
    create table t (
      id int primary key, parent_id int references parent, email text unique, name varchar(3), amount numeric(4,2),
      small int2 check (small <> 13), needed text not null default 'x', day date, at timestamptz, doc jsonb, raw bytea,
      feeling mood, level positive, code uuid, flag boolean, span int4range, exclude using gist (span with &&));
    insert into t (id, email, span) values (1, 'taken@example.com', '[1,5)');
    create function refuse() returns trigger language plpgsql as $$
      begin if new.name = 'bad' then raise exception 'secret %', new.email; end if;
      if new.name = 'odd' then raise exception 'secret' using errcode = 'XY123'; end if;
      if new.name = 'chk' then raise exception 'secret' using errcode = '23514'; end if; return new; end $$;
    create trigger refuse before insert on t for each row execute function refuse();
  `)
})

/** The spec with casts left out: what the server says when a wrong value gets as far as it. */
async function attempt(columns: readonly string[], rows: readonly Row[], mode: 'insert' | 'upsert' = 'insert') {
  const typed = await place.spec('t', ['id', ...columns], mode, mode === 'insert' ? [] : ['id'])
  const spec: WriteSpec = { ...typed, columns: typed.columns.map(column => ({ ...column, type: { kind: 'text' } })) }
  const session = await place.session()
  try {
    await session.begin()
    const error = await failure(write(session, spec, rows))
    return {
      code: error.code,
      kind: error.kind,
      native: error.native,
      row: error.row,
      column: error.column,
      message: error.message,
    }
  } finally {
    await session.rollback()
    await session.close()
  }
}

describe('a row that the server refuses', () => {
  const cases: readonly (readonly [string, string, unknown, object])[] = [
    [
      'unique constraint',
      'email',
      'taken@example.com',
      {
        code: 'E417',
        native: '23505',
        row: 1,
        message: 'duplicate key value violates unique constraint "t_email_key"',
      },
    ],
    [
      'check',
      'small',
      13,
      {
        code: 'E419',
        native: '23514',
        row: 1,
        message: 'new row for relation "t" violates check constraint "t_small_check"',
      },
    ],
    ['not null', 'needed', null, { code: 'E401', native: '23502', row: 1, column: 'needed' }],
    ['exclusion', 'span', '[2,3)', { code: 'E419', native: '23P01', row: 1 }],
    [
      'too long',
      'name',
      'secret',
      {
        code: 'E405',
        native: '22001',
        row: 1,
        column: 'name',
        message: 'value too long for type character varying(3)',
      },
    ],
    [
      'numeric overflow',
      'amount',
      '12345',
      { code: 'E403', native: '22003', row: 1, message: 'numeric field overflow' },
    ],
    [
      'integer overflow',
      'small',
      70000,
      { code: 'E403', native: '22003', row: 1, column: 'small', message: 'value is out of range for type smallint' },
    ],
    [
      'NUL',
      'needed',
      'a\0b',
      { code: 'E408', native: '22021', row: 1, message: 'invalid byte sequence for encoding "UTF8"' },
    ],
    ['NUL in jsonb', 'doc', '"\\u0000"', { code: 'E408', native: '22P05', row: 1, column: 'doc' }],
    [
      'no number',
      'small',
      'secret',
      { code: 'E420', native: '22P02', row: 1, column: 'small', message: 'invalid input syntax for type smallint' },
    ],
    [
      'no date',
      'day',
      'secret',
      { code: 'E420', native: '22007', row: 1, column: 'day', message: 'invalid input syntax for type date' },
    ],
    [
      'date out of range',
      'at',
      '2024-02-30',
      { code: 'E420', native: '22008', row: 1, column: 'at', message: 'date/time field value out of range' },
    ],
    [
      'no json',
      'doc',
      '{secret',
      { code: 'E420', native: '22P02', row: 1, column: 'doc', message: 'invalid input syntax for type json' },
    ],
    [
      'no enum label',
      'feeling',
      'secret',
      { code: 'E420', native: '22P02', row: 1, column: 'feeling', message: 'invalid input value for enum mood' },
    ],
    [
      'no uuid',
      'code',
      'secret',
      { code: 'E420', native: '22P02', row: 1, column: 'code', message: 'invalid input syntax for type uuid' },
    ],
    ['no bytes', 'raw', '\\xzz', { code: 'E420', native: '22023', row: 1, column: 'raw' }],
    ['domain', 'level', -1, { code: 'E419', native: '23514', row: 1, column: 'level' }],
    [
      'trigger',
      'name',
      'bad',
      { code: 'E419', native: 'P0001', row: 1, message: 'PL/pgSQL function refuse raised an exception' },
    ],
    [
      'trigger with the code XY123',
      'name',
      'odd',
      { code: 'E419', native: 'XY123', row: 1, message: 'PL/pgSQL function refuse raised an exception' },
    ],
    [
      'trigger with the code 23514',
      'name',
      'chk',
      { code: 'E419', native: '23514', row: 1, message: 'PL/pgSQL function refuse raised an exception' },
    ],
  ]
  test.each(cases)('%s', async (_, column, value, expected) => {
    const good: Row = [2, column === 'needed' ? 'fine' : null]
    const error = await attempt([column], [good, [3, value as string]])
    expect(error).toMatchObject({ kind: 'row', ...expected })
    expect(error.message).not.toMatch(/secret|taken|70000|02-30/)
  })

  test('foreign key: found at the end of the copy, so without a row', async () => {
    expect(
      await attempt(
        ['parent_id'],
        [
          [2, 1],
          [3, 99],
        ],
      ),
    ).toEqual({
      code: 'E418',
      kind: 'row',
      native: '23503',
      row: undefined,
      column: undefined,
      message: 'insert or update on table "t" violates foreign key constraint "t_parent_id_fkey"',
    })
  })

  test('the primary key: the row exists already', async () => {
    expect(
      await attempt(
        ['name'],
        [
          [2, 'a'],
          [1, 'b'],
        ],
      ),
    ).toMatchObject({ code: 'E415', native: '23505', row: 1 })
  })

  test('another unique constraint while merging is not "exists"', async () => {
    const error = await attempt(
      ['email'],
      [
        [2, 'new@example.com'],
        [3, 'taken@example.com'],
      ],
      'upsert',
    )
    expect(error).toMatchObject({ code: 'E417', kind: 'row', native: '23505', row: undefined })
  })

  test('rows of a later slice keep their index in the payload', async () => {
    const spec = await place.spec('t', ['id', 'name'], 'insert')
    const session = await place.session()
    await session.begin()
    const error = await failure(
      write(
        session,
        spec,
        [
          [2, 'a'],
          [3, 'b'],
          [4, 'c'],
          [5, 'long'],
        ],
        2,
        4,
      ),
    )
    expect(error).toMatchObject({ code: 'E405', row: 3, column: 'name' })
    await session.close()
  })

  test('a value refused in the first of very many rows leaves the connection usable', async () => {
    const spec = await place.spec('t', ['id', 'needed'], 'insert')
    const filler = 'x'.repeat(1000)
    const rows: Row[] = Array.from({ length: 20_000 }, (_, i) => [i === 0 ? 1 : i + 10, filler])
    const session = await place.session()
    await session.begin()
    expect(await failure(write(session, spec, rows))).toMatchObject({ code: 'E415', row: 0 })
    await session.rollback()
    expect(await session.query('select count(*) from t')).toEqual([[1]])
    await session.close()
  })
})

describe('statements', () => {
  test.each([
    [
      'select * from nowhere',
      { code: 'E208', kind: 'usage', native: '42P01', message: 'relation "nowhere" does not exist' },
    ],
    [
      'select nothing from t',
      { code: 'E207', kind: 'usage', native: '42703', message: 'column "nothing" does not exist' },
    ],
    ['select 1; drop table t', { code: 'E308', kind: 'failed', native: '42601' }],
    ['selec 1', { code: 'E308', kind: 'failed', native: '42601', message: 'syntax error at or near "selec"' }],
  ])('%s', async (sql, expected) => {
    const session = await place.session()
    expect(await failure(session.query(sql))).toMatchObject(expected)
    await session.close()
  })

  test('a reading session cannot write', async () => {
    const session = await place.session(true)
    expect(await failure(session.execute('delete from t'))).toMatchObject({
      code: 'E305',
      kind: 'connection',
      native: '25006',
    })
    await session.close()
  })

  test('a missing grant', async () => {
    await place.schema.exec(`create role nobody_${process.pid}; grant usage on schema public to nobody_${process.pid}`)
    const session = await place.session()
    await session.execute(`set role nobody_${process.pid}`)
    expect(await failure(session.query('select * from t'))).toMatchObject({
      code: 'E304',
      kind: 'connection',
      message: 'permission denied for table t',
    })
    await session.close()
    await place.schema.exec(`revoke usage on schema public from nobody_${process.pid}; drop role nobody_${process.pid}`)
  })

  test('a deadlock and a lock that is not free are passing trouble', async () => {
    const [one, two] = [await place.session(), await place.session()]
    await one.begin()
    await two.begin()
    await one.execute('select * from parent for update')
    expect(await failure(two.execute('select * from parent for update nowait'))).toMatchObject({
      code: 'E307',
      kind: 'transient',
      native: '55P03',
    })
    await two.rollback()
    await two.begin()
    await two.execute('select * from t for update')
    const waiting = failure(one.execute('select * from t for update'))
    const second = failure(two.execute('select * from parent for update'))
    const victim = await Promise.race([waiting, second])
    expect(victim).toMatchObject({ code: 'E307', kind: 'transient', native: '40P01' })
    await Promise.all([one.rollback(), two.rollback()])
    await Promise.all([one.close(), two.close()])
    await Promise.allSettled([waiting, second])
  })
})
