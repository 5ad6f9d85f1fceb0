import { describe, expect, test } from 'vitest'
import { errorsOf, planOf } from './temp-databases.js'

const SOURCE = `
  create table CUST (ID integer primary key, CODE text not null unique, NAME text, TOTAL numeric(10,2), WEIGHT real);
  create table ORD (ID integer primary key, CUST_ID integer, CUST_CODE text, NOTE text);
  create table STAFF (ID integer primary key, NAME text, BOSS integer);
  create table LOG (AT text, TEXT text);
  create table LINE (ORD_ID integer not null, NO integer not null, primary key (ORD_ID, NO));`
const TARGET = `
  create table customer (id integer primary key, code text not null unique, name text not null, total numeric(10,2));
  create table orders (id integer primary key, customer_id integer references customer (id), note text);
  create table staff (id integer primary key, name text, boss_id integer references staff (id));
  create table computed (id integer primary key, a text, b text generated always as (a || a) stored);
  create table line (id integer primary key, ord_id integer, no integer);
  create table line_note (line_id integer, note text);`
const db = { source: SOURCE, target: TARGET }
const CUSTOMER = `  customer: { from: CUST, to: customer, rest: ignore, fields: { id: ID, code: CODE, name: NAME } }\n`

describe('a plan', () => {
  test('is read, row program and write, in the order the target allows', async () => {
    const plan = await planOf({
      ...db,
      entities: `  order: { from: ORD, to: orders, rest: ignore, fields: { id: ID, customer_id: CUST_ID, note: NOTE } }\n${CUSTOMER}`,
    })
    expect(plan.entities.map(e => [e.name, e.wave, e.after])).toEqual([
      ['customer', 1, []],
      ['order', 2, ['customer']],
    ])
    const [customer] = plan.entities
    expect(customer?.read.columns.map(c => [c.name, c.decode])).toEqual([
      ['ID', false],
      ['CODE', false],
      ['NAME', false],
    ])
    expect(customer?.read.order).toEqual([0])
    expect(customer?.write.columns.map(c => c.name)).toEqual(['id', 'code', 'name'])
    expect(customer?.write.advance).toEqual(['id'])
    expect(customer?.program.fields.map(f => [f.target, f.required])).toEqual([
      ['id', true],
      ['code', true],
      ['name', true],
    ])
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })

  test('is frozen through and through', async () => {
    const plan = await planOf({
      ...db,
      entities: CUSTOMER.replace('fields:', 'filter: { ">": [{ var: ID }, 0] }, fields:'),
    })
    const open: string[] = []
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) open.push(path)
      for (const [key, part] of Object.entries(value)) walk(part, `${path}/${key}`)
    }
    walk(plan, '')
    expect(open).toEqual([])
    expect(() => (plan.entities as unknown[]).push(1)).toThrow(TypeError)
  })

  test('is the same every time', async () => {
    const [a, b] = [
      await planOf({ ...db, entities: CUSTOMER }),
      await planOf({ ...db, entities: `  # words\n${CUSTOMER}` }),
    ]
    const { 'source.crm.identity': _a, 'target.identity': _b, ...first } = a.fingerprintParts
    const { 'source.crm.identity': _c, 'target.identity': _d, ...second } = b.fingerprintParts
    expect(second).toEqual(first)
    expect(b.entities).toEqual(a.entities)
  })

  test('casts to the column too where it holds less than the type that the file gives', async () => {
    const entities = (type: string): string =>
      CUSTOMER.replace('id: ID, code: CODE, name: NAME', `id: ID, code: CODE, name: { from: NAME, type: ${type} }`)
    const wide = await planOf({
      source: SOURCE,
      target: TARGET.replace(/name \w+(\(\d+\))?/i, 'name decimal(10,2)'),
      entities: entities('"decimal(12,4)"'),
    })
    expect(wide.entities[0]?.program.fields[2]).toMatchObject({
      castTo: { kind: 'decimal', precision: 12, scale: 4 },
      castThen: { kind: 'decimal', precision: 10, scale: 2 },
    })
    expect(wide.warnings.map(w => [w.code, w.message])).toContainEqual([
      'E220',
      'name: decimal(12,4) to decimal(10,2), more than 2 digits after the point would be cut off',
    ])
    const narrow = await planOf({
      source: SOURCE,
      target: TARGET.replace(/name \w+(\(\d+\))?/i, 'name decimal(10,2)'),
      entities: entities('"decimal(8,1)"'),
    })
    expect(narrow.entities[0]?.program.fields[2]).not.toHaveProperty('castThen')
  })

  test('reads what expressions, lets, filter and order need, decoded', async () => {
    const plan = await planOf({
      ...db,
      entities: `  customer:
    from: CUST
    to: customer
    rest: ignore
    order_by: [NAME]
    let: { big: { ">": [{ var: WEIGHT }, 5] } }
    filter: { var: big }
    fields: { code: { from: CODE, apply: [upper] }, name: { expr: { cat: [{ var: NAME }, "!"] } } }\n`,
    })
    const [entity] = plan.entities
    expect(entity?.read.columns.map(c => [c.name, c.decode])).toEqual([
      ['ID', false],
      ['CODE', true],
      ['NAME', true],
      ['WEIGHT', true],
    ])
    expect(entity?.read.order).toEqual([2, 0])
    expect(entity?.program.lets.map(l => l.name)).toEqual(['big'])
  })

  test('selection, batch size and skipped entities', async () => {
    const entities = `${CUSTOMER}  order: { from: ORD, to: orders, rest: ignore, depends_on: [gone], fields: { id: ID } }
  gone: { from: GONE, to: staff, when: { source_has: GONE }, fields: { id: ID } }\n`
    const plan = await planOf({ ...db, entities }, { entities: ['order', 'gone'], batchSize: 7 })
    expect(plan.entities.map(e => [e.name, e.batchRows, e.after])).toEqual([['order', 7, []]])
    expect(plan.skipped).toEqual([{ entity: 'gone', reason: 'crm has no table GONE' }])
    expect(await errorsOf({ ...db, entities }, { entities: ['ordr'] })).toEqual([
      ['E201', '', 'there is no entity "ordr"', 'did you mean "order"?'],
    ])
  })

  test('rest: copy takes the same names, then names that differ by case, and says what has no home', async () => {
    const plan = await planOf({ ...db, entities: '  customer: { from: CUST, to: customer, rest: copy, fields: {} }\n' })
    expect(plan.entities[0]?.write.columns.map(c => c.name)).toEqual(['id', 'code', 'name', 'total'])
    expect(plan.warnings.map(w => [w.code, w.message])).toEqual([['E219', 'CUST: the target has no column for WEIGHT']])
  })

  test('a table to be created takes its types from the source and its key from the source key', async () => {
    const to = '{ table: fresh, create: if_missing }'
    const plan = await planOf({
      ...db,
      entities: `  c: { from: CUST, to: ${to}, rest: ignore, fields: { key: ID, total: TOTAL, shout: { from: NAME, apply: [upper], type: varchar(20) } } }\n`,
    })
    expect(plan.entities[0]?.write).toMatchObject({ create: true, primaryKey: ['key'] })
    expect(plan.entities[0]?.write.columns.map(c => [c.name, c.native, c.nullable])).toEqual([
      ['key', 'INTEGER', false],
      ['total', 'DECIMAL(10,2)', true],
      ['shout', 'VARCHAR(20)', true],
    ])
    expect(
      await errorsOf({
        ...db,
        entities: `  c: { from: CUST, to: ${to}, rest: ignore, fields: { key: ID, shout: { from: NAME, apply: [upper] } } }\n`,
      }),
    ).toEqual([['E216', 'c.fields.shout', 'shout is to be created, and its type is unknown', 'say it: `type: text`']])
  })
})

describe('refs', () => {
  const order = (more: string) =>
    `  order: { from: ORD, to: orders, rest: ignore, fields: { id: ID, customer_id: { ${more}, ref: customer } } }\n`

  test('a key made from the source key is computed', async () => {
    const plan = await planOf({ ...db, entities: CUSTOMER + order('from: CUST_ID') })
    const ref = plan.entities[1]?.program.fields[1]?.ref
    expect(ref).toMatchObject({ kind: 'computed', keyColumns: ['ID'], table: { table: 'customer' } })
    expect(ref?.field?.input).toEqual({ kind: 'columns', indexes: [0], names: ['ID'] })
    expect(plan.entities[0]?.keepsIdentity).toBe(false)
  })

  test('a generated key is kept in the ledger', async () => {
    const customer =
      '  customer: { from: CUST, to: customer, key: [CODE], rest: ignore, fields: { code: CODE, name: NAME } }\n'
    const plan = await planOf({ ...db, entities: customer + order('from: CUST_CODE') })
    expect(plan.entities[1]?.program.fields[1]?.ref).toEqual({
      entity: 'customer',
      onMissing: 'quarantine',
      kind: 'identity',
    })
    expect(plan.entities[0]?.keepsIdentity).toBe(true)
    expect(plan.entities[0]?.write.returning?.name).toBe('id')
  })

  test('a key made from anything else is refused', async () => {
    const customer =
      '  customer: { from: CUST, to: customer, key: [CODE], rest: ignore, fields: { id: ID, code: CODE, name: NAME } }\n'
    expect(await errorsOf({ ...db, entities: customer + order('from: CUST_CODE') })).toEqual([
      [
        'E217',
        'order.fields.customer_id.ref',
        'customer.id is made from ID, not from the source key, so it cannot be told from the source key',
        'make it from CODE alone, or use a look-up in the target',
      ],
    ])
  })

  test('a composite key takes as many values, in its order', async () => {
    const line = '  line: { from: LINE, to: line, fields: { ord_id: ORD_ID, no: NO } }\n'
    const note = (from: string) =>
      `  n: { from: LINE, to: line_note, fields: { line_id: { from: ${from}, ref: line } } }\n`
    const plan = await planOf({ ...db, entities: line + note('[ORD_ID, NO]') })
    expect(plan.entities[1]?.program.fields[0]?.ref?.kind).toBe('identity')
    expect(await errorsOf({ ...db, entities: line + note('NO') })).toEqual([
      [
        'E217',
        'n.fields.line_id.ref',
        'line has a key of 2 columns (ORD_ID, NO), this gives 1',
        '`from` takes them in this order: [ORD_ID, NO]',
      ],
    ])
  })
})

describe('defer', () => {
  const staff = (id: string) =>
    `  staff: { from: STAFF, to: staff, defer: [boss_id], fields: { ${id}name: NAME, boss_id: { from: BOSS, ref: staff } } }\n`

  test('a second pass updates by the key, with its own narrow read', async () => {
    const [entity] = (await planOf({ ...db, entities: staff('id: ID, ') })).entities
    expect(entity?.write.columns.map(c => c.name)).toEqual(['id', 'name'])
    expect(entity?.deferred?.columns).toEqual(['boss_id'])
    expect(entity?.deferred?.write).toMatchObject({ mode: 'update', match: ['id'] })
    expect(entity?.deferred?.write.columns.map(c => c.name)).toEqual(['id', 'boss_id'])
    expect(entity?.deferred?.read.columns.map(c => c.name)).toEqual(['ID', 'BOSS'])
  })

  test('a generated key is found again by the ledger', async () => {
    const [entity] = (await planOf({ ...db, entities: staff('') })).entities
    expect(entity?.keepsIdentity).toBe(true)
    expect(entity?.write.returning?.name).toBe('id')
    const [id, boss] = entity?.deferred?.program.fields ?? []
    expect(id).toMatchObject({ target: 'id', ref: { entity: 'staff', kind: 'identity' } })
    expect(boss).toMatchObject({ target: 'boss_id', ref: { entity: 'staff', kind: 'identity' } })
  })
})

describe('mistakes', () => {
  test('all of them are told at once', async () => {
    const entities = `  a: { from: CUSTT, to: customer, fields: { id: ID } }
  b: { from: CUST, to: custmer, fields: { id: ID } }
  c: { from: CUST, to: customer, rest: ignore, fields: { id: IDD, nme: NAME, code: CODE } }
  d: { from: LOG, to: line_note, fields: { note: TEXT } }
  e: { from: CUST, to: computed, rest: ignore, fields: { b: NAME } }
  f: { from: CUST, to: computed, rest: ignore, filter: { ">": [{ var: WEIGT }, 1] }, fields: { a: NAME } }\n`
    expect(await errorsOf({ ...db, entities })).toEqual([
      ['E208', 'a.from', expect.stringMatching(/ has no table CUSTT$/), 'did you mean "CUST"?'],
      [
        'E208',
        'b.to',
        'the target has no table custmer',
        'did you mean "customer"?; `create: if_missing` would create it',
      ],
      [
        'E218',
        'c.fields',
        'customer.name is NOT NULL without a default, and no field makes it',
        'add a field `name: ...`',
      ],
      ['E207', 'c.fields.id.from', 'CUST has no column IDD', 'did you mean "ID"?'],
      ['E207', 'c.fields.nme', 'customer has no column nme', 'did you mean "name"?'],
      ['E210', 'd.from', 'LOG has no primary key', 'say which columns identify a row: `key: [...]`'],
      ['E222', 'e.fields.b', 'b is computed by the target', 'remove the field'],
      ['E206', 'f.filter.>.0.var', '"WEIGT" is no column and no let name', 'did you mean WEIGHT?'],
    ])
  })

  test('keys that cannot be used', async () => {
    const entity = (key: string) =>
      `  a: { from: CUST, to: staff, rest: ignore, key: [${key}], fields: { name: NAME } }\n`
    const codes = async (key: string) => (await errorsOf({ ...db, entities: entity(key) })).map(e => [e[0], e[2]])
    expect(await codes('NAME')).toEqual([['E217', 'NAME may be null, so it cannot identify a row']])
    expect((await codes('WEIGHT'))[0]).toEqual(['E217', 'WEIGHT is a float, and floats cannot be told apart reliably'])
    expect(await codes('CODE')).toEqual([])
  })

  test('match must be a key of the target and be written', async () => {
    const entity = (match: string, fields: string) =>
      `  a: { from: CUST, to: customer, rest: ignore, load: upsert, ${match} fields: { name: NAME, ${fields} } }\n`
    const messages = async (match: string, fields: string) =>
      (await errorsOf({ ...db, entities: entity(match, fields) })).map(e => [e[0], e[1], e[2]])
    expect(await messages('match: [code],', 'code: CODE')).toEqual([])
    expect(await messages('match: [name],', 'code: CODE')).toEqual([
      ['E217', 'a.match', 'nothing in customer keeps name unique'],
    ])
    expect(await messages('', 'code: CODE')).toEqual([
      ['E217', 'a.load', 'no field makes id, so upsert cannot tell which row is the same'],
    ])
  })

  test('a cycle of foreign keys in the target', async () => {
    const target = `create table a (id integer primary key, b_id integer references b (id));
      create table b (id integer primary key, a_id integer references a (id));`
    const entities = `  a: { from: ORD, to: a, rest: ignore, fields: { id: ID, b_id: CUST_ID } }
  b: { from: ORD, to: b, rest: ignore, fields: { id: ID, a_id: CUST_ID } }\n`
    expect(await errorsOf({ source: SOURCE, target, entities })).toEqual([
      [
        'E209',
        'a.fields.b_id',
        'these entities wait for each other: a (foreign key b_id) → b (foreign key a_id) → a',
        'fill one side in a second pass: `defer: [b_id]` in a, or `defer: [a_id]` in b',
      ],
    ])
    const deferred = entities.replace('rest: ignore', 'rest: ignore, defer: [b_id]')
    const plan = await planOf({ source: SOURCE, target, entities: deferred })
    expect(plan.entities.map(e => [e.name, e.after])).toEqual([
      ['a', []],
      ['b', ['a']],
    ])
  })

  test('rest: warn is a warning, fail an error', async () => {
    const entity = (rest: string) => `  a: { from: STAFF, to: staff, rest: ${rest}, fields: { id: ID, name: NAME } }\n`
    expect((await planOf({ ...db, entities: entity('warn') })).warnings.map(w => w.message)).toEqual([
      'STAFF: nothing uses BOSS',
    ])
    expect((await errorsOf({ ...db, entities: entity('fail') })).map(e => [e[0], e[2]])).toEqual([
      ['E219', 'STAFF: nothing uses BOSS'],
    ])
  })

  test('float arithmetic on a decimal is a warning', async () => {
    const plan = await planOf({
      ...db,
      entities: `  c: { from: CUST, to: customer, rest: ignore, fields: { id: ID, code: CODE, name: NAME, total: { expr: { "*": [{ var: TOTAL }, 2] } } } }\n`,
    })
    expect(plan.warnings.map(w => [w.code, w.message])).toEqual([
      ['E221', 'TOTAL is a decimal, and this arithmetic is done in floats'],
    ])
  })
})
