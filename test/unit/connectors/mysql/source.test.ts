import { beforeAll, describe, expect, test } from 'vitest'
import { selectSql } from '../../../../src/connectors/mysql/source.js'
import type { ReadSpec } from '../../../../src/core/connector.js'
import type { Row } from '../../../../src/core/row.js'
import { freshPlace, readAll } from './place.js'

const place = freshPlace('source')
const ROWS = 60_000

beforeAll(async () => {
  await place.schema.exec(`
    set max_recursive_iterations = 100000;
    create table big (id int not null primary key, code int not null, body varchar(400) not null);
    insert into big with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      select i, (i * 7919) % ${ROWS}, repeat('x', 300) from n;
    create table kinds (kind enum('zeta', 'mid', 'alpha') not null, id int not null, primary key (kind, id));
    insert into kinds values ('alpha', 1), ('zeta', 2), ('mid', 3), ('alpha', 4), ('zeta', 5);
    create table named (code varchar(20) not null primary key) character set utf8mb4 collate utf8mb4_general_ci;
    insert into named values ('b'), ('Á'), ('it''s \\\\'), ('😀'), ('_'), ('Z'), (''), ('?');
    create table bytes (id varbinary(16) not null primary key);
    insert into bytes values (x'00'), (x'0000'), (x'ff00'), (x'6100'), (x'61');
    create table moments (at datetime(6) not null primary key);
    insert into moments values ('2024-01-01 00:00:00.000001'), ('2024-01-01 00:00:00.000002'), ('2024-01-01 00:00:00.000003');
  `)
})

async function pagesOf(table: string, order: readonly string[], batchRows = 1): Promise<Row[]> {
  const session = await place.session(true)
  const spec = await place.readSpec(table, order, { batchRows })
  const whole = await readAll(session, spec)
  // From each row on, as a resumed run would.
  for (const [i, row] of whole.entries()) {
    const after = spec.order.map(({ index }) => row[index] ?? null)
    expect(await readAll(session, { ...spec, after })).toEqual(whole.slice(i + 1))
  }
  await session.close()
  return whole
}

describe('a key goes on exactly where it stopped', () => {
  test('enum: by its name, not by its position', async () => {
    expect(await pagesOf('kinds', ['kind', 'id'])).toEqual([
      ['alpha', 1],
      ['alpha', 4],
      ['mid', 3],
      ['zeta', 2],
      ['zeta', 5],
    ])
  })

  test('text: in the order of its collation', async () => {
    expect((await pagesOf('named', ['code'])).flat().sort()).toEqual(['', '?', 'Z', '_', 'b', "it's \\", 'Á', '😀'])
  })

  test('bytes: trailing zeros count', async () => {
    const rows = await pagesOf('bytes', ['id'])
    expect(rows.map(([id]) => (id as Buffer).toString('hex'))).toEqual(['00', '0000', '61', '6100', 'ff00'])
  })

  test('microseconds', async () => {
    expect(await pagesOf('moments', ['at'])).toHaveLength(3)
  })
})

describe('one statement where no index has the order', () => {
  const spec = async (more: Partial<ReadSpec> = {}) =>
    await place.readSpec('big', ['code', 'id'], { batchRows: 500, ...more })

  test('every row once, in order, and no more in memory than a few batches', async () => {
    const session = await place.session(true)
    let last = -1
    let count = 0
    let slow = 0
    for await (const batch of session.read(await spec(), new AbortController().signal)) {
      for (const row of batch.rows) {
        expect(Number(row[1])).toBeGreaterThan(last)
        last = Number(row[1])
      }
      count += batch.rows.length
      if (slow++ === 3) {
        await new Promise(resolve => setTimeout(resolve, 300))
        const [sending] = await place.schema.rows(
          `select count(*) from information_schema.processlist where state = 'Writing to net' and db = database()`,
        )
        // The consumer sleeps: the server waits for it instead of filling our memory.
        expect(sending).toEqual(['1'])
      }
    }
    expect(count).toBe(ROWS)
    await session.close()
  })

  test('leaving ends the statement on the server too', async () => {
    const session = await place.session(true)
    await session.begin()
    for await (const _ of session.read(await spec(), new AbortController().signal)) break
    expect(await session.query('select count(*) from kinds')).toEqual([[5]])
    const running = `select count(*) from information_schema.processlist where info like '%order by%' and db = database() and id <> connection_id()`
    expect(await place.schema.rows(running)).toEqual([['0']])
    await session.commit()
    await session.close()
  })

  test('a connection that is lost on the way is told, and nothing waits', async () => {
    const session = await place.session(true)
    const read = async (): Promise<void> => {
      let batches = 0
      for await (const _ of session.read(await spec(), new AbortController().signal)) {
        if (batches++ > 0) continue
        const [id] = (await place.schema.rows(
          `select id from information_schema.processlist where info like '%order by%' and db = database() and id <> connection_id()`,
        )) as [[string]]
        await place.schema.exec(`kill ${id[0]}`)
      }
    }
    await expect(read()).rejects.toMatchObject({ code: 'E306' })
    await session.close()
  })

  test('an error of the statement is ours', async () => {
    const session = await place.session(true)
    const query = `select id, exp(id * 10) as f from big`
    const columns = [
      { name: 'id', type: { kind: 'integer', bits: 32 }, decode: true } as const,
      { name: 'f', type: { kind: 'float', bits: 64 }, decode: true } as const,
    ]
    const work = readAll(session, {
      from: { query },
      columns,
      order: [],
      batchRows: 10,
      batchBytes: 1e6,
      where: 'exp(id * 10) > 0',
    })
    await expect(work).rejects.toMatchObject({ name: 'EtlError', native: '1690' })
    expect(await session.query('select 1')).toEqual([[1]])
    await session.close()
  })
})

test('bounds are spelled out, as literals of the column’s own type', async () => {
  const spec = await place.readSpec('kinds', ['kind', 'id'], {
    after: ["it's", 5],
    until: ['z', '9'],
    where: 'id > 0 -- all',
  })
  expect(selectSql(spec, 7)).toBe(
    'select `kind` as c0, `id` as c1 from `kinds` where (\nid > 0 -- all\n) and ' +
      "(((cast(`kind` as char) > 'it\\'s')) or ((cast(`kind` as char) = 'it\\'s') and (`id` > 5))) and " +
      "(((cast(`kind` as char) < 'z')) or ((cast(`kind` as char) = 'z') and (`id` < 9)) or ((cast(`kind` as char) = 'z') and (`id` = 9))) " +
      'order by cast(`kind` as char), `id` limit 7',
  )
})

test('an index page reads its rows and no more', async () => {
  await place.admin(async admin => {
    const reads = async (): Promise<number> => {
      const [rows] = await admin.query(`show session status like 'Handler_read_next'`)
      return Number((rows as unknown as string[][])[0]?.[1])
    }
    const spec = await place.readSpec('kinds', ['id'], { from: { table: { table: 'big' } } })
    const paged: ReadSpec = {
      ...spec,
      columns: [{ name: 'id', type: { kind: 'integer', bits: 32 }, decode: true }],
      order: [{ index: 0, nullable: false }],
      after: [30_000],
    }
    const before = await reads()
    await admin.query(selectSql(paged, 100))
    expect((await reads()) - before).toBeLessThan(110)
  })
})
