import { expect, test } from 'vitest'
import { makeFile, open, temporaryFolder } from './files.js'

async function catalogOf(sql: string) {
  const folder = temporaryFolder()
  makeFile(folder, sql)
  const database = await open(folder, { readOnly: true })
  return async (table: string) => {
    const found = await database.table({ table })
    if (found === undefined) throw new Error(`no table ${table}`)
    return found
  }
}

test('only a true rowid alias is a generated key', async () => {
  const table = await catalogOf(`
    create table alias (id integer primary key, n);
    create table automatic (id integer primary key autoincrement);
    create table constrained (id INTEGER, primary key (id));
    create table descending (id integer primary key desc);
    create table sized (id int primary key);
    create table words (id text primary key);
    create table bare (id integer primary key) without rowid;
  `)
  for (const name of ['alias', 'automatic', 'constrained']) {
    expect((await table(name)).columns[0]).toMatchObject({ generated: 'default', nullable: false, hasDefault: true })
  }
  for (const name of ['descending', 'sized', 'words', 'bare']) {
    expect((await table(name)).columns[0]?.generated).toBeUndefined()
    expect((await table(name)).primaryKey).toEqual(['id'])
  }
})

test('a primary key that is no rowid lets nulls in', async () => {
  const table = await catalogOf(`
    create table loose (id text primary key);
    create table firm (id text primary key not null);
    create table bare (a text, b text, primary key (b, a)) without rowid;
  `)
  expect((await table('loose')).columns[0]?.nullable).toBe(true)
  expect((await table('firm')).columns[0]?.nullable).toBe(false)
  expect((await table('bare')).columns.map(column => column.nullable)).toEqual([false, false])
  expect((await table('bare')).primaryKey).toEqual(['b', 'a'])
})

test('foreign keys that name no column, and names in another case', async () => {
  const table = await catalogOf(`
    create table Parent (A integer, B integer, primary key (A, B));
    create table child (x integer, y integer, z integer,
      foreign key (x, y) references PARENT, foreign key (z) references parent (a), foreign key (y) references later);
  `)
  expect((await table('child')).foreignKeys).toEqual([
    {
      name: 'child_x_y_fkey',
      columns: ['x', 'y'],
      references: { table: 'Parent' },
      referencedColumns: ['A', 'B'],
    },
    { name: 'child_z_fkey', columns: ['z'], references: { table: 'Parent' }, referencedColumns: ['A'] },
    { name: 'child_y_fkey', columns: ['y'], references: { table: 'later' }, referencedColumns: [''] },
  ])
  expect((await table('CHILD')).table).toBe('child')
})

test('generated columns, hidden ones of virtual tables, collations', async () => {
  const table = await catalogOf(`
    create table t (a text unique, b text collate nocase unique, c text,
      v integer generated always as (length(a)) virtual, s integer generated always as (length(a)) stored);
    create virtual table search using fts5(body);
  `)
  expect((await table('t')).columns.map(({ name, generated, binaryOrder }) => [name, generated, binaryOrder])).toEqual([
    ['a', undefined, true],
    ['b', undefined, undefined],
    ['c', undefined, undefined],
    ['v', 'stored', undefined],
    ['s', 'stored', undefined],
  ])
  expect((await table('search')).columns.map(column => column.name)).toEqual(['body'])
})

test('rows are estimated', async () => {
  const table = await catalogOf(`
    create table t (id integer primary key);
    insert into t with recursive n (i) as (select 1 union all select i + 1 from n where i < 500) select i from n;
    delete from t where id % 2 = 0;
    create view v as select * from t;
  `)
  expect((await table('t')).estimatedRows).toBe(250)
  expect((await table('v')).estimatedRows).toBeUndefined()
})
