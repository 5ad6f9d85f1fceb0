import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database, Session } from '../../src/core/connector.js'
import type { Value } from '../../src/core/row.js'
import { onEveryDatabase, openSource, ownSql, readBatches, readRows, readSpec, stored } from './databases.js'

/** 60 rows in groups of equal `a`, with nulls and equal values in `b`. */
const ROWS = Array.from({ length: 60 }, (_, i) => ({
  id: i + 1,
  a: Math.floor(i / 12),
  b: i % 4 === 0 ? null : `k${(i * 7) % 5}`,
  big: 9007199254740990n + BigInt(i % 6),
}))

onEveryDatabase('read', place => {
  let source: Database | undefined
  let session: Session

  beforeAll(async () => {
    const values = ROWS.map(({ id, a, b, big }) => `(${id}, ${a}, ${b === null ? 'null' : `'${b}'`}, ${big})`)
    await place().schema.exec(`
      create table items (id integer not null, a integer not null, b varchar(10), big bigint not null, primary key (id));
      create index items_order on items (a, b, id);
      insert into items values ${values.join(', ')};
      create table empty (id integer not null primary key);
      create table wide (id integer not null primary key, body varchar(4000));
      insert into wide values ${Array.from({ length: 1000 }, (_, i) => `(${i}, '${'x'.repeat(1000)}')`).join(', ')};
    `)
    source = await openSource(place())
    session = await source.session({ readOnly: true })
    await session.begin()
  })

  afterAll(async () => {
    await session.rollback()
    await session.close()
    await source?.close()
  })

  const orders: readonly (readonly string[])[] = [
    ['id'],
    ['a', 'id'],
    ['a', 'b', 'id'],
    ['b', 'a', 'id'],
    ['big', 'id'],
  ]

  for (const order of orders) {
    describe(`order by ${order.join(', ')}`, () => {
      test('gives every row once', async () => {
        const rows = await readRows(session, await readSpec(place(), 'items', order, { batchRows: 7 }))
        expect(rows.map(row => Number(row[0])).sort((x, y) => x - y)).toEqual(ROWS.map(row => row.id))
      })

      test('goes on after any row with exactly the rest', async () => {
        const spec = await readSpec(place(), 'items', order, { batchRows: 1 })
        const batches = await readBatches(session, spec)
        expect(batches).toHaveLength(ROWS.length)
        const ids = batches.map(batch => Number(batch.rows[0]?.[0]))
        for (const [i, batch] of batches.entries()) {
          const rest = await readRows(session, { ...spec, batchRows: 100, after: stored(batch.cursor) })
          expect(rest.map(row => Number(row[0]))).toEqual(ids.slice(i + 1))
        }
      })

      test('reads a chunk: after one position, until another inclusively', async () => {
        const spec = await readSpec(place(), 'items', order, { batchRows: 1 })
        const batches = await readBatches(session, spec)
        const ids = batches.map(batch => Number(batch.rows[0]?.[0]))
        const at = (i: number): Value[] => stored(batches[i]?.cursor ?? [])
        for (const [from, to] of [
          [0, 20],
          [9, 10],
          [30, 59],
          [47, 52],
        ] as const) {
          const rows = await readRows(session, { ...spec, batchRows: 3, after: at(from), until: at(to) })
          expect(rows.map(row => Number(row[0]))).toEqual(ids.slice(from + 1, to + 1))
        }
        const first = await readRows(session, { ...spec, batchRows: 100, until: at(4) })
        expect(first.map(row => Number(row[0]))).toEqual(ids.slice(0, 5))
      })
    })
  }

  test('reads the rows of some keys, in order, and no others', async () => {
    const one = await readSpec(place(), 'items', ['id'], { batchRows: 2, keys: [[7], ['59'], [1000], [8]] })
    expect((await readRows(session, one)).map(row => Number(row[0]))).toEqual([7, 8, 59])
    const where = ownSql(place(), 'id > 7 or id < 0')
    expect((await readRows(session, { ...one, where })).map(row => Number(row[0]))).toEqual([8, 59])
    const keys = ROWS.slice(20, 22).map(({ big, id }) => [String(big), id])
    const two = await readSpec(place(), 'items', ['big', 'id'], { keys: [...keys, [String(ROWS[0]?.big), 22]] })
    expect((await readRows(session, two)).map(row => Number(row[0]))).toEqual([21, 22])
    expect(await readRows(session, { ...one, keys: [] })).toEqual([])
  })

  test('batches have the asked size and the cursor of their last row', async () => {
    const batches = await readBatches(session, await readSpec(place(), 'items', ['id'], { batchRows: 25 }))
    expect(batches.map(batch => batch.rows.length)).toEqual([25, 25, 10])
    expect(batches.map(batch => Number(batch.cursor[0]))).toEqual([25, 50, 60])
  })

  test('exact 64-bit integers', async () => {
    const rows = await readRows(session, await readSpec(place(), 'items', ['id']))
    expect(rows.map(row => BigInt(row[3] as number | bigint | string))).toEqual(ROWS.map(row => row.big))
  })

  test('limit', async () => {
    const spec = await readSpec(place(), 'items', ['id'], { batchRows: 4 })
    for (const limit of [0, 1, 4, 6, 1000]) {
      expect(await readRows(session, { ...spec, limit })).toHaveLength(Math.min(limit, ROWS.length))
    }
  })

  test('a batch ends early when its values are large', async () => {
    const spec = await readSpec(place(), 'wide', ['id'], { batchRows: 1000, batchBytes: 50_000 })
    const batches = await readBatches(session, spec)
    // How much a connector fetches before it knows how long the rows are is its own affair, within limits.
    expect(Math.max(...batches.map(batch => batch.rows.length))).toBeLessThanOrEqual(150)
    expect(batches.flatMap(batch => batch.rows).map(row => Number(row[0]))).toEqual(
      Array.from({ length: 1000 }, (_, i) => i),
    )
  })

  test('where of the user, comment included, together with a cursor', async () => {
    const spec = await readSpec(place(), 'items', ['id'], {
      where: ownSql(place(), 'a = 1 or a = 2 -- both'),
      after: [20],
    })
    expect((await readRows(session, spec)).map(row => Number(row[0]))).toEqual(
      ROWS.filter(row => (row.a === 1 || row.a === 2) && row.id > 20).map(row => row.id),
    )
    expect(await session.count(spec)).toBe(24)
  })

  test('a query as source', async () => {
    const query = ownSql(place(), 'select id, a + 1 as following from items where id <= 10 -- first ten')
    const columns = await (source as Database).describe(query)
    const batches = await readBatches(session, {
      from: { query },
      columns: columns.map(({ name, type }) => ({ name, type, decode: true })),
      order: [{ index: 0, nullable: false }],
      after: [8],
      batchRows: 1,
      batchBytes: 1000,
    })
    expect(batches.map(batch => batch.rows[0]?.map(Number))).toEqual([
      [9, 1],
      [10, 1],
    ])
    expect(await session.count({ from: { query } })).toBe(10)
  })

  test('an empty table gives no batch', async () => {
    expect(await readBatches(session, await readSpec(place(), 'empty', ['id']))).toEqual([])
  })

  test('several reads of one session at the same time', async () => {
    const spec = await readSpec(place(), 'items', ['id'], { batchRows: 5 })
    const [one, two] = await Promise.all([readRows(session, spec), readRows(session, { ...spec, batchRows: 7 })])
    expect(one).toHaveLength(60)
    expect(two).toEqual(one)
  })

  test('leaving the loop ends the statement', async () => {
    const spec = await readSpec(place(), 'items', ['id'], { batchRows: 5 })
    for await (const batch of session.read(spec, new AbortController().signal)) {
      expect(batch.rows).toHaveLength(5)
      break
    }
    expect(Number((await session.query(ownSql(place(), 'select count(*) from items')))[0]?.[0])).toBe(60)
  })

  test('an aborted read stops', async () => {
    const controller = new AbortController()
    const spec = await readSpec(place(), 'items', ['id'], { batchRows: 5 })
    const work = (async () => {
      for await (const _ of session.read(spec, controller.signal)) controller.abort(new Error('enough'))
    })()
    await expect(work).rejects.toThrow()
    expect(Number((await session.query(ownSql(place(), 'select count(*) from items')))[0]?.[0])).toBe(60)
  })
})
