import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { type EtlResult, eventsOf, resultOf, runEtl, Workspace, withSqlite } from '../support/etl.js'
import { type CommitCut, ToxicProxy } from '../support/proxy.js'

const BATCHES = 5
const ROWS_PER_BATCH = 40
const ROWS = BATCHES * ROWS_PER_BATCH
/** The run's entry in the ledger: before it there is no run that could recover. */
const SETUP_COMMITS = 1

const pipeline = (type: string, url: string, name: string): string => `
version: 1
name: ${name}
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: ${type}, url: "${url}" }
entities:
  events: { from: EVENTS, to: events, batch_size: ${ROWS_PER_BATCH}, fields: { id: ID, note: NOTE } }
`

const place = new Workspace()
beforeAll(() => {
  place.source('create table EVENTS (ID integer primary key, NOTE text)')
  withSqlite(place.path('source.sqlite'), db => {
    const insert = db.prepare('insert into EVENTS values (?, ?)')
    db.transaction(() => {
      for (let id = 1; id <= ROWS; id++) insert.run(id, `event ${id}`)
    })()
  })
})

const schemas: TestSchema[] = []
afterAll(() => Promise.all(schemas.map(schema => schema.drop())))

const TIMED = { timeout: 90_000 }

describe.each([
  ['PostgreSQL', postgres],
  ['MariaDB', mysql],
] as const)('%s', (_name, database) => {
  /** A fresh target without a key: a batch that were written twice would be seen. The ledger is there already. */
  async function target(
    name: string,
    options = '',
  ): Promise<{ proxy: ToxicProxy; schema: TestSchema; run(): Promise<EtlResult> }> {
    const schema = await database.create(`faults-${name}`)
    schemas.push(schema)
    await schema.exec('create table events (id bigint not null, note varchar(100))')
    const { type, url } = schema.config
    const at = new Workspace()
    const run = (text: string, args: readonly string[]): Promise<EtlResult> => {
      at.write('pipeline.yaml', text)
      return runEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], { cwd: at.dir })
    }
    const text = (address: string, pipelineName: string): string =>
      pipeline(type, address, pipelineName).replace('source.sqlite', place.path('source.sqlite'))
    const first = await run(text(String(url), 'first'), ['--limit', '1'])
    expect(first.code, first.stderr).toBe(0)
    await schema.exec('delete from events')
    const proxy = await ToxicProxy.open(String(url))
    return { proxy, schema, run: () => run(text(proxy.url, 'faults').replace('" }', `"${options} }`), []) }
  }

  async function expectExact(schema: TestSchema, run: EtlResult): Promise<void> {
    expect(run.code, run.stderr).toBe(0)
    const rows = await schema.rows('select count(*), count(distinct id), min(id), max(id) from events')
    expect(rows.map(row => row.map(Number))).toEqual([[ROWS, ROWS, 1, ROWS]])
    const { runId } = resultOf(run.stdout)
    const sums = await schema.rows(
      `select count(*), sum(rows_read), sum(inserted) from etl_batch where run_id = '${runId}'`,
    )
    expect(sums.map(row => row.map(Number))).toEqual([[BATCHES, ROWS, ROWS]])
  }

  function expectNoticed(run: EtlResult): void {
    const retries = eventsOf(run.stdout).filter(({ type }) => type === 'retry')
    expect(retries[0]).toMatchObject({ code: 'E306', message: 'the server did not answer within `statement_timeout`' })
  }

  // Each transaction meets the cuts one after the other; the last of them lets it through.
  const orders: readonly (readonly CommitCut[])[] = [
    ['before', 'inside', 'reply lost'],
    ['inside', 'before', 'after'],
  ]
  test.concurrent.each(orders)('every COMMIT cut: %s, %s, %s', TIMED, async (...cuts) => {
    const { proxy, schema, run } = await target(cuts.join('-').replaceAll(' ', '-'))
    const done = new Map<CommitCut, number>()
    proxy.onCommit = commit => {
      if (commit <= SETUP_COMMITS) return undefined
      const cut = cuts[(commit - SETUP_COMMITS - 1) % cuts.length] as CommitCut
      done.set(cut, (done.get(cut) ?? 0) + 1)
      return cut
    }
    const result = await run()
    await proxy.close()
    await expectExact(schema, result)
    for (const cut of cuts) expect(done.get(cut), cut).toBeGreaterThanOrEqual(BATCHES)
    const codes = new Set(eventsOf(result.stdout).flatMap(({ type, code }) => (type === 'retry' ? [code] : [])))
    expect([...codes]).toEqual(['E306'])
  })

  test.concurrent('cut in the middle of a batch, again and again', TIMED, async () => {
    const { proxy, schema, run } = await target('bytes')
    // A COMMIT sets the next cut, so that the transaction after it is cut once.
    proxy.onCommit = commit => {
      if (commit > SETUP_COMMITS) proxy.toxics = { cutAtByte: proxy.sent + 300 }
      return undefined
    }
    const result = await run()
    const { cuts } = proxy
    await proxy.close()
    await expectExact(schema, result)
    expect(cuts).toBeGreaterThanOrEqual(BATCHES)
  })

  test.concurrent(
    'the network swallows everything for a while: noticed, and the batch is tried again',
    TIMED,
    async () => {
      const { proxy, schema, run } = await target('silent-target', ', statement_timeout: 1')
      proxy.onCommit = commit => {
        if (commit === SETUP_COMMITS + 2) proxy.toxics = { holeAtByte: proxy.sent + 300 }
        return undefined
      }
      const result = await run()
      await proxy.close()
      await expectExact(schema, result)
      expectNoticed(result)
    },
  )

  test.concurrent('the same while a source is read', TIMED, async () => {
    const schema = await database.create('faults-silent-source')
    schemas.push(schema)
    await schema.exec('create table events (id bigint primary key, note varchar(100))')
    const ids = Array.from({ length: ROWS }, (_, i) => i + 1)
    await schema.exec(`insert into events values ${ids.map(id => `(${id}, 'event ${id}')`).join(', ')}`)
    const { type, url } = schema.config
    const proxy = await ToxicProxy.open(String(url))
    const read = async (): Promise<{ at: Workspace; result: EtlResult }> => {
      const at = new Workspace()
      at.target('create table events (id integer not null, note text)')
      at.write(
        'pipeline.yaml',
        `
version: 1
name: silent
sources: { old: { type: ${type}, url: "${proxy.url}", statement_timeout: 1 } }
target: { type: sqlite, path: target.sqlite }
entities:
  events: { from: events, to: events, batch_size: 5, fields: { id: id, note: note } }
`,
      )
      return { at, result: await runEtl(['run', 'pipeline.yaml', '--yes', '--json'], { cwd: at.dir }) }
    }
    const whole = await read()
    expect(whole.result.code, whole.result.stderr).toBe(0)
    // What is sent last are the statements that fetch.
    proxy.toxics = { holeAtByte: proxy.sent * 2 - 1000 }
    const { at, result } = await read()
    await proxy.close()
    expect(result.code, result.stderr).toBe(0)
    expect(at.rows('select count(*), count(distinct id), min(id), max(id) from events')).toEqual([
      [ROWS, ROWS, 1, ROWS],
    ])
    expectNoticed(result)
  })

  test.concurrent.each([
    ['in pieces of one byte', { sliceBytes: 1 }],
    ['late and slowly', { latencyMs: 5, bytesPerSecond: 65_536 }],
  ] as const)('everything arrives %s', TIMED, async (name, toxics) => {
    const { proxy, schema, run } = await target(name.replaceAll(/\W/g, ''))
    proxy.toxics = toxics
    const result = await run()
    await proxy.close()
    await expectExact(schema, result)
    expect(eventsOf(result.stdout).filter(({ type }) => type === 'retry')).toEqual([])
  })
})
