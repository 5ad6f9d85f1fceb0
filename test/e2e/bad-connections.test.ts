import { chmodSync, mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { database as postgres } from '../databases/postgres.js'
import type { TestSchema } from '../databases/types.js'
import { CLI, runEtl, startProcess } from '../support/etl.js'
import { pipeline } from './behaviours/pipeline.js'
import { CANARY, ENTITY, expectTold, place, SQLITE_TARGET, untouched } from './behaviours/refusal.js'

let server: TestSchema
beforeAll(async () => {
  server = await postgres.create('bad', 'owner')
})
afterAll(() => server.drop())

describe('connections', () => {
  const target = (url: string): string =>
    pipeline(ENTITY).replace(SQLITE_TARGET, `target: { type: postgres, url: "${url}" }`)

  test('an unset variable', async () => {
    const at = place(target('${DATABASE_URL}'))
    expectTold(
      await at.run(),
      2,
      ` pipeline.yaml:5:33  E010 variable not set

   3 │ sources:
   4 │   old: { type: sqlite, path: source.sqlite }
 ▶ 5 │ target: { type: postgres, url: "\${DATABASE_URL}" }
     │                                 ━━━━━━━━━━━━━━━ DATABASE_URL is not set
   6 │

   hint  set DATABASE_URL in the environment or in .env, give --var DATABASE_URL=…, or write \${DATABASE_URL:-default}.

 1 problem
`,
    )
    untouched(at)
  })

  test('a port where nobody listens, as a URL and as keys', async () => {
    const told = (where: string): string =>
      `✖ E301 host cannot be reached
  where  postgres ${where}
  what   cannot reach the server: ECONNREFUSED
  hint   check \`host\` and \`port\`, and that the server runs
`
    expectTold(await place(target(`postgres://u:${CANARY}@127.0.0.1:1/d`)).run(), 5, told('127.0.0.1:1/d'))
    const keys = `target: { type: postgres, host: 127.0.0.1, port: 1, database: d, user: u, password: ${CANARY} }`
    expectTold(await place(pipeline(ENTITY).replace(SQLITE_TARGET, keys)).run(), 5, told('127.0.0.1:1/d'))
  })

  test('a host that does not exist', async () => {
    const at = place(target(`postgres://u:${CANARY}@no-such-host.invalid/d`))
    expectTold(
      await at.run(),
      5,
      /^✖ E301 host cannot be reached\n {2}where {2}postgres no-such-host\.invalid:5432\/d\n {2}what {3}cannot reach the server: (ENOTFOUND|EAI_AGAIN)\n {2}hint {3}check `host` and `port`, and that the server runs\n$/,
    )
  })

  const servers: Server[] = []
  afterAll(() => {
    for (const other of servers) other.close()
  })
  const listen = async (onConnection: (socket: import('node:net').Socket) => void): Promise<number> => {
    const other = createServer(socket => {
      socket.on('error', () => undefined)
      onConnection(socket)
    })
    servers.push(other)
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  test.each<[string, (socket: import('node:net').Socket) => void, string]>([
    ['a server that never answers', () => undefined, 'cannot reach the server: no answer in time'],
    ['a server that hangs up', socket => socket.destroy(), 'the server closed the connection before the login'],
    [
      'a server of another kind',
      socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'the server closed the connection before the login',
    ],
  ])('%s', async (_name, onConnection, what) => {
    const port = await listen(onConnection)
    const at = place(target(`postgres://u:${CANARY}@127.0.0.1:${port}/d?connect_timeout=1`))
    const run = await at.run()
    expectTold(run, 5, /^✖ E301 host cannot be reached\n/)
    expect(run.stderr).toContain(`  where  postgres 127.0.0.1:${port}/d\n  what   ${what}`)
    expect(run.stderr).toMatch(/\n {2}hint {3}check `host` and `port`/)
    untouched(at)
  })

  test('a wrong password, from a variable and from the file', async () => {
    const url = new URL(String(server.config.url))
    url.password = CANARY
    const where = `${url.hostname}:${url.port}${url.pathname}`
    const told = `✖ E302 login refused
  where  postgres ${where}
  what   password authentication failed for user "postgres" (28P01)
  hint   check \`user\` and \`password\`
`
    expectTold(await place(target(url.href)).run(), 5, told)
    const at = place(target('${DATABASE_URL}'))
    const env = { DATABASE_URL: url.href }
    const run = await runEtl(['run', 'pipeline.yaml', '--yes', '--verbose', '--log-file', 'etl.log'], {
      cwd: at.dir,
      env,
    })
    expect(run.code).toBe(5)
    expect(run.stdout + run.stderr).not.toContain(CANARY)
    expect(run.stderr).toContain('E302 login refused')
    untouched(at)
  })

  test('a database that is not there', async () => {
    const url = new URL(String(server.config.url))
    url.pathname = '/nowhere'
    expectTold(
      await place(target(url.href)).run(),
      5,
      /^✖ E303 database not found\n.*\n {2}what {3}database "nowhere" does not exist \(3D000\)\n {2}hint {3}check `database`\n$/,
    )
  })

  test('a login that may not write', async () => {
    await server.exec(`create table t (id integer primary key, a text); create role reader login password '${CANARY}';
      grant select on t to reader`)
    const url = new URL(String(server.config.url))
    url.username = 'reader'
    url.password = CANARY
    const at = place(target('${DATABASE_URL}'))
    const run = await runEtl(['run', 'pipeline.yaml', '--yes'], { cwd: at.dir, env: { DATABASE_URL: url.href } })
    await server.exec('drop table t; drop role reader')
    expectTold(run, 5, /E304 permission denied\n/)
    expect(run.stderr).toMatch(/\n {2}hint {3}grant the login what it needs, or use another one\n$/)
  })

  test('a server that takes no writes', async () => {
    await server.exec(
      'create table t (id integer primary key, a text); create role replica login superuser password null; alter role replica set default_transaction_read_only = on',
    )
    const url = new URL(String(server.config.url))
    await server.exec(`alter role replica password '${url.password}'`)
    url.username = 'replica'
    const at = place(target('${DATABASE_URL}'))
    const run = await runEtl(['run', 'pipeline.yaml', '--yes'], { cwd: at.dir, env: { DATABASE_URL: url.href } })
    const rows = await server.rows('select count(*) from t')
    await server.exec('drop table t; drop role replica')
    expectTold(run, 5, /E305 target is read-only\n/)
    expect(run.stderr).toMatch(/\n {2}hint {3}connect to the primary server, and as a role that may write\n$/)
    expect(rows).toEqual([['0']])
  })

  test('an SQLite file that is missing, is none, or may not be written', async () => {
    const missing = place(pipeline(ENTITY).replace('path: source.sqlite', 'path: nowhere/old.sqlite'))
    expectTold(
      await missing.run(),
      5,
      `✖ E303 database not found
  where  nowhere/old.sqlite
  what   the database file nowhere/old.sqlite does not exist
  hint   looked for ${missing.path('nowhere/old.sqlite')}; a relative path starts at the folder of the pipeline file
`,
    )
    untouched(missing)
    const none = place(pipeline(ENTITY).replace('path: source.sqlite', 'path: pipeline.yaml'))
    expectTold(
      await none.run(),
      5,
      `✖ E303 database not found
  where  pipeline.yaml
  what   pipeline.yaml is not an SQLite database
  hint   check path: it must name an SQLite 3 database file
`,
    )
    untouched(none)
    const folder = place(pipeline(ENTITY).replace('path: target.sqlite', 'path: folder'))
    mkdirSync(folder.path('folder'))
    expectTold(
      await folder.run(),
      5,
      /^✖ E303 database not found\n {2}where {2}folder\n {2}what {3}folder is a folder, not a database file\n {2}hint {3}check path/,
    )
  })

  // Nobody but root may write a file that is read-only.
  const asUser = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : []
  test('an SQLite target that is read-only', async () => {
    const at = place()
    chmodSync(at.path('target.sqlite'), 0o444)
    chmodSync(at.dir, asUser.length === 0 ? 0o555 : 0o755)
    mkdirSync(at.path('home'), { mode: 0o777 })
    const [command = '', ...args] = [...asUser, process.execPath, CLI, 'run', 'pipeline.yaml', '--yes']
    const run = await startProcess(command, args, { cwd: at.dir, env: { HOME: at.path('home') } }).result
    chmodSync(at.dir, 0o755)
    expectTold(
      run,
      5,
      `✖ E305 target is read-only
  where  target.sqlite
  what   target.sqlite cannot be written (SQLITE_READONLY)
  hint   check the rights of the file and of its folder
`,
    )
    untouched(at)
  })
})
