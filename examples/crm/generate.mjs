// Writes the legacy CRM: the same rows every time, about 211,000 in 6 tables, dirty in the ways old systems are.
import { rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'

const CUSTOMERS = 20_000
const PRODUCTS = 1_000
const ORDERS = 40_000

const COUNTRIES = [
  ['USA', 'United States', 'Americas'],
  ['CAN', 'Canada', 'Americas'],
  ['MEX', 'Mexico', 'Americas'],
  ['BRA', 'Brazil', 'Americas'],
  ['GBR', 'United Kingdom', 'Europe'],
  ['DEU', 'Germany', 'Europe'],
  ['FRA', 'France', 'Europe'],
  ['CHE', 'Switzerland', 'Europe'],
  ['SWE', 'Sweden', 'Europe'],
  ['JPN', 'Japan', 'Asia'],
  ['KOR', 'South Korea', 'Asia'],
  ['IND', 'India', 'Asia'],
]
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const FIRST = [
  'ADA',
  'GRACE',
  'LINUS',
  'MARGARET',
  'ALAN',
  'BARBARA',
  'DENNIS',
  'FRANCES',
  'KEN',
  'JEAN',
  'ZOË',
  'JOSÉ',
]
const LAST = [
  'LOVELACE',
  'HOPPER',
  "O'BRIEN",
  'HAMILTON',
  'TURING',
  'LISKOV',
  'RITCHIE',
  'ALLEN',
  'MÜLLER',
  'SMITH-JONES',
]
const TRADE = ['STEEL', 'COILS', 'LOGISTICS', 'FOODS', 'OPTICS', 'TEXTILES', 'MOTORS', 'PAPER', 'GLASS', 'TOOLS']
const FORM = ['INC', 'LTD', 'GMBH', 'SA', 'LLC']
const THING = ['BRACKET', 'VALVE', 'BEARING', 'COIL', 'FILTER', 'GASKET', 'PUMP', 'SENSOR', 'SWITCH', 'PANEL']

const SCHEMA = `
create table CTRY (CTRY_CD char(3) primary key, CTRY_NM char(30), REGION_NM char(12));
create table CUST (CUST_NO char(8) primary key, CUST_NM char(40), EMAIL_ADR varchar(60), CTRY_CD char(3), STAT_CD char(1),
  PARENT_NO char(8), VIP_FLG char(1), SINCE_DT char(11), CRDT_LMT varchar(14));
create table CONTACT (CUST_NO char(8), SEQ_NO integer, FIRST_NM varchar(20), LAST_NM varchar(20), PHONE varchar(24),
  EMAIL_ADR varchar(60), primary key (CUST_NO, SEQ_NO));
create table PROD (PROD_CD char(6) primary key, PROD_DESC char(40), UNIT_PRC varchar(14));
create table ORD_HDR (ORD_NO integer primary key, CUST_NO char(8), ORD_DT char(11), STAT_CD char(1));
create table ORD_LINE (ORD_NO integer, LINE_NO integer, PROD_CD char(6), QTY varchar(8), UNIT_PRC varchar(14),
  primary key (ORD_NO, LINE_NO));
`

/** mulberry32: small, fast, and the same everywhere. */
function randomNumbers(seed) {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below)
  }
}

/** Creates the file anew and returns how many rows it holds. */
export function generate(file) {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
  const db = new Database(file)
  db.pragma('journal_mode = off')
  db.exec(SCHEMA)
  const random = randomNumbers(7)
  const pick = list => list[random(list.length)]
  let rows = 0
  const insert = table => {
    const columns = db.pragma(`table_info(${table})`).length
    const statement = db.prepare(`insert into ${table} values (${Array(columns).fill('?').join(', ')})`)
    return (...values) => {
      statement.run(...values)
      rows++
    }
  }
  db.transaction(() => {
    for (const [code, name, region] of COUNTRIES) insert('CTRY')(code, name.padEnd(30), region)
    customers(insert('CUST'), pick, random)
    contacts(insert('CONTACT'), pick, random)
    products(insert('PROD'), pick, random)
    orders(insert('ORD_HDR'), insert('ORD_LINE'), random)
  })()
  db.close()
  return rows
}

const customerNo = i => `C${String(i).padStart(7, '0')}`
const productCode = i => `P${String(i).padStart(5, '0')}`
const date = random => `${String(1 + random(28)).padStart(2, '0')}-${MONTHS[random(12)]}-${1998 + random(26)}`

/** 1250 cents as "12,50", 125000 as "1.250,00". */
function money(cents) {
  const whole = String(Math.floor(cents / 100)).replace(/\B(?=(\d{3})+$)/g, '.')
  return `${whole},${String(cents % 100).padStart(2, '0')}`
}

function customers(insert, pick, random) {
  for (let i = 1; i <= CUSTOMERS; i++) {
    const name = `${pick(LAST)} ${pick(TRADE)} ${pick(FORM)}`
    const address = `office${i}@${pick(['Example.com', 'EXAMPLE.ORG', 'example.net'])}`
    insert(
      customerNo(i),
      i % 1103 === 0 ? null : (i % 3 === 0 ? name : `  ${name}`).padEnd(40),
      // Some share the address of the customer before them, written differently.
      i % 499 === 498
        ? `office${i}@example.com`
        : i % 499 === 0
          ? ` OFFICE${i - 1}@Example.COM`
          : i % 701 === 0
            ? '-'
            : address,
      i % 907 === 0 ? 'SUN' : COUNTRIES[random(COUNTRIES.length)][0],
      i % 1301 === 0 ? '?' : pick(['A', 'A', 'A', 'I', 'P']),
      i % 8 === 0 ? customerNo(1 + random(CUSTOMERS)) : null,
      pick(['Y', 'N', 'N', ' ']),
      i % 1709 === 0 ? '31-FEB-2009' : date(random),
      i % 11 === 0 ? 'N/A' : i % 13 === 0 ? null : money(random(10_000_000)),
    )
  }
}

/** One number in the shapes that people type it. */
function phone(random) {
  const number = `${String(random(10_000)).padStart(4, '0')}`
  const shapes = [
    `(212) 555-${number}`,
    `212.555.${number}`,
    `+1 212 555 ${number}`,
    `212555${number}`,
    ` 1-212-555-${number} `,
  ]
  return shapes[random(shapes.length)]
}

function contacts(insert, pick, random) {
  for (let i = 1; i <= CUSTOMERS; i++) {
    for (let n = 1; n <= 1 + (i % 2); n++) {
      const first = pick(FIRST)
      const last = pick(LAST)
      const local = `${first}.${last}`
        .toLowerCase()
        .normalize('NFD')
        .replace(/[^a-z.-]/g, '')
      const email =
        i % 41 === 0 ? 'n/a' : i % 61 === 0 ? `${local}@` : pick([`${local}@Example.com`, ` ${local}@example.org`])
      insert(
        customerNo(i),
        n,
        first,
        last,
        i % 53 === 0 ? 'call office' : i % 200 === 0 ? null : phone(random),
        i % 200 === 0 ? null : email,
      )
    }
  }
  // Contacts of customers that somebody deleted.
  for (let i = 1; i <= 30; i++) insert(customerNo(90_000 + i), 1, pick(FIRST), pick(LAST), phone(random), null)
}

function products(insert, pick, random) {
  for (let i = 1; i <= PRODUCTS; i++) {
    const price = i % 250 === 0 ? 'N/A' : money(100 + random(500_000))
    insert(productCode(i), `${pick(THING)} ${1 + random(99)}`.padEnd(40), price)
  }
}

function orders(insertOrder, insertLine, random) {
  for (let i = 1; i <= ORDERS; i++) {
    const customer = i % 800 === 0 ? 90_000 + (i % 30) : 1 + random(CUSTOMERS)
    insertOrder(100_000 + i, customerNo(customer), date(random), i % 90 === 0 ? null : 'OSPC'[random(4)])
    for (let n = 1; n <= 3; n++) {
      const line = i * 3 + n
      const quantity = line % 3000 === 0 ? 'two' : line % 5000 === 0 ? '0' : String(1 + random(20))
      const product = line % 4000 === 0 ? 'P99999' : productCode(1 + random(PRODUCTS))
      insertLine(100_000 + i, n, product, quantity, money(100 + random(500_000)))
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = process.argv[2] ?? 'legacy.sqlite'
  console.log(`${file}: ${generate(file).toLocaleString('en-US')} rows`)
}
