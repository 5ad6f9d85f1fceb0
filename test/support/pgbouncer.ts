import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { aptInstall, programNamed } from './apt.js'
import { temporaryFolder } from './etl.js'

export interface Pooler {
  /** The given database, through the pooler. */
  readonly url: string
  stop(): Promise<void>
}

/** The shell's standard input ends when we do, however we end, and it takes the pooler along. */
const GUARD = `
"$@" </dev/null >"$LOG" 2>&1 3<&- &
pooler=$!
(read -r line; kill -INT $pooler) <&3 2>/dev/null &
reader=$!
wait $pooler
kill $reader 2>/dev/null
true
`

/**
 * A real pgbouncer on a free port in front of a database: the system's, which as root on Debian is installed where it
 * is missing.
 *
 * @param settings of its section `pgbouncer`
 */
export async function startPgbouncer(database: string, settings: Readonly<Record<string, string>>): Promise<Pooler> {
  if (programNamed('pgbouncer') === undefined) await aptInstall('pgbouncer')
  const program = programNamed('pgbouncer')
  if (program === undefined) throw new Error('no pgbouncer to test with: install it')
  const folder = temporaryFolder()
  const behind = new URL(database)
  const port = await freePort()
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  }
  const login = `host=${behind.hostname} port=${behind.port} user=${behind.username} password=${behind.password}`
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(file, `[databases]\n* = ${login}\n[pgbouncer]\n${lines.join('\n')}\n`)
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  await chmod(folder, 0o755)
  const log = join(folder, 'log')
  const child = spawn('/bin/sh', ['-c', GUARD, 'guard', program, ...user, file], {
    env: { PATH: process.env.PATH, LOG: log },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.stdio[3]?.destroy()
    await exited
  }
  const url = new URL(behind)
  url.host = `127.0.0.1:${port}`
  const end = Date.now() + 20_000
  for (;;) {
    const client = new pg.Client({ connectionString: url.href })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return { url: url.href, stop }
    } catch (error) {
      await client.end().catch(() => {})
      if (Date.now() > end || child.exitCode !== null) {
        await stop()
        throw new Error(`pgbouncer did not start: ${await readFile(log, 'utf8')}`, { cause: error })
      }
      await sleep(50)
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
