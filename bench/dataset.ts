import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

/** 15 mixed columns of an order book; deterministic, so that every machine measures the same rows. */
const NAMES = [
  'id',
  'customer',
  'email',
  'phone',
  'status',
  'quantity',
  'price',
  'discount',
  'paid',
  'ordered_at',
  'shipped_on',
  'region',
  'note',
  'weight',
  'sku',
]
export const COLUMNS = NAMES.length

function order(i: number): (string | number | null)[] {
  const seed = (i * 2654435761) % 4294967296
  const day = String((i % 28) + 1).padStart(2, '0')
  const month = String((seed % 12) + 1).padStart(2, '0')
  const time = [i % 24, seed % 60, (i * 7) % 60].map(part => String(part).padStart(2, '0')).join(':')
  return [
    i,
    `  customer ${seed % 50000} of the old system `,
    `User.${seed % 90000}@Example.COM`,
    `555${String(seed % 10000000).padStart(7, '0')}`,
    ['A', 'I', 'H', 'S'][seed % 4] ?? null,
    seed % 1000,
    `${seed % 100000}.${String(i % 100).padStart(2, '0')}`,
    (seed % 400) / 8,
    i % 3 === 0 ? 'Y' : 'N',
    `2023-${month}-${day} ${time}`,
    `2024-${month}-${day}`,
    ['north', 'south', 'east', 'west', null][seed % 5] ?? null,
    i % 10 === 0 ? null : `note number ${i} with some words in it, as people write them`,
    (seed % 900000) + 100,
    `SKU-${String(seed % 1000000).padStart(8, '0')}`,
  ]
}

export async function makeSqlite(file: string, rows: number): Promise<void> {
  if (existsSync(file)) return
  const { default: Database } = await import('better-sqlite3')
  const part = `${file}.part`
  rmSync(part, { force: true })
  const db = new Database(part)
  db.pragma('journal_mode = off')
  db.exec(sqliteLegacy('orders'))
  const insert = db.prepare(`insert into orders values (${NAMES.map(() => '?').join(', ')})`)
  const integers = new Set(['id', 'quantity', 'weight'].map(name => NAMES.indexOf(name)))
  db.exec('begin')
  for (let i = 1; i <= rows; i++) {
    insert.run(order(i).map((value, column) => (integers.has(column) ? BigInt(value as number) : value)))
  }
  db.exec('commit')
  db.close()
  renameSync(part, file)
}

/** No value holds a tab, a quote or a backslash; notes hold a comma. */
export async function makeFiles(files: { readonly tsv: string; readonly csv: string }, rows: number): Promise<void> {
  for (const [file, delimiter, none, header] of [
    [files.tsv, '\t', '\\N', ''],
    [files.csv, ',', '', `${NAMES.join(',')}\n`],
  ] as const) {
    if (existsSync(file)) continue
    const out = openSync(`${file}.part`, 'w')
    let text: string = header
    for (let i = 1; i <= rows; i++) {
      text += `${order(i)
        .map(value => (delimiter === ',' && String(value).includes(',') ? `"${value}"` : (value ?? none)))
        .join(delimiter)}\n`
      if (i % 1000 === 0 || i === rows) {
        writeSync(out, text)
        text = ''
      }
    }
    closeSync(out)
    renameSync(`${file}.part`, file)
  }
}

const LEGACY = (text: string, double: string, timestamp: string): string => `
  id bigint primary key, customer ${text}, email ${text}, phone ${text}, status ${text}, quantity integer, price decimal(12,2),
  discount ${double}, paid ${text}, ordered_at ${timestamp}, shipped_on date, region ${text}, note ${text}, weight integer, sku ${text}`

export function postgresLegacy(table: string): string {
  return `drop table if exists ${table}; create table ${table} (${LEGACY('text', 'double precision', 'timestamp')})`
}

export function sqliteLegacy(table: string): string {
  return `drop table if exists ${table}; create table ${table} (${LEGACY('text', 'real', 'datetime').replace('bigint', 'integer')})`
}

export function mysqlLegacy(table: string): string {
  return `drop table if exists ${table}; create table ${table} (${LEGACY('varchar(200)', 'double', 'datetime')})`
}

export const POSTGRES_FINISHED = `drop table if exists orders; create table orders (
  id bigint primary key, customer text not null, email text, phone text, status varchar(20) not null, quantity integer, price numeric(12,2),
  discount double precision, paid boolean, ordered_at timestamp, shipped_on date, region text not null, note text, weight integer, sku varchar(20))`

export const MYSQL_FINISHED = `drop table if exists orders; create table orders (
  id bigint primary key, customer varchar(200) not null, email varchar(200), phone varchar(200), status varchar(20) not null, quantity integer,
  price decimal(12,2), discount double, paid tinyint(1), ordered_at datetime, shipped_on date, region varchar(200) not null, note text,
  weight integer, sku varchar(20))`

export const SQLITE_FINISHED = `drop table if exists orders; create table orders (
  id integer primary key, customer text not null, email text, phone text, status text not null, quantity integer, price decimal(12,2),
  discount real, paid boolean, ordered_at datetime, shipped_on date, region text not null, note text, weight integer, sku text)`

export interface PipelineOptions {
  readonly source: Readonly<Record<string, unknown>>
  readonly target: Readonly<Record<string, unknown>>
  /** The source's table or file; default: `orders`. */
  readonly from?: unknown
  readonly load?: string
  readonly chunks?: number
  /** Default: true. */
  readonly ledger?: boolean
  readonly undo?: boolean
}

/** 8 transforms over the 15 columns. */
export function pipelineYaml(options: PipelineOptions): string {
  return `version: 1
name: bench
${options.ledger === false ? 'ledger: false\n' : ''}${options.undo === undefined ? '' : `undo: ${options.undo}\n`}sources: { old: ${JSON.stringify(options.source)} }
target: ${JSON.stringify(options.target)}
maps:
  status: { A: available, I: in_use, H: on_hold, S: shipped }
entities:
  orders:
    from: ${JSON.stringify(options.from ?? 'orders')}
    to: orders
    load: ${options.load ?? 'insert'}
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
