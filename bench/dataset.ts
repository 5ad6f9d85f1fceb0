import { existsSync, renameSync, rmSync } from 'node:fs'

export const COLUMNS = 15

/** 15 mixed columns of an order book; deterministic, so that every machine measures the same rows. */
export async function makeSource(file: string, rows: number): Promise<void> {
  if (existsSync(file)) return
  const { default: Database } = await import('better-sqlite3')
  const part = `${file}.part`
  rmSync(part, { force: true })
  const db = new Database(part)
  db.pragma('journal_mode = off')
  db.exec(`create table orders (
    id integer primary key, customer text, email text, phone text, status text, quantity integer, price decimal(12,2), discount real,
    paid text, ordered_at datetime, shipped_on date, region text, note text, weight integer, sku text)`)
  const insert = db.prepare(`insert into orders values (${Array(COLUMNS).fill('?').join(', ')})`)
  const status = ['A', 'I', 'H', 'S']
  const regions = ['north', 'south', 'east', 'west', null]
  db.exec('begin')
  for (let i = 1; i <= rows; i++) {
    const seed = (i * 2654435761) % 4294967296
    const day = String((i % 28) + 1).padStart(2, '0')
    const month = String((seed % 12) + 1).padStart(2, '0')
    const time = `${String(i % 24).padStart(2, '0')}:${String(seed % 60).padStart(2, '0')}:${String((i * 7) % 60).padStart(2, '0')}`
    insert.run(
      BigInt(i),
      `  customer ${seed % 50000} of the old system `,
      `User.${seed % 90000}@Example.COM`,
      `555${String(seed % 10000000).padStart(7, '0')}`,
      status[seed % 4],
      BigInt(seed % 1000),
      `${seed % 100000}.${String(i % 100).padStart(2, '0')}`,
      (seed % 400) / 8,
      i % 3 === 0 ? 'Y' : 'N',
      `2023-${month}-${day} ${time}`,
      `2024-${month}-${day}`,
      regions[seed % 5],
      i % 10 === 0 ? null : `note number ${i} with some words in it, as people write them`,
      BigInt((seed % 900000) + 100),
      `SKU-${String(seed % 1000000).padStart(8, '0')}`,
    )
  }
  db.exec('commit')
  db.close()
  renameSync(part, file)
}

export const TARGET_DDL = `create table if not exists orders (
  id bigint primary key, customer text not null, email text, phone text, status varchar(20) not null, quantity integer, price numeric(12,2),
  discount double precision, paid boolean, ordered_at timestamp, shipped_on date, region text not null, note text, weight integer, sku varchar(20))`

/** 8 transforms over the 15 columns. */
export function pipelineYaml(
  source: string,
  url: string,
  options: { readonly ledger: boolean; readonly chunks?: number },
): string {
  return `version: 1
name: bench
${options.ledger ? '' : 'ledger: false\n'}sources: { old: { type: sqlite, path: ${JSON.stringify(source)} } }
target: { type: postgres, url: ${JSON.stringify(url)} }
maps:
  status: { A: available, I: in_use, H: on_hold, S: shipped }
entities:
  orders:
    from: orders
    to: orders
${options.chunks === undefined ? '' : `    chunks: ${options.chunks}\n`}    fields:
      id: id
      customer: { from: customer, apply: [trim, upper] }
      email: { from: email, apply: [trim, lower] }
      phone: phone
      status: { from: status, map: status }
      quantity: quantity
      price: price
      discount: discount
      paid: { from: paid, apply: [to_boolean] }
      ordered_at: ordered_at
      shipped_on: shipped_on
      region: { from: region, default: unknown }
      note: { from: note, apply: [{ truncate: 200 }] }
      weight: weight
      sku: { from: sku, apply: [{ replace: { pattern: "-", with: "_", literal: true } }] }
`
}
