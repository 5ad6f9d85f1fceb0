import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DoctorReport } from '../../src/doctor/doctor.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { Workspace } from '../support/etl.js'
import { captureCli } from '../unit/commands/captured-io.js'

let server: TestSchema
let guarded: TestSchema
const LOGIN = 'etl_doctor'
beforeAll(async () => {
  server = await postgres.create('doctor')
  guarded = await postgres.create('doctor_rights')
  await server.exec('create table b (id int primary key)')
  await guarded.exec(`drop role if exists ${LOGIN}; create role ${LOGIN} login password 'right';
    create table b (id int primary key); revoke all on schema public from public; grant usage on schema public to ${LOGIN}`)
})
afterAll(async () => {
  await guarded.exec(`drop owned by ${LOGIN}; drop role ${LOGIN}`)
  await guarded.drop()
  await server.drop()
})

function workspace(url: string): Workspace {
  const work = new Workspace()
  work.source('create table a (id integer primary key); insert into a values (1)')
  work.write(
    'pipeline.yaml',
    `version: 1
name: p
sources: { old: { type: sqlite, path: source.sqlite } }
target: { type: postgres, url: "${url}" }
entities: { b: { from: a, to: b, fields: { id: id } } }
`,
  )
  return work
}

async function findings(work: Workspace): Promise<{ code: number; told: string[]; report: DoctorReport }> {
  const { code, out, err } = await captureCli(['doctor', '--json'], { cwd: work.dir })
  expect(err).toBe('')
  const report = JSON.parse(out) as DoctorReport
  const told = report.findings.map(({ where, what, state, detail }) => `${where} · ${what}: ${state} ${detail}`)
  return { code, told, report }
}

test('a machine without a pipeline', async () => {
  const work = new Workspace()
  const { code, told, report } = await findings(work)
  expect([code, report.ok]).toEqual([0, true])
  expect(told[0]).toBe(`machine · Node: ok ${process.version}`)
  for (const driver of ['pg', 'mysql2', 'oracledb', 'better-sqlite3'])
    expect(told.join('\n')).toMatch(new RegExp(`machine · driver ${driver}: ok \\d`))
  expect(told.at(-1)).toMatch(/^machine · this folder: (ok|warning) [\d.]+ [MG]B free/)
})

test('a pipeline that works, before and after its first run', async () => {
  const work = workspace(String(server.config.url))
  const before = await findings(work)
  expect(before.code).toBe(0)
  const all = before.told.join('\n')
  expect(all).toContain('target · ledger: ok not there yet; the first run makes it')
  expect(all).toContain('target · clock: ok agrees with this machine')
  expect(all).toMatch(/target · time zone: ok \S+; a run reads and writes in UTC whatever it is/)
  expect(all).toContain('target · bulk path: ok COPY')
  expect(all).toContain('pipeline · tables, columns, rights: ok 3 points, all as the pipeline needs them')
  expect(all).not.toContain('oracledb')
  expect((await work.run()).code).toBe(0)
  expect((await findings(work)).told.join('\n')).toMatch(
    /target · ledger: ok format \d+, last run [0-9a-f]{8}: completed/,
  )
})

test('each thing that is wrong is told with what to do, and the rest is looked at all the same', async () => {
  const url = new URL(String(guarded.config.url))
  ;[url.username, url.password] = [LOGIN, 'right']
  const weak = await findings(workspace(url.href))
  expect(weak.code).toBe(5)
  expect(weak.report.findings.filter(({ state }) => state === 'failed')).toEqual([
    {
      where: 'target',
      what: 'ledger',
      state: 'failed',
      detail: `${LOGIN} may not create tables in schema public`,
      code: 'E311',
      hint: `\`grant usage, create on schema public to ${LOGIN}\``,
    },
    {
      where: 'pipeline',
      what: 'target: write b',
      state: 'failed',
      detail: 'the login may not write to it',
      code: 'E304',
      hint: 'see `etl explain E304`',
    },
  ])
  url.port = '1'
  const away = await captureCli(['doctor', 'pipeline.yaml', '--ascii'], { cwd: workspace(url.href).dir })
  expect(away.code).toBe(5)
  expect(away.out).toContain(`
   x connection             E301 cannot reach the server: ECONNREFUSED
     --> check \`host\` and \`port\`, and that the server runs

 x 1 thing to mend`)
  expect(away.out).toMatch(/ source old\n {3}\+ connection {13}sqlite 3/)
})
