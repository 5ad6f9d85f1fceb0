import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { type EtlResult, resultOf, type StartedEtl, startEtl, Workspace } from '../support/etl.js'
import { clockOff } from '../support/shim.js'

const ROWS = 3000
const LONG = { timeout: 120_000 }
const DAY_SECONDS = 86_400

const PIPELINE = `
version: 1
name: NAME
sources: { old: { type: sqlite, path: source.sqlite } }
target: TARGET
entities:
  events:                         # a table without any key: a batch written twice would be seen
    from: EVENTS
    to: events
    batch_size: 50
    fields: { id: ID, note: NOTE }
`

interface Target {
  readonly yaml: string
  readonly label: RegExp
  readonly env: Readonly<Record<string, string>>
  exec(sql: string): Promise<void>
  rows(sql: string): Promise<unknown[][]>
}

function suite(
  name: string,
  starts: number,
  open: (place: Workspace) => Promise<Target>,
  more: (contest: Contest) => void,
): void {
  describe(name, () => {
    const contest = new Contest()
    beforeAll(() => contest.open(open))
    beforeEach(() => contest.begin())
    // A stopped process would outlive the tests.
    afterAll(() => contest.killAll())

    test('a second start is told who runs it, and goes on when that one was killed', LONG, async () => {
      const first = await contest.startStopped('after-commit:stop@6')
      const second = await contest.run('--resume')
      expect(errorOf(second)).toMatchObject({ code: 'E503', message: expect.stringMatching(contest.target.label) })
      expect(errorOf(second).message).toMatch(
        new RegExp(
          `^${contest.name} is being run on .* by ${hostname()} pid ${first.child.pid}, since 20\\d\\d-.*Z, last heard of \\d+ s ago \\(run [0-9a-f]{8}\\)$`,
        ),
      )
      expect(second.code).toBe(1)
      const taker = await contest.run('--take-over')
      expect(errorOf(taker)).toMatchObject({
        code: 'E512',
        message: expect.stringContaining(`is not taken over: ${hostname()} pid ${first.child.pid}, since`),
      })
      expect(taker.code).toBe(2)
      first.child.kill('SIGKILL')
      await first.result
      const third = await contest.resumeWhenFree()
      expect(third.code, third.stderr).toBe(0)
      await contest.expectAll(resultOf(third.stdout).runId)
    })

    test(`of ${starts} that start at once, one runs`, LONG, async () => {
      const all = Array.from({ length: starts }, () => contest.start({ ETL_FAILPOINTS: 'after-commit:stop@6' }))
      const ended = new Set<StartedEtl>()
      for (const one of all) void one.result.then(() => ended.add(one))
      while (ended.size < starts - 1) await sleep(20)
      const winner = all.find(one => !ended.has(one)) as StartedEtl
      await stopped(winner)
      winner.child.kill('SIGCONT')
      const results = await Promise.all(all.map(one => one.result))
      const refused = results.filter(result => result.code === 1)
      expect(refused.map(result => errorOf(result).code)).toEqual(Array.from({ length: starts - 1 }, () => 'E503'))
      const won = results.find(result => result.code === 0)
      expect(won?.stderr).toBe('failpoint after-commit stop\n')
      await contest.expectAll(resultOf(won?.stdout ?? '').runId)
      const runs = await contest.target.rows(`select run_id from etl_run where pipeline = '${contest.name}'`)
      expect(runs).toHaveLength(1)
    })

    more(contest)
  })
}

let contests = 0

class Contest {
  readonly place = new Workspace()
  target!: Target
  name = ''
  readonly #started: StartedEtl[] = []

  async open(open: (place: Workspace) => Promise<Target>): Promise<void> {
    const values = Array.from({ length: ROWS }, (_, i) => `(${i + 1}, 'event ${i + 1}')`)
    this.place.source(`create table EVENTS (ID integer primary key, NOTE text); insert into EVENTS values ${values}`)
    this.target = await open(this.place)
    await this.target.exec('create table events (id bigint not null, note text)')
  }

  /** An empty table and a pipeline that never ran. */
  async begin(): Promise<void> {
    this.name = `events_${++contests}`
    await this.target.exec('delete from events')
    this.place.write('pipeline.yaml', PIPELINE.replace('NAME', this.name).replace('TARGET', this.target.yaml))
  }

  start(env: Readonly<Record<string, string>> = {}, ...args: string[]): StartedEtl {
    const started = startEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], {
      cwd: this.place.dir,
      env: { ...this.target.env, ...env },
    })
    this.#started.push(started)
    return started
  }

  run(...args: string[]): Promise<EtlResult> {
    return this.start({}, ...args).result
  }

  /** A run that has stopped itself, as a process that is suspended does. */
  async startStopped(failpoint: string, env: Readonly<Record<string, string>> = {}): Promise<StartedEtl> {
    const started = this.start({ ...env, ETL_FAILPOINTS: failpoint })
    await stopped(started)
    return started
  }

  /** A server needs a moment to notice that a process was killed. */
  async resumeWhenFree(): Promise<EtlResult> {
    for (;;) {
      const result = await this.run('--resume')
      if (result.code !== 1 || errorOf(result).code !== 'E503') return result
      await sleep(100)
    }
  }

  /** As if the owner had been silent for long. */
  async silence(): Promise<void> {
    await this.target.exec(`update etl_owner set heartbeat_at = '2020-01-01T00:00:00.000Z'`)
  }

  async sessions(): Promise<string[]> {
    const [row] = await this.target.rows(
      `select o.sessions from etl_owner o join etl_run r on r.run_id = o.run_id where r.pipeline = '${this.name}'`,
    )
    return String(row?.[0]).split(',')
  }

  /** Every row once, and the ledger says the same. */
  async expectAll(runId: string | undefined): Promise<void> {
    const numbers = async (sql: string): Promise<number[]> => ((await this.target.rows(sql))[0] ?? []).map(Number)
    expect(await numbers('select count(*), count(distinct id), min(id), max(id) from events')).toEqual([
      ROWS,
      ROWS,
      1,
      ROWS,
    ])
    expect(await numbers(`select sum(rows_read), sum(inserted) from etl_batch where run_id = '${runId}'`)).toEqual([
      ROWS,
      ROWS,
    ])
    expect(await this.target.rows(`select state from etl_run where run_id = '${runId}'`)).toEqual([['completed']])
  }

  async killAll(): Promise<void> {
    for (const { child, result } of this.#started) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await result
    }
  }
}

/** Resolves when the process is suspended. */
async function stopped({ child }: StartedEtl): Promise<void> {
  while (!/^\d+ \(.*\) T /s.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))) await sleep(10)
}

function errorOf(result: EtlResult): { readonly code: string; readonly message: string; readonly hint?: string } {
  const { error } = resultOf(result.stdout)
  if (error === undefined) throw new Error(`no error: ${result.stdout}`)
  return error
}

/** For targets whose server can end a session. */
function onServer(contest: Contest, end: (id: string) => string): void {
  test('a suspended run is taken over when it was silent too long; awake again it is fenced', LONG, async () => {
    const first = await contest.startStopped('after-write:stop@4')
    await contest.silence()
    const second = await contest.run('--take-over')
    expect(second.code, second.stderr).toBe(0)
    const { runId } = resultOf(second.stdout)
    first.child.kill('SIGCONT')
    const woken = await first.result
    expect(errorOf(woken)).toMatchObject({
      code: 'E510',
      message: `run ${runId} was taken over by another process; this one stops and has written nothing since`,
    })
    expect(woken.code).toBe(1)
    await contest.expectAll(runId)
    const audit = await contest.target.rows(`select action, detail from etl_audit where run_id = '${runId}'`)
    expect(audit).toEqual([
      [
        'take-over',
        expect.stringMatching(
          new RegExp(
            `^${hostname()} pid ${first.child.pid}, since .*: not heard of for \\d+ s; sessions ended: \\d+@[^;]*$`,
          ),
        ),
      ],
    ])
  })

  test.each([
    ['ahead', 1],
    ['behind', -1],
  ])(
    'a run whose clock is a day %s, and its rival a day off the other way, is not taken for dead',
    LONG,
    async (_, sign) => {
      const first = await contest.startStopped('after-commit:stop@6', clockOff(sign * DAY_SECONDS))
      const now = Date.now()
      const second = await contest.start(clockOff(-sign * DAY_SECONDS), '--resume').result
      const { code, message } = errorOf(second)
      expect([second.code, code]).toEqual([1, 'E503'])
      const told = / pid (\d+), since (\S+Z), last heard of (\d+) s ago /.exec(message)
      expect(Number(told?.[1])).toBe(first.child.pid)
      // By the server's clock, which is the one of this test.
      expect(Math.abs(Date.parse(told?.[2] ?? '') - now)).toBeLessThan(DAY_SECONDS * 100)
      expect(Number(told?.[3])).toBeLessThan(DAY_SECONDS / 10)
      const taker = await contest.start(clockOff(-sign * DAY_SECONDS), '--take-over').result
      expect([taker.code, errorOf(taker).code]).toEqual([2, 'E512'])
      first.child.kill('SIGCONT')
      const result = await first.result
      expect(result.code, result.stderr).toBe(0)
      await contest.expectAll(resultOf(result.stdout).runId)
    },
  )

  test('a lock whose connection the server ended is taken again', LONG, async () => {
    const first = await contest.startStopped('after-commit:stop@6')
    const [lock = '', ...others] = await contest.sessions()
    await contest.target.exec(end(lock))
    first.child.kill('SIGCONT')
    const result = await first.result
    expect(result.code, result.stderr).toBe(0)
    await contest.expectAll(resultOf(result.stdout).runId)
    const [again, ...rest] = await contest.sessions()
    expect(again).toMatch(/^\d+@\d/)
    expect(again).not.toBe(lock)
    expect(others.length).toBeGreaterThan(0)
    expect(rest).toEqual(expect.arrayContaining(others))
  })
}

suite(
  'SQLite',
  4,
  async place => ({
    yaml: '{ type: sqlite, path: target.sqlite }',
    label: / on sqlite 3\.[\d.]+ target\.sqlite by /,
    env: {},
    exec: async sql => place.target(sql),
    rows: async sql => place.rows(sql),
  }),
  contest => {
    test('what a suspended process holds by the operating system cannot be taken from it', LONG, async () => {
      const first = await contest.startStopped('after-commit:stop@6')
      await contest.silence()
      const second = await contest.run('--take-over')
      expect(errorOf(second)).toMatchObject({
        code: 'E503',
        message: `the lock is still held, as far as the ledger knows by ${hostname()} pid ${first.child.pid}`,
        hint: 'end that process, which may only be stopped; then `etl run pipeline.yaml --take-over` again',
      })
      first.child.kill('SIGKILL')
      await first.result
      const third = await contest.run('--take-over')
      expect(third.code, third.stderr).toBe(0)
      const { runId } = resultOf(third.stdout)
      await contest.expectAll(runId)
      expect(await contest.target.rows(`select action, detail from etl_audit where run_id = '${runId}'`)).toEqual([
        ['take-over', expect.stringMatching(new RegExp(`: ${hostname()} has no process ${first.child.pid} any more$`))],
      ])
    })
  },
)

const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

suite(
  'PostgreSQL',
  10,
  async () => {
    const server = await postgres.create('takeover')
    servers.push(server)
    return {
      yaml: '{ type: postgres, url: "${DATABASE_URL}" }',
      label: / on postgres [\d.]+ \S+\/t_\w+ by /,
      env: { DATABASE_URL: String(server.config.url) },
      exec: server.exec,
      rows: server.rows,
    }
  },
  contest => {
    onServer(contest, id => `select pg_terminate_backend(${Number.parseInt(id, 10)})`)

    test('a run whose lock somebody else got meanwhile ends, and can be resumed', LONG, async () => {
      const first = await contest.startStopped('after-commit:stop@6')
      const [lock = ''] = await contest.sessions()
      const rival = new pg.Client({ connectionString: contest.target.env.DATABASE_URL })
      rival.on('error', () => {})
      await rival.connect()
      const hash = createHash('sha256').update(`etl:${contest.name}`).digest()
      const taking = rival.query('select pg_advisory_lock($1::int4, $2::int4)', [
        hash.readInt32BE(0),
        hash.readInt32BE(4),
      ])
      const waiting = `select count(*) from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`
      while ((await contest.target.rows(waiting))[0]?.[0] !== '1') await sleep(10)
      await contest.target.exec(`select pg_terminate_backend(${Number.parseInt(lock, 10)})`)
      await taking
      first.child.kill('SIGCONT')
      const result = await first.result
      expect(errorOf(result)).toMatchObject({
        code: 'E517',
        message: 'the connection that held the lock was lost, and another process has the lock now',
        hint: 'when that process has ended, go on with `etl run --resume`',
      })
      expect(result.code).toBe(1)
      await rival.end()
      const second = await contest.resumeWhenFree()
      expect(second.code, second.stderr).toBe(0)
      await contest.expectAll(resultOf(second.stdout).runId)
    })
  },
)

suite(
  'MySQL',
  4,
  async () => {
    const server = await mysql.create('takeover')
    servers.push(server)
    return {
      yaml: '{ type: mysql, url: "${DATABASE_URL}" }',
      label: / on mysql [\w.+-]+ \S+\/t_\w+ by /,
      env: { DATABASE_URL: String(server.config.url) },
      exec: server.exec,
      rows: server.rows,
    }
  },
  contest => onServer(contest, id => `kill connection ${Number.parseInt(id, 10)}`),
)
