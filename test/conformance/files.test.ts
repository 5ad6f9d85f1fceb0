import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectorNamed } from '../../src/connectors/registry.js'
import type { Connector, Database, NewColumn, Session, WriteSpec } from '../../src/core/connector.js'
import type { Row, Value } from '../../src/core/row.js'
import type { LogicalType } from '../../src/core/types.js'
import { formatType } from '../../src/core/types.js'
import { compileCast } from '../../src/transforms/cast.js'
import type { TestFolder } from '../databases/types.js'
import { fileKinds, withSession } from './databases.js'
import { EXCEPTIONS, NUL_TEXT, normal, VALUES } from './values.js'

const ID: NewColumn = { name: 'id', type: { kind: 'integer', bits: 64 }, nullable: false }

describe.each(fileKinds)('$name', kind => {
  const connector = connectorNamed(kind.name) as Connector
  let folder: TestFolder
  let database: Database
  let tables = 0

  beforeAll(async () => {
    folder = await kind.create('files')
    const options = { readOnly: false, baseDir: folder.baseDir, applicationName: 'etl test' }
    database = await connector.open(folder.target, options)
  })
  afterAll(async () => {
    await database.close()
    await folder.drop()
  })

  const specOf = (table: string, columns: readonly NewColumn[]): WriteSpec => ({
    table: { table },
    columns: columns.map(column => ({ ...column, native: 'x', hasDefault: false })),
    mode: 'insert',
    match: [],
  })

  /** The payload goes through a structured clone as it does between threads. */
  const put = async (session: Session, spec: WriteSpec, rows: readonly Row[], from = 0, to = rows.length) => {
    const payload = structuredClone(connector.encoder(spec, folder.target).encode(rows))
    const writer = await session.writer(spec)
    return writer.write(payload, from, to)
  }

  const inTransaction = (work: (session: Session) => Promise<unknown>) =>
    withSession(database, { readOnly: false }, async session => {
      await session.begin()
      await work(session)
      await session.commit()
    })

  const start = async (columns: readonly NewColumn[]) => {
    const table = `t${++tables}`
    await inTransaction(session => session.startTable?.({ table }, columns, false) as Promise<void>)
    return specOf(table, columns)
  }

  /** Rows of the finished file, as a source gives them. */
  const finished = async (spec: WriteSpec): Promise<Row[]> => {
    await inTransaction(session => session.finishTable?.(spec.table) as Promise<void>)
    const options = { readOnly: true, baseDir: folder.baseDir, applicationName: 'etl test' }
    const source = await connector.open(folder.source, options)
    const table = await source.table({ table: folder.fileOf(spec.table.table) })
    if (table === undefined) throw new Error('the file is not there')
    return withSession(source, { readOnly: true }, async session => {
      const columns = table.columns.slice(0, -1).map(({ name, type }) => ({ name, type, decode: true }))
      const read = { from: { table }, columns, order: [], batchRows: 1000, batchBytes: 1 << 28 }
      const rows: Row[] = []
      for await (const batch of session.read(read, new AbortController().signal)) rows.push(...batch.rows)
      return rows
    })
  }

  /** Values after a stay in a file, cast to their type as a run casts them. */
  const through = async (type: LogicalType, values: readonly Value[]): Promise<Value[]> => {
    const spec = await start([ID, { name: 'v', type, nullable: true }])
    await inTransaction(session =>
      put(
        session,
        spec,
        values.map((value, i) => [i, value]),
      ),
    )
    const rows = await finished(spec)
    expect(rows.map(row => Number(row[0]))).toEqual(values.map((_, i) => i))
    if (type.kind === 'bytes') return rows.map(row => (row[1] == null ? null : Buffer.from(String(row[1]), 'base64')))
    const loose = connector.capabilities.looseTypes
    const from: LogicalType = loose ? { kind: 'any' } : { kind: 'text' }
    const options = { nulInText: true, looseSource: loose, onLossy: 'fail', onLoss: () => undefined } as const
    const cast = compileCast(from, type, options)
    return rows.map(row => (row[1] == null || cast === undefined ? (row[1] ?? null) : cast(row[1])))
  }

  test.each(VALUES.map(group => [formatType(group.type), group] as const))('%s comes back', async (_, group) => {
    const { type, cases } = group
    const wanted = cases.map(({ label, value }) => {
      const exception = EXCEPTIONS.find(e => e.database === kind.name && e.type === type.kind && e.label === label)
      const becomes = exception === undefined || !('value' in exception.becomes) ? value : exception.becomes.value
      return [label, normal(type, becomes)]
    })
    const found = await through(type, [...cases.map(({ value }) => value), null])
    expect(found.at(-1)).toBeNull()
    expect(cases.map(({ label }, i) => [label, normal(type, found[i] ?? null)])).toEqual(wanted)
  })

  test('null, the empty text and NUL stay apart', async () => {
    expect(await through({ kind: 'text' }, [null, '', NUL_TEXT, '\u0000', null])).toEqual([
      null,
      '',
      NUL_TEXT,
      '\u0000',
      null,
    ])
  })

  test('a value that says itself what it is', async () => {
    const values = [1, -0, 0.1, 12345678901234567890n, true, 'x', '', null, '1']
    const shown = (await through({ kind: 'any' }, values)).map(value => (value === null ? null : String(value)))
    expect(shown).toEqual(['1', '-0', '0.1', '12345678901234567890', 'true', 'x', '', null, '1'])
  })

  test('commit, rollback, savepoints and ranges', async () => {
    const spec = await start([ID])
    const rows: Row[] = Array.from({ length: 10 }, (_, i) => [i])
    await withSession(database, { readOnly: false }, async session => {
      await session.begin()
      expect(await put(session, spec, rows, 0, 2)).toEqual({ inserted: 2, updated: 0, skipped: 0, missing: [] })
      await session.savepoint('one')
      await put(session, spec, rows, 2, 4)
      await session.rollbackTo('one')
      await put(session, spec, rows, 4, 6)
      await session.releaseSavepoint('one')
      await session.commit()
      await session.begin()
      await put(session, spec, rows, 6, 8)
      await session.rollback()
      await session.rollback()
      await session.begin()
      await put(session, spec, rows, 8, 9)
    })
    await inTransaction(session => put(session, spec, rows, 9, 10))
    expect((await finished(spec)).map(row => Number(row[0]))).toEqual([0, 1, 4, 5, 9])
  })

  test('two writing sessions at the same time lose nothing', async () => {
    const spec = await start([ID])
    const work = (first: number) =>
      withSession(database, { readOnly: false }, async session => {
        for (let i = 0; i < 5; i++) {
          await session.begin()
          await put(session, spec, [[first + i]])
          await session.commit()
        }
      })
    await Promise.all([work(100), work(200)])
    const found = (await finished(spec)).map(row => Number(row[0])).toSorted((a, b) => a - b)
    expect(found).toEqual([100, 101, 102, 103, 104, 200, 201, 202, 203, 204])
  })

  test('text that is no Unicode is an error of its row', async () => {
    const spec = await start([ID, { name: 'v', type: { kind: 'text' }, nullable: true }])
    await withSession(database, { readOnly: false }, async session => {
      await session.begin()
      const rows: Row[] = [
        [1, 'good'],
        [2, 'half \ud800'],
      ]
      await expect(put(session, spec, rows)).rejects.toMatchObject({ code: 'E409', kind: 'row', row: 1, column: 'v' })
      await put(session, spec, rows, 0, 1)
      await session.commit()
    })
    expect((await finished(spec)).map(row => row[1])).toEqual(['good'])
  })

  test('one run at a time in a folder; the identity stays the same', async () => {
    const again = await connector.open(folder.target, {
      readOnly: false,
      baseDir: folder.baseDir,
      applicationName: 'etl test',
    })
    expect(again.identity).toEqual(database.identity)
    const lock = await database.lock('a')
    expect(await again.lock('b')).toBeUndefined()
    await lock?.release()
    const next = await again.lock('b')
    expect(next).toBeDefined()
    await next?.release()
    await again.close()
  })
})
