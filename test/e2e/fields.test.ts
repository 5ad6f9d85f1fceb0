import { describe, expect, test } from 'vitest'
import { countsOf, resultOf, Workspace } from '../support/etl.js'
import { pipeline } from './behaviours/pipeline.js'

const TABLE = 'create table T (ID integer primary key, A text, B text, N text)'

function place(source: string, target: string, entity: string, head = ''): Workspace {
  const made = new Workspace()
  made.source(`${TABLE}; ${source}`)
  made.target(target)
  made.write('pipeline.yaml', pipeline(`\n  t:\n    from: T\n    to: t\n    rest: ignore\n${entity}`, head))
  return made
}

describe('maps', () => {
  test('inline, named and from a CSV file; each policy for codes that are missing', async () => {
    const at = place(
      `insert into T values (1, 'A', 'x', 'DE'), (2, 'I', 'y', 'ZZ'), (3, 'Q', 'y', 'DE'), (4, null, 'z', 'FR')`,
      'create table t (id integer primary key, inline text, named text, csv text)',
      `    fields:
      id: ID
      inline: { from: A, map: { A: active, I: inactive }, unmapped: quarantine }
      named: { from: B, map: letters, unmapped: keep }
      csv: { from: N, map: countries, unmapped: null }`,
      'maps: { letters: { x: ex, y: 25 }, countries: maps/countries.csv }',
    )
    at.write('maps/countries.csv', 'DE,Germany\n"FR","France, la"\n')
    const run = await at.run('--json')
    expect(run.code, run.stderr).toBe(3)
    expect(at.rows('select * from t order by id')).toEqual([
      [1, 'active', 'ex', 'Germany'],
      [2, 'inactive', '25', null],
      [4, null, 'z', 'France, la'],
    ])
    expect(at.quarantine('p', 't')).toMatchObject([
      {
        row: 3,
        key: '3',
        stage: 'map',
        field: 'inline',
        code: 'E410',
        message: 'value is not in the map',
        policy: 'quarantine',
      },
    ])
    expect(resultOf(run.stdout).entities[0]?.substituted).toEqual([{ field: 'csv', rows: 1 }])
  })

  test('unmapped: fail ends the entity and writes nothing of the batch', async () => {
    const at = place(
      `insert into T (ID, A) values (1, 'A'), (2, 'Q')`,
      'create table t (id integer primary key, a text)',
      '    fields: { id: ID, a: { from: A, map: { A: active }, unmapped: fail } }',
    )
    const run = await at.run('--json')
    expect(run.code).toBe(1)
    expect(resultOf(run.stdout).error).toMatchObject({ code: 'E502', message: 'E410 a: value is not in the map' })
    expect(at.rows('select * from t')).toEqual([])
  })
})

describe('look-ups', () => {
  const source = `insert into T (ID, A, B) values (1, 'r1', '1'), (2, 'zz', '1'), (3, 'r2', '9');
    create table REGION (CD text primary key, NM text); insert into REGION values ('r1', 'North'), ('r2', 'South');
    create table CITY (CD text, NO integer, NM text, primary key (CD, NO)); insert into CITY values ('r1', 1, 'Oslo'), ('r2', 9, 'Rome')`
  const head = `lookups:
  region: { table: REGION, key: CD, value: NM }
  city: { in: old, table: CITY, key: [CD, NO], value: [NM, NO] }
  kept: { in: target, table: known, key: code, value: id }`
  const target = `create table t (id integer primary key, region text, city text, kept integer);
    create table known (id integer primary key, code text unique); insert into known values (70, 'r1'), (80, 'zz')`

  test('on_missing: null, keep, quarantine', async () => {
    const at = place(
      `${source}; insert into T (ID, A, B) values (4, 'r1', 'none')`,
      'create table t (id integer primary key, emptied text, kept text, strict text)',
      `    fields:
      id: ID
      emptied: { from: A, lookup: region, on_missing: null }
      kept: { from: A, lookup: region, on_missing: keep }
      strict: { from: B, lookup: mark, on_missing: quarantine }`,
      `${head}\n  mark: { table: MARK, key: CD, value: NM }`,
    )
    at.source(`create table MARK (CD text primary key, NM text); insert into MARK values ('1', 'one'), ('9', 'nine')`)
    const run = await at.run('--json')
    expect(run.code, run.stderr).toBe(3)
    expect(at.rows('select * from t order by id')).toEqual([
      [1, 'North', 'North', 'one'],
      [2, null, 'zz', 'one'],
      [3, 'South', 'South', 'nine'],
    ])
    expect(at.quarantine('p', 't')).toMatchObject([{ key: '4', field: 'strict', stage: 'lookup', code: 'E411' }])
    expect(resultOf(run.stdout).entities[0]?.substituted).toEqual([{ field: 'emptied', rows: 1 }])
  })

  test('on_missing: fail ends the entity', async () => {
    const at = place(
      source,
      target,
      '    fields: { id: ID, region: { from: A, lookup: region, on_missing: fail } }',
      head,
    )
    const run = await at.run('--json')
    expect(run.code).toBe(1)
    expect(resultOf(run.stdout).error?.message).toMatch(/^E411 region: /)
    expect(at.rows('select * from t')).toEqual([])
  })

  test('several keys and values, and tables of the target', async () => {
    const at = place(
      source,
      target,
      `    fields:
      id: ID
      city: { from: [A, B], lookup: city, on_missing: null }
      kept: { from: A, lookup: kept, on_missing: null }`,
      head,
    )
    const run = await at.run()
    expect(run.code, run.stderr).toBe(0)
    expect(at.rows('select id, city, kept from t order by id')).toEqual([
      [1, '{"NM":"Oslo","NO":1}', 70],
      [2, null, 80],
      [3, '{"NM":"Rome","NO":9}', null],
    ])
  })
})

describe('values', () => {
  test('let, filter, expr, value, default, functions and $vars', async () => {
    const at = place(
      `insert into T values (1, ' Ada ', 'Lovelace', '12'), (2, 'Grace', null, '3'), (3, 'Linus', 'Pauling', '7')`,
      'create table t (id integer primary key, name text, double integer, big boolean, origin text, region text, run text)',
      `    filter: { "!=": [{ var: N }, "3"] }
    let:
      n: { to_integer: { var: N } }
      twice: { "*": [{ var: n }, 2] }
    fields:
      id: ID
      name: { from: [A, B], apply: [{ full_name: last_first }, upper] }
      double: twice
      big: { expr: { ">": [{ var: twice }, 20] } }
      origin: { value: legacy }
      region: { expr: { var: $vars.region } }
      run: { expr: { if: [{ "==": [{ var: $entity }, t] }, ok, "no"] } }`,
      'vars: { region: US }',
    )
    const run = await at.run('--json', '--var', 'region=EU')
    expect(run.code, run.stderr).toBe(0)
    expect(countsOf(resultOf(run.stdout))).toEqual({ t: '3 read, 2 written, 0 skipped, 1 filtered, 0 quarantined' })
    expect(at.rows('select * from t order by id')).toEqual([
      [1, 'LOVELACE, ADA', 24, 1, 'legacy', 'EU', 'ok'],
      [3, 'PAULING, LINUS', 14, 0, 'legacy', 'EU', 'ok'],
    ])
  })

  test('default fills null, required refuses it, NOT NULL is required by itself', async () => {
    const at = place(
      `insert into T values (1, null, 'b', 'n'), (2, 'a', null, 'n'), (3, 'a', 'b', null)`,
      'create table t (id integer primary key, a text, b text, n text not null)',
      '    fields: { id: ID, a: { from: A, default: none }, b: { from: B, required: true }, n: N }',
    )
    const run = await at.run()
    expect(run.code, run.stderr).toBe(3)
    expect(at.rows('select * from t')).toEqual([[1, 'none', 'b', 'n']])
    expect(at.quarantine('p', 't').map(({ key, code, field, stage }) => ({ key, code, field, stage }))).toEqual([
      { key: '2', code: 'E401', field: 'b', stage: 'required' },
      { key: '3', code: 'E401', field: 'n', stage: 'required' },
    ])
  })

  test('on_invalid: null, default, quarantine', async () => {
    const at = place(
      `insert into T (ID, A, B, N) values (1, '5', '5', '5'), (2, 'five', 'five', '5'), (3, '5', '5', 'five')`,
      'create table t (id integer primary key, a integer, b integer, n integer)',
      `    fields:
      id: ID
      a: { from: A, apply: [to_integer], default: -1, on_invalid: null }
      b: { from: B, apply: [to_integer], default: -1, on_invalid: default }
      n: { from: N, apply: [to_integer], default: -1, on_invalid: quarantine }`,
    )
    const run = await at.run('--json')
    expect(run.code, run.stderr).toBe(3)
    expect(at.rows('select * from t')).toEqual([
      [1, 5, 5, 5],
      [2, null, -1, 5],
    ])
    expect(at.quarantine('p', 't')).toMatchObject([{ key: '3', field: 'n', code: 'E402', stage: 'transform' }])
    expect(resultOf(run.stdout).entities[0]?.substituted).toEqual([
      { field: 'a', rows: 1 },
      { field: 'b', rows: 1 },
    ])
  })

  test.each([
    ['on_invalid', `apply: [to_integer], on_invalid: fail`, 'E402 n: to_integer: the value is not a number'],
    ['on_lossy', `type: int32, on_lossy: fail`, 'E404 n: int32 keeps no fraction, the value has more'],
  ])('%s: fail ends the entity', async (_name, field, message) => {
    const at = place(
      `insert into T (ID, N) values (1, '5'), (2, '${message.startsWith('E402') ? 'five' : '5.5'}')`,
      'create table t (id integer primary key, n integer)',
      `    fields: { id: ID, n: { from: N, ${field} } }`,
    )
    const run = await at.run('--json')
    expect(run.code).toBe(1)
    expect(resultOf(run.stdout).error).toMatchObject({ code: 'E502', message: expect.stringContaining(message) })
    expect(at.rows('select * from t')).toEqual([])
  })

  test('null in quotes is a word, and the hint says so', async () => {
    const at = place(
      '',
      'create table t (id integer primary key)',
      '    fields: { id: { from: ID, on_invalid: "null" } }',
    )
    const run = await at.run()
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('"null" is not one of null, default, quarantine, fail\n')
    expect(run.stderr).toContain('hint  write null without quotes.\n')
  })

  test('on_invalid: null does not make a required value optional', async () => {
    const at = place(
      `insert into T (ID, N) values (1, '5'), (2, 'five')`,
      'create table t (id integer primary key, n integer not null)',
      '    fields: { id: ID, n: { from: N, apply: [to_integer], on_invalid: null } }',
    )
    const run = await at.run()
    expect(run.code, run.stderr).toBe(3)
    expect(at.rows('select * from t')).toEqual([[1, 5]])
    expect(at.quarantine('p', 't')).toMatchObject([{ key: '2', field: 'n', code: 'E401' }])
  })

  test('on_lossy: round, truncate, quarantine, and nothing said: a loss is never silent', async () => {
    const at = place(
      `insert into T (ID, A, B, N) values (1, '1.25', '1.25', '1.25'), (2, '1.255', '1.25', '1.25'), (3, '1.25', '1.255', '1.25'),
         (4, '1.25', '1.25', '1.255')`,
      'create table t (id integer primary key, rounded decimal(10, 2), cut decimal(10, 2), b decimal(10, 2), n decimal(10, 2))',
      `    fields:
      id: ID
      rounded: { from: A, on_lossy: round }
      cut: { from: A, on_lossy: truncate }
      b: { from: B, on_lossy: quarantine }
      n: N`,
    )
    const run = await at.run('--json')
    expect(run.code, run.stderr).toBe(3)
    expect(at.rows('select * from t')).toEqual([
      [1, 1.25, 1.25, 1.25, 1.25],
      [2, 1.26, 1.25, 1.25, 1.25],
    ])
    expect(at.quarantine('p', 't')).toMatchObject([
      { key: '3', field: 'b', code: 'E404', stage: 'cast' },
      { key: '4', field: 'n', code: 'E404', stage: 'cast' },
    ])
    expect(resultOf(run.stdout).entities[0]?.losses).toEqual([
      { field: 'rounded', rows: 1 },
      { field: 'cut', rows: 1 },
    ])
  })

  test('text that is too long is an error of its row; a number that does not fit, too', async () => {
    const at = place(
      `insert into T (ID, A, N) values (1, 'abc', '1'), (2, 'abcd', '2'), (3, 'abc', '99999999999999999999')`,
      'create table t (id integer primary key, a varchar(3), n integer)',
      '    fields: { id: ID, a: A, n: { from: N, apply: [to_integer] } }',
    )
    const run = await at.run()
    expect(run.code, run.stderr).toBe(3)
    expect(at.rows('select * from t')).toEqual([[1, 'abc', 1]])
    expect(at.quarantine('p', 't')).toMatchObject([
      { key: '2', field: 'a', code: 'E405' },
      { key: '3', field: 'n', code: 'E403' },
    ])
  })
})

describe('rest', () => {
  const source = `insert into T values (1, 'a', 'b', 'n')`
  const target = 'create table t (id integer primary key, A text, B text, N text)'
  const make = (rest: string): Workspace => {
    const at = place(source, target, '    fields: { id: ID, A: { from: A, apply: [upper] } }')
    at.write(
      'pipeline.yaml',
      pipeline(
        `\n  t:\n    from: T\n    to: t\n    rest: ${rest}\n    fields: { id: ID, A: { from: A, apply: [upper] } }`,
      ),
    )
    return at
  }

  test('copy writes what nobody names under the same name', async () => {
    const at = make('copy')
    const run = await at.run()
    expect(run.code, run.stderr).toBe(0)
    expect(at.rows('select * from t')).toEqual([[1, 'A', 'b', 'n']])
  })

  test('warn names the columns, ignore does not', async () => {
    const warned = resultOf((await make('warn').run('--json')).stdout).warnings
    expect(warned.filter(text => text.includes('B, N'))).toHaveLength(1)
    expect(resultOf((await make('ignore').run('--json')).stdout).warnings).toEqual([])
  })

  test('fail refuses the file before anything is written', async () => {
    const at = make('fail')
    const run = await at.run()
    expect(run.code).toBe(2)
    expect(run.stderr).toContain('E219 source column is not mapped')
    expect(at.rows('select * from t')).toEqual([])
  })
})

test('create: if_missing makes the table from the source, with its key and types', async () => {
  const at = new Workspace()
  at.source(`create table T (ID integer primary key, A varchar(20) not null, D date, M decimal(8,2));
    insert into T values (1, 'a', '2024-02-29', 12.5)`)
  at.write(
    'pipeline.yaml',
    pipeline(`
  t:
    from: T
    to: { table: fresh, create: if_missing }
    fields: { id: ID, a: { from: A, required: true }, d: D, m: M, flag: { value: true, type: boolean } }`),
  )
  const run = await at.run()
  expect(run.code, run.stderr).toBe(0)
  expect(at.rows('select * from fresh')).toEqual([[1, 'a', '2024-02-29', 12.5, 1]])
  expect(at.rows(`select name, type, "notnull", pk from pragma_table_info('fresh')`)).toEqual([
    ['id', 'INTEGER', 1, 1],
    ['a', 'VARCHAR(20)', 1, 0],
    ['d', 'DATE', 0, 0],
    ['m', 'DECIMAL(8,2)', 0, 0],
    ['flag', 'BOOLEAN', 0, 0],
  ])
})
