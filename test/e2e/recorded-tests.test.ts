import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPipeline, recordTests } from '../../src/index.js'
import { Workspace } from '../support/etl.js'
import { recorded } from '../support/recorded.js'
import { CHINOOK_DATA } from './chinook/official.js'
import { pipeline } from './chinook/pipelines.js'

const shown = (tests: unknown): string => JSON.stringify(tests)

if (!existsSync(CHINOOK_DATA))
  console.warn(`Chinook data is not here: ${CHINOOK_DATA}. Recording its rows was NOT tested.`)

describe('etl test --record', () => {
  if (existsSync(CHINOOK_DATA))
    test('Chinook: rows of every table pass as tests, masked or not', async () => {
      const place = new Workspace()
      const file = place.path('pipeline.yaml')
      const source = { type: 'sqlite', path: join(CHINOOK_DATA, 'Chinook_Sqlite.sqlite') }
      const text = pipeline('chinook', source, { type: 'sqlite', path: 'target.sqlite' }, t => ({
        from: t.original,
        to: { table: t.name, create: 'if_missing' },
        fields: Object.fromEntries(t.columns.map(c => [c.name, c.original])),
      }))
      place.write('pipeline.yaml', text)
      const load = () => loadPipeline(file, { env: {} })
      const plain = await recorded(file, {}, load)
      expect([plain.count, plain.problems]).toEqual([44, []])
      expect(shown(plain.tests)).toContain('luisg@embraer.com.br')
      const masked = await recorded(file, { mask: true, seed: 3 }, load)
      expect([masked.count, masked.problems]).toEqual([44, []])
      const customer = masked.tests.find(({ entity }) => entity === 'customer')
      expect(customer?.given.CustomerId).toBe(1)
      expect(customer?.given.Email).toMatch(/^[a-z]{5}@[a-z]{7}\.[a-z]{3}\.[a-z]{2}$/)
      expect(customer?.given.Phone).toMatch(/^\+\d{2} \(\d{2}\) \d{4}-\d{4}$/)
      expect(customer?.expect?.email).toBe(customer?.given.Email)
      for (const secret of ['luisg', 'Gonçalves', '3923-5555', 'São José', 'AC/DC'])
        expect(shown(masked.tests)).not.toContain(secret)
      const again = await recorded(file, { mask: true, seed: 3 }, load)
      expect(again.tests).toEqual(masked.tests)
    })

  test('what a file cannot hold, and what is another value each time, is told', async () => {
    const place = new Workspace()
    place.source(`
      create table CUSTOMER (ID integer primary key, NAME text, REGION text, STATUS text, BIG integer, PHOTO blob, BORN text, EXTRA text);
      insert into CUSTOMER values
        (1, 'Ada Lovelace', 'EU', 'A', 9007199254740993, x'00ff', '1815-12-10', '{"city":"London","tags":["x","Countess"]}'),
        (2, '\${HOME} 김철수', 'XX', 'I', 2, null, '10/12/1815', null), (3, null, 'EU', 'A', 3, null, null, null), (4, 'gone', 'EU', 'G', 4, null, null, null);
      create table REGION (CODE text primary key, NAME text); insert into REGION values ('EU', 'Europe');
      create table ACCOUNT (NO text primary key, CUST integer); insert into ACCOUNT values ('a-17', 1), ('b-18', 99);`)
    place.write(
      'pipeline.yaml',
      `version: 1
name: few
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
lookups: { region: { table: REGION, key: CODE, value: NAME } }
entities:
  customer:
    from: CUSTOMER
    to: { table: customer, create: if_missing }
    filter: { "!=": [{ var: STATUS }, G] }
    fields:
      id: { from: ID, type: int64 }
      name: { from: NAME, required: true, type: text }
      region: { from: REGION, lookup: region, on_missing: null, type: text }
      status: { from: STATUS, map: { A: active, I: inactive }, type: text }
      big: { from: BIG, type: int64 }
      photo: { from: PHOTO, type: bytes }
      born: { from: BORN, type: text }
      extra: { from: EXTRA, type: text }
      uid: { value: x, apply: [uuid], type: text }
  account:
    from: ACCOUNT
    to: { table: account, create: if_missing }
    fields: { no: { from: NO, type: text }, customer_id: { from: CUST, ref: customer, on_missing: null, type: int64 } }
`,
    )
    const done = await place.etl(
      'test',
      '--record',
      'customer',
      '--rows',
      '9',
      '--mask',
      '-o',
      'tests.yaml',
      '--seed',
      '5',
    )
    expect([done.code, done.stderr]).toEqual([0, ''])
    const text = readFileSync(place.path('tests.yaml'), 'utf8')
    for (const secret of ['Ada', 'Lovelace', '김철수', 'Europe', 'London', 'Countess', '1815-12-10', 'HOME'])
      expect(text).not.toContain(secret)
    expect(text).toMatch(
      /^# PHOTO holds bytes, which a test cannot give: it is null there\n# uid is another value each time: it is not compared\ntests:\n/,
    )
    expect(text).toContain('9007199254740993')
    expect(text).toContain('expect_filtered: true')
    expect(text).toContain('code: E401')
    expect(text).toMatch(/born: 1815-\d\d-\d\d\n/)
    expect(text).toMatch(/EXTRA: '\{"city":"[A-Z][a-z]{5}","tags":\["x","[A-Z][a-z]{7}"\]\}'/)

    const load = () => loadPipeline(place.path('pipeline.yaml'), { env: {} })
    const { problems, count } = await recorded(place.path('pipeline.yaml'), {}, load)
    expect([problems, count]).toEqual([[], 6])
    const accounts = await recordTests(await load(), { entity: 'account', rows: 2 })
    expect(accounts.tests.map(({ refs, expect: made }) => [refs, made])).toEqual([
      [{ customer: { '1': 1 } }, { no: 'a-17', customer_id: 1 }],
      [undefined, { no: 'b-18', customer_id: null }],
    ])
    const unknown = await place.etl('test', '--record', 'customers')
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no entity customers')])
  })
})
