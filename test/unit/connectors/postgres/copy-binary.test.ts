import { beforeAll, describe, expect, test } from 'vitest'
import type { CopyData } from '../../../../src/connectors/postgres/copy-data.js'
import { copyEncoder } from '../../../../src/connectors/postgres/copy-encoder.js'
import { textRows } from '../../../../src/connectors/postgres/copy-text.js'
import type { Encoder, Payload, Session, TableWriter, WriteMode, WriteSpec } from '../../../../src/core/connector.js'
import { EtlError } from '../../../../src/core/errors.js'
import type { Row, Value } from '../../../../src/core/row.js'
import { Random } from '../../../support/random.js'
import { freshPlace } from './place.js'

const place = freshPlace('binary')

const asBinary = (spec: WriteSpec, rows: readonly Row[]): Payload => copyEncoder(spec).encode(rows)

const asText = (spec: WriteSpec, rows: readonly Row[]): Payload => {
  const data = textRows(spec)(rows, 0)
  return { rows: rows.length, bytes: data.bytes.length, data }
}

const formatOf = (payload: Payload): CopyData['format'] => (payload.data as CopyData).format

interface Type {
  /** The function that makes of a value what binary COPY has. */
  readonly send: string
  /** Values that are sure to be the same in binary. */
  readonly sure: readonly Value[]
  /** Values that the server is to understand, round or refuse by itself. */
  readonly unsure: readonly Value[]
}

const INTEGERS_NOT_PLAIN = [1.5, '', '-', ' 1', '1 ', '+1', '1.0', '1e3', '0x10', '1_000', 'one', true, Number.NaN]
const TEXTS: readonly Value[] = [
  '',
  ' ',
  'abc',
  'ab   ',
  '\\N',
  '\\.',
  'a\tb\nc\rd\\e',
  '\u0001\u007f\u0080\u07ff\u0800\uffff',
  'käse 😀',
  'ä',
  '😀😀😀😀😀',
  12,
  12n,
  -0,
  0.1,
  1e21,
  true,
]
const DATES = ['0001-01-01', '1582-10-10', '1900-02-28', '1999-12-31', '2000-01-01', '2000-02-29', '2024-02-29']
const DATES_NOT_PLAIN = [
  '0000-01-01',
  '2023-02-29',
  '1900-02-29',
  '2024-13-01',
  '2024-00-10',
  '2024-01-00',
  '2024-04-31',
]
const DATES_OTHERWISE = ['0044-03-15 BC', '99999-12-31', 'infinity', '-infinity', 'now', '2024-1-1', '20240101', '']
const TIMES = ['00:00:00', '03:04:05', '03:04:05.1', '03:04:05.000001', '12:34:56.1234', '23:59:59.999999']
const TIMES_NOT_PLAIN = ['24:00:00', '23:59:60', '25:00:00', '12:60:00', '12:00', '12:00:00.', '12:00:00.1234567']
const joined = (days: readonly string[], times: readonly string[], end = ''): string[] =>
  days.flatMap((day, i) => times.map((time, j) => `${day}${(i + j) % 2 === 0 ? ' ' : 'T'}${time}${end}`))
const NUMBERS = [
  '0',
  '-0',
  '0.00',
  '-0.00',
  '1',
  '-1',
  '9',
  '10',
  '9999',
  '10000',
  '10001',
  '99990000',
  '0.1',
  '0.0001',
  '0.00001',
]
const LONG_NUMBERS = [
  '123456789.123456789',
  '-100000000',
  '0.00000000000000000000012300',
  '000123.4500',
  `${'1234567890'.repeat(6)}.5`,
]
const JSONS = [
  '{}',
  ' [1, 2] ',
  '{ "a" : 1.10, "a" : 2 }',
  '"ä😀"',
  'null',
  '12345678901234567890',
  `{"long":"${'x'.repeat(500)}"}`,
]
/** The server is the judge of them, and finds the same fault in both formats. */
const BAD_JSONS = ['', '{', '{"a":}', '"\u0001"', '"\\ud800"', 'NaN']

const TYPES: Readonly<Record<string, Type>> = {
  smallint: {
    send: 'int2send',
    sure: [0, -1, 32767, -32768, '12', '-0', 7n, -0],
    unsure: [32768, '-32769', ...INTEGERS_NOT_PLAIN],
  },
  integer: {
    send: 'int4send',
    sure: [0, -1, 2147483647, -2147483648, '2147483647', '0012', 5n],
    unsure: [2147483648, '-2147483649', 10n ** 20n, ...INTEGERS_NOT_PLAIN],
  },
  bigint: {
    send: 'int8send',
    sure: [
      ...[0, -1, 4294967295, 4294967296, -4294967296, -4294967297, 9007199254740991, -9007199254740991],
      ...[9007199254740993n, -9007199254740993n, 9223372036854775807n, -9223372036854775808n, 3n],
      ...[
        '9223372036854775807',
        '-9223372036854775808',
        '123456789012345',
        '-12345678901234',
        '-123456789012345',
        '007',
      ],
    ],
    unsure: ['9223372036854775808', '-9223372036854775809', 2n ** 63n, 1e20, 2 ** 53, ...INTEGERS_NOT_PLAIN],
  },
  boolean: { send: 'boolsend', sure: [true, false], unsure: ['t', 'false', 'on', 1, 'maybe', ''] },
  'double precision': {
    send: 'float8send',
    sure: [
      ...[0, -0, 1, -1.5, 1 / 3, 0.1 + 0.2, Number.MAX_VALUE, 5e-324, 2.2250738585072014e-308, 2 ** 53 + 2],
      ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      ...['1.5', '-0', '0.1', '1e-7', '1.7976931348623157e+308', '5e-324', '9007199254740993', '0.30000000000000004'],
    ],
    unsure: ['1e400', '-1e400', '1e-400', 'NaN', 'Infinity', '-Infinity', ' 1', '0x10', '1e', '.5', '', 5n, true],
  },
  numeric: {
    send: 'numeric_send',
    sure: [...NUMBERS, ...LONG_NUMBERS, 5, -12n, 10n ** 30n, 0.1, 12.345, `0.${'0'.repeat(900)}1`, '7'.repeat(1000)],
    unsure: [
      'NaN',
      'Infinity',
      '1e5',
      1e21,
      1e-7,
      '.5',
      '5.',
      '+5',
      ' 5',
      '',
      '-',
      '.',
      '1.2.3',
      '1,5',
      '٣',
      true,
      '7'.repeat(1001),
    ],
  },
  'numeric(12,2)': {
    send: 'numeric_send',
    sure: [...NUMBERS, '0.005', '0.0049', '-0.005', '9999999999.99', '9999999999.995', '10000000000', '-99999999999.5'],
    unsure: ['NaN', '1e5'],
  },
  'numeric(5,0)': { send: 'numeric_send', sure: ['0.5', '1.5', '99999.4', '99999.5', '-7'], unsure: ['x'] },
  text: {
    send: 'textsend',
    sure: [...TEXTS, 'x'.repeat(100), 'ü'.repeat(100), 'y'.repeat(10_000)],
    unsure: ['a\u0000b', `${'z'.repeat(200)}\u0000`],
  },
  'varchar(5)': { send: 'varcharsend', sure: [...TEXTS, 'abcde', 'abcde   ', 'abcdef'], unsure: ['a\u0000'] },
  'char(5)': { send: 'bpcharsend', sure: [...TEXTS, 'abcde', 'abcde   ', 'abcdef'], unsure: ['a\u0000'] },
  varchar: { send: 'varcharsend', sure: TEXTS, unsure: [] },
  bytea: {
    send: 'byteasend',
    sure: [Buffer.alloc(0), Buffer.from([0, 92, 120, 255]), Buffer.alloc(10_000, 7)],
    unsure: ['\\x00', 'abc', '\\', 'ä'],
  },
  date: {
    send: 'date_send',
    sure: [...DATES, '9999-12-31'],
    unsure: [...DATES_NOT_PLAIN, ...DATES_OTHERWISE, 20240101],
  },
  time: { send: 'time_send', sure: TIMES, unsure: [...TIMES_NOT_PLAIN, '03:04', '03:04:05+01', '', 5] },
  'time(3)': { send: 'time_send', sure: [...TIMES, '03:04:05.0005', '03:04:05.0015'], unsure: ['03:04:05.00049999'] },
  timestamp: {
    send: 'timestamp_send',
    sure: joined([...DATES, '1715-03-29', '9999-12-31'], TIMES),
    unsure: [
      ...joined(DATES_NOT_PLAIN, ['01:02:03']),
      ...joined(['2024-02-29'], TIMES_NOT_PLAIN),
      ...joined(['2024-02-29'], ['01:02:03'], 'Z'),
      ...DATES_OTHERWISE,
      '2024-02-29',
    ],
  },
  'timestamp(3)': {
    send: 'timestamp_send',
    sure: joined(['2024-02-29', '1969-12-31', '0001-01-01'], ['23:59:59.9995', '00:00:00.0005', '00:00:00.0015']),
    unsure: ['2024-02-29 01:02:03.00049999'],
  },
  timestamptz: {
    send: 'timestamptz_send',
    sure: ['Z', '+00', '+05:30', '-11', '-04:00', '+14:00'].flatMap(end =>
      joined([...DATES, '9999-12-31'], TIMES, end),
    ),
    unsure: [
      ...joined(['2024-02-29'], ['01:02:03'], ''),
      ...['+15:00', '+16', '-03:60', ' +01', '+0530', '+05:30:15', ' UTC', 'z', '+', '+1'].map(
        end => `2024-02-29 01:02:03${end}`,
      ),
      ...joined(['2024-02-29'], TIMES_NOT_PLAIN, 'Z'),
      ...DATES_OTHERWISE,
      '2024-02-29',
      '2024-02-05',
    ],
  },
  'timestamptz(0)': {
    send: 'timestamptz_send',
    sure: joined(DATES, ['23:59:59.5', '00:00:00.499999'], '+05:30'),
    unsure: [],
  },
  json: { send: 'json_send', sure: [...JSONS, ...BAD_JSONS, '"\\u0000"'], unsure: ['"\u0000"', 5, true] },
  jsonb: { send: 'jsonb_send', sure: [...JSONS, ...BAD_JSONS, '"\\u0000"', '1e400'], unsure: ['"\u0000"', 5, true] },
  uuid: {
    send: 'uuid_send',
    sure: [
      'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
      'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6',
      '00000000-0000-0000-0000-000000000000',
    ],
    unsure: [
      'f81d4fae7dec11d0a76500a0c91e6bf6',
      '{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}',
      'f81d4fae-7dec-11d0-a765-00a0c91e6bfg',
      '',
    ],
  },
}

const TABLES = ['as_text', 'as_binary'] as const

/** How writing the rows ends, but for what is in the table then. */
async function outcome(session: Session, writer: TableWriter, payload: Payload): Promise<unknown> {
  await session.savepoint('attempt')
  try {
    const result = await writer.write(payload, 0, payload.rows)
    await session.releaseSavepoint('attempt')
    return result
  } catch (error) {
    await session.rollbackTo('attempt')
    if (!(error instanceof EtlError)) throw error
    const { code, kind, message, row, column, hint, native } = error
    return JSON.parse(
      JSON.stringify({ code, kind, message, row, column, hint, native }).replaceAll('as_binary', 'as_text'),
    )
  }
}

/** A way to write, with a table of its own. */
interface Way {
  readonly spec: WriteSpec
  readonly writer: TableWriter
}

async function waysOf(
  session: Session,
  suffix: string,
  names: readonly string[],
  mode: WriteMode,
): Promise<[Way, Way]> {
  const ways: Way[] = []
  for (const table of TABLES) {
    const spec = await place.spec(table + suffix, names, mode, mode === 'insert' ? [] : ['id'])
    ways.push({ spec, writer: await session.writer(spec) })
  }
  return ways as [Way, Way]
}

/** Half of a pair is found while encoding. */
function encoded(encode: () => Payload): Payload | EtlError {
  try {
    return encode()
  } catch (error) {
    if (error instanceof EtlError) return error
    throw error
  }
}

describe('each value becomes the same, or fails in the same way, in both formats', () => {
  test.each(Object.entries(TYPES))('%s', async (type, { send, sure, unsure }) => {
    for (const table of TABLES)
      await place.schema.exec(`drop table if exists ${table}; create table ${table} (n int, v ${type})`)
    const session = await place.session()
    await session.begin()
    const fields: string[] = []
    const [text, binary] = await waysOf(session, '', ['n', 'v'], 'insert')
    for (const [n, value] of [null, ...sure, ...unsure].entries()) {
      const payload = asBinary(binary.spec, [[n, value]])
      const plain = n <= sure.length
      expect([value, formatOf(payload)]).toEqual([value, plain ? 'binary' : 'text'])
      // Behind the number of values, the first of them, and the length of the second.
      if (plain)
        fields[n] = Buffer.from((payload.data as CopyData).bytes)
          .subarray(14)
          .toString('hex')
      const expected = await outcome(session, text.writer, asText(text.spec, [[n, value]]))
      expect([value, await outcome(session, binary.writer, payload)]).toEqual([value, expected])
    }
    const rows = (table: string) =>
      session.query(`select n, v::text, encode(${send}(v), 'hex') from ${table} order by n`) as Promise<
        [number, string, string | null][]
      >
    const written = await rows('as_binary')
    expect(written).toEqual(await rows('as_text'))
    expect(written.length).toBeGreaterThan(1)
    // Without a modifier the bytes are the server's own.
    if (!type.includes('(') && !send.startsWith('json')) {
      for (const [n, , sent] of written.filter(([n]) => n > 0 && n <= sure.length)) expect(fields[n]).toBe(sent)
    }
    await session.rollback()
    await session.close()
  })
})

test('half of a surrogate pair is refused by row and column', () => {
  const column = { name: 'v', type: { kind: 'text' }, native: 'text', nullable: true, hasDefault: false } as const
  const spec: WriteSpec = { table: { table: 't' }, columns: [column], mode: 'insert', match: [] }
  for (const text of ['x\ud83d', `${'x'.repeat(200)}\udc00`]) {
    expect(encoded(() => asBinary(spec, [['ok'], [text]]))).toMatchObject({
      code: 'E409',
      kind: 'row',
      row: 1,
      column: 'v',
    })
  }
})

describe('types of other kinds go as text', () => {
  test.each([
    'real',
    'money',
    'interval',
    'name',
    'integer[]',
    'inet',
    'xml',
    'timetz',
    'mood',
    'positive',
    'bit(3)',
    '"char"',
    'oid',
  ])('%s', async type => {
    await place.schema.exec(`
        drop table if exists other cascade; drop type if exists mood; drop domain if exists positive;
        create type mood as enum ('sad'); create domain positive as int check (value > 0);
        create table other (v ${type})`)
    expect(formatOf(asBinary(await place.spec('other', ['v'], 'insert'), [[null]]))).toBe('text')
  })

  test('and so does every column beside one', async () => {
    await place.schema.exec('drop table if exists other cascade; create table other (id int, v real)')
    const spec = await place.spec('other', ['id', 'v'], 'insert')
    expect(formatOf(asBinary(spec, [[1, 1.5]]))).toBe('text')
    expect(formatOf(asBinary(await place.spec('other', ['id'], 'insert'), [[1]]))).toBe('binary')
  })
})

describe('a row that the server refuses', () => {
  beforeAll(async () => {
    for (const table of TABLES) {
      await place.schema.exec(`
        create table ${table}_parent (id int primary key);
        insert into ${table}_parent values (1);
        create table ${table}_strict (
          id int primary key, parent_id int references ${table}_parent, email text unique, name varchar(3),
          amount numeric(4,2), small int2, needed text not null default 'x', doc jsonb, plain json, code uuid, at timestamp,
          "a, line 3" text, check (small <> 13));
        insert into ${table}_strict (id, email) values (1, 'taken@example.com');
        create or replace function refuse() returns trigger language plpgsql as $$
          begin if new.name = 'bad' then raise exception 'secret %', new.email; end if; return new; end $$;
        create trigger refuse before insert on ${table}_strict for each row execute function refuse();`)
    }
  })

  const cases: readonly (readonly [string, Value, Value, string])[] = [
    ['email', 'other', 'taken@example.com', 'E417'],
    ['small', 12, 13, 'E419'],
    ['needed', 'x', null, 'E401'],
    ['name', 'abc', 'abcd', 'E405'],
    ['name', 'abc', 'ä€😀d', 'E405'],
    ['name', 'abc', 'bad', 'E419'],
    ['amount', '99.99', '99.999', 'E403'],
    ['doc', '{}', '{"secret":', 'E420'],
    ['plain', '{}', 'secret', 'E420'],
    ['doc', '{}', '"\\u0000"', 'E408'],
    ['a, line 3', 'x', 'a\u0000', 'E408'],
    ['small', 12, 40_000, 'E403'],
    ['code', null, 'secret', 'E420'],
    ['at', null, '2024-02-30 00:00:00', 'E420'],
    ['parent_id', 1, 2, 'E418'],
  ]
  test.each(cases)('%s %j %j: %s', async (column, good, bad, code) => {
    const session = await place.session()
    await session.begin()
    for (const [count, at] of [
      [1, 0],
      [300, 7],
      [300, 299],
    ] as const) {
      const rows: Row[] = Array.from({ length: count }, (_, i) => [
        i + 2,
        i === at ? bad : column === 'email' ? `${good}${i}` : good,
      ])
      for (const mode of ['insert', 'upsert'] as const) {
        const [text, binary] = await waysOf(session, '_strict', ['id', column], mode)
        const expected = await outcome(session, text.writer, asText(text.spec, rows))
        expect(expected).toMatchObject({ code, kind: 'row' })
        expect(await outcome(session, binary.writer, asBinary(binary.spec, rows))).toEqual(expected)
        // What values break names their line; references are looked at when all rows are there.
        if (mode === 'insert' && code !== 'E418') expect(expected).toMatchObject({ row: at })
        await Promise.all([text.writer.close(), binary.writer.close()])
      }
    }
    await session.rollback()
    await session.close()
  })
})

/** Rows of every type at once, from plain values and now and then another. */
test('random rows', async () => {
  const types = Object.entries(TYPES)
  const columns = types.map(([type], i) => `c${i} ${type}`).join(', ')
  for (const table of TABLES)
    await place.schema.exec(`drop table if exists ${table}; create table ${table} (id bigint primary key, ${columns})`)
  const random = new Random(20_261)
  const names = ['id', ...types.map((_, i) => `c${i}`)]
  const formats = { text: 0, binary: 0, failed: 0 }
  const session = await place.session()
  await session.begin()
  const ways = [await waysOf(session, '', names, 'insert'), await waysOf(session, '', names, 'upsert')] as const
  const encoders = ways.map(([, { spec }]) => copyEncoder(spec))
  let id = 0
  for (let round = 0; round < 60; round++) {
    const nasty = random.chance(0.3) ? 0.01 : 0
    const rows = Array.from(
      { length: random.int(1, 40) },
      (): Row => [
        random.chance(0.1) ? String(++id) : ++id,
        ...types.map(([type, { sure, unsure }]): Value => {
          if (random.chance(0.1)) return null
          if (nasty > 0 && random.chance(nasty)) return random.pick([...sure, ...unsure])
          const good = sure.filter(
            value =>
              !FAILING.has(value) &&
              String(value).length < 2000 &&
              (!type.includes('(5)') || String(value).length <= 5),
          )
          return random.pick(type === 'numeric(12,2)' ? NUMBERS : type === 'numeric(5,0)' ? ['1.5', '-7'] : good)
        }),
      ],
    )
    const merged = random.chance(0.3) ? 1 : 0
    const [text, binary] = ways[merged]
    const payload = (encoders[merged] as Encoder).encode(rows)
    const expected = (await outcome(session, text.writer, asText(text.spec, rows))) as { code?: string }
    expect(await outcome(session, binary.writer, payload)).toEqual(expected)
    formats[formatOf(payload)]++
    if (expected.code !== undefined) formats.failed++
  }
  const content = (table: string) => session.query(`select t::text from ${table} t order by id`)
  const rows = await content('as_binary')
  expect(rows).toEqual(await content('as_text'))
  expect(rows.length).toBeGreaterThan(300)
  expect(Math.min(formats.text, formats.binary, formats.failed)).toBeGreaterThan(5)
  await session.rollback()
  await session.close()
})

const FAILING = new Set<Value>([...BAD_JSONS, '"\\u0000"', '1e400'])

test('payloads of both formats in one batch, with keys that the database makes', async () => {
  await place.schema.exec(`
    drop table if exists made, put; create table made (id bigint generated always as identity, at timestamp, note varchar(20));
    create table put (id int primary key, at timestamp)`)
  const days = [
    '2024-02-29 01:02:03',
    'infinity',
    '2024-03-01 00:00:00',
    '0044-03-15 00:00:00 BC',
    '2024-03-02 00:00:00',
  ]
  const session = await place.session()
  await session.begin()
  const insert = {
    ...(await place.spec('made', ['at', 'note'], 'insert')),
    returning: (await place.table('made')).columns[0],
  }
  const parts = days.map((day, i) =>
    copyEncoder(insert as WriteSpec).encode([
      [day, `a\t${i}`],
      [null, 'ü'],
    ]),
  )
  expect(parts.map(formatOf)).toEqual(['binary', 'text', 'binary', 'text', 'binary'])
  const writer = await session.writer(insert as WriteSpec)
  const joinedParts = [parts[0], parts[2], parts[1], parts[3], parts[4]] as Payload[]
  expect(await writer.writeAll?.(joinedParts)).toEqual({
    inserted: 10,
    updated: 0,
    skipped: 0,
    missing: [],
    keys: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  })
  expect(await writer.write(parts[0] as Payload, 1, 2)).toMatchObject({ inserted: 1, keys: [11] })
  await writer.close()
  expect(await session.query('select id, at::text, note from made order by id')).toEqual([
    [1, days[0], 'a\t0'],
    [2, null, 'ü'],
    [3, days[2], 'a\t2'],
    [4, null, 'ü'],
    [5, days[1], 'a\t1'],
    [6, null, 'ü'],
    [7, days[3], 'a\t3'],
    [8, null, 'ü'],
    [9, days[4], 'a\t4'],
    [10, null, 'ü'],
    [11, null, 'ü'],
  ])
  const upsert = await place.spec('put', ['id', 'at'], 'upsert', ['id'])
  const encoder = copyEncoder(upsert)
  const puts = [
    encoder.encode([
      [1, days[0] as string],
      [2, null],
    ]),
    encoder.encode([
      [2, 'infinity'],
      [1, days[2] as string],
    ]),
  ]
  expect(puts.map(formatOf)).toEqual(['binary', 'text'])
  const merging = await session.writer(upsert)
  expect(await merging.writeAll?.(puts)).toMatchObject({ inserted: 2 })
  expect(await session.query('select id, at::text from put order by id')).toEqual([
    [1, days[2]],
    [2, 'infinity'],
  ])
  await session.rollback()
  await session.close()
})

test('what had to go as text is not tried again for a while', async () => {
  await place.schema.exec('drop table if exists put; create table put (at date)')
  const encoder = copyEncoder(await place.spec('put', ['at'], 'insert'))
  const formats = Array.from({ length: 24 }, (_, i) =>
    formatOf(encoder.encode([[i === 1 ? 'infinity' : '2024-02-29']])),
  )
  expect(formats.map(format => format[0]).join('')).toBe(`b${'t'.repeat(21)}bb`)
})
