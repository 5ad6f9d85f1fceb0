import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as mysql } from '../databases/mysql.js'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { runEtl, Workspace } from '../support/etl.js'

const WATCH = `--import=${new URL('supply-chain-network.mjs', import.meta.url).href}`

describe('every host that a run wants to know or to talk to: those of the file, and nobody else', () => {
  const place = new Workspace()
  const servers: TestSchema[] = []
  beforeAll(async () => {
    servers.push(await mysql.create('hosts'), await postgres.create('hosts'))
    await servers[0]?.exec(`create table t (id integer primary key, mail varchar(50), phone varchar(50));
      insert into t values (1, 'ada@example.com', '+1 212 555 0100'), (2, 'http://example.com/x', 'none')`)
    await servers[1]?.exec('create table t (id integer primary key, mail text, phone text)')
    place.write(
      'pipeline.yaml',
      `version: 1
name: hosts
sources: { old: { type: mysql, url: "\${FROM}" } }
target: { type: postgres, url: "\${TO}" }
undo: true
verify: full
backup: true
entities:
  t:
    from: t
    to: t
    load: upsert
    fields: { id: id, mail: { from: mail, apply: [email], on_invalid: null }, phone: { from: phone, apply: [{ phone: { region: US } }], on_invalid: null } }
`,
    )
  })
  afterAll(() => Promise.all(servers.map(server => server.drop())))

  async function contacts(code: number, args: readonly string[]): Promise<string[]> {
    const [from, to] = servers.map(server => String(server.config.url))
    const file = place.path('contacts')
    const before = existsSync(file) ? readFileSync(file, 'utf8').length : 0
    const env = { FROM: from ?? '', TO: to ?? '', CONTACTS: file, NODE_OPTIONS: WATCH }
    const result = await runEtl(args, { cwd: place.dir, env })
    expect(result.code, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(code)
    const text = existsSync(file) ? readFileSync(file, 'utf8').slice(before) : ''
    return [...new Set(text.split('\n').filter(line => line !== ''))]
  }

  test('a run with backup and proof, verify, undo, doctor, plan: two servers', async () => {
    const hosts = servers.map(server => `tcp ${new URL(String(server.config.url)).host}`)
    hosts.sort((a, b) => a.localeCompare(b))
    const seen = async (...args: string[]): Promise<string[]> =>
      (await contacts(0, args)).sort((a, b) => a.localeCompare(b))
    expect(await seen('run', 'pipeline.yaml', '--yes')).toEqual(hosts)
    expect(await seen('verify', 'pipeline.yaml', '--level', 'full')).toEqual(hosts)
    expect(await seen('plan', 'pipeline.yaml')).toEqual(hosts)
    expect(await seen('doctor', 'pipeline.yaml')).toEqual(hosts)
    expect(hosts).toEqual(expect.arrayContaining(await seen('undo', 'last', 'pipeline.yaml', '--yes')))
  }, 120_000)

  test('what needs no database talks to nobody', async () => {
    for (const args of [
      ['validate', 'pipeline.yaml'],
      ['schema'],
      ['reference'],
      ['explain', 'E230'],
      ['--version'],
      ['help'],
    ])
      expect([args, await contacts(0, args)]).toEqual([args, []])
  })
})
