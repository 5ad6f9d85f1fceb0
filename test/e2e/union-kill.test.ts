import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { countsOf, resultOf, type StartedEtl, startEtl, Workspace, withSqlite } from '../support/etl.js'
import { Random } from '../support/random.js'

const EACH = 3000
const VISITS = 9000
const KILLS = 5
const SEED = Number(process.env.ETL_TEST_SEED ?? Date.now() % 1_000_000)
console.log(`union kill test: ETL_TEST_SEED=${SEED}`)

const servers: TestSchema[] = []
afterAll(() => Promise.all(servers.map(server => server.drop())))

const PIPELINE = `
version: 1
name: people
sources:
  old: { type: sqlite, path: source.sqlite }
  files: { type: csv }
target: { type: postgres, url: "\${DATABASE_URL}" }
defaults: { batch_size: 150, on_error: quarantine }
entities:
  visits:                        # into a table without any key: nothing but the ledger keeps a row from coming twice
    from: { source: old, table: VISIT }
    to: visits
    fields: { line: LINE, person_id: { from: [ORIGIN, NO], ref: people } }
  people:
    from:
      union:
        - { as: base, source: old, table: PERSON, rename: { NO: no, NAME: name } }
        - { as: list, source: files, table: people.csv }
    key: [$member, no]
    to: people
    dedupe: { by: no }
    fields: { no: no, name: name, origin: $member }
`

const no = (i: number): string => `P${String(i).padStart(5, '0')}`
/** One in four of the list is in the base already. */
const listed = (i: number): string => (i % 4 === 0 ? no(i) : no(EACH + i))

function fill(place: Workspace): void {
  place.source(`create table PERSON (NO text primary key not null, NAME text);
    create table VISIT (LINE integer primary key, ORIGIN text, NO text)`)
  withSqlite(place.path('source.sqlite'), db => {
    const person = db.prepare('insert into PERSON values (?, ?)')
    const visit = db.prepare('insert into VISIT values (?, ?, ?)')
    db.transaction(() => {
      for (let i = 1; i <= EACH; i++) person.run(no(i), `base ${i}`)
      for (let line = 1; line <= VISITS; line++) visit.run(line, ...visitOf(line))
    })()
  })
  const lines = Array.from({ length: EACH }, (_, i) => `${listed(i + 1)},list ${i + 1}`)
  place.write('people.csv', `no,name\n${lines.join('\n')}\n`)
}

function visitOf(line: number): [string, string] {
  const i = ((line * 7919) % EACH) + 1
  return line % 2 === 0 ? ['base', no(i)] : ['list', listed(i)]
}

/** Of equal numbers the first in read order is kept: the one of the base. */
const people = [
  ...Array.from({ length: EACH }, (_, i) => [no(i + 1), `base ${i + 1}`, 'base'].join('|')),
  ...Array.from({ length: EACH }, (_, i) => i + 1)
    .filter(i => i % 4 !== 0)
    .map(i => [listed(i), `list ${i}`, 'list'].join('|')),
]
const kept = new Set(people.map(row => `${row.split('|')[2]}|${row.split('|')[0]}`))
const visits = Array.from({ length: VISITS }, (_, i) => [i + 1, ...visitOf(i + 1)] as const)
  .filter(([, origin, number]) => kept.has(`${origin}|${number}`))
  .map(row => row.join('|'))

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

test('a union of a database and a file, deduped and referred to: kill -9 at random moments', {
  timeout: 180_000,
}, async () => {
  const server = await postgres.create('union-kill')
  servers.push(server)
  await server.exec(`
    create table people (id bigint generated always as identity primary key, no text not null, name text, origin text);
    create table visits (line integer not null, person_id bigint not null references people (id))`)
  const place = new Workspace()
  fill(place)
  place.write('pipeline.yaml', PIPELINE)
  const random = new Random(SEED)
  let kills = 0
  let resume = false
  for (;;) {
    const run = startEtl(['run', 'pipeline.yaml', '--yes', '--json', ...(resume ? ['--resume'] : [])], {
      cwd: place.dir,
      env: { DATABASE_URL: String(server.config.url) },
    })
    if (kills < KILLS) {
      await batches(run, random.int(1, 15))
      await sleep(random.int(0, 40))
      run.child.kill('SIGKILL')
    }
    const result = await run.result
    if (result.signal === 'SIGKILL') {
      kills++
      resume = true
      continue
    }
    if (result.stderr.startsWith('✖ E503')) {
      // The server has not noticed yet that the killed process is gone.
      await sleep(100)
      continue
    }
    expect(result.code, result.stderr).toBe(3)
    const deduped = EACH / 4
    const ended = resultOf(result.stdout)
    expect(countsOf(ended)).toEqual({
      visits: `${VISITS} read, ${visits.length} written, 0 skipped, 0 filtered, ${VISITS - visits.length} quarantined`,
      people: `${2 * EACH} read, ${2 * EACH - deduped} written, 0 skipped, 0 filtered, 0 quarantined`,
    })
    expect(ended.entities.find(({ name }) => name === 'people')?.counts.deduped).toBe(deduped)
    break
  }
  expect(kills).toBe(KILLS)
  const texts = async (sql: string): Promise<string[]> => (await server.rows(sql)).map(row => row.join('|'))
  const found = await texts('select no, name, origin from people')
  expect(found.length).toBe(people.length)
  expect(new Set(found)).toEqual(new Set(people))
  const joined = 'select v.line, p.origin, p.no from visits v join people p on p.id = v.person_id order by v.line'
  expect(await texts(joined)).toEqual(visits)
  expect(await texts('select count(*) from visits')).toEqual([String(visits.length)])
  expect(place.quarantine('people', 'visits')).toHaveLength(VISITS - visits.length)
  expect(place.quarantine('people', 'people')).toHaveLength(EACH / 4)
})
