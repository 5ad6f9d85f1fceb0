import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type LiveTables, liveSchema } from '../../../src/init/live-schema.js'
import { rowTypes } from '../../../src/init/row-types.js'
import { languageSchema } from '../../../src/load/schema.js'
import { tableOf } from './sides.js'

const live = (name: string, columns: string) => ({ names: [name], columns: tableOf(name, columns).columns })
const crm = {
  files: false,
  tables: [live('CUSTOMER', 'ID int64!, NAME varchar(40), BORN date'), live('REGION', 'CD text!, NAME text')],
}
const target = {
  files: false,
  tables: [
    { ...live('people', 'id int32!, name text!, photo bytes, state enum(on,off)'), names: ['people', 'app.people'] },
  ],
}
const ONE: LiveTables = { sources: { crm }, target }
const TWO: LiveTables = { ...ONE, sources: { crm, old: { files: false, tables: [live('LEGACY', 'K int32!')] } } }

/** Where a file is wrong, and what would be right there. */
function problems(entities: string, tables = ONE, more = ''): string[] {
  const ajv = new Ajv({ allErrors: true, discriminator: true, strict: false, validateSchema: false, verbose: true })
  const validate = ajv.compile(liveSchema(languageSchema(), tables))
  const names = Object.keys(tables.sources).map(name => `${name}: { type: sqlite, path: ${name}.db }`)
  const text = `{ version: 1, name: t, sources: { ${names.join(', ')} }, target: { type: sqlite, path: t.db }, entities: { e: ${entities} }${more} }`
  if (validate(parse(text))) return []
  const said = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if')
  return said.map(({ instancePath, propertyName, params }) => {
    const at = instancePath.replace(/^\/entities\/e\//, '') + (propertyName === undefined ? '' : ` key ${propertyName}`)
    return `${at}: ${String(params.allowedValues ?? Object.values(params)[0])}`
  })
}

describe('a schema with the tables that there are', () => {
  test('takes a right file, however it is written', () => {
    expect(
      problems(
        '{ from: CUSTOMER, to: people, key: ID, fields: { id: ID, name: { from: [NAME, ID], apply: [{ join: " " }] } } }',
      ),
    ).toEqual([])
    expect(
      problems('{ from: { table: REGION, columns: [CD] }, to: app.people, match: [id], fields: { id: { value: 1 } } }'),
    ).toEqual([])
    expect(problems('{ from: CUSTOMER, to: { table: fresh, create: if_missing }, fields: { anything: ID } }')).toEqual(
      [],
    )
    expect(problems('{ from: { query: select 1 }, key: a, to: people, fields: { id: a } }')).toEqual([])
    expect(problems('{ from: CUSTOMER, to: people, let: { both: { var: ID } }, fields: { id: both } }')).toEqual([])
    expect(
      problems('{ from: { target: true, table: people }, to: people, load: update, fields: { name: name } }'),
    ).toEqual([])
    expect(problems('{ from: { source: old, table: LEGACY }, to: people, fields: { id: K } }', TWO)).toEqual([])
  })

  test.each([
    ['{ from: CUSTOMR, to: people, fields: { id: ID } }', ['from: CUSTOMER,REGION']],
    ['{ from: { table: CUSTOMR }, to: people, fields: { id: ID } }', ['from/table: CUSTOMER,REGION']],
    ['{ from: { source: cmr, table: CUSTOMER }, to: people, fields: { id: ID } }', ['from/source: crm']],
    ['{ from: CUSTOMER, to: peple, fields: { id: ID } }', ['to: people,app.people']],
    ['{ from: CUSTOMER, to: people, fields: { id: IDD } }', ['fields/id: ID,NAME,BORN']],
    ['{ from: CUSTOMER, to: people, fields: { id: CD } }', ['fields/id: ID,NAME,BORN']],
    ['{ from: CUSTOMER, to: people, fields: { id: { from: IDD } } }', ['fields/id/from: ID,NAME,BORN']],
    ['{ from: CUSTOMER, to: people, fields: { id: { from: [ID, X] } } }', ['fields/id/from/1: ID,NAME,BORN']],
    ['{ from: CUSTOMER, to: people, key: [NO], fields: { id: ID } }', ['key/0: ID,NAME,BORN']],
    ['{ from: CUSTOMER, to: app.people, match: idd, fields: { id: ID } }', ['match: id,name,photo,state']],
    ['{ from: CUSTOMER, to: people, defer: [x], fields: { id: ID } }', ['defer/0: id,name,photo,state']],
  ])('%s', (entities, wanted) => {
    expect(problems(entities)).toEqual(wanted)
  })

  test('marks the key of a field that the target has not', () => {
    expect(problems('{ from: CUSTOMER, to: people, fields: { idd: ID } }')).toContain(
      'fields key idd: id,name,photo,state',
    )
  })

  test('look-ups and several sources', () => {
    const entity = '{ from: { source: old, table: CUSTOMER }, to: people, fields: { id: K } }'
    expect(problems(entity, TWO)).toEqual(['from/table: LEGACY'])
    const lookups = ', lookups: { r: { in: crm, table: REGION, key: CDD, value: NAME } }'
    const right = '{ from: { source: old, table: LEGACY }, to: people, fields: { id: { from: K, lookup: r } } }'
    expect(problems(right, TWO, lookups)).toEqual(['/lookups/r/key: CD,NAME'])
    expect(problems(right, TWO, lookups.replace('CDD', 'CD').replace('REGION', 'RGION'))).toEqual([
      '/lookups/r/table: CUSTOMER,REGION',
    ])
  })
})

test('types of rows say what a function sees: no digit is lost, null where it may be', () => {
  const text = rowTypes(ONE)
  expect(text).toContain(`export interface Sources {
  crm: {
    CUSTOMER: {
      readonly ID: number | bigint // int64!
      readonly NAME: string | null // varchar(40)
      readonly BORN: string | null // date
    }
`)
  expect(text).toContain(`export interface Target {
  people: {
    readonly id: number // int32!
    readonly name: string // text!
    readonly photo: Uint8Array | null // bytes
    readonly state: "on" | "off" | null // enum(on,off)
  }
}
`)
})
