import { beforeAll, describe, expect, test } from 'vitest'
import type { NewColumn } from '../../src/core/connector.js'
import {
  commitRows,
  onEveryDatabase,
  openSource,
  ownSql,
  plainRows,
  readRows,
  readSpec,
  withSession,
  writeRows,
  writeSpec,
} from './databases.js'

onEveryDatabase('session', place => {
  beforeAll(async () => {
    await place().schema.exec('create table note (id integer not null primary key, body varchar(100))')
  })

  const ids = async () => (await plainRows(place(), 'select id from note order by id')).flat()

  test('query and execute with bind variables', async () => {
    const { quote, placeholder } = place().connector.capabilities.dialect
    expect(quote.length).toBe(1)
    await withSession(place().database, { readOnly: false }, async session => {
      const own = (sql: string) => ownSql(place(), sql)
      const insert = own(`insert into note (id, body) values (${placeholder(1)}, ${placeholder(2)})`)
      expect(await session.execute(insert, [1, "it's"])).toBe(1)
      expect(await session.execute(insert, [2, null])).toBe(1)
      const rows = await session.query(own(`select body from note where id = ${placeholder(1)}`), [1])
      expect(rows).toEqual([["it's"]])
      expect(await session.execute(own('update note set body = null'))).toBe(2)
      expect(await session.execute(own('delete from note'))).toBe(2)
    })
    expect(await ids()).toEqual([])
  })

  test('commit, rollback and savepoints', async () => {
    const spec = await writeSpec(place(), 'note', ['id', 'body'], 'insert', ['id'])
    await withSession(place().database, { readOnly: false }, async session => {
      await session.begin()
      await writeRows(place(), session, spec, [[1, 'kept']])
      await session.savepoint('one')
      await writeRows(place(), session, spec, [[2, 'gone']])
      await session.rollbackTo('one')
      await writeRows(place(), session, spec, [[3, 'kept']])
      await session.releaseSavepoint('one')
      await session.commit()
      await session.begin()
      await writeRows(place(), session, spec, [[4, 'gone']])
      await session.rollback()
      await session.rollback()
    })
    expect(await ids()).toEqual(['1', '3'])
    await place().schema.exec('delete from note')
  })

  test('closing a session drops its open transaction', async () => {
    const spec = await writeSpec(place(), 'note', ['id', 'body'], 'insert', ['id'])
    await withSession(place().database, { readOnly: false }, async session => {
      await session.begin()
      await writeRows(place(), session, spec, [[9, 'gone']])
    })
    expect(await ids()).toEqual([])
    expect(await commitRows(place(), spec, [[9, 'kept']])).toMatchObject({ inserted: 1 })
    await place().schema.exec('delete from note')
  })

  test('two writing sessions at the same time lose nothing', async () => {
    const spec = await writeSpec(place(), 'note', ['id', 'body'], 'insert', ['id'])
    const work = (first: number) =>
      withSession(place().database, { readOnly: false }, async session => {
        for (let i = 0; i < 10; i++) {
          await session.begin()
          await writeRows(place(), session, spec, [[first + i, 'x']])
          await new Promise(resolve => setTimeout(resolve, 1))
          await session.commit()
        }
      })
    await Promise.all([work(100), work(200)])
    expect(await ids()).toHaveLength(20)
    await place().schema.exec('delete from note')
  })

  test('writing to the table that is being read', async () => {
    const spec = await writeSpec(place(), 'note', ['id', 'body'], 'insert', ['id'])
    await commitRows(
      place(),
      spec,
      Array.from({ length: 20 }, (_, i) => [i, 'old']),
    )
    const update = await writeSpec(place(), 'note', ['id', 'body'], 'update', ['id'])
    const read = await readSpec(place(), 'note', ['id'], { batchRows: 6 })
    await withSession(place().database, { readOnly: true }, async reader => {
      await reader.begin()
      await withSession(place().database, { readOnly: false }, async writer => {
        for await (const batch of reader.read(read, new AbortController().signal)) {
          await writer.begin()
          await writeRows(
            place(),
            writer,
            update,
            batch.rows.map(row => [row[0] ?? null, `new ${row[1]}`]),
          )
          await writer.commit()
        }
      })
      await reader.commit()
    })
    expect(await plainRows(place(), 'select distinct body from note')).toEqual([['new old']])
    await place().schema.exec('delete from note')
  })

  describe('reading only', () => {
    test('a reading session refuses to write', async () => {
      await withSession(place().database, { readOnly: true }, async session => {
        await expect(session.execute("insert into note values (1, 'x')")).rejects.toMatchObject({ name: 'EtlError' })
      })
      expect(await ids()).toEqual([])
    })

    test('a database opened for reading refuses to write', async () => {
      const source = await openSource(place())
      await withSession(source, { readOnly: true }, async session => {
        await session.begin()
        await expect(session.execute("insert into note values (1, 'x')")).rejects.toMatchObject({ name: 'EtlError' })
        await session.rollback()
        await expect(session.execute('create table sneaky (id integer)')).rejects.toMatchObject({ name: 'EtlError' })
      })
      await source.close()
      expect(await ids()).toEqual([])
    })
  })

  describe('lock', () => {
    test('keeps a second holder out until it is released', async () => {
      const other = await place().connector.open(place().schema.config, {
        readOnly: false,
        baseDir: place().schema.baseDir,
        applicationName: 'etl test',
      })
      const lock = await place().database.lock('pipeline one')
      expect(lock).toBeDefined()
      expect(await other.lock('pipeline one')).toBeUndefined()
      const different = await other.lock('pipeline two')
      expect(different).toBeDefined()
      await lock?.release()
      const second = await other.lock('pipeline one')
      expect(second).toBeDefined()
      await second?.release()
      await different?.release()
      await other.close()
    })

    test('does not keep anybody from writing', async () => {
      const lock = await place().database.lock('pipeline one')
      const spec = await writeSpec(place(), 'note', ['id', 'body'], 'insert', ['id'])
      expect(await commitRows(place(), spec, [[1, 'x']])).toMatchObject({ inserted: 1 })
      await lock?.release()
      await place().schema.exec('delete from note')
    })
  })

  describe('names', () => {
    const hostile = [
      '__proto__',
      'constructor',
      'a.b',
      'semi;colon',
      'quo"te',
      "apos'trophe",
      'back`tick',
      'new\nline',
      'select',
      'Größe',
      '数量',
      '😀',
      'two  spaces',
      'back\\slash',
      '$1',
      '?',
      ':name',
      'MiXed',
      'mixed',
      '%s',
    ]
    /** Names that a database allows neither a table nor a column. */
    const refused: Readonly<Record<string, readonly string[]>> = { mysql: ['😀'], oracle: ['quo"te'] }
    const refuses = (name: string) => refused[place().name]?.includes(name) === true

    test('of columns', async () => {
      const columns: NewColumn[] = hostile
        // Where names differ by case only, some databases see one column.
        .filter(name => name !== 'mixed' && !refuses(name))
        .map(name => ({ name, type: { kind: 'text' }, nullable: true }))
      const table = { table: 'hostile columns' }
      await withSession(place().database, { readOnly: false }, async session => {
        await session.createTable(
          table,
          [{ name: 'id', type: { kind: 'integer', bits: 64 }, nullable: false }, ...columns],
          ['id'],
        )
      })
      const names = ['id', ...columns.map(column => column.name)]
      const found = await place().database.table(table)
      expect(found?.columns.map(column => column.name)).toEqual(names)
      const row = [1, ...columns.map(column => `value of ${column.name}`)]
      const upsert = await writeSpec(place(), table.table, names, 'upsert', ['id'])
      expect(await commitRows(place(), upsert, [row])).toMatchObject({ inserted: 1 })
      expect(await commitRows(place(), upsert, [row])).toMatchObject({ updated: 1 })
      await withSession(place().database, { readOnly: true }, async session => {
        const rows = await readRows(
          session,
          await readSpec(place(), table.table, ['__proto__', refuses('quo"te') ? 'a.b' : 'quo"te', 'id']),
        )
        expect(rows.map(values => [Number(values[0]), ...values.slice(1)])).toEqual([row])
      })
    })

    for (const name of hostile) {
      test(`of a table: ${JSON.stringify(name)}`, async () => {
        const table = name === 'mixed' ? 'mixed table' : name
        if (refuses(name)) {
          const create = withSession(place().database, { readOnly: false }, session =>
            session.createTable({ table }, [{ name: 'id', type: { kind: 'text' }, nullable: true }], []),
          )
          await expect(create).rejects.toMatchObject({ code: 'E208', kind: 'usage' })
          return
        }
        await withSession(place().database, { readOnly: false }, async session => {
          await session.createTable(
            { table },
            [{ name: 'id', type: { kind: 'integer', bits: 64 }, nullable: false }],
            ['id'],
          )
        })
        expect((await place().database.listTables()).map(ref => ref.table)).toContain(table)
        expect(
          await commitRows(place(), await writeSpec(place(), table, ['id'], 'insert', ['id']), [[7]]),
        ).toMatchObject({
          inserted: 1,
        })
        await expect(
          commitRows(place(), await writeSpec(place(), table, ['id'], 'insert', ['id']), [[7]]),
        ).rejects.toMatchObject({ code: 'E415' })
        await withSession(place().database, { readOnly: true }, async session => {
          expect((await readRows(session, await readSpec(place(), table, ['id']))).map(row => Number(row[0]))).toEqual([
            7,
          ])
        })
      })
    }
  })
})
