import { beforeAll, describe, expect, test } from 'vitest'
import type { LogicalType } from '../../../../src/core/types.js'
import { freshPlace, readAll } from './place.js'

const place = freshPlace('values')

beforeAll(async () => {
  await place.schema.exec(`
    set sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';
    create table t (
      id int not null primary key, big bigint unsigned, f float, d double, amount decimal(30,10), b1 bit(1), b12 bit(12), b64 bit(64),
      yes boolean, small tinyint, year year, day date, at datetime(6), stamp timestamp(3) null, span time(2),
      fixed char(5), code varchar(5), latin varchar(10) character set latin1, body text, kind enum('zeta','alpha','it''s'),
      many set('x','y','z'), raw binary(4), vraw varbinary(4), bulk blob, doc json, place point, u int unsigned);
    insert into t values
      (1, 18446744073709551615, 16777216, 9999999999.999999, 12345678901234567890.0123456789, b'1', b'101000000001',
       b'1111111111111111111111111111111111111111111111111111111111111111', 1, -128, 2024, '2024-02-29',
       '2024-02-29 03:04:05.000001', '2024-11-03 01:30:00.250', '-838:59:59.50', 'ab', 'ab  ', 'é€', 'a\\0b', 'it''s', 'x,z',
       x'61000000', x'6100', x'00ff', '{"a": 1.10, "a": 12345678901234567890}', point(1, 2), 4294967295),
      (2, 0, 123456.789, 1e308, -0.0000000001, b'0', 0, 0, 2, 127, 0, '0000-00-00', '0000-00-00', null, '25:00:00', '', '',
       '', '', 'zeta', '', x'00000000', '', '', 'null', null, 0),
      (3, null, null, null, null, null, null, null, null, null, null, '2024-02-00', '2024-02-30', null, null, null, null,
       null, null, null, null, null, null, null, null, null, null);
  `)
})

async function column(name: string, decode: boolean): Promise<unknown[]> {
  const spec = await place.readSpec('t', ['id'])
  const session = await place.session(true)
  try {
    const rows = await readAll(session, { ...spec, columns: spec.columns.map(one => ({ ...one, decode })) })
    const index = spec.columns.findIndex(one => one.name === name)
    return rows.map(row => row[index])
  } finally {
    await session.close()
  }
}

describe('a value is read as it is stored', () => {
  const point = Buffer.from('000000000101000000000000000000f03f0000000000000040', 'hex')
  const cases: readonly [name: string, type: LogicalType, decoded: unknown[], plain?: unknown[]][] = [
    [
      'big',
      { kind: 'integer', bits: 64, unsigned: true },
      ['18446744073709551615', 0, null],
      ['18446744073709551615', '0', null],
    ],
    ['f', { kind: 'float', bits: 32 }, [16777216, Math.fround(123456.789), null], ['16777216', '123456.7890625', null]],
    ['d', { kind: 'float', bits: 64 }, [9999999999.999998, 1e308, null], ['9999999999.999998', '1e308', null]],
    [
      'amount',
      { kind: 'decimal', precision: 30, scale: 10 },
      ['12345678901234567890.0123456789', '-0.0000000001', null],
    ],
    ['b1', { kind: 'boolean' }, [true, false, null]],
    ['b12', { kind: 'integer', bits: 16, unsigned: true }, [2561, 0, null]],
    [
      'b64',
      { kind: 'integer', bits: 64, unsigned: true },
      ['18446744073709551615', 0, null],
      ['18446744073709551615', '0', null],
    ],
    // 2 is no boolean: it is handed on for the cast to refuse.
    ['yes', { kind: 'boolean' }, [true, 2, null]],
    ['small', { kind: 'integer', bits: 8 }, [-128, 127, null]],
    ['year', { kind: 'integer', bits: 16 }, [2024, 0, null]],
    ['day', { kind: 'date' }, ['2024-02-29', '0000-00-00', '2024-02-00']],
    [
      'at',
      { kind: 'timestamp', zoned: false, precision: 6 },
      ['2024-02-29T03:04:05.000001', '0000-00-00T00:00:00.000000', '2024-02-30T00:00:00.000000'],
      ['2024-02-29 03:04:05.000001', '0000-00-00 00:00:00.000000', '2024-02-30 00:00:00.000000'],
    ],
    ['stamp', { kind: 'timestamp', zoned: true, precision: 3 }, ['2024-11-03T01:30:00.250Z', null, null]],
    ['span', { kind: 'time', precision: 2 }, ['-838:59:59.50', '25:00:00.00', null]],
    ['fixed', { kind: 'text', length: 5, fixed: true }, ['ab', '', null]],
    ['code', { kind: 'text', length: 5 }, ['ab  ', '', null]],
    ['latin', { kind: 'text', length: 10 }, ['é€', '', null]],
    ['body', { kind: 'text' }, ['a\0b', '', null]],
    ['kind', { kind: 'enum', labels: ['zeta', 'alpha', "it's"] }, ["it's", 'zeta', null]],
    ['many', { kind: 'text', length: 5 }, ['x,z', '', null]],
    ['raw', { kind: 'bytes', length: 4 }, [Buffer.from('a\0\0\0'), Buffer.alloc(4), null]],
    ['vraw', { kind: 'bytes', length: 4 }, [Buffer.from('a\0'), Buffer.alloc(0), null]],
    ['bulk', { kind: 'bytes' }, [Buffer.from([0, 255]), Buffer.alloc(0), null]],
    ['doc', { kind: 'json' }, ['{"a": 1.10, "a": 12345678901234567890}', 'null', null]],
    ['place', { kind: 'bytes' }, [point, null, null]],
    ['u', { kind: 'integer', bits: 32, unsigned: true }, [4294967295, 0, null]],
  ]
  test.each(cases)('%s', async (name, type, decoded, plain = decoded) => {
    const { columns } = await place.table('t')
    expect(columns.find(one => one.name === name)?.type).toEqual(type)
    expect(await column(name, true)).toEqual(decoded)
    expect(await column(name, false)).toEqual(plain)
  })
})

test.each(['UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia'])('dates do not depend on TZ=%s', async zone => {
  const before = process.env.TZ
  process.env.TZ = zone
  try {
    expect((await column('day', true))[0]).toBe('2024-02-29')
    expect((await column('at', true))[0]).toBe('2024-02-29T03:04:05.000001')
    expect((await column('stamp', true))[0]).toBe('2024-11-03T01:30:00.250Z')
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
})

test('a query has the same types and values', async () => {
  const columns = await place.database.describe(
    'select big, f, amount, yes, b12, day, at, body, bulk, doc, u + 1 as next from t',
  )
  expect(columns.map(({ name, type }) => [name, type])).toEqual([
    ['big', { kind: 'integer', bits: 64, unsigned: true }],
    ['f', { kind: 'float', bits: 32 }],
    ['amount', { kind: 'decimal', precision: 30, scale: 10 }],
    ['yes', { kind: 'boolean' }],
    ['b12', { kind: 'integer', bits: 16, unsigned: true }],
    ['day', { kind: 'date' }],
    ['at', { kind: 'timestamp', zoned: false, precision: 6 }],
    ['body', { kind: 'text' }],
    ['bulk', { kind: 'bytes' }],
    ['doc', { kind: 'json' }],
    ['next', { kind: 'integer', bits: 64, unsigned: true }],
  ])
})

test('binds are exact: numbers travel as text', async () => {
  const session = await place.session()
  await session.execute('create table bound (a varchar(40), b bigint, c decimal(30, 5), d blob)')
  const values = [9007199254740991, 9223372036854775807n, '1234567890123456789.12345', Buffer.from([0, 255, 39, 92])]
  await session.execute('insert into bound values (?, ?, ?, ?)', values)
  expect(await session.query('select * from bound where b = ?', [9223372036854775807n])).toEqual([
    ['9007199254740991', '9223372036854775807', '1234567890123456789.12345', Buffer.from([0, 255, 39, 92])],
  ])
  expect(await session.query('select count(*) from bound where b in (?, ?)', [1, 9223372036854775806n])).toEqual([[0]])
  await session.close()
})
