import type { Random } from '../../support/random.js'
import { type Cell, clockText } from '../rows.js'

/** A column as Oracle declares it. */
export type AbisColumn = readonly [name: string, type: string]

export interface AbisTable {
  readonly name: string
  readonly columns: readonly AbisColumn[]
  /** Of the real system. */
  readonly rows: number
  /** Cells of row n; dates as `2024-03-01 09:30:00`, CHAR padded. */
  row(n: number, random: Random, counts: (table: string) => number): readonly Cell[]
}

const columns = (text: string): AbisColumn[] =>
  text.split('; ').map(column => [column.slice(0, column.indexOf(' ')), column.slice(column.indexOf(' ') + 1)])
const maybe = (random: Random, value: Cell): Cell => (random.chance(0.15) ? null : value)
const flag = (random: Random): string => random.pick(['Y', 'N'])
const digits = (random: Random, low: number, high: number, scale: number): string =>
  (random.int(low, high) / 10 ** scale).toFixed(scale)
const phone = (random: Random): string =>
  random.pick(['(312) 555-', '312.555.', '312-555-', '+1 312 555 ']) + String(random.int(1000, 9999))

/** Eight tables of the plant's Oracle 11g, with what twenty years of typing left in them. */
export const ABIS: readonly AbisTable[] = [
  {
    name: 'AB_CARRIER',
    rows: 25,
    columns: columns(
      'CARRIER_ID NUMBER(10); CARRIER_CD CHAR(10); CARRIER_NM VARCHAR2(100); CONTACT_NM VARCHAR2(100); PHONE_NO VARCHAR2(30); FAX_NO VARCHAR2(30); EMAIL_ADDR VARCHAR2(200); ACTIVE_FLG CHAR(1); CREATE_DT DATE',
    ),
    row: (n, random) => [
      n,
      `C${n}`.padEnd(10),
      `  carrier no ${n} `,
      maybe(random, 'Jo Doe'),
      maybe(random, phone(random)),
      maybe(random, phone(random)),
      maybe(random, ` Dispatch${n}@Carrier.Example `),
      flag(random),
      clockText(n * 600),
    ],
  },
  {
    name: 'AB_LINE',
    rows: 10,
    columns: columns(
      'LINE_ID NUMBER(10); LINE_CD CHAR(10); LINE_NM VARCHAR2(100); MAX_WIDTH NUMBER; ACTIVE_FLG NUMBER(1)',
    ),
    row: (n, random) => [n, `L${n}`.padEnd(10), `Line ${n}`, digits(random, 10_000, 72_000, 3), random.int(0, 1)],
  },
  {
    name: 'AB_CUSTOMER',
    rows: 1234,
    columns: columns(
      'CUST_ID NUMBER(10); CUST_CD VARCHAR2(20); CUST_NAME VARCHAR2(100); ADDR1 VARCHAR2(100); ADDR2 VARCHAR2(100); CITY VARCHAR2(60); STATE_CD CHAR(4); ZIP VARCHAR2(12); COUNTRY VARCHAR2(30); PHONE VARCHAR2(30); FAX VARCHAR2(30); EMAIL VARCHAR2(200); CREDIT_LIMIT NUMBER(14,2); TERMS NUMBER(3); ACTIVE_FLG CHAR(1); CREATE_DT DATE',
    ),
    row: (n, random) => [
      n,
      `cu-${String(n).padStart(5, '0')}`,
      ` Customer  ${n} Inc `,
      `${n} Main St`,
      maybe(random, `Suite ${n}`),
      'Chicago',
      maybe(random, 'il  '),
      maybe(random, `6${String(n).padStart(4, '0')}`),
      random.pick(['USA', 'US', 'United States', 'CANADA', 'Mexico']),
      n % 40 === 0 ? 'call Bob' : maybe(random, phone(random)),
      maybe(random, phone(random)),
      n % 50 === 0 ? 'none' : maybe(random, `Buyer${n}@Customer.Example`),
      maybe(random, digits(random, 0, 99_999_999, 2)),
      maybe(random, random.pick([10, 30, 60])),
      flag(random),
      clockText(n * 60),
    ],
  },
  {
    name: 'AB_COIL',
    rows: 45_678,
    columns: columns(
      'COIL_ID NUMBER(10); COIL_NUM VARCHAR2(20); HEAT_NUM VARCHAR2(20); CUST_ID NUMBER(10); STATUS_CD CHAR(1); GRADE VARCHAR2(20); ALLOY VARCHAR2(10); TEMPER CHAR(5); GAUGE NUMBER(7,5); WIDTH NUMBER; NET_WT NUMBER(10,2); GROSS_WT NUMBER(10,2); LENGTH_FT NUMBER; INNER_DIAM NUMBER(6,2); OUTER_DIAM NUMBER(6,2); LOC VARCHAR2(20); PRIME_FLG CHAR(1); RECV_DT DATE; NOTES VARCHAR2(400); CREATE_DT DATE',
    ),
    row: (n, random, counts) => {
      const net = random.int(500_000, 4_500_000)
      return [
        n,
        `AB${String(n).padStart(7, '0')}`,
        maybe(random, `H${random.int(10_000, 99_999)}`),
        random.int(1, counts('AB_CUSTOMER')),
        random.pick(['A', 'I', 'H', 'S']),
        random.pick(['cs type b', 'DQ', 'HSLA 50']),
        random.pick(['3003', '5052', '6061']),
        maybe(random, 'H14  '),
        digits(random, 1000, 99_999, 5),
        digits(random, 10_000, 72_000, 3),
        (net / 100).toFixed(2),
        ((net + random.int(100, 9000)) / 100).toFixed(2),
        maybe(random, digits(random, 10_000, 999_999, 2)),
        maybe(random, '20.00'),
        maybe(random, digits(random, 3000, 7200, 2)),
        maybe(random, `BAY-${random.int(1, 40)}`),
        flag(random),
        clockText(n * 50),
        random.chance(0.1) ? `edge "wavy", see photo\n#${n} – é` : null,
        clockText(n * 50 + 5),
      ]
    },
  },
  {
    name: 'AB_JOB',
    rows: 23_456,
    columns: columns(
      'JOB_ID NUMBER(10); JOB_NUM VARCHAR2(20); CUST_ID NUMBER(10); COIL_ID NUMBER(10); PO_NUM VARCHAR2(30); PART_NUM VARCHAR2(30); STATUS_CD CHAR(2); PRIORITY NUMBER(2); QTY_ORDERED NUMBER(10); QTY_PRODUCED NUMBER(10); TARGET_GAUGE NUMBER(7,5); TARGET_WIDTH NUMBER; TARGET_LENGTH NUMBER; TOLERANCE NUMBER(6,5); SCRAP_WT NUMBER(10,2); DUE_DT DATE; START_DT DATE; FINISH_DT DATE; RUSH_FLG CHAR(1); INSTRUCTIONS VARCHAR2(400); CREATE_DT DATE',
    ),
    row: (n, random, counts) => [
      n,
      `J-${String(n).padStart(6, '0')}`,
      // Some customers were deleted behind the application's back.
      n % 2000 === 7 ? 9_999_999 : random.int(1, counts('AB_CUSTOMER')),
      n % 1000 === 9 ? 8_888_888 : maybe(random, random.int(1, counts('AB_COIL'))),
      maybe(random, `PO ${random.int(1, 99_999)}`),
      maybe(random, `P-${random.int(1, 999)}`),
      random.pick(['OP', 'RN', 'DN', 'CX']),
      maybe(random, random.int(1, 9)),
      random.int(1, 5000),
      random.int(0, 5000),
      maybe(random, digits(random, 1000, 99_999, 5)),
      maybe(random, digits(random, 10_000, 72_000, 3)),
      maybe(random, digits(random, 10_000, 144_000, 3)),
      maybe(random, digits(random, 1, 500, 5)),
      maybe(random, digits(random, 0, 90_000, 2)),
      maybe(random, `${clockText(n * 100).slice(0, 10)} 00:00:00`),
      maybe(random, clockText(n * 100)),
      random.chance(0.5) ? clockText(n * 100 + 300) : null,
      flag(random),
      random.chance(0.1) ? 'Paper interleave; no banding.' : null,
      clockText(n * 100 - 500),
    ],
  },
  {
    name: 'AB_SKID',
    rows: 8901,
    columns: columns(
      'SKID_ID NUMBER(10); SKID_NUM VARCHAR2(20); JOB_ID NUMBER(10); PIECES NUMBER(6); NET_WT NUMBER(10,2); TARE_WT NUMBER(10,2); LOC VARCHAR2(20); SHIPPED_FLG CHAR(1); PACK_DT DATE; PACKED_BY VARCHAR2(60); CREATE_DT DATE',
    ),
    row: (n, random, counts) => [
      n,
      `S${String(n).padStart(7, '0')}`,
      random.int(8, Math.max(8, Math.min(1999, counts('AB_JOB')))),
      random.int(1, 400),
      digits(random, 10_000, 500_000, 2),
      maybe(random, digits(random, 1000, 9000, 2)),
      maybe(random, `bay-${random.int(1, 40)}`),
      random.pick(['Y', 'N', '1', '0']),
      maybe(random, clockText(n * 200)),
      maybe(random, 'O’Brien'),
      clockText(n * 200),
    ],
  },
  {
    name: 'AB_QA_RESULT',
    rows: 12_345,
    columns: columns(
      'QA_ID NUMBER(10); JOB_ID NUMBER(10); TEST_CD CHAR(10); SAMPLE_NO NUMBER(10); TENSILE NUMBER; YIELD_STR NUMBER; ELONGATION NUMBER; HARDNESS NUMBER(6,2); CHEM_C NUMBER; CHEM_MN NUMBER; PASS_FLG CHAR(1); TEST_DT DATE',
    ),
    row: (n, random, counts) => [
      n,
      n % 3000 === 11 ? 7_777_777 : random.int(8, Math.max(8, Math.min(1999, counts('AB_JOB')))),
      random.pick(['tens', 'bend', 'hard']).padEnd(10),
      n,
      maybe(random, digits(random, 20_000, 90_000, 2)),
      maybe(random, digits(random, 20_000, 60_000, 2)),
      maybe(random, digits(random, 1000, 45_000, 3)),
      maybe(random, digits(random, 1000, 9900, 2)),
      maybe(random, digits(random, 1, 99, 2)),
      maybe(random, digits(random, 1, 199, 2)),
      flag(random),
      clockText(n * 120),
    ],
  },
  {
    name: 'AB_SHIPMENT',
    rows: 6789,
    columns: columns(
      'SHIP_ID NUMBER(10); BOL_NUM VARCHAR2(30); CARRIER_ID NUMBER(10); CUST_ID NUMBER(10); SHIP_TO VARCHAR2(200); TRAILER_NO VARCHAR2(20); SEAL_NO VARCHAR2(20); PIECES NUMBER(6); WEIGHT NUMBER(12,2); FREIGHT NUMBER(12,2); STATUS_CD CHAR(1); SHIP_DT DATE; CREATE_DT DATE',
    ),
    row: (n, random, counts) => [
      n,
      `BOL${String(n).padStart(8, '0')}`,
      n % 500 === 3 ? 999 : maybe(random, random.int(1, counts('AB_CARRIER'))),
      random.int(1, counts('AB_CUSTOMER')),
      maybe(random, 'Dock 4, Gary IN'),
      maybe(random, ` t-${random.int(100, 999)} `),
      maybe(random, String(random.int(100_000, 999_999))),
      random.int(1, 60),
      digits(random, 100_000, 4_500_000, 2),
      maybe(random, digits(random, 10_000, 400_000, 2)),
      random.pick(['P', 'S', 'D']),
      maybe(random, clockText(n * 300)),
      clockText(n * 300),
    ],
  },
]
