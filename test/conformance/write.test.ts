import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Session } from '../../src/core/connector.js'
import { EtlError } from '../../src/core/errors.js'
import type { Row } from '../../src/core/row.js'
import {
  commitRows,
  identityColumn,
  onEveryDatabase,
  plainRows,
  withSession,
  writeRows,
  writeSpec,
} from './databases.js'

onEveryDatabase('write', place => {
  beforeAll(async () => {
    await place().schema.exec(`
      create table parent (id integer not null primary key);
      create table item (
        id integer not null primary key,
        code varchar(10) unique,
        name varchar(20) not null,
        size integer check (size >= 0),
        parent_id integer references parent (id)
      );
      create table pair (a integer not null, b integer not null, note varchar(20), primary key (a, b));
      create table keyed (id ${identityColumn(place())}, code varchar(10) not null unique, note varchar(20));
    `)
  })

  beforeEach(async () => {
    await place().schema.exec(`
      delete from item; delete from parent; delete from pair; delete from keyed;
      insert into parent values (1), (2);
      insert into item (id, code, name) values (10, 'ten', 'old ten'), (11, 'eleven', 'old eleven');
      insert into pair values (1, 1, 'old');
    `)
  })

  const items = (sql = 'id, code, name') => plainRows(place(), `select ${sql} from item order by id`)
  const itemSpec = (mode: 'insert' | 'ignore' | 'upsert' | 'update', match: readonly string[] = ['id']) =>
    writeSpec(place(), 'item', ['id', 'code', 'name'], mode, match)

  test('insert', async () => {
    const rows: Row[] = [
      [20, 'twenty', 'x'],
      [21, null, 'y'],
    ]
    expect(await commitRows(place(), await itemSpec('insert'), rows)).toEqual({
      inserted: 2,
      updated: 0,
      skipped: 0,
      missing: [],
    })
    expect((await items()).slice(2)).toEqual([
      ['20', 'twenty', 'x'],
      ['21', null, 'y'],
    ])
  })

  test('several payloads at once are the same rows, or, with one at fault, none', async () => {
    const spec = await itemSpec('insert')
    const encoder = place().database.connector.encoder(spec)
    const good: Row[] = Array.from({ length: 50 }, (_, i) => [100 + i, null, `name ${i}`])
    const all = (payloads: readonly (readonly Row[])[]): Promise<unknown> =>
      withSession(place().database, { readOnly: false }, async session => {
        const writer = await session.writer(spec)
        const { writeAll } = writer
        try {
          await session.begin()
          const encoded = payloads.map(rows => encoder.encode(rows))
          const result = await (writeAll === undefined ? undefined : writeAll(encoded))
          await session.commit()
          return result
        } catch (error) {
          await session.rollback()
          throw error
        } finally {
          await writer.close()
        }
      })
    const result = await all([good.slice(0, 20), good.slice(20)])
    if (result === undefined) return
    expect(result).toEqual({ inserted: 50, updated: 0, skipped: 0, missing: [] })
    expect((await items()).slice(2)).toEqual(good.map(([id, , name]) => [String(id), null, name]))
    const bad: readonly (readonly [Row, string])[] = [
      [[300, 'ten', 'same code'], 'E417'],
      [[300, null, null], 'E401'],
    ]
    for (const [row, code] of bad) {
      await expect(all([[[200, null, 'x']], [row]])).rejects.toMatchObject({ kind: 'row', code })
    }
    expect(await items()).toHaveLength(52)
  })

  test('ignore leaves what is there, and the earlier of two equal rows wins', async () => {
    const rows: Row[] = [
      [10, 'other', 'new ten'],
      [20, 'twenty', 'first'],
      [20, 'again', 'second'],
    ]
    expect(await commitRows(place(), await itemSpec('ignore'), rows)).toEqual({
      inserted: 1,
      updated: 0,
      skipped: 2,
      missing: [],
    })
    expect(await items()).toEqual([
      ['10', 'ten', 'old ten'],
      ['11', 'eleven', 'old eleven'],
      ['20', 'twenty', 'first'],
    ])
  })

  test('ignore by columns that nothing keeps unique looks for each row', async () => {
    const rows: Row[] = [
      [20, 'a', 'old ten'],
      [21, 'b', 'new'],
      [22, 'c', 'new'],
      [23, 'd', 'newer'],
    ]
    const spec = { ...(await itemSpec('ignore', ['name'])), unkeyed: true as const }
    expect(await commitRows(place(), spec, rows)).toEqual({ inserted: 2, updated: 0, skipped: 2, missing: [] })
    expect((await items()).slice(2)).toEqual([
      ['21', 'b', 'new'],
      ['23', 'd', 'newer'],
    ])
    expect(await commitRows(place(), spec, rows)).toEqual({ inserted: 0, updated: 0, skipped: 4, missing: [] })
  })

  test('ignore does not hide other errors', async () => {
    await expect(commitRows(place(), await itemSpec('ignore'), [[20, 'ten', 'same code']])).rejects.toMatchObject({
      code: 'E417',
    })
    await expect(commitRows(place(), await itemSpec('ignore'), [[20, 'x', null]])).rejects.toMatchObject({
      code: 'E401',
    })
  })

  test('upsert counts what was there and what is new; the later of two equal rows wins', async () => {
    const rows: Row[] = [
      [10, 'ten', 'new ten'],
      [20, 'twenty', 'first'],
      [20, 'twenty', 'second'],
    ]
    const result = await commitRows(place(), await itemSpec('upsert'), rows)
    expect(result).toEqual({ inserted: 1, updated: 2, skipped: 0, missing: [] })
    expect(await items()).toEqual([
      ['10', 'ten', 'new ten'],
      ['11', 'eleven', 'old eleven'],
      ['20', 'twenty', 'second'],
    ])
  })

  test('upsert by a unique key that is not the primary key', async () => {
    const result = await commitRows(place(), await writeSpec(place(), 'keyed', ['code', 'note'], 'upsert', ['code']), [
      ['a', '1'],
      ['b', '2'],
    ])
    expect(result).toMatchObject({ inserted: 2, updated: 0 })
    const again = await commitRows(place(), await writeSpec(place(), 'keyed', ['code', 'note'], 'upsert', ['code']), [
      ['b', '3'],
      ['c', '4'],
    ])
    expect(again).toMatchObject({ inserted: 1, updated: 1 })
    expect(await plainRows(place(), 'select code, note from keyed order by code')).toEqual([
      ['a', '1'],
      ['b', '3'],
      ['c', '4'],
    ])
  })

  test('upsert by a composite key with no other column changes nothing', async () => {
    const spec = await writeSpec(place(), 'pair', ['a', 'b'], 'upsert', ['a', 'b'])
    const result = await commitRows(place(), spec, [
      [1, 1],
      [1, 2],
    ])
    expect(result.inserted).toBe(1)
    expect(result.inserted + result.updated + result.skipped).toBe(2)
    expect(await plainRows(place(), 'select * from pair order by a, b')).toEqual([
      ['1', '1', 'old'],
      ['1', '2', null],
    ])
  })

  test('update names the rows that are missing', async () => {
    const rows: Row[] = [
      [99, 'none', 'x'],
      [10, 'ten', 'first'],
      [98, 'none', 'x'],
      [10, 'ten', 'second'],
    ]
    const spec = await itemSpec('update')
    const result = await commitRows(place(), spec, rows)
    expect(result).toEqual({ inserted: 0, updated: 2, skipped: 0, missing: [0, 2] })
    expect(await items()).toEqual([
      ['10', 'ten', 'second'],
      ['11', 'eleven', 'old eleven'],
    ])
    await withSession(place().database, { readOnly: false }, async session => {
      await session.begin()
      expect((await writeRows(place(), session, spec, rows, 1, 3)).missing).toEqual([2])
      await session.rollback()
    })
  })

  test('only the range of the payload is written', async () => {
    const rows: Row[] = Array.from({ length: 10 }, (_, i) => [20 + i, null, `n${i}`])
    await withSession(place().database, { readOnly: false }, async session => {
      await session.begin()
      expect((await writeRows(place(), session, await itemSpec('insert'), rows, 3, 6)).inserted).toBe(3)
      await session.commit()
    })
    expect((await items('id')).flat()).toEqual(['10', '11', '23', '24', '25'])
  })

  describe('generated keys', () => {
    const spec = (mode: 'insert' | 'ignore' | 'upsert') =>
      writeSpec(place(), 'keyed', ['code', 'note'], mode, ['code'], 'id')
    const keysOf = async (codes: readonly string[]) => {
      const rows = await plainRows(place(), 'select code, id from keyed')
      return codes.map(code => rows.find(row => row[0] === code)?.[1])
    }

    test('one per row, in the order of the rows', async () => {
      const codes = Array.from({ length: 50 }, (_, i) => `c${(i * 37) % 50}`)
      const result = await commitRows(
        place(),
        await spec('insert'),
        codes.map(code => [code, null]),
      )
      expect(result.inserted).toBe(50)
      expect(result.keys?.map(String)).toEqual(await keysOf(codes))
    })

    for (const mode of ['ignore', 'upsert'] as const) {
      test(`${mode} gives the key of the row that was there`, async () => {
        await commitRows(place(), await spec('insert'), [
          ['a', '1'],
          ['b', '2'],
        ])
        const before = await keysOf(['a', 'b'])
        const result = await commitRows(place(), await spec(mode), [
          ['new', '3'],
          ['b', '4'],
          ['a', '5'],
          ['new', '6'],
        ])
        expect(result.inserted).toBe(1)
        expect(result.keys?.map(String)).toEqual(await keysOf(['new', 'b', 'a', 'new']))
        expect(await keysOf(['a', 'b'])).toEqual(before)
      })
    }

    test('explicit keys move what the database generates next', async () => {
      await withSession(place().database, { readOnly: false }, async session => {
        await session.begin()
        const explicit = await writeSpec(place(), 'keyed', ['id', 'code'], 'insert', ['id'])
        await writeRows(place(), session, explicit, [[5000, 'explicit']])
        await session.advanceSequences({ table: 'keyed' }, ['id'])
        await session.commit()
      })
      const result = await commitRows(place(), await spec('insert'), [['next', null]])
      expect(Number(result.keys?.[0])).toBeGreaterThan(5000)
    })
  })

  describe('a bad row', () => {
    const columns = ['id', 'code', 'name', 'size', 'parent_id']
    const good = (id: number): Row => [id, null, 'ok', 1, 1]
    const cases: readonly { name: string; bad: Row; code: string; column?: string }[] = [
      { name: 'primary key', bad: [10, null, 'x', 1, 1], code: 'E415' },
      { name: 'unique', bad: [30, 'ten', 'x', 1, 1], code: 'E417' },
      { name: 'not null', bad: [30, null, null, 1, 1], code: 'E401', column: 'name' },
      { name: 'check', bad: [30, null, 'x', -1, 1], code: 'E419' },
      { name: 'foreign key', bad: [30, null, 'x', 1, 987654321], code: 'E418' },
    ]

    async function refusal(session: Session, rows: readonly Row[], from = 0, to = rows.length) {
      await session.savepoint('batch')
      const spec = await writeSpec(place(), 'item', columns, 'insert', ['id'])
      try {
        await writeRows(place(), session, spec, rows, from, to)
        await session.releaseSavepoint('batch')
        return undefined
      } catch (error) {
        await session.rollbackTo('batch')
        await session.releaseSavepoint('batch')
        return error
      }
    }

    for (const { name, bad, code, column } of cases) {
      test(`${name}: ${code}, and the rest can be written`, async () => {
        const rows = [good(20), good(21), good(22), bad, good(24)]
        await withSession(place().database, { readOnly: false }, async session => {
          await session.begin()
          const error = await refusal(session, rows)
          expect(error).toBeInstanceOf(EtlError)
          expect(error).toMatchObject({ code, kind: 'row' })
          const { row, message, native } = error as EtlError
          if (row !== undefined) expect(row).toBe(3)
          if (column !== undefined) expect((error as EtlError).column).toBe(column)
          expect(native).toBeDefined()
          for (const value of ['987654321', "'ten'"]) expect(message).not.toContain(value)

          // The same, narrowed down: the index stays that of the payload.
          expect(await refusal(session, rows, 0, 3)).toBeUndefined()
          const alone = await refusal(session, rows, 3, 4)
          expect(alone).toMatchObject({ code, kind: 'row' })
          if ((alone as EtlError).row !== undefined) expect((alone as EtlError).row).toBe(3)
          expect(await refusal(session, rows, 4, 5)).toBeUndefined()
          await session.commit()
        })
        expect((await items('id')).flat()).toEqual(['10', '11', '20', '21', '22', '24'])
      })
    }
  })

  test('a failed batch leaves nothing behind', async () => {
    const rows: Row[] = [
      [20, null, 'ok'],
      [10, null, 'exists'],
    ]
    await expect(commitRows(place(), await itemSpec('insert'), rows)).rejects.toMatchObject({ code: 'E415' })
    expect((await items('id')).flat()).toEqual(['10', '11'])
  })

  test('one writer for many batches of many transactions', async () => {
    await withSession(place().database, { readOnly: false }, async session => {
      const spec = await itemSpec('upsert')
      const encoder = place().connector.encoder(spec)
      await session.begin()
      const writer = await session.writer(spec)
      expect((await writer.write(encoder.encode([[20, null, 'a']]), 0, 1)).inserted).toBe(1)
      expect((await writer.write(encoder.encode([[20, null, 'b']]), 0, 1)).updated).toBe(1)
      await session.commit()
      await session.begin()
      expect((await writer.write(encoder.encode([[20, null, 'c']]), 0, 1)).updated).toBe(1)
      await session.rollback()
      await session.begin()
      expect((await writer.write(encoder.encode([[21, null, 'd']]), 0, 1)).inserted).toBe(1)
      await session.commit()
      await writer.close()
    })
    expect((await items('id, name')).slice(2)).toEqual([
      ['20', 'b'],
      ['21', 'd'],
    ])
  })
})
