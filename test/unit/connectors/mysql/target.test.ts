import { beforeEach, describe, expect, test } from 'vitest'
import { mysql } from '../../../../src/connectors/mysql/index.js'
import type { WriteMode } from '../../../../src/core/connector.js'
import type { Row } from '../../../../src/core/row.js'
import { columnNamed, failure, freshPlace, write } from './place.js'

const place = freshPlace('target')

beforeEach(async () => {
  await place.schema.exec(`
    drop table if exists item, keyed, parent, exact, plain_engine, spaced;
    create table parent (id int primary key);
    insert into parent values (1);
    create table item (
      id int not null primary key, code varchar(5) not null unique, qty int, parent_id int references parent (id));
    insert into item values (1, 'a', 10, null), (2, 'b', 20, null);
    create table keyed (id bigint not null auto_increment primary key, code varchar(40) not null unique) auto_increment = 100;
    create table exact (
      id int not null primary key, kind enum('b', '1', 'a'), many set('x', 'y'), year year, raw binary(4), day date,
      at datetime(3), amount decimal(10, 2), name varchar(3), yes boolean, bits bit(4), body longtext, bulk longblob,
      stamp timestamp null, required timestamp not null default current_timestamp);
    create table plain_engine (id int not null primary key) engine = MyISAM;
    create table spaced (code varchar(10) not null primary key, note varchar(10)) character set utf8mb4 collate utf8mb4_general_ci;
  `)
})

async function commit(
  table: string,
  columns: readonly string[],
  mode: WriteMode,
  match: readonly string[],
  rows: Row[],
  returning?: string,
) {
  const typed = await place.spec(table, columns, mode, match)
  const key = returning === undefined ? undefined : columnNamed((await place.table(table)).columns, returning)
  const spec = key === undefined ? typed : { ...typed, returning: key }
  const session = await place.session()
  try {
    await session.begin()
    const result = await write(session, spec, rows)
    await session.commit()
    return result
  } finally {
    await session.rollback()
    await session.close()
  }
}

const many = (count: number, row: (i: number) => Row): Row[] => Array.from({ length: count }, (_, i) => row(i))

describe('the two ways into a table', () => {
  const rows = many(2500, i => [i + 10, `${i}`, i % 3 === 0 ? null : i, 1])
  const columns = ['id', 'code', 'qty', 'parent_id']

  test('LOAD DATA, where the server allows it, else inserts: the same rows', async () => {
    expect(await commit('item', columns, 'insert', [], rows)).toMatchObject({ inserted: 2500 })
    const loaded = await place.schema.rows('select * from item order by id')
    expect(loaded).toHaveLength(2502)
    await place.admin(async admin => {
      const count = async () => (await admin.query(`show global status like 'Com_load'`))[0]
      await admin.query('delete from item where id >= 10; set global local_infile = 0')
      const before = JSON.stringify(await count())
      try {
        expect(await commit('item', columns, 'insert', [], rows)).toMatchObject({ inserted: 2500 })
        expect(JSON.stringify(await count())).toBe(before)
      } finally {
        await admin.query('set global local_infile = 1')
      }
      expect(await place.schema.rows('select * from item order by id')).toEqual(loaded)
      await admin.query('delete from item where id >= 10')
      await commit('item', columns, 'insert', [], rows)
      expect(JSON.stringify(await count())).not.toBe(before)
    })
  })

  const bad: readonly [string, Row, object][] = [
    ['key', [1, 'new', 1, null], { code: 'E415', message: 'a row with this primary key exists' }],
    ['other key', [9999, 'a', 1, null], { code: 'E417', message: 'a row with the same value of key code exists' }],
    ['reference', [9999, 'new', 1, 77], { code: 'E418' }],
    ['long text', [9999, 'too long', 1, null], { code: 'E405', column: 'code', row: 1999 }],
    ['number', [9999, 'new', 2147483648, null], { code: 'E403', column: 'qty', row: 1999 }],
    ['null', [9999, null, 1, null], { code: 'E401', column: 'code', row: 1999 }],
  ]
  test.each(bad)('LOAD DATA only warns of a bad %s: the row is found all the same', async (_, row, expected) => {
    const error = await failure(
      commit('item', columns, 'insert', [], [...rows.slice(0, 1999), row, ...rows.slice(1999)]),
    )
    expect(error).toMatchObject({ kind: 'row', ...expected })
    expect(await place.schema.rows('select count(*) from item')).toEqual([['2']])
  })
})

describe('what the server would store as something else is refused', () => {
  const cases: readonly [column: string, value: Row[number], code: string][] = [
    ['kind', '2', 'E420'],
    ['kind', 'B', 'E420'],
    ['kind', '', 'E420'],
    ['many', '3', 'E420'],
    ['many', 'x,z', 'E420'],
    ['year', 70, 'E403'],
    ['raw', Buffer.from('abc'), 'E420'],
    ['day', '0000-00-00', 'E420'],
    ['day', '2024-02-30', 'E420'],
    ['at', '2024-01-01T00:00:00.0001', 'E404'],
    ['amount', '1.999', 'E404'],
    ['name', 'abc ', 'E420'],
    ['body', 'half \ud800', 'E409'],
    ['stamp', '2039-01-01T00:00:00Z', 'E420'],
    ['required', null, 'E401'],
    ['bits', 16, 'E405'],
  ]
  test.each(cases)('%s: %j', async (column, value, code) => {
    const error = await failure(
      commit(
        'exact',
        ['id', column],
        'insert',
        [],
        [
          [1, null],
          [2, value],
        ].slice(column === 'required' ? 1 : 0),
      ),
    )
    expect(error).toMatchObject({ code, kind: 'row', column })
    if (typeof value === 'string' && value.length > 1) expect(error.message).not.toContain(value)
    expect(await place.schema.rows('select count(*) from exact')).toEqual([['0']])
  })

  test('a character that the character set of its column lacks is refused', async () => {
    await place.schema.exec('create table latin (id int not null primary key, v varchar(9) character set latin1)')
    const error = await failure(
      commit(
        'latin',
        ['id', 'v'],
        'insert',
        [],
        [
          [1, 'é€'],
          [2, 'a😀b'],
        ],
      ),
    )
    expect(error).toMatchObject({ code: 'E420', kind: 'row', column: 'v' })
    expect(await place.schema.rows('select count(*) from latin')).toEqual([['0']])
  })

  test('what it stores as it is, is written by both ways', async () => {
    const row = [
      '1',
      'x,y',
      2024,
      Buffer.from([0, 1, 39, 92]),
      '2024-02-29',
      '2024-11-03T01:30:00.250-04:00',
      '1.990',
      'abc',
      true,
      9,
      `'\\ \0\n\t),\n('`,
      Buffer.from(`0x'),\n`),
      '2024-02-29T03:04:05+05:30',
    ]
    const columns = [
      'id',
      'kind',
      'many',
      'year',
      'raw',
      'day',
      'at',
      'amount',
      'name',
      'yes',
      'bits',
      'body',
      'bulk',
      'stamp',
    ]
    await commit('exact', columns, 'insert', [], [[0, ...row]])
    await commit(
      'exact',
      columns,
      'insert',
      [],
      many(40, i => [i + 1, ...row]),
    )
    const found = await place.schema.rows(
      `select distinct kind, many, year, hex(raw), day, at, amount, name, yes, bits + 0, body, hex(bulk), stamp from exact`,
    )
    expect(found).toEqual([
      [
        '1',
        'x,y',
        2024,
        '0001275C',
        '2024-02-29',
        '2024-11-03 05:30:00.250',
        '1.99',
        'abc',
        1,
        9,
        `'\\ \0\n\t),\n('`,
        '307827292C0A',
        '2024-02-28 21:34:05',
      ],
    ])
    expect(await place.schema.rows('select count(*), min(id) from exact')).toEqual([['41', 0]])
  })
})

describe('merging', () => {
  test('upsert never takes another unique key for the match', async () => {
    const error = await failure(commit('item', ['id', 'code', 'qty'], 'upsert', ['id'], [[1, 'b', 11]]))
    expect(error).toMatchObject({ code: 'E417', kind: 'row', native: '1062' })
    const inserting = await failure(commit('item', ['id', 'code', 'qty'], 'upsert', ['id'], [[5, 'b', 11]]))
    expect(inserting).toMatchObject({ code: 'E417', kind: 'row' })
    expect(await place.schema.rows('select id, code, qty from item order by id')).toEqual([
      [1, 'a', 10],
      [2, 'b', 20],
    ])
  })

  test('the counts are exact for rows that do not change', async () => {
    const rows: Row[] = [
      [1, 'a', 10],
      [2, 'b', 21],
      [3, 'c', 30],
    ]
    expect(await commit('item', ['id', 'code', 'qty'], 'upsert', ['id'], rows)).toEqual({
      inserted: 1,
      updated: 2,
      skipped: 0,
      missing: [],
    })
    expect(await commit('item', ['id', 'code', 'qty'], 'update', ['id'], rows)).toEqual({
      inserted: 0,
      updated: 3,
      skipped: 0,
      missing: [],
    })
    expect(await commit('item', ['id', 'code', 'qty'], 'ignore', ['id'], rows)).toEqual({
      inserted: 0,
      updated: 0,
      skipped: 3,
      missing: [],
    })
  })

  test('an update of nothing but the key still tells what is missing', async () => {
    expect(await commit('item', ['id'], 'update', ['id'], [[1], [9], [2]])).toEqual({
      inserted: 0,
      updated: 2,
      skipped: 0,
      missing: [1],
    })
  })

  test('rows are the same when the key says so, in its own collation', async () => {
    const rows: Row[] = [
      ['Äpfel', 'first'],
      ['apfel ', 'second'],
    ]
    expect(await commit('spaced', ['code', 'note'], 'ignore', ['code'], rows)).toMatchObject({
      inserted: 1,
      skipped: 1,
    })
    expect(await commit('spaced', ['code', 'note'], 'upsert', ['code'], rows)).toMatchObject({
      inserted: 0,
      updated: 2,
    })
    expect(await place.schema.rows('select * from spaced')).toEqual([['Äpfel', 'second']])
  })

  test('a rollback to a savepoint leaves the writer usable', async () => {
    const session = await place.session()
    const spec = await place.spec('item', ['id', 'code', 'qty'], 'upsert', ['id'])
    const encoder = mysql.encoder(spec)
    await session.begin()
    const writer = await session.writer(spec)
    await session.savepoint('s')
    await failure(writer.write(encoder.encode([[7, 'a', 1]]), 0, 1))
    await session.rollbackTo('s')
    expect(await writer.write(encoder.encode([[7, 'g', 1]]), 0, 1)).toMatchObject({ inserted: 1 })
    await session.commit()
    await writer.close()
    await session.close()
    expect(await place.schema.rows('select code from item where id = 7')).toEqual([['g']])
  })

  test('a match that is no key, or may be null, is refused', async () => {
    const refused = await failure(commit('item', ['id', 'qty'], 'upsert', ['qty'], [[1, 1]]))
    expect(refused).toMatchObject({ code: 'E217', kind: 'usage' })
    const half = await failure(commit('item', ['id', 'code'], 'upsert', ['id', 'code'], [[1, 'a']]))
    expect(half).toMatchObject({
      code: 'E217',
      kind: 'usage',
      message: `table ${(await place.table('item')).schema}.item cannot be matched by (id, code): no unique key covers exactly these columns`,
    })
  })
})

test('generated keys over several statements are those of the rows', async () => {
  const rows = many(2300, i => [`code ${(i * 7) % 2300}`])
  const result = await commit('keyed', ['code'], 'insert', [], rows, 'id')
  expect(result.keys).toHaveLength(2300)
  const found = new Map((await place.schema.rows('select code, id from keyed')).map(([code, id]) => [code, String(id)]))
  expect(result.keys?.map(String)).toEqual(rows.map(row => found.get(row[0])))
})

test('a key of 0 stays 0', async () => {
  await commit('keyed', ['id', 'code'], 'insert', [], [[0, 'zero']])
  expect(await place.schema.rows('select id from keyed')).toEqual([['0']])
})

test('a table without transactions says so', async () => {
  expect((await place.table('plain_engine')).transactional).toBe(false)
  expect((await place.table('item')).transactional).toBe(true)
  // What LOAD DATA had written before its first warning would stay, and the same rows would come once more.
  const rows = many(100, i => [i < 99 ? i : 2 ** 31])
  expect(await failure(commit('plain_engine', ['id'], 'insert', [], rows))).toMatchObject({ code: 'E403', row: 99 })
})

describe('a row larger than a statement may be', () => {
  test('goes by LOAD DATA', async () => {
    const large = Buffer.alloc(12_000_000, 7)
    await commit('exact', ['id', 'bulk'], 'insert', [], [[1, large]])
    expect(
      await place.schema.rows(`select length(bulk), sha2(bulk, 256) = sha2(repeat(char(7), 12000000), 256) from exact`),
    ).toEqual([[12_000_000, 1]])
  })

  test('and is refused by name where that is not allowed', async () => {
    await place.admin(admin => admin.query('set global local_infile = 0'))
    try {
      const error = await failure(
        commit(
          'exact',
          ['id', 'bulk'],
          'insert',
          [],
          [
            [1, null],
            [2, Buffer.alloc(12_000_000)],
          ],
        ),
      )
      expect(error).toMatchObject({ code: 'E420', kind: 'row', row: 1, hint: 'raise max_allowed_packet of the server' })
    } finally {
      await place.admin(admin => admin.query('set global local_infile = 1'))
    }
  })
})

describe('transactions that the server ends', () => {
  test('after a deadlock nothing more is written until the rollback', async () => {
    const [one, two] = [await place.session(), await place.session()]
    await one.begin()
    await two.begin()
    await one.execute('update item set qty = 1 where id = 1')
    await two.execute('update item set qty = 2 where id = 2')
    const waiting = one.execute('update item set qty = 1 where id = 2').then(
      () => undefined,
      (error: unknown) => error,
    )
    const other = await two.execute('update item set qty = 2 where id = 1').then(
      () => undefined,
      (error: unknown) => error,
    )
    const [victim, error] = other === undefined ? [one, await waiting] : [two, other]
    expect(error).toMatchObject({ code: 'E307', kind: 'transient', native: '1213' })
    await expect(victim.execute(`insert into parent values (99)`)).rejects.toMatchObject({ native: '1213' })
    await expect(victim.commit()).rejects.toMatchObject({ native: '1213' })
    await victim.rollback()
    expect(await victim.query('select count(*) from parent where id = 99')).toEqual([[0]])
    await waiting
    await Promise.all([one.close(), two.close()])
    expect(await place.schema.rows('select count(*) from parent where id = 99')).toEqual([['0']])
  })

  test('after a lock timeout neither', async () => {
    const short = await mysql.open(
      { ...place.schema.config, lock_timeout: 1 },
      { readOnly: false, baseDir: '.', applicationName: 'etl test' },
    )
    const [one, two] = [await place.session(), await short.session({ readOnly: false })]
    await one.begin()
    await one.execute('update item set qty = 1 where id = 1')
    await two.begin()
    await two.execute('update item set qty = 2 where id = 2')
    await expect(two.execute('update item set qty = 2 where id = 1')).rejects.toMatchObject({
      code: 'E307',
      kind: 'transient',
      native: '1205',
    })
    await expect(two.commit()).rejects.toMatchObject({ native: '1205' })
    await two.rollback()
    await one.rollback()
    await Promise.all([one.close(), two.close()])
    await short.close()
    expect(await place.schema.rows('select qty from item where id = 2')).toEqual([[20]])
  })
})
