import oracledb from 'oracledb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TnsServer } from '../../../../support/tns/server.js'
import { connect, rows, start } from './server.js'

const asText = ({ dbType }: oracledb.Metadata<unknown>) =>
  dbType === oracledb.DB_TYPE_NUMBER ? { type: oracledb.STRING } : undefined

for (const profile of ['12.1', '19c', '23ai'] as const) {
  describe(profile, () => {
    let server: TnsServer
    let connection: oracledb.Connection

    beforeAll(async () => {
      server = await start(profile)
      connection = await connect(server)
    })
    afterAll(async () => {
      await connection.close()
      await server.close()
    })

    const NUMBERS = [
      '0',
      '1',
      '-1',
      '.5',
      '-.05',
      '100',
      '1234567890123456789012345678901234567.8',
      '-99999999999999999999999999999999999999',
      '.0000001',
      '1.1',
    ]
    test('NUMBER, exact as text, over the wire and back', async () => {
      await connection.execute('create table numbers (n number)')
      await connection.executeMany(
        'insert into numbers values (to_number(:1))',
        NUMBERS.map(n => [n]),
        { bindDefs: [{ type: oracledb.DB_TYPE_VARCHAR, maxSize: 50 }] },
      )
      expect((await rows(connection, 'select n from numbers', [], { fetchTypeHandler: asText })).flat()).toEqual(
        NUMBERS,
      )
      const sorted = (
        await rows(connection, 'select n from numbers order by n', [], { fetchTypeHandler: asText })
      ).flat()
      expect(sorted).toEqual([...NUMBERS].sort((a, b) => Number(a) - Number(b)))
      await expect(connection.execute("insert into numbers values (to_number('x'))")).rejects.toThrow(
        /^ORA-01722: invalid number/,
      )
    })

    test('NUMBER as the driver binds it', async () => {
      const big = 12345678901234567890123456789012345678n
      const result = await rows(connection, 'select :1, :2, :3 from dual', [1.25, -7, big as never], {
        fetchTypeHandler: asText,
      })
      expect(result).toEqual([['1.25', '-7', big.toString()]])
    })

    test('precision and scale', async () => {
      await connection.execute('create table money (m number(5,2))')
      await connection.execute('insert into money values (1.005)')
      await expect(connection.execute('insert into money values (1000)')).rejects.toThrow(
        /^ORA-01438: value larger than specified precision/,
      )
      expect(await rows(connection, 'select m from money', [], { fetchTypeHandler: asText })).toEqual([['1.01']])
    })

    test('text: bytes, characters, blanks and the empty one', async () => {
      await connection.execute('create table texts (b varchar2(4 byte), c varchar2(4 char), f char(4), n nvarchar2(4))')
      await connection.execute('insert into texts values (:1, :2, :3, :4)', ['ab', 'äöü😀', 'x', '数据'])
      await connection.execute("insert into texts values ('', null, '', :1)", [''])
      expect(await rows(connection, 'select * from texts')).toEqual([
        ['ab', 'äöü😀', 'x   ', '数据'],
        [null, null, null, null],
      ])
      expect(await rows(connection, "select count(*) from texts where f = 'x'")).toEqual([[1]])
      await expect(connection.execute("insert into texts (b) values ('äöü')")).rejects.toThrow(
        'ORA-12899: value too large for column "ETL"."TEXTS"."B" (actual: 6, maximum: 4)',
      )
    })

    test('DATE and TIMESTAMP as the server writes them', async () => {
      await connection.execute(
        'create table times (d date, t timestamp(9), z timestamp with time zone, l timestamp(3))',
      )
      await connection.execute(
        `insert into times values (to_date(:1, 'SYYYY-MM-DD HH24:MI:SS'), to_timestamp(:2, 'YYYY-MM-DD HH24:MI:SS.FF9'),
          to_timestamp_tz(:3, 'YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM'), to_timestamp(:4, 'YYYY-MM-DD HH24:MI:SS.FF9'))`,
        [
          '2024-03-10 02:30:00',
          '9999-12-31 23:59:59.123456789',
          '2024-01-01 00:30:00.5 +05:30',
          '1999-12-31 23:59:59.9999',
        ],
      )
      expect(
        await rows(
          connection,
          `select to_char(d, 'SYYYY-MM-DD"T"HH24:MI:SS'), to_char(t, 'YYYY-MM-DD HH24:MI:SS.FF9'),
            to_char(z, 'YYYY-MM-DD HH24:MI:SS.FF6 TZH:TZM'), to_char(sys_extract_utc(z), 'YYYY-MM-DD HH24:MI:SS'),
            to_char(l, 'YYYY-MM-DD HH24:MI:SS.FF3') from times`,
        ),
      ).toEqual([
        [
          ' 2024-03-10T02:30:00',
          '9999-12-31 23:59:59.123456789',
          '2024-01-01 00:30:00.500000 +05:30',
          '2023-12-31 19:00:00',
          '2000-01-01 00:00:00.000',
        ],
      ])
      const [native] = await rows(connection, 'select t, z from times')
      expect((native as Date[])[1]?.toISOString()).toBe('2023-12-31T19:00:00.500Z')
      for (const [text, code] of [
        ['2023-02-29 00:00:00', '01839'],
        ['2024-13-01 00:00:00', '01843'],
        ['2024-01-01 25:00:00', '01850'],
        ['x', '01858'],
      ]) {
        await expect(
          rows(connection, "select to_date(:1, 'YYYY-MM-DD HH24:MI:SS') from dual", [text as string]),
        ).rejects.toThrow(`ORA-${code}`)
      }
    })

    test('BINARY_FLOAT, BINARY_DOUBLE, RAW and intervals', async () => {
      await connection.execute(
        'create table others (f binary_float, d binary_double, r raw(4), ds interval day to second, ym interval year to month)',
      )
      await connection.execute("insert into others values (:1, :2, :3, '-1 02:03:04.5', '+01-06')", [
        { val: -0.5, type: oracledb.DB_TYPE_BINARY_FLOAT },
        { val: Number.NEGATIVE_INFINITY, type: oracledb.DB_TYPE_BINARY_DOUBLE },
        Buffer.from([0, 255, 1]),
      ])
      const [row] = await rows(connection, 'select f, d, r, ds, ym, to_char(ds) from others')
      expect(row?.slice(0, 3)).toEqual([-0.5, Number.NEGATIVE_INFINITY, Buffer.from([0, 255, 1])])
      expect(row?.[3]).toMatchObject({ days: -1, hours: -2, minutes: -3, seconds: -4, fseconds: -500_000_000 })
      expect(row?.[4]).toMatchObject({ years: 1, months: 6 })
      expect(row?.[5]).toBe('-01 02:03:04.500000')
      await expect(connection.execute("insert into others (r) values (hextoraw('0102030405'))")).rejects.toThrow(
        /^ORA-12899/,
      )
    })

    test('describe: names, types, sizes and nullability', async () => {
      await connection.execute(
        'create table described (id number(10,2) not null, "MiXed" varchar2(7), t timestamp(3), b blob)',
      )
      const { metaData } = await connection.getStatementInfo('select d.*, 1 as one from described d')
      expect(metaData?.map(({ name, dbTypeName, nullable }) => [name, dbTypeName, nullable])).toEqual([
        ['ID', 'NUMBER', false],
        ['MiXed', 'VARCHAR2', true],
        ['T', 'TIMESTAMP', true],
        ['B', 'BLOB', true],
        ['ONE', 'NUMBER', true],
      ])
      expect(metaData?.[0]).toMatchObject({ precision: 10, scale: 2 })
      expect(metaData?.[1]).toMatchObject({ byteSize: 7 })
      expect(metaData?.[2]).toMatchObject({ precision: 3 })
    })

    test('many rows over many fetches, in packets of any size', async () => {
      await connection.execute('create table many (id number, body varchar2(4000))')
      const data = Array.from({ length: 1000 }, (_, i) => [i, 'ä'.repeat(i % 1500)])
      const written = await connection.executeMany('insert into many values (:1, :2)', data, {
        bindDefs: [{ type: oracledb.DB_TYPE_NUMBER }, { type: oracledb.DB_TYPE_VARCHAR, maxSize: 4000 }],
      })
      expect(written.rowsAffected).toBe(1000)
      const expected = data.map(([id, body]) => [id, body === '' ? null : body])
      for (const fetchArraySize of [7, 100, 5000]) {
        expect(
          await rows(connection, 'select * from many order by id', [], { fetchArraySize, prefetchRows: 3 }),
        ).toEqual(expected)
      }
      await connection.rollback()
      expect(await rows(connection, 'select count(*) from many')).toEqual([[0]])
    })
  })
}
