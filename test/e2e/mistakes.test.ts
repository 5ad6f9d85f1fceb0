import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Driver from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { ROOT, Workspace } from '../support/etl.js'
import { captureCli } from '../unit/commands/captured-io.js'
import { MISTAKES, type Mistake, PIPELINE, SOURCE, TARGET } from './mistakes/cases.js'

// To look at all messages anew: ETL_TEST_WRITE_MESSAGES=1 writes them, and the difference is what there is to judge.
const FILE = join(ROOT, 'test/e2e/mistakes/messages.txt')
const WRITE = process.env.ETL_TEST_WRITE_MESSAGES === '1'
const LOGIN = 'etl_mistake'

const told = new Map<string, string>()
let server: TestSchema

beforeAll(async () => {
  server = await postgres.create('mistakes')
  await server.exec(`drop role if exists ${LOGIN}; create role ${LOGIN} login password 'right';
    create table customers (id int primary key, name varchar(40) not null, born date);
    create table orders (id int primary key, customer_id int not null references customers, total numeric(10,2));
    revoke all on schema public from public; grant usage on schema public to ${LOGIN}`)
})

afterAll(async () => {
  await server.exec(`drop owned by ${LOGIN}; drop role ${LOGIN}`)
  await server.drop()
  if (WRITE) writeFileSync(FILE, MISTAKES.map(({ name }) => `## ${name}\n${told.get(name)}`).join('\n'))
})

/** Exit code and everything on both streams, with places of this run replaced. */
async function meet(mistake: Mistake): Promise<{ readonly code: number; readonly text: string }> {
  const { args = ['validate', 'pipeline.yaml'], edit = [], file, env = {} } = mistake
  const work = new Workspace()
  work.source(SOURCE + (mistake.source ?? ''))
  work.target(TARGET + (mistake.target ?? ''))
  const given = new URL(String(server.config.url))
  const url = new URL(given)
  if (mistake.postgres !== undefined) {
    const { user, password = 'right', database, port } = mistake.postgres
    if (user !== undefined) [url.username, url.password] = [user, password]
    if (database !== undefined) url.pathname = `/${database}`
    if (port !== undefined) url.port = String(port)
  }
  const sqlite = '{ type: sqlite, path: target.sqlite }'
  const whole =
    mistake.postgres === undefined ? PIPELINE : PIPELINE.replace(sqlite, `{ type: postgres, url: "${url}" }`)
  const text = edit.reduce((made, [from, to]) => {
    expect(made).toContain(from)
    return made.replace(from, to)
  }, whole)
  writeFileSync(work.path('pipeline.yaml'), file ?? text)
  const other = mistake.locked === undefined ? undefined : new Driver(work.path(mistake.locked))
  other?.exec('begin exclusive')
  const { code, out, err } = await captureCli(args, { cwd: work.dir, env }).finally(() => other?.close())
  const clean = (out + err)
    .replaceAll(`${work.dir}/`, '')
    .replaceAll(work.dir, '.')
    .replaceAll(given.pathname.slice(1), 'DATABASE')
    .replace(/\b(127\.0\.0\.1|localhost):(?!1\/)\d+/g, 'HOST:PORT')
    .replace(/postgres \d+\.\d+(?!\.)/g, 'postgres N.N')
    .replace(/\b[0-9a-f]{8}\b/g, 'RUN')
    // A rate is told only where enough time has passed.
    .replace(/\b\d+\.\ds( +[\d,]+)$/gm, (_, rate: string) => `N.Ns${'·'.padStart(rate.length)}`)
    .replace(/\d+\.\d+s\b/g, 'N.Ns')
    // Of the summary of a run, what tells of the mistake and of the next step.
    .replace(/^ {3}(?:report|run folder|consistency|quarantine) .*\n/gm, '')
    .replace(/sqlite 3\.[\d.]+/g, 'sqlite 3.N')
  return { code, text: clean }
}

const messages = new Map(
  WRITE
    ? []
    : readFileSync(FILE, 'utf8')
        .split(/^## /m)
        .slice(1)
        .map(
          part => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).replace(/\n$/, '')] as const,
        ),
)

test('there are more than forty, and every message is of one', () => {
  expect(MISTAKES.length).toBeGreaterThan(40)
  if (!WRITE) expect([...messages.keys()]).toEqual(MISTAKES.map(({ name }) => name))
})

test.each(MISTAKES)('$name', async mistake => {
  const { code, text } = await meet(mistake)
  told.set(mistake.name, `exit ${code}\n${text}`)
  expect(code).not.toBe(0)
  expect(text).not.toMatch(/^\s+at .*[:(]\d/m)
  expect(text).not.toMatch(/E901|undefined|\[object/)
  if (!WRITE) expect(`exit ${code}\n${text}`.trimEnd()).toBe(messages.get(mistake.name)?.trimEnd())
  expect(text, 'it says what to do').toMatch(/hint {2}|^ {3}next /m)
})
