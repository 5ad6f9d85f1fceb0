import { afterAll, describe, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { quarantineOf, resultOf, runEtl, Workspace, withSqlite } from '../support/etl.js'

const ROWS = 2000
const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

interface Person {
  readonly id: number
  readonly email: string | null
  readonly born: string
  readonly vip: number
}

/** Of every fifth row nobody knows the address; every 13th is filtered, every 17th cannot be loaded. */
const people: readonly Person[] = Array.from({ length: ROWS }, (_, i) => ({
  id: i + 1,
  email: i % 5 === 0 ? null : `${i % 2 === 0 ? 'A' : 'a'}${(i * 7) % 611}@x.org`,
  born: i % 17 === 0 ? 'soon' : '2000-01-01',
  vip: i % 13 === 0 ? 0 : 1,
}))

/** What becomes of each row, worked out without the program. */
function expected(keep: 'first' | 'last') {
  const passing = people.filter(person => person.vip === 1)
  const key = (person: Person): string => String(person.email?.toLowerCase())
  const winners = new Map<string, number>()
  for (const person of passing) if (keep === 'last' || !winners.has(key(person))) winners.set(key(person), person.id)
  const kept = passing.filter(person => winners.get(key(person)) === person.id)
  const loaded = kept.filter(person => person.born !== 'soon')
  return {
    loaded: loaded.map(person => [person.id, person.email]),
    losers: passing
      .filter(person => !kept.includes(person))
      .map(person => [String(person.id), String(winners.get(key(person)))]),
    counts: {
      read: ROWS,
      written: loaded.length,
      filtered: ROWS - passing.length,
      deduped: passing.length - kept.length,
      quarantined: kept.length - loaded.length,
      skipped: 0,
    },
  }
}

function pipeline(name: string, target: string, keep: string): string {
  return `
version: 1
name: ${name}
sources: { crm: { type: sqlite, path: source.sqlite } }
target: ${target}
defaults: { batch_size: 100 }
entities:
  people:
    from: PERSON
    to: people
    filter: { ">": [{ var: VIP }, 0] }
    let: { mail: { lower: [{ var: EMAIL }] } }
    dedupe: { by: mail${keep === 'first' ? '' : ', keep: last'} }
    fields: { id: ID, email: EMAIL, born: BORN }
`
}

const TABLE = 'create table people (id integer not null, email text, born date)'

interface Target {
  readonly yaml: string
  readonly env: Readonly<Record<string, string>>
  rows(sql: string): Promise<unknown[][]>
}

async function sqliteTarget(place: Workspace): Promise<Target> {
  place.target(TABLE)
  return { yaml: '{ type: sqlite, path: target.sqlite }', env: {}, rows: async sql => place.rows(sql) }
}

async function postgresTarget(): Promise<Target> {
  const server = await postgres.create('dedupe')
  servers.push(server)
  await server.exec(TABLE)
  const env = { DATABASE_URL: String(server.config.url) }
  return { yaml: '{ type: postgres, url: "${DATABASE_URL}" }', env, rows: server.rows }
}

function fill(place: Workspace): void {
  place.source('create table PERSON (ID integer primary key, EMAIL text, BORN text, VIP integer)')
  withSqlite(place.path('source.sqlite'), db => {
    const insert = db.prepare('insert into PERSON values (?, ?, ?, ?)')
    db.transaction(() => {
      for (const { id, email, born, vip } of people) insert.run(id, email, born, vip)
    })()
  })
}

describe.each([
  ['SQLite', sqliteTarget],
  ['PostgreSQL', postgresTarget],
] as const)('%s', (_name, open) => {
  test.each(['first', 'last'] as const)('keep: %s decides the same after kill -9', { timeout: 60_000 }, async keep => {
    const place = new Workspace()
    fill(place)
    const target = await open(place)
    place.write('pipeline.yaml', pipeline(`dedupe-${keep}`, target.yaml, keep))
    const run = (failpoints: string, ...args: string[]) =>
      runEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], {
        cwd: place.dir,
        env: { ...target.env, ...(failpoints === '' ? {} : { ETL_FAILPOINTS: failpoints }) },
      })
    const first = await run('after-write:kill@4')
    expect(first.signal, first.stderr).toBe('SIGKILL')
    for (const failpoints of ['after-write:kill@6', 'after-ledger-row:kill@1', '']) {
      let last = await run(failpoints, '--resume')
      // The server may not have noticed yet that the killed process is gone.
      while (last.stderr.startsWith('✖ E503')) last = await run(failpoints, '--resume')
      if (failpoints !== '') expect(last.signal, last.stderr).toBe('SIGKILL')
      else {
        expect(last.code, last.stderr).toBe(3)
        const want = expected(keep)
        expect(
          (await target.rows('select id, email from people order by id')).map(([id, mail]) => [Number(id), mail]),
        ).toEqual(want.loaded)
        const result = resultOf(last.stdout)
        expect(result.counts).toMatchObject(want.counts)
        const listed = quarantineOf(String(result.runDir), 'people').filter(line => line.code === 'E425')
        expect(listed.map(line => [line.key, line.kept]).toSorted(byNumber)).toEqual(want.losers)
        expect(new Set(listed.flatMap(line => Object.keys(line.values ?? {})))).toEqual(new Set())
        expect(await target.rows("select count(*) from etl_reject where state = 'deduped'")).toEqual([
          [expect.toSatisfy(n => Number(n) === want.losers.length)],
        ])
      }
    }
  })
})

function byNumber(a: readonly unknown[], b: readonly unknown[]): number {
  return Number(a[0]) - Number(b[0])
}

test('a union: the first member wins; the plan, the dry run and the summary say so', async () => {
  const place = new Workspace()
  place.source(`
    create table NEWER (ID integer primary key, CODE decimal(6,2), NOTE text);
    create table OLDER (NO integer primary key, CODE decimal(8,1), NOTE text);
    insert into NEWER values (1, 1.5, 'new'), (2, null, 'new'), (3, 7, 'new');
    insert into OLDER values (1, 1.5, 'old'), (2, null, 'old'), (3, 8, 'old'), (4, 8, 'old')`)
  place.target('create table codes (code decimal(10,2), note text)')
  place.write(
    'pipeline.yaml',
    `
version: 1
name: codes
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  codes:
    from: { union: [{ table: NEWER }, { table: OLDER, rename: { NO: ID } }] }
    to: codes
    chunks: 3
    dedupe: { by: CODE }
    fields: { code: CODE, note: NOTE }
`,
  )
  const plan = await place.etl('plan', 'pipeline.yaml')
  expect(plan.stdout).toContain('codes: the first row of those with equal CODE is kept; read in one piece')
  expect(plan.stdout).toContain('rows are read in one piece, so that duplicates are seen: `chunks` is ignored')
  const dry = await place.run('--dry-run', '--json')
  const counts = { read: 7, written: 4, deduped: 3, quarantined: 0 }
  expect(resultOf(dry.stdout).counts).toMatchObject(counts)
  const run = await place.run()
  expect(run.code, run.stderr).toBe(0)
  expect(run.stdout).toMatch(/ENTITY +READ +WRITTEN +DEDUPED/)
  expect(run.stdout).toMatch(/duplicates +\S+codes\.ndjson \(3 rows, E425\)/)
  expect(place.rows('select note, code from codes order by note, code')).toEqual([
    ['new', null],
    ['new', 1.5],
    ['new', 7],
    ['old', 8],
  ])
  expect(place.quarantine('codes', 'codes').map(line => [line.stage, line.key, line.kept, line.message])).toEqual([
    ['dedupe', '["OLDER","1"]', '["NEWER","1"]', 'another row has the same CODE and is kept'],
    ['dedupe', '["OLDER","2"]', '["NEWER","2"]', 'another row has the same CODE and is kept'],
    ['dedupe', '["OLDER","4"]', '["OLDER","3"]', 'another row has the same CODE and is kept'],
  ])
})

test('a row that cannot be read or worked out takes no other with it', async () => {
  const place = new Workspace()
  place.source(`
    create table T (ID integer primary key, CODE text, NOTE text, N text);
    insert into T values (1, 'a', cast(x'ff' as text), '1'), (2, 'a', 'two', '2'), (3, 'b', 'three', 'x'), (4, 'b', 'four', '4'),
      (5, 'c', 'five', '5'), (6, 'c', 'six', '6')`)
  place.target('create table t (id integer primary key, note text, n integer, late text)')
  place.write(
    'pipeline.yaml',
    `
version: 1
name: sound
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: sqlite, path: target.sqlite }
entities:
  t:
    from: T
    to: t
    let: { number: { to_integer: [{ var: N }] } }
    dedupe: { by: CODE, keep: last }
    defer: [late]
    fields: { id: ID, note: NOTE, n: number, late: CODE }
`,
  )
  const run = await place.run('--json')
  expect(run.code, run.stderr).toBe(3)
  expect(resultOf(run.stdout).counts).toMatchObject({ read: 6, written: 3, deduped: 1, quarantined: 2 })
  expect(place.rows('select * from t order by id')).toEqual([
    [2, 'two', 2, 'a'],
    [4, 'four', 4, 'b'],
    [6, 'six', 6, 'c'],
  ])
})
