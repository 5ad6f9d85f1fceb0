import pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { copyEncoder } from '../../../../src/connectors/postgres/copy-encoder.js'
import type { Value } from '../../../../src/core/row.js'
import { failure, freshPlace, open } from './place.js'

const place = freshPlace('changed')

beforeEach(async () => {
  await place.schema.exec('drop table if exists t; create table t (id int primary key, v bigint)')
})

/** A writer for the columns as they are now, in a transaction. */
async function writing(mode: 'insert' | 'upsert' = 'insert', value: Value = 5) {
  const spec = await place.spec('t', ['id', 'v'], mode, mode === 'insert' ? [] : ['id'])
  const session = await place.session()
  await session.begin()
  return { session, writer: await session.writer(spec), payload: copyEncoder(spec).encode([[1, value]]) }
}

const CHANGED = {
  code: 'E506',
  kind: 'usage',
  message: 'public.t changed while rows were written to it: the type of v',
}

/** Eight bytes are a value of each of them, and text is what most bytes are. */
describe('binary values never become those of a type that a column got since', () => {
  test.each(['timestamp', 'float8', 'time', 'text', 'int4', 'numeric', 'jsonb'])('%s', async type => {
    const { session, writer, payload } = await writing()
    await place.schema.exec(`alter table t drop v; alter table t add v ${type}`)
    expect(await failure(writer.write(payload, 0, 1))).toMatchObject(CHANGED)
    await session.rollback()
    await session.close()
    expect(await place.schema.rows('select * from t')).toEqual([])
  })

  test('in the staging table of a merge', async () => {
    const { session, writer, payload } = await writing('upsert')
    await place.schema.exec('alter table t drop v; alter table t add v timestamp')
    expect(await failure(writer.write(payload, 0, 1))).toMatchObject(CHANGED)
    await session.rollback()
    await session.close()
  })

  test('while the copy waits for who changes it', async () => {
    const { session, writer, payload } = await writing()
    // From then on the server knows the columns, and does not wait for a lock to tell them.
    await writer.write(payload, 0, 1)
    await session.rollback()
    await session.begin()
    const other = new pg.Client({ connectionString: place.url.href })
    await other.connect()
    await other.query('begin')
    await other.query('alter table t drop v; alter table t add v timestamp')
    const error = failure(writer.write(payload, 0, 1))
    const waiting = `select 1 from pg_locks where not granted and relation = 't'::regclass`
    while ((await other.query(waiting)).rowCount === 0) await new Promise(resolve => setTimeout(resolve, 20))
    await other.query('commit')
    await other.end()
    expect(await error).toMatchObject(CHANGED)
    await session.rollback()
    await session.close()
    expect(await place.schema.rows('select * from t')).toEqual([])
  })
})

test('a domain over the type, or another modifier, is no other type', async () => {
  const { session, writer, payload } = await writing()
  await place.schema.exec('drop domain if exists five; create domain five as bigint check (value = 5)')
  await place.schema.exec('alter table t alter v type five')
  expect(await writer.write(payload, 0, 1)).toMatchObject({ inserted: 1 })
  await session.commit()
  await session.close()
})

test('who may only insert some columns writes in binary too', async () => {
  const role = `etl_insert_${process.pid}`
  await place.schema.exec(`
    drop role if exists ${role}; create role ${role} login password 'only';
    create table own (id int, v bigint, secret text); grant insert (id, v) on own to ${role}`)
  const url = new URL(place.url)
  url.username = role
  url.password = 'only'
  const database = await open({ type: 'postgres', url: url.href })
  const session = await database.session({ readOnly: false })
  const spec = await place.spec('own', ['id', 'v'], 'insert')
  await session.begin()
  const payload = copyEncoder(spec).encode([[1, 5]])
  expect(payload.data).toMatchObject({ format: 'binary' })
  expect(await (await session.writer(spec)).write(payload, 0, 1)).toMatchObject({ inserted: 1 })
  await session.commit()
  await session.close()
  await database.close()
  await place.schema.exec(`drop owned by ${role}; drop role ${role}`)
})

test('a database of another encoding: known columns go as text, and rows that do not fit fail in both formats', async () => {
  const name = `${place.url.pathname.slice(1, 50)}_latin1`
  await place.schema.exec(`create database "${name}" template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`)
  const url = new URL(place.url)
  url.pathname = `/${name}`
  const database = await open({ type: 'postgres', url: url.href })
  const session = await database.session({ readOnly: false })
  await session.execute('create table t (id int, v text)')
  const table = await database.table({ table: 't' })
  const spec = { table: { table: 't' }, columns: table?.columns ?? [], mode: 'insert', match: [] } as const
  expect(copyEncoder(spec).encode([[1, 'ä']]).data).toMatchObject({ format: 'text' })
  const created = { ...spec, columns: spec.columns.map(({ characterSet: _none, ...column }) => column) }
  for (const [i, each] of [spec, created].entries()) {
    await session.begin()
    const writer = await session.writer(each)
    const encoder = copyEncoder(each)
    await writer.write(encoder.encode([[i, 'käse']]), 0, 1)
    const rows = [
      [2, 'ä'],
      [3, '数'],
    ]
    const { code, kind, message } = await failure(writer.write(encoder.encode(rows), 0, 2))
    expect({ code, kind, message }).toEqual({
      code: 'E408',
      kind: 'row',
      message: 'character in encoding "UTF8" has no equivalent in encoding "LATIN1"',
    })
    await session.rollback()
  }
  await session.close()
  await database.close()
  await place.schema.exec(`drop database "${name}" with (force)`)
})
