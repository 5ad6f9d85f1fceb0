import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database, Session, Snapshot } from '../../src/core/connector.js'
import { onEveryDatabase, openSource, ownSql, type Place, withSession } from './databases.js'

onEveryDatabase('shared-snapshot', place => {
  let source: Database

  beforeAll(async () => {
    await place().schema.exec('create table note (id integer not null primary key, body varchar(100))')
    // Otherwise a file that is read cannot be written at the same time.
    if (place().name === 'sqlite') await place().schema.exec('pragma journal_mode = wal')
    source = await openSource(place())
  })
  afterAll(() => source.close())
  beforeEach(async () => {
    await place().schema.exec("delete from note; insert into note (id, body) values (1, 'before')")
  })

  const bodies = async (session: Session): Promise<unknown[][]> =>
    session.query(ownSql(place(), 'select id, body from note order by id')).then(plain)

  test('sessions that join it at different times see one state', async () => {
    const snapshot = await taken(source)
    const first = await source.session({ readOnly: true, snapshot: snapshot.id })
    await first.begin()
    expect(await bodies(first)).toEqual([[1, 'before']])
    await place().schema.exec("update note set body = 'after'; insert into note (id, body) values (2, 'after')")
    const second = await source.session({ readOnly: true, snapshot: snapshot.id })
    await second.begin()
    expect(await bodies(second)).toEqual([[1, 'before']])
    expect(await bodies(first)).toEqual([[1, 'before']])
    // The same session again, and one that knows of no snapshot.
    await first.rollback()
    await first.begin()
    expect(await bodies(first)).toEqual([[1, 'before']])
    expect(await withSession(source, { readOnly: true }, bodies)).toEqual([
      [1, 'after'],
      [2, 'after'],
    ])
    await first.close()
    await second.close()
    // Lent connections come back: as many can read again.
    const third = await source.session({ readOnly: true, snapshot: snapshot.id })
    const fourth = await source.session({ readOnly: true, snapshot: snapshot.id })
    for (const session of [third, fourth]) {
      await session.begin()
      expect(await bodies(session)).toEqual([[1, 'before']])
      await session.close()
    }
    await snapshot.close()
  })

  test('it says whether somebody has committed since', async () => {
    const snapshot = await quiet(source)
    if (snapshot === undefined) return expect(['oracle', 'postgres']).toContain(place().name)
    await place().schema.exec("update note set body = 'after'")
    expect(await snapshot.unchanged()).toBe(false)
    await snapshot.close()
  })

  test('who wrote before and commits after has changed it', async () => {
    const still = await quiet(source)
    if (still === undefined || place().connector.capabilities.singleWriter) return await still?.close()
    await still.close()
    for (const sql of ["insert into note values (2, 'rival')", "update note set body = 'rival' where id = 1"]) {
      const rival = await place().database.session({ readOnly: false })
      await rival.begin()
      await rival.execute(sql)
      const snapshot = await taken(source)
      await rival.commit()
      await rival.close()
      expect(await snapshot.unchanged?.()).toBe(false)
      await snapshot.close()
    }
  })

  test('nobody joins one that is gone', async () => {
    const snapshot = await source.snapshot?.({ sessions: 1 })
    if (snapshot === undefined || snapshot.survives) return expect(place().name).toBe('oracle')
    await snapshot.close()
    const late = source.session({ readOnly: true, snapshot: snapshot.id }).then(async session => {
      try {
        await session.begin()
      } finally {
        await session.close()
      }
    })
    await expect(late).rejects.toMatchObject({ code: 'E521' })
    expect(await source.snapshot?.({ sessions: 1, id: snapshot.id })).toBeUndefined()
  })
})

onEveryDatabase('sessions', place => {
  test('columns can be added to a table with rows', async () => {
    await withSession(place().database, { readOnly: false }, async session => {
      await session.execute(ownSql(place(), 'create table grown (id integer not null primary key)'))
      await session.execute(ownSql(place(), 'insert into grown values (1)'))
      await session.addColumns({ table: 'grown' }, [
        { name: 'note', type: { kind: 'text' }, nullable: true },
        { name: 'seen', type: { kind: 'integer', bits: 64 }, nullable: true },
      ])
      const sql = ownSql(place(), 'select id, note, seen from grown')
      expect(plain(await session.query(caseOf(place(), sql)))).toEqual([[1, null, null]])
    })
  })

  test('the lock is held until its session is ended by another', async () => {
    const { database } = place()
    const lock = await database.lock('a pipeline')
    if (lock === undefined) throw new Error('the lock is free')
    await lock.check()
    if (database.endSessions === undefined || lock.session === undefined) {
      await lock.release()
      return expect(['oracle', 'sqlite']).toContain(place().name)
    }
    const session = await database.session({ readOnly: false })
    const id = (await session.id?.()) ?? ''
    expect(await session.id?.()).toBe(id)
    expect(id).not.toBe(lock.session)
    expect(await database.lock('a pipeline')).toBeUndefined()
    // One that never was is gone as well.
    const gone = '1@1.5'
    expect(await database.endSessions([lock.session, gone])).toEqual([lock.session, gone])
    await lock.lost
    await expect(lock.check()).rejects.toMatchObject({ code: 'E306' })
    await expect(session.query('select 1')).resolves.toHaveLength(1)
    const next = await database.lock('a pipeline')
    expect(next).toBeDefined()
    await next?.release()
    await lock.release()
    await session.close()
  })
})

async function taken(source: Database): Promise<Snapshot> {
  const snapshot = await source.snapshot?.({ sessions: 2 })
  if (snapshot === undefined) throw new Error('no snapshot was given')
  return snapshot
}

/** One that says it is unchanged when others have read; undefined where none can say so. */
async function quiet(source: Database): Promise<Required<Snapshot> | undefined> {
  // A server also serves others, and keeps statistics of its own.
  for (let attempt = 0; attempt < 200; attempt++) {
    const snapshot = await taken(source)
    const { unchanged } = snapshot
    if (unchanged === undefined) return void (await snapshot.close())
    await withSession(source, { readOnly: true }, session => session.query('select count(*) from note'))
    if (await unchanged()) return { ...snapshot, unchanged }
    await snapshot.close()
    await sleep(100)
  }
  throw new Error('always changed')
}

function plain(rows: readonly (readonly unknown[])[]): unknown[][] {
  return rows.map(row =>
    row.map(value => (typeof value === 'bigint' || Number.isInteger(Number(value ?? 'x')) ? Number(value) : value)),
  )
}

/** The added columns have the names they were given, in small letters. */
function caseOf(place: Place, sql: string): string {
  return place.name === 'oracle' ? sql.replace('NOTE', '"note"').replace('SEEN', '"seen"') : sql
}
