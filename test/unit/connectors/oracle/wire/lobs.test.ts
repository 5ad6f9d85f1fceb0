import oracledb from 'oracledb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TnsServer } from '../../../../support/tns/server.js'
import { connect, rows, start } from './server.js'

const TEXT = 'äb€😀'.repeat(20_000)
const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256))

const inline = ({ dbType }: oracledb.Metadata<unknown>) =>
  dbType === oracledb.DB_TYPE_CLOB || dbType === oracledb.DB_TYPE_NCLOB
    ? { type: oracledb.STRING }
    : dbType === oracledb.DB_TYPE_BLOB
      ? { type: oracledb.BUFFER }
      : undefined

for (const profile of ['12.1', '19c', '23ai'] as const) {
  describe(profile, () => {
    let server: TnsServer
    let connection: oracledb.Connection

    beforeAll(async () => {
      server = await start(profile)
      connection = await connect(server)
      await connection.execute('create table lobs (id number primary key, c clob, n nclob, b blob, note varchar2(20))')
      await connection.executeMany(
        'insert into lobs values (:1, :2, :3, :4, :5)',
        [
          [1, TEXT, TEXT, BYTES, 'last'],
          [2, 'short', 'kurz', Buffer.from([1]), null],
          [3, null, null, null, 'none'],
        ],
        {
          bindDefs: [
            { type: oracledb.DB_TYPE_NUMBER },
            { type: oracledb.DB_TYPE_VARCHAR, maxSize: 1_000_000 },
            { type: oracledb.DB_TYPE_NVARCHAR, maxSize: 1_000_000 },
            { type: oracledb.DB_TYPE_RAW, maxSize: 1_000_000 },
            { type: oracledb.DB_TYPE_VARCHAR, maxSize: 20 },
          ],
        },
      )
      await connection.commit()
    })
    afterAll(async () => {
      await connection.close()
      await server.close()
    })

    test('inline, as text and bytes', async () => {
      const read = await rows(connection, 'select id, c, n, b, note from lobs order by id', [], {
        fetchTypeHandler: inline,
        fetchArraySize: 2,
      })
      expect(read.map(row => row[0])).toEqual([1, 2, 3])
      expect(read[0]?.slice(1)).toEqual([TEXT, TEXT, BYTES, 'last'])
      expect(read[1]?.slice(1)).toEqual(['short', 'kurz', Buffer.from([1]), null])
      expect(read[2]?.slice(1)).toEqual([null, null, null, 'none'])
    })

    test('the same statement again', async () => {
      for (const id of [2, 1, 3]) {
        const [row] = await rows(connection, 'select c from lobs where id = :1', [id], { fetchTypeHandler: inline })
        expect(row).toEqual([id === 1 ? TEXT : id === 2 ? 'short' : null])
      }
    })

    test('by locator', async () => {
      const [row] = await rows(connection, 'select c, n, b from lobs where id = 1')
      const [c, n, b] = row as [oracledb.Lob, oracledb.Lob, oracledb.Lob]
      expect(c.length).toBe(TEXT.length)
      expect(await c.getData()).toBe(TEXT)
      expect(await n.getData(5, 10)).toBe(TEXT.slice(4, 14))
      expect(await b.getData()).toEqual(BYTES)
    })

    test('written through a temporary one', async () => {
      const lob = await connection.createLob(oracledb.CLOB)
      await new Promise<void>((resolve, reject) => {
        lob.on('finish', resolve)
        lob.on('error', reject)
        lob.end(TEXT)
      })
      await connection.execute('insert into lobs (id, c) values (:1, :2)', [10, lob])
      await lob.close()
      const [row] = await rows(connection, 'select c, dbms_lob.getlength(b) from lobs where id = 10', [], {
        fetchTypeHandler: inline,
      })
      expect(row).toEqual([TEXT, null])
      await connection.rollback()
    })

    test('cannot be compared, sorted or grouped', async () => {
      await expect(connection.execute("select 1 from lobs where c = 'short'")).rejects.toThrow(/^ORA-00932/)
      await expect(connection.execute('select c from lobs order by c')).rejects.toThrow(/^ORA-00932/)
      await expect(connection.execute('select c from lobs group by c')).rejects.toThrow(/^ORA-00932/)
    })
  })
}
