import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { type EtlResult, eventsOf, resultOf, type StartedEtl, sqliteExec, startEtl, Workspace } from '../support/etl.js'

/** Enough for a thread to read them. */
const ROWS = 21_000
const LONG = { timeout: 120_000 }

const PIPELINE = `
version: 1
name: NAME
sources: { shop: SOURCE }
target: { type: postgres, url: "\${TARGET_URL}" }
defaults: { batch_size: 1000 }
lookups:
  kind: { in: shop, table: kind, key: id, value: name }
entities:
  events:                         # far from its end when the source changes
    from: events
    to: events
    chunks: 3
    fields: { id: id, note: note }
  labels:                         # not begun by then; neither is the look-up
    from: labels
    to: labels
    fields: { id: id, kind: { from: kind, lookup: kind } }
`

const TABLES = `
create table events (id integer not null primary key, note varchar(40));
create table labels (id integer not null primary key, kind integer);
create table kind (id integer not null primary key, name varchar(40));
insert into kind values (1, 'before');
insert into labels values (1, 1), (2, 1);
`

/** In every chunk, in what is read before and after, and in the look-up. */
const CHANGE = `
update events set note = 'changed' where id in (1, 9000, 20999);
delete from events where id in (2, 9001, 20998);
insert into events values (0, 'changed'), (21500, 'changed');
update labels set kind = 2 where id = 2;
insert into kind values (2, 'after');
update kind set name = 'after' where id = 1;
`

const values = Array.from({ length: ROWS }, (_, i) => `(${i + 1}, 'event')`).join(', ')

let target: TestSchema
const servers: TestSchema[] = []

beforeAll(async () => {
  target = await postgres.create('snapshot-target')
  servers.push(target)
  await target.exec(`create table events (id integer not null, note text);
    create table labels (id integer not null, kind text)`)
})
afterAll(() => Promise.all(servers.map(server => server.drop())))

interface Source {
  readonly yaml: string
  readonly env: Readonly<Record<string, string>>
  exec(sql: string): Promise<void>
}

class Shop {
  readonly place: Workspace
  readonly source: Source
  readonly name: string
  readonly #started: StartedEtl[] = []

  constructor(name: string, place: Workspace, source: Source) {
    this.name = name
    this.place = place
    this.source = source
  }

  async begin(extra = ''): Promise<void> {
    await target.exec('truncate events, labels')
    this.place.write('pipeline.yaml', PIPELINE.replace('NAME', this.name).replace('SOURCE', this.source.yaml) + extra)
  }

  start(env: Readonly<Record<string, string>>, file = 'pipeline.yaml', ...args: string[]): StartedEtl {
    const started = startEtl(['run', file, '--yes', '--json', '--concurrency', '1', ...args], {
      cwd: this.place.dir,
      env: { TARGET_URL: String(target.config.url), ...this.source.env, ...env },
    })
    this.#started.push(started)
    return started
  }

  /** A server needs a moment to notice that a process was killed. */
  async resume(file: string): Promise<EtlResult> {
    for (;;) {
      const result = await this.start({}, file, '--resume').result
      if (result.code !== 1 || resultOf(result.stdout).error?.code !== 'E503') return result
      await sleep(100)
    }
  }

  /** Some batches of the first chunk are committed, and the run is suspended. */
  async startStopped(): Promise<StartedEtl> {
    const started = this.start({ ETL_FAILPOINTS: 'after-commit:stop@6' })
    const stat = (): string => readFileSync(`/proc/${started.child.pid}/stat`, 'utf8')
    while (!/^\d+ \(.*\) T /s.test(stat())) await sleep(10)
    return started
  }

  async end(): Promise<void> {
    for (const { child, result } of this.#started) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await result
    }
  }
}

async function loaded(): Promise<unknown[][]> {
  const events = await target.rows(`select count(*), sum(id), count(*) filter (where note = 'changed') from events`)
  const labels = await target.rows('select id, kind from labels order by id')
  return [...events, ...labels]
}

const UNCHANGED = [
  [String(ROWS), String((ROWS * (ROWS + 1)) / 2), '0'],
  ['1', 'before'],
  ['2', 'before'],
]

const shops: Record<string, (place: Workspace) => Promise<Source>> = {
  sqlite: async place => {
    place.source(`pragma journal_mode = wal; ${TABLES} insert into events values ${values}`)
    return {
      yaml: '{ type: sqlite, path: source.sqlite }',
      env: {},
      exec: async sql => sqliteExec(place.path('source.sqlite'), sql),
    }
  },
  postgres: async () => {
    const server = await postgres.create('snapshot-source')
    servers.push(server)
    await server.exec(`${TABLES} insert into events values ${values}; analyze`)
    return {
      yaml: '{ type: postgres, url: "${SOURCE_URL}" }',
      env: { SOURCE_URL: String(server.config.url) },
      exec: server.exec,
    }
  },
  mysql: async () => {
    const server = await mysql.create('snapshot-source')
    servers.push(server)
    await server.exec(`${TABLES} insert into events values ${values}; analyze table events`)
    return {
      yaml: '{ type: mysql, url: "${SOURCE_URL}" }',
      env: { SOURCE_URL: String(server.config.url) },
      exec: server.exec,
    }
  },
}

describe.each(Object.keys(shops))('%s', kind => {
  let shop: Shop

  beforeAll(async () => {
    const place = new Workspace()
    const source = await shops[kind]?.(place)
    if (source === undefined) throw new Error(kind)
    shop = new Shop(`from_${kind}`, place, source)
  })
  afterAll(() => shop.end())

  test('what changes in the source meanwhile is seen by no chunk, no later entity and no look-up', LONG, async () => {
    await shop.begin()
    const run = await shop.startStopped()
    await shop.source.exec(CHANGE)
    run.child.kill('SIGCONT')
    const result = await run.result
    expect(result.code, result.stderr).toBe(0)
    expect(await loaded()).toEqual(UNCHANGED)
    expect(resultOf(result.stdout)).toMatchObject({ consistency: 'snapshot', warnings: [] })
    const [begun] = eventsOf(result.stdout)
    expect(begun).toMatchObject({ type: 'run_started', consistency: 'snapshot' })
  })
})

describe('in more than one snapshot', () => {
  const begun: Shop[] = []
  afterAll(() => Promise.all(begun.map(shop => shop.end())))

  async function stoppedShop(kind: 'sqlite' | 'postgres'): Promise<{ shop: Shop; run: StartedEtl }> {
    const place = new Workspace()
    const shop = new Shop(`again_${kind}`, place, (await shops[kind]?.(place)) as Source)
    begun.push(shop)
    await shop.begin()
    return { shop, run: await shop.startStopped() }
  }

  test('a run that goes on in another one says so, and is refused where the file is strict', LONG, async () => {
    const { shop, run } = await stoppedShop('sqlite')
    run.child.kill('SIGKILL')
    await run.result
    await shop.source.exec("update events set note = 'later' where id = 20000")
    shop.place.write('strict.yaml', `${readFileSync(shop.place.path('pipeline.yaml'), 'utf8')}consistency: strict\n`)
    const strict = await shop.resume('strict.yaml')
    expect(resultOf(strict.stdout).error).toMatchObject({
      code: 'E506',
      message: expect.stringMatching(
        /^run [0-9a-f]{8} cannot go on in the source's snapshot of then, and the file says consistency: strict$/,
      ),
    })
    expect(strict.code).toBe(2)
    const resumed = await shop.resume('pipeline.yaml')
    expect(resumed.code, resumed.stderr).toBe(0)
    const { consistency, runId } = resultOf(resumed.stdout)
    expect(consistency).toBe('resumed-across-snapshots')
    expect(await target.rows(`select consistency, state from etl_run where run_id = '${runId}'`)).toEqual([
      ['resumed-across-snapshots', 'completed'],
    ])
  })

  test('one whose connection the server ended is replaced, and that is told', LONG, async () => {
    const { shop, run } = await stoppedShop('postgres')
    await shop.source.exec(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query = 'select pg_export_snapshot()'`,
    )
    await shop.source.exec("update events set note = 'later' where id = 20000")
    run.child.kill('SIGCONT')
    const result = await run.result
    expect(result.code, result.stderr).toBe(0)
    const { consistency, warnings, runId } = resultOf(result.stdout)
    expect({ consistency, warnings }).toEqual({
      consistency: 'resumed-across-snapshots',
      warnings: ['source shop: the snapshot was lost, the rest is read in another one'],
    })
    expect(await target.rows("select count(*) from events where note = 'later'")).toEqual([['1']])
    expect(await target.rows(`select consistency from etl_run where run_id = '${runId}'`)).toEqual([
      ['resumed-across-snapshots'],
    ])
  })
})
