import { describe, expect, test } from 'vitest'
import { decisions, type Proposal } from '../../../src/init/proposal.js'
import { propose } from '../../../src/init/propose.js'
import { profileOf, reference, sideOf, tableOf } from './sides.js'

/** `target: from ref entity # notes`, one line a field. */
function fieldsOf({ entities }: Proposal, name: string): string[] {
  const found = entities.find(entity => entity.name === name)
  return (found?.fields ?? []).map(({ target, from, ref, apply, map, notes }) => {
    const steps = [apply === undefined ? '' : ` ${JSON.stringify(apply)}`, map === undefined ? '' : ` map ${map}`]
    return `${target}: ${from}${ref === undefined ? '' : ` ref ${ref}`}${steps.join('')}${notes.length === 0 ? '' : ` # ${notes.join('; ')}`}`
  })
}

describe('tables and columns', () => {
  test('are matched by name whatever the prefix, the case and the number; the order follows references of the target', () => {
    const source = sideOf([
      tableOf('AB_ORDER_LINE', 'LINE_ID int32!, ORDER_ID int32, QTY int32'),
      tableOf('AB_ORDER', 'ORDER_ID int32!, CUST_ID int32, ORDER_DT date'),
      tableOf('AB_CUSTOMER', 'CUST_ID int32!, CUST_NAME varchar(40)'),
      tableOf('AB_PLANT', 'PLANT_ID int32!, X text'),
    ])
    const target = sideOf([
      tableOf('customers', 'id int32!, name varchar(40)'),
      tableOf('order_lines', 'id int32!, order_id int32, quantity int32', { order_id: 'orders.id' }),
      tableOf('orders', 'id int32!, customer_id int32, order_date date', { customer_id: 'customers.id' }),
      tableOf('invoices', 'id int32!'),
    ])
    const found = propose(source, target)
    expect(found.entities.map(({ name, from, to }) => `${name}: ${from} → ${to}`)).toEqual([
      'customers: AB_CUSTOMER → customers',
      'orders: AB_ORDER → orders',
      'order_lines: AB_ORDER_LINE → order_lines',
    ])
    expect(fieldsOf(found, 'orders')).toEqual([
      'id: ORDER_ID # ORDER_ID ~ id 0.90',
      'customer_id: CUST_ID ref customers # CUST_ID ~ customer_id 0.93',
      'order_date: ORDER_DT # ORDER_DT ~ order_date 0.95',
    ])
    expect([found.sourceLeft, found.targetLeft]).toEqual([['AB_PLANT'], ['invoices']])
    expect(propose(source, target)).toEqual(found)
  })

  test('columns without a partner are told on both sides, those that the target needs as decisions', () => {
    const found = propose(
      sideOf([tableOf('users', 'id int32!, name text, shoe text')]),
      sideOf([tableOf('users', 'id int32!, name text, role text!, since date!+, note text')]),
    )
    expect(found.entities[0]?.left).toEqual([
      'decide: the target needs a value: role: { value: … } (text)',
      'no partner: since (date, the database has a default)',
      'no partner: note (text)',
      'not read: shoe (text)',
    ])
    expect(decisions(found)).toEqual(['users: the target needs a value: role: { value: … } (text)'])
  })

  test('a cycle is broken where a column may wait, and rows of their own table come in a second pass', () => {
    const tables = [
      tableOf('person', 'id int32!, boss_id int32, team_id int32', { boss_id: 'person.id', team_id: 'team.id' }),
      tableOf('team', 'id int32!, lead_id int32!', { lead_id: 'person.id' }),
    ]
    const found = propose(sideOf(tables), sideOf(tables))
    expect(found.entities.map(({ name, defer }) => [name, defer])).toEqual([
      ['person', ['boss_id', 'team_id']],
      ['team', []],
    ])
  })

  test('references that only the source has are refs too; orphans and guesses are told', () => {
    const tables = [tableOf('client', 'id int32!'), tableOf('visit', 'id int32!, client_id int32')]
    const references = [reference('visit.client_id', 'client.id', { declared: false, orphans: 2 })]
    const found = propose(sideOf(tables, { references }), sideOf(tables))
    expect(fieldsOf(found, 'visit')[1]).toBe(
      'client_id: client_id ref client # decide: 2 rows refer to nothing; on_missing: null, or they are rejected; a reference by its name only',
    )
  })

  test('a target without tables gets them, in names that need no quotes', () => {
    const found = propose(
      sideOf([tableOf('OrderLine', 'LineID int32!, Unit Price float64'.replace('Unit P', 'UnitP'))]),
      sideOf([]),
    )
    expect(found.entities[0]).toMatchObject({ from: 'OrderLine', to: 'order_line', create: true })
    expect(fieldsOf(found, 'order_line')).toEqual(['line_id: LineID', 'unit_price: UnitPrice'])
  })

  test('without a primary key a unique one is taken, else a column that tells rows apart today', () => {
    const table = { ...tableOf('log', 'at text!, line text!'), primaryKey: [] }
    const profiles = profileOf('log', 9, { at: { distinct: 3 }, line: { distinct: 9 } })
    const guessed = propose(sideOf([table], { profiles }), sideOf([]))
    expect(guessed.entities[0]).toMatchObject({
      key: ['line'],
      keyNote: 'decide: no primary key; no value comes twice in 9 rows today',
    })
    const unique = { ...table, uniques: [{ name: 'u', columns: ['at', 'line'] }] }
    expect(propose(sideOf([unique]), sideOf([])).entities[0]?.key).toEqual(['at', 'line'])
  })
})

describe('conversions', () => {
  const one = (from: string, to: string, profile: Parameters<typeof profileOf>[2][string] = {}, rows = 100): string => {
    const column = from.split(' ')[0] ?? ''
    const source = sideOf([tableOf('t', `id int32!, ${from}`)], {
      profiles: profileOf('t', rows, { [column]: profile }),
    })
    return fieldsOf(propose(source, sideOf([tableOf('t', `id int32!, ${to}`)])), 't')[1] ?? ''
  }
  const dates = (...formats: readonly (readonly [string, number])[]) => ({
    dates: { of: 10, others: 0, formats: formats.map(([format, rows]) => ({ format, rows })) },
  })

  test.each([
    ['born text', 'born date', dates(['YYYY-MM-DD', 10]), 'born: born # dates are written YYYY-MM-DD × 10'],
    [
      'born text',
      'born date',
      dates(['DD.MM.YYYY', 9], ['YYYY-MM-DD', 1]),
      'born: born [{"parse_date":{"format":"d.M.yyyy","or":["yyyy-MM-dd"]}}] # dates are written DD.MM.YYYY × 9, YYYY-MM-DD × 1',
    ],
    [
      'seen text',
      'seen timestamp',
      dates(['YYYY/MM/DD hh:mm', 10]),
      'seen: seen [{"parse_timestamp":"yyyy/MM/dd HH:mm"}] # dates are written YYYY/MM/DD hh:mm × 10',
    ],
    [
      'born text',
      'born date',
      dates(['MM/DD or DD/MM/YYYY', 10]),
      'born: born # decide: dates are written MM/DD or DD/MM/YYYY × 10; say which by apply: [{ parse_date: M/d/yyyy }] or d/M/yyyy',
    ],
    [
      'seen timestamp',
      'seen timestamptz',
      {},
      'seen: seen [{"zone":"UTC"}] # decide: the zone in which the old clock stood',
    ],
    ['size int64', 'size int16', { min: 1, max: 9 }, 'size: size # int64 → int16; 1 … 9 today'],
    [
      'size int64',
      'size int16',
      { min: 1, max: 99999 },
      'size: size # checked: int64 → int16, a number may be out of range; 1 … 99999 today',
    ],
    ['name text', 'name varchar(9)', {}, 'name: name # checked: text → varchar(9), at most 9 characters'],
    [
      'name text',
      'name text!',
      { nulls: 3 },
      'name: name # decide: 3 nulls, and the target takes none; give a default: or let the rows be rejected',
    ],
    ['name text', 'name text!', { nulls: 0 }, 'name: name # null → not null, no null today'],
  ])('%s → %s', (from, to, profile, field) => {
    expect(one(from, to, profile)).toBe(field)
  })

  const values = (...found: readonly (readonly [string, number])[]) => ({
    values: found.map(([value, rows]) => ({ value, rows })),
  })

  test('codes: yes and no, labels of the target, and a map that changes nothing until somebody decides', () => {
    expect(one('active text', 'active boolean', values(['Y', 60], ['N', 40]))).toBe(
      'active: active ["to_boolean"] # found "Y" × 60, "N" × 40',
    )
    expect(one('active text', 'active boolean', values(['A', 60], ['Z', 40]))).toBe(
      'active: active # decide: found "A" × 60, "Z" × 40; say what is true by apply: [{ to_boolean: { true: […], false: […] } }]',
    )
    const source = sideOf([tableOf('t', 'id int32!, kind text, state text, name text')], {
      profiles: profileOf('t', 90, {
        kind: values(['A', 60], ['X', 30]),
        state: values(['act', 50], ['closed', 30], ['?', 10]),
        name: values(['Anna Maria', 60], ['Bert', 30]),
      }),
    })
    const found = propose(source, sideOf([tableOf('t', 'id int32!, kind text, state enum(active,closed), name text')]))
    expect(fieldsOf(found, 't')).toEqual(['id: id', 'kind: kind map t_kind', 'state: state map t_state', 'name: name'])
    expect(found.maps).toEqual([
      {
        name: 't_kind',
        entries: [
          ['A', 'A'],
          ['X', 'X'],
        ],
        note: 'decide: what each becomes; found "A" × 60, "X" × 30',
      },
      {
        name: 't_state',
        entries: [
          ['act', 'active'],
          ['closed', 'closed'],
        ],
        note: 'decide: found "act" × 50, "closed" × 30, "?" × 10; the target takes active, closed',
      },
    ])
    expect(found.entities[0]?.fields.map(({ unmapped }) => unmapped)).toEqual([undefined, 'keep', undefined, undefined])
  })
})
