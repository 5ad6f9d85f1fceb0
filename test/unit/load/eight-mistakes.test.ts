import { expect, it } from 'vitest'
import { problems } from './pipeline-file.js'

const EIGHT = `version: 1
name: crm-to-warehouse
sources:
  crm: { type: sqlite, path: crm.sqlite }
target: { type: postgers, url: "postgres://localhost/app" }
entities:
  customers:
    from: CUSTOMERS
    to: customers
    load: upsrt
    fields:
      id: { from: ID, aply: [trim] }
      name: { from: NAME, apply: [trimm] }
      region: { from: REGION, map: regions }
  orders:
    from: { source: cmr, table: ORDERS }
    to: orders
    batch_size: many
    fields:
      id: ID
      customer_id: { from: CUSTOMER_ID, ref: customer }
`

it('reports eight mistakes as eight problems, each at its place, in one pass', async () => {
  expect(await problems(EIGHT)).toEqual([
    'E103 5:17 "postgers" is not one of postgres, mysql, oracle, sqlite, csv, jsonl',
    'E103 10:11 "upsrt" is not one of insert, ignore, upsert, update, replace',
    'E101 12:23 "aply" is not a key of field id',
    'E205 13:35 no function is called "trimm"',
    'E203 14:36 no map is called "regions"',
    'E202 16:21 no source is called "cmr"',
    'E102 18:17 must be a whole number, not text',
    'E201 21:46 no entity is called "customer"',
  ])
})
