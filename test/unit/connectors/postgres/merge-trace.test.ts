import { beforeEach, expect, test } from 'vitest'
import { postgres } from '../../../../src/connectors/postgres/index.js'
import type { WriteMode } from '../../../../src/core/connector.js'
import { fromJson, type Row } from '../../../../src/core/row.js'
import type { JsonRows } from '../../../../src/core/write-trace.js'
import { freshPlace, readAll } from './place.js'

const place = freshPlace('merge-trace')

/** Values whose cast to text is not what the server writes of them, or that JSON has its own forms of. */
beforeEach(() =>
  place.schema.exec(`
    drop table if exists held, parted;
    drop type if exists pair;
    create type pair as (a int, b text);
    create table held (id bigint not null, code char(4) not null, yes boolean, bytes bytea, amount numeric(12,3), share float8,
      at timestamptz, day date, long interval, address inet, range cidr, list int[], two pair, doc json, bin jsonb, word "char", note text,
      unique (code, id));
    insert into held values (9007199254740993, 'ab', true, '\\x00ff', 1.500, '-0', '2024-02-29 03:04:05.1+02', '0044-03-15 BC', '1 mon -2 days',
      '10.0.0.1', '10.0.0.0/8', '{1,null}', row(null, null), '{"a": 1 ,"a":2}', '{"b":1.0}', 'x', e'tab\\t"quote" \\\\ back\\n');
    insert into held (id, code) values (1, 'null'), (3, 'left');
    create table parted (id int primary key, note text) partition by range (id);
    create table parted_1 partition of parted for values from (0) to (1000);
  `),
)

async function merged(mode: WriteMode, names: readonly string[], ...payloads: readonly (readonly Row[])[]) {
  const { columns } = await place.table('held')
  const trace = columns.map(({ name, type }) => ({ name, type, decode: false }))
  const spec = { ...(await place.spec('held', names, mode, ['code', 'id'])), trace }
  const reading = { ...(await place.readSpec('held', ['id'])), columns: [...trace, { ...trace[1], name: 'xmin' }] }
  const session = await place.session()
  try {
    await session.begin()
    const before = await readAll(session, reading as typeof reading & { columns: typeof trace })
    const writer = await session.writer(spec)
    const encoder = postgres.encoder(spec)
    const result = await writer.writeAll?.(payloads.map(rows => encoder.encode(rows)))
    const again = await writer.write(encoder.encode(payloads[0] ?? []), 0, payloads[0]?.length ?? 0)
    await session.commit()
    return { before, result, again, traces: writer.traces }
  } finally {
    await session.close()
  }
}

const valuesOf = (rows: JsonRows | undefined): unknown => JSON.parse(`[${rows?.json}]`)
const rowsOf = (rows: JsonRows | undefined): Row[] => (valuesOf(rows) as unknown[][]).map(row => row.map(fromJson))

test('upsert tells of the rows that it updates as they are read, with their versions, and the keys of new ones', async () => {
  const { before, result, again, traces } = await merged(
    'upsert',
    ['id', 'code', 'note'],
    [
      ['9007199254740993', 'ab', 'new'],
      [5, 'cd', 'new'],
    ],
    [
      [1, 'null', 'new'],
      [5, 'cd  ', 'newer'],
    ],
  )
  expect(traces).toBe(true)
  expect(result).toMatchObject({ inserted: 1, updated: 3 })
  const updated = before.filter(row => row[0] !== '3')
  const told = rowsOf(result?.trace?.updated).sort((a, b) => Number(a[0]) - Number(b[0]))
  expect(told).toEqual(updated.map(row => row.slice(0, -1)))
  expect(result?.trace?.updated.count).toBe(2)
  expect(valuesOf(result?.trace?.versions)).toEqual(updated.map(row => row.at(-1)))
  expect(rowsOf(result?.trace?.inserted)).toEqual([['cd  ', '5']])
  // What the transaction wrote itself is nothing to go back to.
  expect(again).toMatchObject({ inserted: 0, updated: 2, trace: { inserted: { count: 0 }, updated: { count: 0 } } })
  expect(await place.schema.rows('select id, note from held order by id')).toEqual([
    ['1', 'new'],
    ['3', null],
    ['5', 'new'],
    ['9007199254740993', 'new'],
  ])
})

test('update tells of the rows that it finds, ignore of those that it adds', async () => {
  const rows: Row[] = [
    [3, 'left', 'new'],
    [6, 'none', 'new'],
  ]
  const updated = await merged('update', ['id', 'code', 'note'], rows, [[1, 'null', 'new']])
  expect(updated.result).toMatchObject({ updated: 2, missing: [1], trace: { inserted: { count: 0 } } })
  const found = rowsOf(updated.result?.trace?.updated).map(row => row[0])
  expect(new Set(found)).toEqual(new Set(['1', '3']))
  const ignored = await merged('ignore', ['id', 'code', 'note'], rows, rows)
  expect(ignored.result).toMatchObject({ inserted: 1, skipped: 3, trace: { updated: { count: 0 } } })
  expect(rowsOf(ignored.result?.trace?.inserted)).toEqual([['none', '6']])
})

test('a partitioned table is not told of', async () => {
  const spec = { ...(await place.spec('parted', ['id', 'note'], 'upsert', ['id'])), trace: [] }
  const session = await place.session()
  await session.begin()
  const writer = await session.writer(spec)
  expect(writer.traces).toBe(false)
  expect(await writer.write(postgres.encoder(spec).encode([[1, 'a']]), 0, 1)).toEqual({
    inserted: 1,
    updated: 0,
    skipped: 0,
    missing: [],
  })
  await session.rollback()
  await session.close()
})
