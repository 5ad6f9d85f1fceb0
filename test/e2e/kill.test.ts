import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { resultOf, type StartedEtl, sqliteExec, startEtl, Workspace, withSqlite } from '../support/etl.js'

const ACCOUNTS = 20_000
const ENTRIES = 100_000
/** Enough lines to be stopped among. */
const FEW = 20_000
const KILLS = 10
const LONG = { timeout: 180_000 }
const SEED = Number(process.env.ETL_TEST_SEED ?? Date.now() % 1_000_000)
console.log(`kill tests: ETL_TEST_SEED=${SEED}`)

const PIPELINE = `
version: 1
name: ledger
sources:
  books: { type: sqlite, path: source.sqlite }
target: TARGET
defaults: { batch_size: 1000, on_error: fail }
entities:
  entries:                       # into a table without any key: nothing but the ledger keeps a row from coming twice
    from: ENTRY
    to: entries
    where: LINE <= LAST
    fields:
      line: LINE
      account_id: { from: ACCOUNT_NO, ref: accounts }
      amount: { from: AMOUNT, type: "decimal(12,2)" }
      note: { from: NOTE, apply: [trim] }
  accounts:
    from: ACCOUNT
    to: accounts
    defer: [parent_id]
    fields:
      no: NO
      parent_id: { from: PARENT_NO, ref: accounts }
`

const TABLES = (id: string): string => `
create table accounts (id ${id}, no text not null unique, parent_id bigint references accounts (id));
create index accounts_parent on accounts (parent_id);
create table entries (line integer not null, account_id bigint not null references accounts (id), amount decimal(12,2) not null, note text);
`

const IMAGE = `select e.line, a.no, e.amount, e.note from entries e join accounts a on a.id = e.account_id`
const PARENTS = `select a.no, p.no from accounts a left join accounts p on p.id = a.parent_id`

/** mulberry32 */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const accountNo = (i: number): string => `A${String(i).padStart(5, '0')}`
const accountOf = (line: number): string => accountNo((line * 7919) % ACCOUNTS)
const amountOf = (line: number): string => (((line * 37) % 100_000) / 100).toFixed(2)

function fillSource(file: string): void {
  sqliteExec(
    file,
    `create table ACCOUNT (NO text primary key not null, PARENT_NO text);
     create table ENTRY (LINE integer primary key, ACCOUNT_NO text, AMOUNT text, NOTE text);`,
  )
  withSqlite(file, db => {
    const account = db.prepare('insert into ACCOUNT values (?, ?)')
    const entry = db.prepare('insert into ENTRY values (?, ?, ?, ?)')
    db.transaction(() => {
      for (let i = 0; i < ACCOUNTS; i++)
        account.run(accountNo(i), i % 3 === 0 ? accountNo((i * 31 + 5) % ACCOUNTS) : null)
      for (let n = 1; n <= ENTRIES; n++) entry.run(n, accountOf(n), amountOf(n), n % 5 === 0 ? null : ` note ${n} `)
    })()
  })
}

/** What the target must hold, as text: the source's image, made without the program. */
const EXPECTED_ENTRIES = Array.from({ length: ENTRIES }, (_, i) => {
  const line = i + 1
  return [line, accountOf(line), Number(amountOf(line)), line % 5 === 0 ? '' : `note ${line}`].join('|')
})
const EXPECTED_PARENTS = Array.from({ length: ACCOUNTS }, (_, i) =>
  [accountNo(i), i % 3 === 0 ? accountNo((i * 31 + 5) % ACCOUNTS) : ''].join('|'),
)

interface Target {
  readonly yaml: string
  readonly env: Readonly<Record<string, string>>
  exec(sql: string): Promise<void>
  rows(sql: string): Promise<unknown[][]>
}

/** Rows missing, rows too many and rows twice, by comparing the texts; all empty when the image is exact. */
async function expectImage(target: Target, runId: string | undefined, lines = ENTRIES): Promise<void> {
  const entries = (await target.rows(IMAGE)).map(([line, no, amount, note]) =>
    [line, no, Number(amount), note ?? ''].join('|'),
  )
  const parents = (await target.rows(PARENTS)).map(([no, parent]) => [no, parent ?? ''].join('|'))
  for (const [actual, expected] of [
    [entries, lines === ENTRIES ? EXPECTED_ENTRIES : EXPECTED_ENTRIES.filter(row => Number.parseInt(row, 10) <= lines)],
    [parents, EXPECTED_PARENTS],
  ] as const) {
    const [have, want] = [new Set(actual), new Set(expected)]
    expect({
      rows: actual.length,
      distinct: have.size,
      missing: expected.filter(row => !have.has(row)).slice(0, 5),
      unexpected: actual.filter(row => !want.has(row)).slice(0, 5),
    }).toEqual({ rows: expected.length, distinct: expected.length, missing: [], unexpected: [] })
  }
  expect(Number((await target.rows('select count(*) from entries'))[0]?.[0])).toBe(lines)
  const sums = await target.rows(
    `select entity, sum(rows_read), sum(inserted) from etl_batch where pass = 'load' and run_id = '${runId}' group by entity order by entity`,
  )
  expect(sums.map(row => [row[0], Number(row[1]), Number(row[2])])).toEqual([
    ['accounts', ACCOUNTS, ACCOUNTS],
    ['entries', lines, lines],
  ])
}

/** Resolves when the run has committed so many batches; or when it ended before. */
function batches(started: StartedEtl, count: number): Promise<unknown> {
  let seen = 0
  const reached = new Promise<void>(resolve => {
    started.child.stdout?.on('data', (text: string) => {
      seen += text.split('"type":"batch"').length - 1
      if (seen >= count) resolve()
    })
  })
  return Promise.race([reached, started.result])
}

function suite(name: string, open: (place: Workspace) => Promise<Target>, signal: 'SIGINT' | 'SIGTERM'): void {
  const place = new Workspace()
  let target: Target

  beforeAll(async () => {
    target = await open(place)
    fillSource(place.path('source.sqlite'))
  })

  /** Empty tables, and a pipeline that never ran. */
  async function begin(pipeline: string, lines: number): Promise<void> {
    // A delete in PostgreSQL would check each reference against rows that are dead but still there.
    await target.exec(
      name === 'PostgreSQL'
        ? 'truncate entries, accounts'
        : 'delete from entries; update accounts set parent_id = null; delete from accounts',
    )
    const yaml = PIPELINE.replace('TARGET', target.yaml).replace('LAST', String(lines))
    place.write('pipeline.yaml', yaml.replace('name: ledger', `name: ${pipeline}`))
  }

  function start(...args: string[]): StartedEtl {
    return startEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], { cwd: place.dir, env: target.env })
  }

  test(`${name}: kill -9 at ${KILLS} random moments loses nothing and doubles nothing`, LONG, async () => {
    await begin('killed', ENTRIES)
    const random = randomNumbers(SEED)
    let kills = 0
    let resume = false
    for (;;) {
      const run = start(...(resume ? ['--resume'] : []))
      if (kills < KILLS) {
        // One kill in five hits the start-up: connecting, locking, creating the ledger's tables.
        if (kills % 5 === 0) await Promise.race([sleep(100 + random(700)), run.result])
        else {
          // Few enough that the run outlasts its kills on a busy machine too, where more is done until one lands.
          await batches(run, 1 + random(10))
          await sleep(random(60))
        }
        run.child.kill('SIGKILL')
      }
      const result = await run.result
      if (result.signal === 'SIGKILL') {
        kills++
        resume = true
      } else if (result.code === 2 && result.stderr.startsWith('✖ E505')) {
        // Killed before it was in the ledger: there is nothing to resume.
        resume = false
      } else if (result.stderr.startsWith('✖ E503')) {
        // The server has not noticed yet that the killed process is gone.
        await sleep(100)
      } else {
        expect(result.code, result.stderr).toBe(0)
        expect(resultOf(result.stdout).status).toBe('ok')
        await expectImage(target, resultOf(result.stdout).runId)
        break
      }
    }
    expect(kills).toBe(KILLS)
  })

  const code = signal === 'SIGINT' ? 130 : 143
  test(`${name}: ${signal} finishes the batch, exits with ${code}, and is resumed`, LONG, async () => {
    await begin('stopped', FEW)
    const first = start()
    await batches(first, 3)
    first.child.kill(signal)
    const stopped = await first.result
    expect(stopped.code, stopped.stderr).toBe(code)
    expect(stopped.stderr).not.toMatch(/^\s+at /m)
    expect(resultOf(stopped.stdout)).toMatchObject({ status: 'interrupted', exitCode: code })
    const read = resultOf(stopped.stdout).counts.read ?? 0
    expect(read % 1000).toBe(0)
    expect(read).toBeGreaterThanOrEqual(3000)
    expect(read).toBeLessThan(ACCOUNTS + FEW)
    const second = await start('--resume').result
    expect(second.code, second.stderr).toBe(0)
    expect(resultOf(second.stdout).runId).toBe(resultOf(stopped.stdout).runId)
    await expectImage(target, resultOf(second.stdout).runId, FEW)
    const third = await start('--resume').result
    expect(third.code, 'a finished run resumed is done already').toBe(0)
    await expectImage(target, resultOf(second.stdout).runId, FEW)
  })
}

suite(
  'SQLite',
  async place => {
    place.target(TABLES('integer primary key autoincrement'))
    return {
      yaml: '{ type: sqlite, path: target.sqlite }',
      env: {},
      exec: async sql => place.target(sql),
      rows: async sql => place.rows(sql),
    }
  },
  'SIGINT',
)

const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))
suite(
  'PostgreSQL',
  async () => {
    const server = await postgres.create('kill')
    servers.push(server)
    await server.exec(TABLES('bigint generated always as identity primary key'))
    return {
      yaml: '{ type: postgres, url: "${DATABASE_URL}" }',
      env: { DATABASE_URL: String(server.config.url) },
      exec: server.exec,
      rows: server.rows,
    }
  },
  'SIGTERM',
)

suite(
  'MySQL',
  async () => {
    const server = await mysql.create('kill')
    servers.push(server)
    await server.exec(TABLES('bigint not null auto_increment primary key').replaceAll(' text', ' varchar(100)'))
    return {
      yaml: '{ type: mysql, url: "${DATABASE_URL}" }',
      env: { DATABASE_URL: String(server.config.url) },
      exec: server.exec,
      rows: server.rows,
    }
  },
  'SIGINT',
)
