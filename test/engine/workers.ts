import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { resultOf } from '../support/etl.js'
import { type TestWorker, until } from '../support/test-worker.js'
import { Cluster, SECRET } from './cluster.js'
import type { EngineName } from './delivery.js'

const ROWS = 6000
const CHUNKS = 6

const PIPELINE = `
version: 1
name: shop
sources: { shop: { type: postgres, url: "\${SRC_URL}" } }
target: { type: postgres, url: "\${DST_URL}" }
defaults: { batch_size: 200 }
backup: false
entities:
  line:
    from: line
    to: line
    chunks: ${CHUNKS}
    fields: { id: id, item_id: { from: item, ref: item }, note: note }
  item:
    from: item
    to: item
    fields: { id: id, name: name }
`

let cluster: Cluster

/** Rows take so long that something can happen meanwhile; those of the first chunk may be done long before the others. */
async function slow(milliseconds: number, first = milliseconds): Promise<void> {
  await cluster.target(`
    create or replace function slowly() returns trigger language plpgsql as
      $$ begin perform pg_sleep(case when new.id <= ${ROWS / CHUNKS} then ${first} else ${milliseconds} end / 1000.0); return new; end $$;
    create trigger slowly before insert on line for each row execute function slowly()`)
}

async function workers(count: number, ...args: string[]): Promise<TestWorker[]> {
  return Promise.all(
    Array.from({ length: count }, () => cluster.worker('--concurrency', `${cluster.engine.places}`, ...args)),
  )
}

async function detached(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.etl('run', 'shop.yaml', '--yes', '--detach', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.trim()
}

async function stateOf(run: string): Promise<string> {
  return JSON.parse((await cluster.etl('status', run, '--json')).stdout).state
}

async function ends(run: string, state = 'done'): Promise<void> {
  await until(`run ${run} to be ${state}`, async () => ((await stateOf(run)) === state ? true : undefined))
}

/** Each source row is there once, with the right values; what the ledger counts is what is there. */
async function expectAllRows(run: string): Promise<void> {
  expect(await cluster.target(`select count(*)::int, count(distinct id)::int, sum(id)::int from line`)).toEqual([
    [ROWS, ROWS, (ROWS * (ROWS + 1)) / 2],
  ])
  expect(
    await cluster.target(`select count(*)::int from line where note <> 'note ' || id or item_id <> id % 10`),
  ).toEqual([[0]])
  expect(
    await cluster.target(
      `select entity, sum(rows_read)::int, sum(inserted)::int from etl_batch where run_id = '${run}' group by 1 order by 1`,
    ),
  ).toEqual([
    ['item', 10, 10],
    ['line', ROWS, ROWS],
  ])
  expect(await cluster.target(`select state from etl_run where run_id = '${run}'`)).toEqual([['completed']])
}

/** What the page on many machines promises, in seconds. */
const CANCEL_S = 3
/** A machine that does other things too may be late once, and not each time. */
const RECOVERY = { retry: { count: 2, condition: /^recovery: / } }

function expectRecovered(since: number, again: string, seconds = cluster.engine.recoverySeconds): void {
  expect(secondsTo(again, since), 'recovery').toBeLessThanOrEqual(seconds)
}

/** Seconds from a moment to a line of a worker's log. */
function secondsTo(line: string, since: number): number {
  return (Date.parse(line.split(' ')[0] ?? '') - since) / 1000
}

function chunkInWork(some: readonly TestWorker[], run: string): Promise<{ worker: TestWorker; chunk: string }> {
  return until('a worker that does not lead to have a chunk of line in work', async () => {
    const written = await cluster
      .target(`select 1 from etl_batch where entity = 'line' and run_id = '${run}' limit 1`)
      .catch(() => [])
    const worker = some.find(each => !each.leads(run) && each.chunks.some(name => name.startsWith('line')))
    const chunk = worker?.chunks.find(name => name.startsWith('line'))
    return written.length === 0 || worker === undefined || chunk === undefined ? undefined : { worker, chunk }
  })
}

/** What workers that are processes do, whichever engine has the work. */
export function workersOf(engine: EngineName): void {
  beforeAll(async () => {
    cluster = await Cluster.start(engine)
    await cluster.source(`
    create table item (id int primary key, name text not null);
    insert into item select i, 'item ' || i from generate_series(0, 9) i;
    create table line (id int primary key, item int not null, note text);
    insert into line select i, i % 10, 'note ' || i from generate_series(1, ${ROWS}) i;
    analyze`)
  }, 180_000)
  afterAll(() => cluster?.stop())

  beforeEach(async () => {
    cluster.write('shop.yaml', PIPELINE)
    await cluster.target(`
    drop table if exists etl_run, etl_owner, etl_chunk, etl_batch, etl_undo, etl_reject, etl_closed, etl_identity, etl_audit;
    drop table if exists line, item;
    create table item (id int primary key, name text not null);
    create table line (id int primary key, item_id int not null references item, note text)`)
  })
  afterEach(() => cluster.dismiss())

  describe('workers', () => {
    test('do every chunk once, in the order of the graph, and the screen of whoever waits is the usual one', async () => {
      await workers(2)
      const { code, stdout, stderr } = await cluster.etl('run', 'shop.yaml', '--yes', '--json')
      expect({ code, stderr: stderr.replaceAll(/[0-9a-f]{8}/g, 'ID') }).toEqual({
        code: 0,
        stderr: 'run ID is handed over to workers\n',
      })
      const result = resultOf(stdout)
      expect(result).toMatchObject({
        status: 'ok',
        consistency: 'snapshot',
        counts: { read: ROWS + 10, written: ROWS + 10 },
      })
      expect(result.runDir).toBeUndefined()
      await expectAllRows(String(result.runId))
      const log = cluster.log.filter(line => / chunk \d+: (begins|done)/.test(line))
      expect(log.filter(line => line.endsWith('begins'))).toHaveLength(CHUNKS + 1)
      expect(log.findIndex(line => line.includes('line chunk'))).toBeGreaterThan(
        log.findIndex(line => line.includes('item chunk 0: done')),
      )
      const told = stdout
        .split('\n')
        .filter(line => line.includes('"entity_finished"'))
        .map(line => JSON.parse(line).entity)
      expect(told).toEqual(['item', 'line'])
    })

    test('find no secret in what they are sent, and none of theirs is in the engine or in what they say', async () => {
      await workers(1)
      await ends(await detached())
      const everything = await cluster.engine.everything()
      expect(everything).toContain('line')
      expect(everything).not.toContain(SECRET)
      expect(cluster.log.join('\n')).not.toContain(SECRET)
    })

    test('never have more chunks at a source than it allows, and keep to the limit over all of them', async () => {
      cluster.write('shop.yaml', `${PIPELINE}engine: { limits: { shop: 2 } }\n`)
      await workers(3)
      const run = await detached()
      await ends(run)
      await expectAllRows(run)
      let [now, most] = [0, 0]
      for (const line of cluster.log) {
        if (/ chunk \d+: begins/.test(line)) most = Math.max(most, ++now)
        if (/ chunk \d+: (?!begins)/.test(line)) now--
      }
      expect(most).toBeLessThanOrEqual(2)
    })

    test('that is killed with a chunk in work: another one goes on with it', RECOVERY, async () => {
      await slow(2)
      const all = await workers(3)
      const run = await detached()
      const { worker, chunk } = await chunkInWork(all, run)
      const killed = Date.now()
      await worker.kill('SIGKILL')
      const again = await until('another delivery of the chunk', () =>
        cluster.log.find(line => line.includes(`${chunk}: begins, delivery 2`)),
      )
      expectRecovered(killed, again)
      await ends(run)
      await expectAllRows(run)
      expect(cluster.log.join('\n')).toMatch(new RegExp(`${chunk}: done, delivery \\d+$`, 'm'))
    })

    test('that leads the run is killed with chunks in work: another one leads', RECOVERY, async () => {
      await slow(2)
      const all = await workers(3)
      const run = await detached()
      await chunkInWork(all, run)
      const leader = all.find(worker => worker.leads(run))
      const killed = Date.now()
      await leader?.kill('SIGKILL')
      const again = await until('another leader', () =>
        cluster.log.find(line => line.includes(`run ${run}: begins, delivery 2`)),
      )
      expectRecovered(killed, again)
      await ends(run)
      await expectAllRows(run)
      expect(await cluster.target(`select epoch::int from etl_run where run_id = '${run}'`)).toEqual([[2]])
      expect(await cluster.target(`select action from etl_audit where run_id = '${run}'`)).toEqual([['take-over']])
    })

    test('that leads a strict run is killed: it ends, as the state that all read in is gone', RECOVERY, async () => {
      cluster.write('shop.yaml', `${PIPELINE}consistency: strict\n`)
      await slow(2)
      const all = await workers(3)
      const run = await detached()
      await chunkInWork(all, run)
      await all.find(worker => worker.leads(run))?.kill('SIGKILL')
      await ends(run, 'failed')
      expect(cluster.log.join('\n')).toContain(`E506 run ${run} cannot go on in the source's snapshot of then`)
      await cluster.target('drop trigger slowly on line')
      cluster.write('shop.yaml', PIPELINE)
      const again = await cluster.etl('run', 'shop.yaml', '--yes', '--resume', '--json')
      expect(resultOf(again.stdout)).toMatchObject({ status: 'ok', consistency: 'resumed-across-snapshots' })
      await expectAllRows(run)
    })

    if (engine === 'restate')
      test('go on when the engine itself was killed and is there again', async () => {
        await slow(2)
        const all = await workers(2)
        const run = await detached()
        await chunkInWork(all, run)
        await cluster.engine.crash?.()
        await ends(run)
        await expectAllRows(run)
      })

    test(
      'that was frozen finds its chunk given to another one when it wakes, and writes nothing',
      RECOVERY,
      async () => {
        await slow(4)
        const all = await workers(3)
        const run = await detached()
        const { worker, chunk } = await chunkInWork(all, run)
        const frozen = Date.now()
        worker.signal('SIGSTOP')
        const again = await until('another delivery of the chunk', () =>
          cluster.log.find(line => line.includes(`${chunk}: begins, delivery 2`)),
        )
        worker.signal('SIGCONT')
        // Its session in the target was ended; what it tries in another one is refused.
        await worker.says(new RegExp(`${chunk}: E(306|510|515) `))
        await ends(run)
        await expectAllRows(run)
        expectRecovered(frozen, again, cluster.engine.hungSeconds)
      },
    )

    test('end the run where the snapshot that all read in is lost; resumed, it is whole', async () => {
      cluster.write('shop.yaml', `${PIPELINE}consistency: strict\n`)
      await slow(4)
      const all = await workers(2)
      const run = await detached()
      await chunkInWork(all, run)
      await cluster.source(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'src' and pid <> pg_backend_pid()`,
      )
      await ends(run)
      expect(cluster.log.filter(line => line.includes(`run ${run} line chunk`)).join('\n')).toContain('E521')
      expect(await cluster.target(`select state from etl_run where run_id = '${run}'`)).toEqual([['failed']])
      await cluster.target('drop trigger slowly on line')
      cluster.write('shop.yaml', PIPELINE)
      const again = await cluster.etl('run', 'shop.yaml', '--yes', '--resume', '--json')
      expect(resultOf(again.stdout)).toMatchObject({ status: 'ok', consistency: 'resumed-across-snapshots' })
      await expectAllRows(run)
    })

    test('stop within seconds when the run is cancelled, and resume does only the rest', async () => {
      cluster.write('shop.yaml', PIPELINE.replace('batch_size: 200', 'batch_size: 50'))
      await slow(8, 1)
      await workers(2)
      const run = await detached()
      await until('a chunk of line to be done', async () => {
        const [row] = await cluster
          .target(`select count(*)::int from etl_chunk where entity = 'line' and pass = 'load' and state = 'done'`)
          .catch(() => [])
        return Number(row?.[0] ?? 0) > 0 ? true : undefined
      })
      const cancelled = await cluster.etl('cancel', run)
      expect(cancelled).toMatchObject({
        code: 0,
        stdout: `run ${run} is cancelled; go on with it: etl resume ${run}\n`,
      })
      await until('the run to be put down', async () => {
        const [row] = await cluster.target(`select state from etl_run where run_id = '${run}'`)
        return row?.[0] === 'running' ? undefined : true
      })
      // What the command itself needs to start is not the engine's.
      const asked = await cluster.engine.cancelledAt(run)
      const lastWord = cluster.log.findLast(line => line.includes(`run ${run} line chunk`)) ?? ''
      expect(lastWord).toMatch(/: (E515|done)/)
      expect(secondsTo(lastWord, asked)).toBeLessThanOrEqual(CANCEL_S)
      expect(await stateOf(run)).toBe('cancelled')
      const done = await cluster.target(
        `select chunk::int from etl_chunk where entity = 'line' and pass = 'load' and state = 'done' order by 1`,
      )
      const before = cluster.log.length
      await cluster.target('drop trigger slowly on line')
      const resumed = await cluster.etl('resume', run, '--json')
      expect(resumed.code).toBe(0)
      expect(resultOf(resumed.stdout)).toMatchObject({ status: 'ok', runId: run, counts: { read: ROWS + 10 } })
      await expectAllRows(run)
      const again = cluster.log
        .slice(before)
        .filter(line => line.includes('chunk') && line.endsWith('begins'))
        .join('\n')
      for (const [chunk] of done) expect(again).not.toContain(`line chunk ${chunk}:`)
      expect(done.length).toBeLessThan(CHUNKS)
    })

    test('are asked how long they will still take', async () => {
      cluster.write('shop.yaml', PIPELINE.replace('batch_size: 200', 'batch_size: 50'))
      await slow(20)
      await workers(2)
      const run = await detached()
      const msLeft = await until('the time left to be known', async () => {
        const { stdout } = await cluster.etl('status', run, '--json')
        return JSON.parse(stdout).msLeft as number | undefined
      })
      expect(msLeft).toBeGreaterThan(0)
      expect((await cluster.etl('status', run)).stdout).toMatch(/^ {3}about [0-9:]+ left$/m)
      const goesOn = await cluster.etl('resume', run)
      expect(goesOn).toMatchObject({ code: 2, stderr: expect.stringContaining('E565 run goes on already') })
      await cluster.etl('cancel', run)
      expect((await cluster.etl('status', run)).stdout).not.toContain(' left')
    })

    test('that is asked to leave finishes its batches, hands the rest back and exits with 0', async () => {
      await slow(2)
      const all = await workers(2)
      const run = await detached()
      const { worker } = await chunkInWork(all, run)
      const left = await worker.kill('SIGTERM')
      expect(left.code).toBe(0)
      expect(worker.lines.at(-1)).toMatch(/ left$/)
      expect(worker.chunks).toEqual([])
      await ends(run)
      await expectAllRows(run)
    })

    test('refuse a pipeline that is another one than whoever began the run had', async () => {
      const other = await cluster.worker('--dir', '..')
      const { code, stderr } = await cluster.etl('run', 'shop.yaml', '--yes', '--quiet')
      expect(code).toBe(1)
      expect(stderr).toContain('E563')
      expect(stderr).toContain('shop.yaml is not on this worker')
      expect(await cluster.target(`select to_regclass('etl_run')::text`)).toEqual([[null]])
      expect(other.chunks).toEqual([])
    })

    test('are not needed by whoever watches: Ctrl-C leaves the run alone', async () => {
      await slow(1)
      const watching = cluster.start('run', 'shop.yaml', '--yes', '--progress', 'plain')
      const [, run = ''] = await new Promise<RegExpMatchArray>(resolve => {
        let text = ''
        watching.child.stderr?.on('data', (more: string) => {
          text += more
          const found = /run (\w+) is handed over/.exec(text)
          if (found !== null) resolve(found)
        })
      })
      watching.child.kill('SIGINT')
      const left = await watching.result
      expect(left.code).toBe(130)
      expect(left.stderr).toContain(`run ${run} goes on without this process`)
      await workers(1)
      await ends(run)
      await expectAllRows(run)
    })
  })

  describe('what workers cannot do is refused before anything is handed over', () => {
    const cases: readonly (readonly [what: string, yaml: string, args: readonly string[], message: string])[] = [
      [
        'local files',
        PIPELINE.replace(/sources:.*/, 'sources: { shop: { type: sqlite, path: shop.sqlite } }'),
        [],
        'shop, which lies in local files, cannot be handed to workers',
      ],
      [
        'one state of what several machines cannot read in one',
        `${PIPELINE.replace(/sources:.*/, 'sources: { shop: { type: sqlite, path: shop.sqlite } }')}consistency: strict\nengine: { shared: true }\n`,
        [],
        '`consistency: strict` over shop, which several machines cannot read in one state, cannot be handed to workers',
      ],
      ['no ledger', `${PIPELINE}ledger: false\n`, [], '`ledger: false` cannot be handed to workers'],
      [
        'a dry run',
        PIPELINE,
        ['--dry-run', '--engine', 'postgres://postgres@127.0.0.1:1/x'],
        'a dry run cannot be handed to workers',
      ],
    ]
    test.each(cases)('%s', async (_, yaml, args, message) => {
      cluster.write('shop.yaml', yaml)
      const { code, stderr } = await cluster.etl('run', 'shop.yaml', '--yes', ...args)
      expect({ code, told: stderr.includes(message) }, stderr).toEqual({ code: 2, told: true })
    })
  })
}
