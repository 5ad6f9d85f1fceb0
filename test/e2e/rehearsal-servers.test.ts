import { expect, test } from 'vitest'
import { loadPipeline, rehearse } from '../../src/index.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'

/** In place: stock of a shop is counted into its shelf; rows get numbers from sequences and keys of their own. */
const pipelineOf = (place: TestSchema, hook: string): string => `version: 1
name: stock
target: ${JSON.stringify(place.config)}
entities:
  shelf:
    from: { target: true, table: shop }
    to: shelf
    load: insert
    fields: { shop_id: id, label: { from: name, apply: [upper] } }
  item:
    from: { target: true, query: "select i.id, s.id as shelf from item i join shelf s on s.shop_id = i.shop_id" }
    key: id
    to: item
    load: update
    depends_on: [shelf]
    fields: { id: id, shelf_id: shelf }
checks:
  - { name: every item has a shelf, table: item, not_null: [shelf_id] }
  - { name: items are of a shop, table: item, references: { column: shop_id, to: shop.id } }
hooks:
  after:
    - sql: ${hook}
    - sql: update shop set visited = 1
`

const TABLES = `
  create table shop (id integer primary key, name varchar(40) not null, parent_id integer, visited integer, foreign key (parent_id) references shop (id));
  create table shelf (id SERIAL, shop_id integer not null unique, label varchar(40) not null, foreign key (shop_id) references shop (id));
  create table item (id integer primary key, shop_id integer not null, shelf_id integer, foreign key (shop_id) references shop (id), foreign key (shelf_id) references shelf (id));
`

async function fill(place: TestSchema): Promise<void> {
  const rows = (count: number, row: (n: number) => string): string =>
    Array.from({ length: count }, (_, i) => `(${row(i + 1)})`).join(',')
  await place.exec(
    `insert into shop values ${rows(30, n => `${n}, 'shop ${n}', ${n < 3 ? 'null' : Math.floor(n / 2)}, 0`)}`,
  )
  await place.exec(`insert into item values ${rows(500, n => `${n}, ${(n % 30) + 1}, null`)}`)
}

async function rehearsed(place: TestSchema, hook: string) {
  const folder = new Workspace()
  folder.write('pipeline.yaml', pipelineOf(place, hook))
  return rehearse(await loadPipeline(folder.path('pipeline.yaml')), { sizes: [4, 60] })
}

const counted = (sizes: Awaited<ReturnType<typeof rehearsed>>['sizes']) =>
  sizes.map(({ size, status, counts, undo, checks, exitCode }) => [
    size,
    status,
    counts.written,
    undo.state,
    checks.held,
    exitCode,
  ])

test('PostgreSQL: a schema beside the tables, with its own sequences, keys and views', async () => {
  const place = await postgres.create('rehearsal')
  try {
    await place.exec(TABLES.replace('SERIAL', 'serial primary key'))
    await place.exec(`
      create sequence ticket; create view tall as select * from shelf where label like 'TALL%';
      create schema other; create table other.note (shop_id integer references shop (id));
      create function visit() returns trigger language plpgsql as $$ begin new.visited = 7; return new; end $$;
      create trigger visits before insert on shop for each row execute function visit();`)
    await fill(place)
    const state = `select (select string_agg(t::text, ';' order by id) from shop t), (select string_agg(t::text, ';' order by id) from item t),
      (select last_value || ' ' || is_called from shelf_id_seq), (select last_value || ' ' || is_called from ticket), (select count(*) from shelf),
      (select string_agg(nspname, ',' order by 1) from pg_namespace where nspname not like 'pg\\_%')`
    const before = await place.rows(state)
    const { sizes, exitCode } = await rehearsed(place, `"delete from public.item"`)
    // The last hook is not taken back: what it did is told.
    expect(counted(sizes)).toEqual([
      [4, 'ok', expect.any(Number), 'different', 2, 4],
      [60, 'ok', 30 + 60, 'different', 2, 4],
    ])
    expect(exitCode).toBe(4)
    expect(sizes.map(({ undo }) => undo)).toEqual([
      { state: 'different', tables: ['shop'] },
      { state: 'different', tables: ['shop'] },
    ])
    expect(sizes[0]?.notes).toEqual([
      'the scratch lacks trigger visits of shop',
      'a hook was not run: it names a schema, and may reach beyond the scratch',
    ])
    expect(await place.rows(state)).toEqual(before)
  } finally {
    await place.drop()
  }
})

test('MySQL: a database of its own', async () => {
  const place = await mysql.create('rehearsal')
  try {
    await place.exec(TABLES.replace('SERIAL', 'integer auto_increment primary key'))
    await place.exec(`create view tall as select * from shelf`)
    await fill(place)
    const databases = `select count(*) from information_schema.schemata where schema_name like 'etl\\_sample%'`
    const { sizes } = await rehearsed(
      place,
      `"delete from \`${String(new URL(String(place.config.url)).pathname.slice(1))}\`.item"`,
    )
    expect(counted(sizes)).toEqual([
      [4, 'ok', expect.any(Number), 'different', 2, 4],
      [60, 'ok', 30 + 60, 'different', 2, 4],
    ])
    expect(sizes[0]?.undo).toEqual({ state: 'different', tables: ['shop'] })
    expect(sizes[0]?.notes).toEqual([
      'the scratch lacks view tall',
      'a hook was not run: it names a schema, and may reach beyond the scratch',
    ])
    expect(
      await place.rows(
        'select count(*), sum(shelf_id is null), (select sum(visited) from shop), (select count(*) from shelf) from item',
      ),
    ).toEqual([['500', '500', '0', '0']])
    expect(await place.rows(databases)).toEqual([['0']])
  } finally {
    await place.drop()
  }
})
