import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { temporaryFolder } from '../support/etl.js'

export interface Shop {
  readonly dir: string
  readonly source: string
  readonly target: string
}

/** A folder with a pipeline, a source of so many orders of 100 customers, and an empty target. */
export function makeShop(
  orders: number,
  options: { readonly batchSize?: number; readonly dirtyRows?: number } = {},
): Shop {
  const dir = temporaryFolder()
  const [source, target] = [join(dir, 'source.sqlite'), join(dir, 'target.sqlite')]
  const from = new Database(source)
  from.exec(`
    create table CUSTOMER (ID integer primary key, NAME text);
    create table ORDERS (ID integer primary key, CUSTOMER_ID integer, NOTE text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 100)
      insert into CUSTOMER select i, ' customer ' || i || ' ' from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${orders})
      insert into ORDERS select i, 1 + i % 100, case when i <= ${options.dirtyRows ?? 0} then null else 'note ' || i end from n;
  `)
  from.close()
  const to = new Database(target)
  to.exec(`
    create table customers (id integer primary key, name text not null);
    create table orders (id integer primary key, customer_id integer not null references customers (id), note text not null);
  `)
  to.close()
  writeFileSync(
    join(dir, 'etl.yaml'),
    `version: 1
name: shop
sources:
  old: { type: sqlite, path: source.sqlite }
target: { type: sqlite, path: target.sqlite }
defaults: { batch_size: ${options.batchSize ?? 1000} }
entities:
  customers:
    from: CUSTOMER
    to: customers
    fields:
      id: ID
      name: { from: NAME, apply: [trim] }
  orders:
    from: ORDERS
    to: orders
    depends_on: [customers]
    fields:
      id: ID
      customer_id: CUSTOMER_ID
      note: NOTE
`,
  )
  return { dir, source, target }
}

/** The only row of a query. */
export function one(file: string, sql: string): unknown {
  const database = new Database(file, { readonly: true })
  try {
    return database.prepare(sql).get()
  } finally {
    database.close()
  }
}

/** Rows of the target that are not exactly what the source should have become, and the other way round. */
export function differences(shop: Shop): unknown {
  const database = new Database(shop.target, { readonly: true })
  try {
    database.exec(`attach '${shop.source}' as src`)
    const should = 'select ID, CUSTOMER_ID, NOTE from src.ORDERS where NOTE is not null'
    const is = 'select id, customer_id, note from orders'
    return database
      .prepare(
        `select (select count(*) from (${should} except ${is})) as missing, (select count(*) from (${is} except ${should})) as extra`,
      )
      .get()
  } finally {
    database.close()
  }
}
