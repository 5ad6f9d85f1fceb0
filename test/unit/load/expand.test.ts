import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadPipeline } from '../../../src/load/load.js'
import { HEAD, inFolder, load, problems, VALID } from './pipeline-file.js'

const FULL = `# yaml-language-server: $schema=../schemas/pipeline.schema.json
version: 1
name: abis
description: Coil tracking
sources:
  abis: { type: sqlite, path: abis.sqlite }
  other: { type: sqlite, path: other.sqlite }
target:
  type: postgres
  url: \${DATABASE_URL}
profiles:
  rehearsal:
    target: { type: sqlite, path: .etl/rehearsal.sqlite }
vars: { region: US }
maps:
  coil_status: { A: available, 007: bond }
  country: maps/country.csv
lookups:
  region_name: { in: abis, table: AB_REGION, key: [CD, LANG], value: NAME }
quarantine: { max_errors: 2% }
defaults: { batch_size: 1000, load: ignore, on_error: skip, max_errors: 100, rest: ignore }
entities:
  carrier:
    from: { source: abis, schema: A.B, table: AB.CARRIER }
    to: app.carrier
    rest: copy
    on_error: fail
    fields:
      country: { from: C, map: country }
  coil:
    description: Coil inventory
    from: { source: abis, table: AB_COIL, columns: [COIL_ID, WEIGHT, PRICE, A, B] }
    to: { schema: app, table: coil, create: if_missing }
    key: COIL_ID
    depends_on: [carrier]
    load: upsert
    match: id
    where: "STATUS <> 'X'"
    order_by: [COIL_ID]
    filter: { ">": [{ var: WEIGHT }, 0] }
    let:
      tons: { "/": [{ var: WEIGHT }, 2000] }
    fields:
      id: COIL_ID
      tons: tons
      name: { from: A, apply: [trim, { truncate: 50 }, { truncate: { length: 40 } }], default: none }
      both: { from: [A, B], apply: [{ join: " " }] }
      status: { from: A, map: coil_status, unmapped: null }
      inline: { from: A, map: { Y: true, N: false }, unmapped: keep }
      region: { from: [A, B], lookup: region_name, on_missing: null }
      carrier_id: { from: B, ref: carrier }
      parent_id: { from: A, ref: coil, on_missing: keep }
      heavy: { expr: { "==": [{ var: $vars.region }, US] } }
      origin: { value: abis }
      price: { from: PRICE, type: "decimal(12,2)", on_lossy: round, required: true, on_invalid: null }
    defer: [parent_id]
    batch_size: 5000
    max_errors: 1.5%
    hooks: { before: [select 1], after: [{ on: abis, sql: select 2 }] }
    when: { source_has: AB_COIL }
  codes:
    from: { rows: [{ code: A, n: 1 }] }
    to: codes
    fields: { code: code, n: n }
  fix: { from: { target: true, table: users }, to: users, load: update, fields: { id: id } }
  asked: { from: { query: select 1, source: other }, key: ID, to: asked, fields: { id: ID } }
hooks: { after: [select 3] }
consistency: strict
ledger: { schema: etl }
`

describe('the whole language', () => {
  it('is loaded with every short form written out', async () => {
    const csv = 'US,United States\nDE,"Germany, Federal"\n'
    const pipeline = await load(FULL, { env: { DATABASE_URL: 'postgres://u:pass@h/d' } }, { 'maps/country.csv': csv })
    const { spec } = pipeline
    expect(pipeline.warnings).toEqual([])
    expect(Object.values(pipeline.files)).toEqual([createHash('sha256').update(csv).digest('hex')])
    expect(spec).toMatchObject({
      name: 'abis',
      description: 'Coil tracking',
      target: { type: 'postgres', url: 'postgres://u:pass@h/d' },
      vars: { region: 'US' },
      maps: {
        country: {
          entries: [
            ['US', 'United States'],
            ['DE', 'Germany, Federal'],
          ],
        },
        coil_status: {
          entries: expect.arrayContaining([
            ['A', 'available'],
            ['007', 'bond'],
          ]),
        },
      },
      lookups: { region_name: { in: 'abis', table: { table: 'AB_REGION' }, key: ['CD', 'LANG'], value: ['NAME'] } },
      hooks: { before: [], after: [{ on: 'target', sql: 'select 3' }] },
      quarantine: { keepRows: true, maxErrors: { share: 0.02 } },
      consistency: 'strict',
      ledger: { schema: 'etl' },
    })
    expect(spec.entities.map(({ name }) => name)).toEqual(['carrier', 'coil', 'codes', 'fix', 'asked'])
    const [carrier, coil, codes, fix, asked] = spec.entities
    expect(carrier).toMatchObject({
      from: { kind: 'table', source: 'abis', table: { schema: 'A.B', table: 'AB.CARRIER' } },
      to: { table: { schema: 'app', table: 'carrier' }, create: false },
      load: 'ignore',
      rest: 'copy',
      onError: 'fail',
      maxErrors: { count: 100 },
      batchSize: 1000,
    })
    expect(carrier?.fields[0]?.map).toMatchObject({ name: 'country', unmapped: 'fail' })
    const { fields, path, let: lets, ...rest } = coil ?? expect.fail()
    expect(rest).toEqual({
      name: 'coil',
      description: 'Coil inventory',
      from: {
        kind: 'table',
        source: 'abis',
        table: { table: 'AB_COIL' },
        columns: ['COIL_ID', 'WEIGHT', 'PRICE', 'A', 'B'],
      },
      to: { table: { schema: 'app', table: 'coil' }, create: true },
      key: ['COIL_ID'],
      dependsOn: ['carrier'],
      load: 'upsert',
      match: ['id'],
      where: "STATUS <> 'X'",
      orderBy: ['COIL_ID'],
      filter: { '>': [{ var: 'WEIGHT' }, 0] },
      rest: 'ignore',
      types: [],
      defer: ['parent_id'],
      batchSize: 5000,
      onError: 'skip',
      onErrorGiven: true,
      maxErrors: { share: 0.015 },
      checks: [],
      hooks: {
        before: [
          { on: 'target', sql: 'select 1', transaction: true, path: ['entities', 'coil', 'hooks', 'before', 0] },
        ],
        after: [{ on: 'abis', sql: 'select 2', transaction: true, path: ['entities', 'coil', 'hooks', 'after', 0] }],
      },
      when: { sourceHas: { table: 'AB_COIL' } },
    })
    expect(lets).toEqual([
      { name: 'tons', rule: { '/': [{ var: 'WEIGHT' }, 2000] }, path: ['entities', 'coil', 'let', 'tons'] },
    ])
    const short = fields.map(({ path: _, apply, required, ...field }) => ({
      ...field,
      ...(apply.length === 0 ? {} : { apply: apply.map(({ fn, params }) => [fn, params]) }),
      ...(required ? { required } : {}),
    }))
    const from = (...names: string[]) => ({ kind: 'from', names })
    expect(short).toEqual([
      { target: 'id', input: from('COIL_ID') },
      { target: 'tons', input: from('tons') },
      {
        target: 'name',
        input: from('A'),
        apply: [
          ['trim', {}],
          ['truncate', { length: 50 }],
          ['truncate', { length: 40 }],
        ],
        default: 'none',
      },
      { target: 'both', input: from('A', 'B'), apply: [['join', expect.objectContaining({})]] },
      {
        target: 'status',
        input: from('A'),
        map: { name: 'coil_status', map: spec.maps.coil_status, unmapped: 'null' },
      },
      {
        target: 'inline',
        input: from('A'),
        map: {
          map: {
            entries: [
              ['Y', true],
              ['N', false],
            ],
          },
          unmapped: 'keep',
        },
      },
      { target: 'region', input: from('A', 'B'), lookup: { name: 'region_name', onMissing: 'null' } },
      { target: 'carrier_id', input: from('B'), ref: { entity: 'carrier', onMissing: 'quarantine' } },
      { target: 'parent_id', input: from('A'), ref: { entity: 'coil', onMissing: 'keep' } },
      { target: 'heavy', input: { kind: 'expr', rule: { '==': [{ var: '$vars.region' }, 'US'] } } },
      { target: 'origin', input: { kind: 'value', value: 'abis' } },
      {
        target: 'price',
        input: from('PRICE'),
        type: 'decimal(12,2)',
        onLossy: 'round',
        required: true,
        onInvalid: 'null',
      },
    ])
    expect(Object.values(fields[3]?.apply[0]?.params ?? {})).toEqual([' '])
    expect(path).toEqual(['entities', 'coil'])
    expect(codes?.from).toEqual({ kind: 'rows', rows: [{ code: 'A', n: 1 }] })
    expect(fix).toMatchObject({ from: { kind: 'target', table: { table: 'users' } }, load: 'update' })
    expect(asked?.from).toEqual({ kind: 'query', source: 'other', query: 'select 1' })
    expect(pipeline.locate(['entities', 'coil', 'load'])).toEqual({ line: 36, column: 11, length: 6 })
    expect(pipeline.locate(['entities', 'coil', 'fields', 'nothing'])).toEqual({ line: 43, column: 5, length: 6 })
  })

  it('has its defaults', async () => {
    const { spec } = await load(VALID)
    expect(spec).toMatchObject({ vars: {}, maps: {}, lookups: {}, hooks: { before: [], after: [] } })
    expect([spec.consistency, spec.ledger]).toEqual(['report', {}])
    expect((await load(`${VALID}ledger: false\n`)).spec.ledger).toBe(false)
    const { path: _, fields: __, ...entity } = spec.entities[0] ?? expect.fail()
    expect(entity).toEqual({
      name: 'customers',
      from: { kind: 'table', source: 'crm', table: { table: 'CUSTOMERS' } },
      to: { table: { table: 'customers' }, create: false },
      dependsOn: [],
      load: 'insert',
      orderBy: [],
      let: [],
      rest: 'warn',
      types: [],
      defer: [],
      onError: 'quarantine',
      onErrorGiven: false,
      hooks: { before: [], after: [] },
      checks: [],
    })
  })
})

describe('a map from a file', () => {
  const text = (file: string) => `${VALID.replace('id: ID', 'id: { from: ID, map: m }')}maps: { m: ${file} }\n`

  it.each([
    ['../m.csv', 'E013 12:12 ../m.csv lies outside the folder of the pipeline'],
    ['/etc/passwd', 'E013 12:12 /etc/passwd lies outside the folder of the pipeline'],
    ['nothing.csv', 'E223 12:12 nothing.csv does not exist'],
    ['folder', 'E223 12:12 folder is a folder'],
    ['one.csv', 'E223 12:12 row 2 of one.csv has no second column'],
    ['twice.csv', 'E223 12:12 row 2 of twice.csv repeats a code'],
    ['empty.csv', 'E223 12:12 empty.csv is empty'],
    ['quote.csv', 'E223 12:12 quote.csv is not valid CSV'],
    ['latin.csv', 'E223 12:12 latin.csv is not UTF-8 text'],
  ])('%s', async (file, expected) => {
    const beside = {
      'folder/x': '',
      'one.csv': 'a,b\nc\n',
      'twice.csv': 'a,b\na,c\n',
      'empty.csv': '',
      'quote.csv': 'a,"b\n',
      'latin.csv': '',
    }
    await inFolder(text(file), beside, async path => {
      writeFileSync(join(path, '../latin.csv'), Buffer.from('a,\xfc\n', 'latin1'))
      const error = await loadPipeline(path, { env: {} }).catch((e: unknown) => e)
      expect(error).toMatchObject({ diagnostics: [{ position: { line: 12, column: 12 } }] })
      const [found] = (error as { diagnostics: { code: string; message: string }[] }).diagnostics
      expect(`${found?.code} 12:12 ${found?.message}`).toBe(expected)
    })
  })

  it('behind a link that leads out of the folder', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'etl-outside-'))
    writeFileSync(join(outside, 'm.csv'), 'a,b\n')
    await inFolder(text('link.csv'), {}, async path => {
      symlinkSync(join(outside, 'm.csv'), join(path, '../link.csv'))
      await expect(loadPipeline(path, { env: {} })).rejects.toMatchObject({ code: 'E013' })
    })
    rmSync(outside, { recursive: true })
  })
})

it('keys keep their text, whatever number they look like', async () => {
  const text = VALID.replace('id: ID', 'id: { from: ID, map: { 01: a, 1: b, 1.0: c, null: d, true: e } }')
  const codes = (await load(text)).spec.entities[0]?.fields[0]?.map?.map.entries.map(([code]) => code)
  expect(new Set(codes)).toEqual(new Set(['01', '1', '1.0', 'null', 'true']))
})

it('anchors and aliases are values like any other', async () => {
  const text = `${HEAD}  a: { from: A, to: a, fields: { x: &trimmed { from: X, apply: [trim] }, y: *trimmed } }\n`
  const { spec } = await load(text)
  expect(spec.entities[0]?.fields.map(({ input }) => input)).toEqual([
    { kind: 'from', names: ['X'] },
    { kind: 'from', names: ['X'] },
  ])
  expect(await problems(`${HEAD}  a: { <<: { from: A }, to: a, fields: { x: X } }\n`)).toEqual([
    'E104 7:3 entity a needs `from`',
    'E101 7:8 "<<" is not a key of entity a',
  ])
})
