import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { oracle } from '../../../../src/connectors/oracle/index.js'
import type { Database, ReadSpec, Session, WriteSpec } from '../../../../src/core/connector.js'
import { OraError } from '../../../support/tns/ora-error.js'
import type { TnsServer } from '../../../support/tns/server.js'
import { connect, PASSWORD, rows, start } from './wire/server.js'

// On the protocol server alone: it drops, delays and refuses what it is told to.
const LOST = { code: 'E306', kind: 'transient', native: 'NJS-500', message: 'the connection to the server is lost' }
const DEADLOCK = {
  code: 'E307',
  kind: 'transient',
  native: 'ORA-00060',
  message: 'a deadlock; the statement was undone',
}

let server: TnsServer
let database: Database
let session: Session

beforeAll(async () => {
  server = await start()
  const connection = await connect(server)
  await connection.execute('create table item (id number(9) primary key, note varchar2(20))')
  await connection.execute(`create table node (id number(9) primary key, boss number(9)
    constraint node_boss references node (id) deferrable initially deferred)`)
  await connection.executeMany(
    'insert into item (id) values (:1)',
    Array.from({ length: 400 }, (_, i) => [i + 1]),
  )
  await connection.commit()
  await connection.close()
  database = await open()
})
afterAll(async () => {
  await database.close()
  await server.close()
})
beforeEach(async () => {
  session = await database.session({ readOnly: false })
})
afterEach(async () => {
  server.faults.clear()
  await session.close()
})

function open(more: Record<string, unknown> = {}): Promise<Database> {
  const config = { type: 'oracle', connect_string: server.connectString, user: 'etl', password: PASSWORD, ...more }
  return oracle.open(config, { readOnly: false, baseDir: '/', applicationName: 'etl test' })
}

async function readAll(from: Session, signal = new AbortController().signal): Promise<number> {
  const spec: ReadSpec = {
    from: { table: { table: 'ITEM' } },
    columns: [{ name: 'ID', type: { kind: 'integer', bits: 32 }, decode: true }],
    order: [{ index: 0, nullable: false }],
    until: [400],
    batchRows: 50,
    batchBytes: 1_000_000,
  }
  let read = 0
  for await (const batch of from.read(spec, signal)) read += batch.rows.length
  return read
}

async function write(on: Session, ids: readonly number[], table = 'ITEM', boss?: number): Promise<void> {
  const columns = (await database.table({ table }))?.columns ?? []
  const spec: WriteSpec = { table: { table }, columns, mode: 'insert', match: [] }
  const writer = await on.writer(spec)
  await writer.write(oracle.encoder(spec).encode(ids.map(id => [id, boss ?? null])), 0, ids.length)
}

/** What a second connection sees. */
async function count(where: string): Promise<unknown> {
  const connection = await connect(server)
  const [[found] = []] = await rows(connection, `select count(*) from item where ${where}`)
  await connection.close()
  return found
}

describe('in mid read', () => {
  test.each([
    ['the socket is dropped', { kind: 'drop' } as const, LOST],
    ['the answer is cut in the middle', { kind: 'cut', bytes: 40 } as const, LOST],
    [
      'the server ends the statement',
      { kind: 'error', error: new OraError(60, 'deadlock detected') } as const,
      DEADLOCK,
    ],
    [
      'the server loses the undo data',
      { kind: 'error', error: new OraError(1555, 'snapshot too old') } as const,
      {
        code: 'E307',
        kind: 'transient',
        native: 'ORA-01555',
        message: 'the snapshot is too old',
        hint: 'the undo data for the read is gone; read in smaller chunks, or raise undo_retention',
      },
    ],
  ])('%s', async (_, action, expected) => {
    server.faults.add({ on: 'fetch', skip: 1, action })
    await expect(readAll(session)).rejects.toMatchObject(expected)
    const next = await database.session({ readOnly: true })
    expect(await readAll(next)).toBe(400)
    await next.close()
  })

  test('the server answers too late, and the session goes on', async () => {
    const hurried = await open({ call_timeout: 1 })
    const own = await hurried.session({ readOnly: true })
    server.faults.add({ on: 'fetch', action: { kind: 'delay', ms: 60_000 } })
    await expect(readAll(own)).rejects.toMatchObject({
      code: 'E307',
      kind: 'transient',
      native: 'NJS-123',
      message: 'the server did not answer within `call_timeout`',
      hint: 'raise `call_timeout`',
    })
    expect(await readAll(own)).toBe(400)
    await own.close()
    await hurried.close()
  })
})

describe('in mid write', () => {
  test('the socket is dropped: nothing of the transaction is there', async () => {
    await session.begin()
    await write(session, [1001])
    server.faults.add({ on: 'execute', match: /^insert into/, action: { kind: 'drop' } })
    await expect(write(session, [1002])).rejects.toMatchObject(LOST)
    await session.rollback()
    await session.close()
    expect(await count('id > 1000')).toBe(0)
    session = await database.session({ readOnly: false })
    await session.begin()
    await write(session, [1003])
    await session.rollback()
  })

  test('a deadlock: the session goes on after a rollback', async () => {
    await session.begin()
    server.faults.add({
      on: 'execute',
      match: /^insert into/,
      action: { kind: 'error', error: new OraError(60, 'deadlock detected while waiting for resource') },
    })
    await expect(write(session, [1001])).rejects.toMatchObject(DEADLOCK)
    await session.rollback()
    await session.begin()
    await write(session, [1001])
    await session.rollback()
    expect(await count('id > 1000')).toBe(0)
  })
})

describe('at commit', () => {
  test.each([
    ['lost on its way to the server', { kind: 'drop' } as const, 0],
    ['done, and its answer lost', { kind: 'cut', bytes: 0 } as const, 1],
  ])('%s', async (_, action, there) => {
    await session.begin()
    await write(session, [2000 + there])
    server.faults.add({ on: 'commit', action })
    await expect(session.commit()).rejects.toMatchObject(LOST)
    await session.rollback()
    expect(await count(`id = ${2000 + there}`)).toBe(there)
  })

  test('a reference that is checked only then', async () => {
    await session.begin()
    await write(session, [1], 'NODE', 99)
    await expect(session.commit()).rejects.toMatchObject({
      code: 'E418',
      kind: 'row',
      native: 'ORA-02291',
      message: 'a foreign key is violated: the referenced row is missing (NODE_BOSS)',
    })
  })
})

test('constraints checked at once find the row, until the transaction ends', async () => {
  await session.begin()
  await session.constraintsNow?.()
  await write(session, [1, 2], 'NODE', 1)
  await session.savepoint('row')
  await expect(write(session, [3], 'NODE', 99)).rejects.toMatchObject({ code: 'E418', kind: 'row', row: 0 })
  await session.rollbackTo('row')
  await session.rollback()
  await session.begin()
  await write(session, [3], 'NODE', 99)
  await session.rollback()
})

test('all sockets dropped while nothing is asked: the next session is a new one', async () => {
  const idle = await database.session({ readOnly: true })
  await idle.close()
  server.dropAll()
  const next = await database.session({ readOnly: true })
  expect(await readAll(next)).toBe(400)
  await next.close()
  await expect(database.table({ table: 'ITEM' })).rejects.toMatchObject(LOST)
  expect(await database.table({ table: 'ITEM' })).toBeDefined()
})
