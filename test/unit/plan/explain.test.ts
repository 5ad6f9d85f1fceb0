import { expect, test } from 'vitest'
import { explainPlan } from '../../../src/plan/explain.js'
import { planOf } from './temp-databases.js'

test('a plan as a page', async () => {
  const plan = await planOf({
    source: `create table CUST (ID integer primary key, NAME varchar(10), BOSS integer);
      create table ORD (ID integer primary key, CUST_ID integer, NOTE text, EXTRA text);`,
    target: `create table customer (id integer primary key, name text, boss_id integer references customer (id));
      create table flags (code text primary key);`,
    entities: `  flag: { from: { rows: [{ code: a }, { code: b }] }, to: flags, load: replace, fields: { code: code } }
  order:
    from: ORD
    to: { table: orders, create: if_missing }
    fields: { id: ID, customer_id: { from: CUST_ID, ref: customer }, note: NOTE }
  customer:
    from: CUST
    to: customer
    defer: [boss_id]
    fields: { name: NAME, boss_id: { from: BOSS, ref: customer } }
`,
  })
  const page = explainPlan({
    ...plan,
    fingerprint: '0123456789abcdef',
    sources: { crm: { type: 'sqlite', uid: 'a', label: 'sqlite source.db', reading: 'one snapshot' } },
    target: { type: 'sqlite', uid: 'b', label: 'sqlite target.db' },
    entities: plan.entities.map(({ estimatedRows: _, ...entity }) =>
      entity.name === 'order' ? { ...entity, estimatedRows: 12345 } : entity,
    ),
    warnings: plan.warnings,
  })
  expect(page).toBe(` etl plan  p   fingerprint 0123456789ab
 sqlite source.db ━━▶ sqlite target.db
 crm is read in one snapshot

  WAVE  ENTITY    FROM                TO        AFTER     LOAD     EST. ROWS
  1     flag      2 rows of the file  flags     ·         replace    unknown
  1     customer  crm CUST            customer  ·         insert     unknown
  2     order     crm ORD             orders    customer  insert      12,345

  TARGET CHANGES
  - empty   flags     its rows are deleted first, within the run
  ~ update  customer  second pass fills boss_id
  + create  orders    3 columns, primary key id

  CREATED COLUMNS
  orders.id           int64  INTEGER  source INTEGER
  orders.customer_id  int64  INTEGER  key of customer
  orders.note         text   TEXT     source TEXT

  CONVERSIONS
  1 lossless

  customer: keys that the target generates are kept in the ledger for refs

  ⚠ E219 (order, line 7) ORD: nothing uses EXTRA; add fields for them, or say \`rest: ignore\` or \`rest: copy\`

  Plan: 3 entities, 1 table created, 1 table emptied, about 12,345 rows, 2 entities of unknown size
`)
})
