import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql2 from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadPipeline, type RunEvent, startRun } from '../../src/index.js'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'

const BATCH = 50
const BATCHES = 4
const ROWS = BATCH * BATCHES
const RACES = 200

const schemas: TestSchema[] = []
const clients: Client[] = []
afterAll(async () => {
  for (const client of clients) await client.end()
  await Promise.all(schemas.map(schema => schema.drop()))
})

interface Client {
  run(sql: string): Promise<unknown[][]>
  end(): Promise<void>
}

const SERVERS = [
  {
    name: 'PostgreSQL',
    database: postgres,
    // Of two in a deadlock the one that looks first is ended: that is not the rival.
    begin: () => "set deadlock_timeout = '1min'; begin",
    waiting: "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    open: async (url: string): Promise<Client> => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      const run = async (sql: string): Promise<unknown[][]> => {
        const result = await client.query({ text: sql, rowMode: 'array' })
        return (Array.isArray(result) ? result.at(-1).rows : result.rows) as unknown[][]
      }
      return { run, end: () => client.end() }
    },
  },
  {
    name: 'MariaDB',
    database: mysql,
    // The one that has written less is ended.
    begin: (own: number) => `begin; update heavy_${own} set n = n + 1`,
    waiting: "select count(*) from information_schema.innodb_trx where trx_state = 'LOCK WAIT'",
    open: async (url: string): Promise<Client> => {
      const client = await mysql2.createConnection({ uri: url, rowsAsArray: true, multipleStatements: true })
      return {
        run: async sql => (await client.query(sql))[0] as unknown as unknown[][],
        end: () => client.end(),
      }
    },
  },
] as const

const heavy = Array.from({ length: 500 }, (_, i) => `(${i})`).join(', ')
const ids = Array.from({ length: ROWS }, (_, i) => i + 1)

describe.each(SERVERS)('$name', ({ database, begin, waiting, open }) => {
  let target: TestSchema
  let url: string
  const place = new Workspace()

  beforeAll(async () => {
    target = await database.create('rivals', 'owner')
    schemas.push(target)
    url = String(target.config.url)
    await target.exec(`
      create table t (id integer not null primary key, v varchar(20), touched integer not null default 0);
      create table heavy_0 (n integer not null);
      create table heavy_1 (n integer not null);
      create table once (id integer not null, v varchar(20));
      insert into t values ${ids.map(id => `(${id}, 'old', 0)`).join(', ')};
      insert into heavy_0 values ${heavy};
      insert into heavy_1 values ${heavy}`)
    place.source(`create table T (ID integer primary key, V text);
      with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      insert into T select i, 'new ' || i from n`)
  })

  function write(name: string, entities: string): void {
    place.write(
      `${name}.yaml`,
      `version: 1
name: ${name}
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: ${target.config.type}, url: "${url}" }
entities:
${entities}
`,
    )
  }

  test('a rival that locks rows of every batch and deadlocks with the run: retried, counted, and both have their way', {
    timeout: 120_000,
  }, async () => {
    write('deadlock', `  t: { from: T, to: t, load: upsert, batch_size: ${BATCH}, fields: { id: ID, v: V } }`)
    const pipeline = await loadPipeline(place.path('deadlock.yaml'))
    const rivals = [await open(url), await open(url)] as const
    const watch = await open(url)
    clients.push(...rivals, watch)
    const rivalOf = (batch: number): Client => rivals[batch % 2 === 0 ? 0 : 1]
    /** Locks the last row of a batch, and asks for the others when the run waits for it. */
    const deadlock = async (batch: number): Promise<void> => {
      const waits = async (): Promise<boolean> => Number((await watch.run(waiting))[0]?.[0]) > 0
      // It may come between two attempts of the run, and then neither waits for the other.
      for (let i = 0; i < 250 && !(await waits()); i++) await sleep(20)
      await rivalOf(batch).run(
        `update t set touched = touched + 1 where id between ${batch * BATCH + 1} and ${batch * BATCH + BATCH - 1}`,
      )
      await rivalOf(batch).run('commit')
    }
    const lock = (batch: number): Promise<unknown> =>
      rivalOf(batch).run(`${begin(batch % 2)}; update t set touched = touched + 1 where id = ${(batch + 1) * BATCH}`)
    await lock(0)
    const events: RunEvent[] = []
    const handle = await startRun(pipeline, { concurrency: 1, onEvent: event => events.push(event) })
    for (let batch = 0; batch < BATCHES; batch++) {
      // The next one is in the way before this one lets go.
      if (batch + 1 < BATCHES) await lock(batch + 1)
      await deadlock(batch)
    }
    const result = await handle.result
    expect(result.error).toBeUndefined()
    expect([result.status, result.counts.read, result.counts.written]).toEqual(['ok', ROWS, ROWS])
    const retries = events.flatMap(event => (event.type === 'retry' ? [event.code] : []))
    expect(retries.length).toBeGreaterThan(0)
    expect(new Set(retries)).toEqual(new Set(['E307']))
    const rows = await target.rows("select count(*), sum(touched), count(distinct v) from t where v like 'new %'")
    expect(rows.map(row => row.map(Number))).toEqual([[ROWS, ROWS, ROWS]])
    const sums = await target.rows(`select count(*), sum(rows_read) from etl_batch where run_id = '${result.runId}'`)
    expect(sums.map(row => row.map(Number))).toEqual([[BATCHES, ROWS]])
    const record = JSON.parse(readFileSync(`${result.runDir}/report.json`, 'utf8'))
    expect(record).toMatchObject({ status: 'ok', counts: { read: ROWS, written: ROWS } })
  })

  test(`of two that want the lock at the same moment one gets it, ${RACES} times`, { timeout: 120_000 }, async () => {
    const { openTarget } = await import('../../src/plan/open.js')
    write('races', '  t: { from: T, to: once, fields: { id: ID, v: V } }')
    const { spec, baseDir } = await loadPipeline(place.path('races.yaml'))
    const contestant = () => openTarget(spec, { readOnly: false, baseDir, applicationName: 'race', create: false })
    const rivals = await Promise.all([contestant(), contestant()])
    let first = 0
    for (let race = 0; race < RACES; race++) {
      const order = race % 2 === 0 ? rivals : rivals.toReversed()
      const locks = await Promise.all(order.map(rival => rival.lock('etl:races')))
      expect(locks.filter(lock => lock !== undefined)).toHaveLength(1)
      if (locks[0] !== undefined) first++
      for (const lock of locks) await lock?.release()
    }
    for (const rival of rivals) await rival.close()
    expect(first).toBeGreaterThan(0)
  })
})
