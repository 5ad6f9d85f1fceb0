import { afterAll, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { resultOf, startEtl, Workspace, withSqlite } from '../support/etl.js'

const PEOPLE = 3000
/** So many that a thread of its own reads and transforms, and asks the main one for keys. */
const VISITS = 120_000
/** Visits of people who are not there, and of a kind that is not. */
const STRAY = 25
const UNKNOWN = 10

const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

const PIPELINE = `
version: 1
name: visits
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${DATABASE_URL}" }
defaults: { on_error: quarantine }
lookups:
  kinds: { in: target, table: kinds, key: code, value: id }
entities:
  people: { from: PERSON, to: people, fields: { name: NAME } }
  visits:
    from: VISIT
    to: visits
    fields:
      line: LINE
      person_id: { from: NAME, ref: people }
      kind_id: { from: KIND, lookup: kinds }
`

test('a thread asks for keys of refs and look-ups, is killed, and all rows arrive once with the right keys', {
  timeout: 120_000,
}, async () => {
  const target = await postgres.create('asks')
  servers.push(target)
  await target.exec(`
    create table people (id bigint generated always as identity (start with 5000) primary key, name text not null unique);
    create table kinds (id integer primary key, code text not null unique);
    create table visits (line integer not null, person_id bigint not null references people, kind_id integer not null references kinds);
    insert into kinds select n, 'k' || n from generate_series(1, 7) n`)
  const place = new Workspace()
  place.write('pipeline.yaml', PIPELINE)
  place.source(`
    create table PERSON (NAME text primary key not null) without rowid;
    create table VISIT (LINE integer primary key, NAME text, KIND text)`)
  withSqlite(place.path('source.sqlite'), db => {
    const person = db.prepare('insert into PERSON values (?)')
    const visit = db.prepare('insert into VISIT values (?, ?, ?)')
    db.transaction(() => {
      for (let i = 0; i < PEOPLE; i++) person.run(`p${i}`)
      for (let i = 1; i <= VISITS; i++) {
        const name = i % (VISITS / STRAY) === 0 ? `nobody${i}` : `p${(i * 7919) % PEOPLE}`
        visit.run(i, name, i % (VISITS / UNKNOWN) === 1 ? 'k0' : `k${(i % 7) + 1}`)
      }
    })()
    db.exec('analyze')
  })
  const run = (failpoints: string, ...args: string[]) =>
    startEtl(['run', 'pipeline.yaml', '--yes', '--json', ...args], {
      cwd: place.dir,
      env: { DATABASE_URL: String(target.config.url), ETL_FAILPOINTS: failpoints },
    }).result
  const killed = await run('thread-batch:kill@3')
  expect(killed.signal, killed.stderr).toBe('SIGKILL')
  const result = await run('', '--resume')
  expect(result.code, result.stderr).toBe(3)
  expect(resultOf(result.stdout).counts).toMatchObject({
    read: PEOPLE + VISITS,
    written: PEOPLE + VISITS - STRAY - UNKNOWN,
    quarantined: STRAY + UNKNOWN,
  })
  const rows = await target.rows('select count(*), count(distinct line) from visits')
  expect(rows[0]?.map(Number)).toEqual([VISITS - STRAY - UNKNOWN, VISITS - STRAY - UNKNOWN])
  const wrong = await target.rows(`
    select count(*) from visits v join people p on p.id = v.person_id join kinds k on k.id = v.kind_id
    where p.name <> 'p' || (v.line::bigint * 7919) % ${PEOPLE} or k.code <> 'k' || v.line % 7 + 1`)
  expect(wrong[0]?.map(Number)).toEqual([0])
})

test('a thread that takes longer than one without work is kept is left in peace', { timeout: 60_000 }, async () => {
  const target = await postgres.create('slow')
  servers.push(target)
  const place = new Workspace()
  place.write(
    'pipeline.yaml',
    `
version: 1
name: slow
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "\${DATABASE_URL}" }
entities:
  visits: { from: VISIT, to: { table: visits, create: if_missing }, fields: { line: LINE } }
`,
  )
  place.source(`create table VISIT (LINE integer primary key);
    insert into VISIT with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000) select i from n`)
  const run = await startEtl(['run', 'pipeline.yaml', '--yes'], {
    cwd: place.dir,
    env: { DATABASE_URL: String(target.config.url), ETL_FAILPOINTS: 'thread-batch:sleep-11000@2' },
  }).result
  expect(run.code, run.stderr).toBe(0)
  expect(await target.rows('select count(*), count(distinct line) from visits')).toEqual([['30000', '30000']])
})
