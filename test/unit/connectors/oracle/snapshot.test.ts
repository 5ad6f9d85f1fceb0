import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { oracle } from '../../../../src/connectors/oracle/index.js'
import type { Database, ReadSpec, Session, Snapshot } from '../../../../src/core/connector.js'
import { OraError } from '../../../support/tns/ora-error.js'
import { startTnsServer, type TnsServer } from '../../../support/tns/server.js'
import { SqliteBackend } from '../../../support/tns/sqlite/backend.js'
import { connect, PASSWORD } from './wire/server.js'

// On the protocol server alone: it forgets old data, and refuses grants, when it is told to.
let server: TnsServer
let backend: SqliteBackend
let database: Database

const QUERY = 'select id, body from note where id < 100'
const NO_FUNCTION = new OraError(904, '"DBMS_FLASHBACK"."GET_SYSTEM_CHANGE_NUMBER": invalid identifier')
const NO_VIEW = new OraError(942, 'table or view does not exist')

beforeAll(async () => {
  backend = new SqliteBackend({ ETL: { password: PASSWORD } })
  server = await startTnsServer({ backend })
  await change('create table note (id number(9) primary key, body varchar2(20))', 'create table other (id number(9))')
  database = await open()
})
afterAll(async () => {
  await database.close()
  await server.close()
})
beforeEach(async () => {
  server.faults.clear()
  await change('delete from note', 'delete from other', "insert into note values (1, 'before')")
  await change('insert into other values (1)')
})

async function open(): Promise<Database> {
  const opened = await oracle.open(
    { type: 'oracle', connect_string: server.connectString, user: 'etl', password: PASSWORD },
    { readOnly: true, baseDir: '/', applicationName: 'etl test' },
  )
  await opened.table({ table: 'NOTE' })
  await opened.describe(QUERY)
  return opened
}

async function change(...statements: readonly string[]): Promise<void> {
  const connection = await connect(server)
  for (const statement of statements) await connection.execute(statement)
  await connection.commit()
  await connection.close()
}

function spec(more: Partial<ReadSpec> = {}): ReadSpec {
  return {
    from: { table: { table: 'NOTE' } },
    columns: [
      { name: 'ID', type: { kind: 'integer', bits: 32 }, decode: true },
      { name: 'BODY', type: { kind: 'text' }, decode: true },
    ],
    order: [{ index: 0, nullable: false }],
    batchRows: 10,
    batchBytes: 10_000,
    ...more,
  }
}

async function rowsOf(session: Session, more: Partial<ReadSpec> = {}): Promise<unknown[][]> {
  const rows: unknown[][] = []
  for await (const batch of session.read(spec(more), new AbortController().signal)) rows.push(...batch.rows)
  return rows
}

async function taken(from = database): Promise<Snapshot> {
  const snapshot = await from.snapshot?.({ sessions: 2 })
  if (snapshot === undefined) throw new Error('no snapshot was given')
  return snapshot
}

test('tables, conditions, queries and counts are read as of the number, before and after a restart', async () => {
  const snapshot = await taken()
  expect(snapshot).toMatchObject({ id: expect.stringMatching(/^\d+$/), survives: true })
  await change("update note set body = 'after'", "insert into note values (2, 'after')", 'delete from other')
  await snapshot.close()
  // As a resumed run finds it: another process, the number from the ledger.
  const again = await open()
  expect(await again.snapshot?.({ sessions: 1, id: snapshot.id })).toMatchObject({ id: snapshot.id })
  const session = await again.session({ readOnly: true, snapshot: snapshot.id })
  await session.begin()
  const before = server.calls.length
  const old = [[1, 'before']]
  expect(await rowsOf(session)).toEqual(old)
  expect(await rowsOf(session, { after: [0], until: [5], limit: 3 })).toEqual(old)
  expect(await rowsOf(session, { where: 'id in (select id from other)' })).toEqual(old)
  expect(await rowsOf(session, { where: 'id > 0', after: [0] })).toEqual(old)
  expect(await rowsOf(session, { from: { query: QUERY }, where: 'id < 50' })).toEqual(old)
  expect(await session.count({ from: { table: { table: 'NOTE' } } })).toBe(1)
  expect(await session.count({ from: { query: QUERY }, where: 'id > 0' })).toBe(1)
  expect(await session.query('select count(*) from note')).toEqual([['1']])
  const reads = server.calls.slice(before).filter(call => /note/i.test(call.sql))
  expect(reads.filter(call => !call.sql.includes(`as of scn ${snapshot.id}`))).toEqual([])
  expect(reads.some(call => call.sql.includes(`from "ETL"."NOTE" as of scn ${snapshot.id} source`))).toBe(true)
  await session.close()
  const present = await again.session({ readOnly: true })
  expect(await rowsOf(present)).toEqual([
    [1, 'after'],
    [2, 'after'],
  ])
  expect(await rowsOf(present, { where: 'id > 1', after: [1] })).toEqual([[2, 'after']])
  await present.close()
  await again.close()
})

test.each([
  ['the undo data is gone', 1555, 'snapshot too old: rollback segment number 3 with name "_SYSSMU3$" too small'],
  ['the number is too old', 8180, 'no snapshot found based on specified time'],
  ['a large object is too old', 22924, 'snapshot too old'],
])('%s: E521', async (_, code, text) => {
  const snapshot = await taken()
  const session = await database.session({ readOnly: true, snapshot: snapshot.id })
  server.faults.add({
    on: 'execute',
    match: /as of scn.*order by/s,
    action: { kind: 'error', error: new OraError(code, text) },
  })
  await expect(rowsOf(session)).rejects.toMatchObject({
    code: 'E521',
    kind: 'failed',
    message:
      "the source's snapshot is gone: the server has no undo data for it any more; undo_retention says how long it tries to keep them",
    hint: 'go on in a new snapshot: `etl run … --resume`; or read everything in one: `etl run … --restart`',
    native: `ORA-${String(code).padStart(5, '0')}`,
  })
  await session.close()
})

test('a table that changed its definition: E521', async () => {
  const snapshot = await taken()
  const session = await database.session({ readOnly: true, snapshot: snapshot.id })
  const error = new OraError(1466, 'unable to read data - table definition has changed')
  server.faults.add({ on: 'execute', match: /as of scn.*order by/s, action: { kind: 'error', error } })
  await expect(rowsOf(session)).rejects.toMatchObject({
    code: 'E521',
    message: "the source's snapshot is gone: a table changed its definition since",
    native: 'ORA-01466',
  })
  await session.close()
})

test('a number whose data the server has let go is not given again', async () => {
  const snapshot = await taken()
  await change("update note set body = 'after'")
  backend.forget(Number(snapshot.id))
  expect(await database.snapshot?.({ sessions: 1, id: snapshot.id })).toBeUndefined()
  expect(await database.snapshot?.({ sessions: 1, id: 'not a number' })).toBeUndefined()
  const session = await database.session({ readOnly: true, snapshot: snapshot.id })
  await expect(rowsOf(session)).rejects.toMatchObject({ code: 'E521', native: 'ORA-01555' })
  await session.close()
})

test('without DBMS_FLASHBACK the number comes from V$DATABASE, and without both there is none', async () => {
  const noFunction = { on: 'execute', match: /dbms_flashback/, action: { kind: 'error', error: NO_FUNCTION } } as const
  server.faults.add(noFunction)
  expect((await taken()).id).toMatch(/^\d+$/)
  server.faults.add(noFunction)
  server.faults.add({ on: 'execute', match: /v\$database/, action: { kind: 'error', error: NO_VIEW } })
  expect(await database.snapshot?.({ sessions: 1 })).toBeUndefined()
})

test.each([
  ['a table', /"ETL"."NOTE" as of scn/],
  ['a query', /where id < 100\n\) source\) as of scn/],
])('%s that the login may not read by the number: no snapshot, and plain reads go on', async (_, match) => {
  const error = new OraError(1031, 'insufficient privileges')
  server.faults.add({ on: 'execute', match, action: { kind: 'error', error } })
  expect(await database.snapshot?.({ sessions: 1 })).toBeUndefined()
  const session = await database.session({ readOnly: true })
  expect(await rowsOf(session)).toEqual([[1, 'before']])
  await session.close()
})

test('a connection lost meanwhile is no missing grant', async () => {
  server.faults.add({ on: 'execute', match: /dbms_flashback/, action: { kind: 'drop' } })
  await expect(database.snapshot?.({ sessions: 1 })).rejects.toMatchObject({ code: 'E306', kind: 'transient' })
  expect(await database.snapshot?.({ sessions: 1 })).toBeDefined()
})
