import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadPipeline, type MappingTestReport, PipelineError, runMappingTests } from '../../src/index.js'
import { Workspace } from '../support/etl.js'
import { readStrictly } from '../support/strict-html.js'

const PIPELINE = `version: 1
name: shop
sources: { old: { type: oracle, host: nowhere.invalid, service: x, user: u, password: p } }
target: { type: postgres, url: "postgres://nobody@nowhere.invalid/none" }
vars: { least: 10 }
maps: { status: { A: active, I: inactive } }
lookups:
  region: { table: REGION, key: CD, value: NAME }
  place: { table: PLACE, key: [CD, NO], value: [CITY, ZIP] }
entities:
  customer:
    from: CUSTOMER
    to: customer
    let: { full: { cat: [{ var: FIRST }, " ", { var: LAST }] } }
    filter: { ">=": [{ var: POINTS }, { var: "$vars.least" }] }
    fields:
      id: ID
      name: { from: full, apply: [trim, upper], required: true, type: varchar(12) }
      status: { from: STATUS, map: status, unmapped: quarantine }
      region: { from: CD, lookup: region, on_missing: null }
      place: { from: [CD, NO], lookup: place, on_missing: null }
      balance: { from: BALANCE, type: "decimal(8,2)" }
      origin: { value: old }
  invoice:
    from: INVOICE
    to: invoice
    rest: copy
    fields:
      customer_id: { from: CUST, ref: customer, on_missing: quarantine }
      paid: { from: PAID, apply: [to_boolean], type: boolean }
`

const TESTS = `tests:
  - entity: customer
    name: trims and normalises
    given: { ID: 7, FIRST: " ada", LAST: "lovelace ", STATUS: A, CD: EU, NO: 3, POINTS: 12, BALANCE: "12.50" }
    lookups: { region: { EU: Europe }, place: { "EU,3": { CITY: Rome, ZIP: "00100" } } }
    expect: { id: 7, name: ADA LOVELACE, status: active, region: Europe, place: { ZIP: "00100", CITY: Rome }, balance: 12.5, origin: old }
  - { entity: customer, name: few points, given: { POINTS: 9 }, expect_filtered: true }
  - { entity: customer, name: long name, given: { FIRST: Augusta, LAST: Byron-King, POINTS: 10 }, expect_error: { field: name, code: TOO_LONG } }
  - { entity: customer, given: { FIRST: a, LAST: b, STATUS: Z, POINTS: 10 }, expect_error: { field: status, code: E410 } }
  - { entity: customer, name: what no look-up knows is null, given: { FIRST: a, LAST: b, STATUS: I, CD: XX, POINTS: 10 }, expect: { region: null, balance: null } }
  - entity: invoice
    name: copies the rest
    given: { CUST: 7, PAID: "Y", total: 9007199254740993 }
    refs: { customer: { 7: 4711 } }
    expect: { customer_id: 4711, paid: true, total: 9007199254740993 }
  - { entity: invoice, name: nobody's, given: { CUST: 8 }, refs: { customer: { 7: 4711 } }, expect_error: { code: REF_MISSING } }
`

const WRONG = `tests:
  - entity: customer
    name: wrong values
    given: { ID: 7, FIRST: a, LAST: b, STATUS: A, POINTS: 10, BALANCE: 1.5 }
    expect: { id: "8", name: a b, status: null, balance: 1.51, nothing: 1 }
  - { entity: customer, name: rejected, given: { FIRST: a, LAST: b, STATUS: Z, POINTS: 10 }, expect: { id: null } }
  - { entity: customer, name: filtered, given: { POINTS: 1 }, expect: { id: null } }
  - { entity: customer, name: gets through, given: { FIRST: a, LAST: b, POINTS: 10 }, expect_error: { code: REQUIRED } }
  - { entity: customer, name: another error, given: { STATUS: Z, FIRST: a, LAST: b, POINTS: 10 }, expect_error: { code: REQUIRED, field: name } }
  - { entity: customer, name: passes, given: { FIRST: a, LAST: b, POINTS: 10 }, expect: { name: A B } }
`

describe('etl test', () => {
  const place = new Workspace()
  place.write('good.yaml', PIPELINE + TESTS)
  place.write('wrong.yaml', PIPELINE + WRONG)

  async function report(file: string): Promise<MappingTestReport> {
    return runMappingTests(await loadPipeline(place.path(file), { env: {} }))
  }

  test('rows go through the mapping: functions, lets, filter, maps, look-ups, refs, types, errors', async () => {
    const { ok, tests } = await report('good.yaml')
    expect(tests.flatMap(({ name, problems }) => problems.map(problem => `${name}: ${problem}`))).toEqual([])
    expect([ok, tests.map(({ name }) => name)]).toEqual([
      true,
      [
        'trims and normalises',
        'few points',
        'long name',
        'customer 4',
        'what no look-up knows is null',
        'copies the rest',
        "nobody's",
      ],
    ])
  })

  test('what is not as expected is told, field by field', async () => {
    const { ok, tests } = await report('wrong.yaml')
    expect(ok).toBe(false)
    expect(tests.map(({ name, problems }) => [name, problems])).toEqual([
      [
        'wrong values',
        [
          'id: expected "8", got 7',
          'name: expected "a b", got "A B"',
          'status: expected null, got "active"',
          'balance: expected 1.51, got "1.5"',
          'nothing: the entity has no such field',
        ],
      ],
      ['rejected', ['the row is rejected: E410 status: value is not in the map status']],
      ['filtered', ['the row is filtered']],
      ['gets through', ['expected an error: the row gets through']],
      [
        'another error',
        [
          'expected error E401, got E410 value is not in the map status',
          'expected an error in name, got one in status: E410 value is not in the map status',
        ],
      ],
      ['passes', []],
    ])
  })

  test('names that are not there, and tests that say nothing or two things, are problems of the file', async () => {
    place.write(
      'bad.yaml',
      `${PIPELINE}tests:
  - { entity: custommer, given: {}, expect: {} }
  - { entity: customer, given: {}, lookups: { regon: {} }, refs: { nobody: {} }, expect: {}, expect_filtered: true }
  - { entity: customer, given: {} }
  - { entity: customer, given: {}, expect_error: { code: REQIRED } }
`,
    )
    const error = await loadPipeline(place.path('bad.yaml'), { env: {} }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(PipelineError)
    expect(
      (error as PipelineError).diagnostics.map(({ code, path, message }) => `${code} ${path.join('.')} ${message}`),
    ).toEqual([
      'E201 tests.0.entity there is no entity "custommer"',
      'E204 tests.1.lookups.regon there is no look-up "regon"',
      'E201 tests.1.refs.nobody there is no entity "nobody"',
      'E215 tests.1.expect_filtered a test expects one thing, and `expect` is one',
      'E104 tests.2 the test expects nothing',
      expect.stringMatching(/^E103 tests\.3\.expect_error\.code /),
    ])
  })

  test('the command line: text, JSON, JUnit, exit codes; no driver is needed', async () => {
    const good = await place.etl('test', 'good.yaml', '--entity', 'invoice')
    expect([good.code, good.stderr]).toEqual([0, ''])
    expect(good.stdout).toBe(` invoice
   ✔ copies the rest
   ✔ nobody's

 ✔ 2 tests passed
`)
    const wrong = await place.etl('test', 'wrong.yaml', '--junit', 'tests.xml')
    expect(wrong.code).toBe(1)
    expect(wrong.stdout).toContain('   ✖ rejected   wrong.yaml:36\n       the row is rejected: E410')
    expect(wrong.stdout).toMatch(/\n ✖ 5 of 6 tests failed\n$/)
    const xml = readFileSync(place.path('tests.xml'), 'utf8')
    expect(xml).toContain('<testsuites name="etl test shop" tests="6" failures="5">')
    readStrictly(xml.replace(/^<\?xml.*\n/, ''))
    const json = await place.etl('test', 'wrong.yaml', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ pipeline: 'shop', ok: false, tests: { length: 6 } })
  })
})
