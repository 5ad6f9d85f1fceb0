import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database, Session } from '../../src/core/connector.js'
import type { Row, Value } from '../../src/core/row.js'
import type { LogicalType } from '../../src/core/types.js'
import { formatType } from '../../src/core/types.js'
import type { Place } from './databases.js'
import { closePlace, databases, openPlace, readRows, readSpec, writeRows, writeSpec } from './databases.js'
import type { TypeCases, ValueCase } from './values.js'
import { EXCEPTIONS, NUL_TEXT, normal, VALUES } from './values.js'

interface OpenPlace extends Place {
  readonly writing: Session
  readonly reading: Session
}

const places = new Map<string, OpenPlace>()
let tables = 0

beforeAll(async () => {
  for (const database of databases) {
    const place = await openPlace(database, 'values')
    const writing = await place.database.session({ readOnly: false })
    const reading = await place.database.session({ readOnly: true })
    places.set(database.name, { ...place, database: remembering(place.database), writing, reading })
  }
})

afterAll(async () => {
  for (const place of places.values()) {
    await place.writing.close()
    await place.reading.close()
    await closePlace(place)
  }
})

/** Tables here never change once they are made, so one look at each is enough. */
function remembering(database: Database): Database {
  const tables = new Map<string, ReturnType<Database['table']>>()
  const table: Database['table'] = ref => {
    const found = tables.get(ref.table) ?? database.table(ref)
    tables.set(ref.table, found)
    return found
  }
  return new Proxy(database, {
    get(target, key) {
      if (key === 'table') return table
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function placeNamed(name: string): OpenPlace {
  const place = places.get(name)
  if (place === undefined) throw new Error('used outside a test')
  return place
}

/** A new table `(id, v)` as the database itself would choose the column for the type. */
async function createTable(place: OpenPlace, type: LogicalType): Promise<string> {
  const table = `v${++tables}`
  await place.writing.createTable(
    { table },
    [
      { name: 'id', type: { kind: 'integer', bits: 64 }, nullable: false },
      { name: 'v', type, nullable: true },
    ],
    ['id'],
  )
  return table
}

async function write(place: OpenPlace, table: string, values: readonly Value[]): Promise<void> {
  const rows: Row[] = values.map((value, i) => [i, value])
  await place.writing.begin()
  try {
    await writeRows(place, place.writing, await writeSpec(place, table, ['id', 'v'], 'insert', ['id']), rows)
    await place.writing.commit()
  } catch (error) {
    await place.writing.rollback()
    throw error
  }
}

async function read(place: OpenPlace, table: string, decode: boolean): Promise<Value[]> {
  const rows = await readRows(place.reading, await readSpec(place, table, ['id'], {}, decode))
  return rows.map(row => row[1] ?? null)
}

function exceptionOf(type: LogicalType, label: string, database: string) {
  return EXCEPTIONS.find(one => one.type === type.kind && one.label === label && one.database === database)
}

function isRefused(type: LogicalType, label: string, database: string): boolean {
  const becomes = exceptionOf(type, label, database)?.becomes
  return becomes !== undefined && 'refused' in becomes
}

/** What the value is after a stay in each of the databases, in one form. */
function expected(type: LogicalType, { label, value }: ValueCase, through: readonly string[]): string {
  let now = value
  for (const database of through) {
    const becomes = exceptionOf(type, label, database)?.becomes
    if (becomes !== undefined && 'value' in becomes) now = becomes.value
  }
  return normal(type, now)
}

function labelled(type: LogicalType, all: readonly ValueCase[], values: readonly Value[]): Record<string, string> {
  return Object.fromEntries(all.map((one, i) => [`${i} ${one.label}`, short(normal(type, values[i] ?? null))]))
}

function wanted(type: LogicalType, all: readonly ValueCase[], through: readonly string[]): Record<string, string> {
  return Object.fromEntries(all.map((one, i) => [`${i} ${one.label}`, short(expected(type, one, through))]))
}

/** Long values by length and a piece, so that a failure can be read. */
function short(text: string): string {
  if (text.length < 500) return text
  return `${text.slice(0, 40)}… ${text.length} ${createHash('sha256').update(text).digest('hex')}`
}

for (const from of databases) {
  for (const to of databases) {
    describe(`${from.name} to ${to.name}`, () => {
      for (const group of VALUES) {
        test(formatType(group.type), async () => {
          await roundTrip(from.name, to.name, group)
        })
      }
    })
  }
}

interface Stay {
  readonly cases: readonly ValueCase[]
  /** What the cases came back as, in the order of {@link FORMS}. */
  readonly read: readonly (readonly Value[])[]
}

/** Values as functions want them, and as they pass through. */
const FORMS = [true, false] as const

const stays = new Map<string, Promise<Stay>>()

/** Every value of a type that a database takes, written once and read in both forms. */
function firstStay(from: string, group: TypeCases): Promise<Stay> {
  const id = `${from} ${VALUES.indexOf(group)}`
  const known = stays.get(id)
  if (known !== undefined) return known
  const made = stay(placeNamed(from), group.type, group.cases)
  stays.set(id, made)
  return made
}

async function stay(place: OpenPlace, type: LogicalType, all: readonly ValueCase[]): Promise<Stay> {
  const cases = all.filter(one => !isRefused(type, one.label, place.name))
  const values = cases.map(one => one.value)
  return { cases, read: await writtenAndRead(place, type, values) }
}

/** Values after a stay in a new table, in each of {@link FORMS}. */
async function writtenAndRead(place: OpenPlace, type: LogicalType, values: readonly Value[]): Promise<Value[][]> {
  const table = await createTable(place, type)
  await write(place, table, values)
  const found: Value[][] = []
  for (const decode of FORMS) found.push(await read(place, table, decode))
  return found
}

async function roundTrip(from: string, to: string, group: TypeCases): Promise<void> {
  const { type } = group
  const first = await firstStay(from, group)
  for (const values of first.read)
    expect(labelled(type, first.cases, values)).toEqual(wanted(type, first.cases, [from]))
  const taken = first.cases.flatMap((one, i) => (isRefused(type, one.label, to) ? [] : [i]))
  expect(taken.length).toBeGreaterThan(0)
  // Both forms in one table: what was read decoded, then what was read as it is.
  const cases = FORMS.flatMap(() => taken.map(i => first.cases[i] as ValueCase))
  const values = first.read.flatMap(form => taken.map(i => form[i] ?? null))
  for (const again of await writtenAndRead(placeNamed(to), type, values)) {
    expect(again).toHaveLength(cases.length)
    expect(labelled(type, cases, again)).toEqual(wanted(type, cases, [from, to]))
  }
}

// A database that refuses nothing has no tests here, and a `describe` without tests fails.
for (const { database, type: kind, label, becomes, reason } of EXCEPTIONS) {
  if ('refused' in becomes && databases.some(({ name }) => name === database)) {
    test(`refused: ${database}, ${kind}, ${label}: ${reason}`, async () => {
      const place = placeNamed(database)
      for (const { type, cases } of VALUES.filter(group => group.type.kind === kind)) {
        for (const { value } of cases.filter(one => one.label === label)) {
          const table = await createTable(place, type)
          await expect(write(place, table, [1, value])).rejects.toMatchObject({ code: becomes.refused, kind: 'row' })
          expect(await read(place, table, true)).toEqual([])
        }
      }
    })
  }
}

describe('null, the empty text and NUL', () => {
  for (const { name } of databases) {
    test(`${name} tells null from the empty text, unless it is known not to`, async () => {
      const place = placeNamed(name)
      const table = await createTable(place, { kind: 'text' })
      await write(place, table, [null, ''])
      expect(await read(place, table, true)).toEqual([
        null,
        exceptionOf({ kind: 'text' }, 'empty', name) === undefined ? '' : null,
      ])
    })

    test(`${name} keeps null in every type`, async () => {
      const place = placeNamed(name)
      for (const { type } of VALUES) {
        const table = await createTable(place, type)
        await write(place, table, [null])
        expect(await read(place, table, false)).toEqual([null])
      }
    })

    test(`${name} keeps a NUL in text, or says that it cannot`, async () => {
      const place = placeNamed(name)
      if (!place.connector.capabilities.nulInText) return
      const table = await createTable(place, { kind: 'text' })
      await write(place, table, [NUL_TEXT, '\u0000', 'after'])
      expect(await read(place, table, true)).toEqual([NUL_TEXT, '\u0000', 'after'])
    })
  }
})
