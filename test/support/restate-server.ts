import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { programNamed } from './apt.js'
import { crashable } from './crashable-server.js'
import { freePort, inFolder, type ServerFolder } from './server-process.js'

export const RESTATE_VERSION = '1.7.12'
/** What the page on many machines says; a worker that hangs is noticed after twice as long. */
export const KEEP_ALIVE = '3s'
const CACHE = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

export interface RestateServer {
  /** For `--engine`. */
  readonly url: string
  readonly admin: string
  readonly metrics: string
  readonly version: string
  /** Kills the server as a crash would and waits until it is there again, with what it had. */
  crash(): Promise<void>
  /** Rows of its own tables. */
  rows(sql: string): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}

/**
 * A real Restate for tests, on free ports and in a temporary folder: the program in PATH, else the one of the npm package,
 * which is fetched when it is first asked for: it takes 226 MB, so `npm ci` leaves it out.
 */
export async function startRestate(): Promise<RestateServer> {
  const program = programNamed('restate-server') ?? (await fetched())
  return await inFolder('etl-restate-', undefined, /address.*in use/i, folder => launch(program, folder))
}

async function fetched(): Promise<string> {
  const name = `restate-server-${process.platform}-${process.arch}`
  const home = join(CACHE, `restate-server-${RESTATE_VERSION}`)
  const program = join(home, 'node_modules/@restatedev', name, 'bin/restate-server')
  if (await runs(program)) return program
  await mkdir(CACHE, { recursive: true })
  // Whoever fetches it at the same time has a folder of his own; the first to be done has it for all.
  const folder = await mkdtemp(join(CACHE, 'restate-'))
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund']
  try {
    await promisify(execFile)('npm', [...args, `@restatedev/${name}@${RESTATE_VERSION}`], { cwd: folder })
    await rename(folder, home).catch(() => undefined)
  } catch (cause) {
    throw new Error(`no Restate to test with: put restate-server ${RESTATE_VERSION} in PATH, or let npm fetch it`, {
      cause,
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  if (!(await runs(program))) throw new Error(`@restatedev/${name}@${RESTATE_VERSION} has no ${program}`)
  return program
}

function runs(program: string): Promise<boolean> {
  return access(program, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function launch(program: string, folder: ServerFolder): Promise<RestateServer> {
  const { root, port } = folder
  const [ingress, adminPort] = [await freePort(), await freePort()]
  const admin = `http://127.0.0.1:${adminPort}`
  const metrics = `http://127.0.0.1:${port}/metrics`
  await writeFile(join(root, 'restate.toml'), settings(root, port, ingress, adminPort))
  const { version, crash, stop } = await crashable({
    folder,
    stopSignal: 'KILL',
    command: [program, '--config-file', join(root, 'restate.toml'), '--no-logo'],
    env: { PATH: process.env.PATH },
    version: () => versionAt(admin),
  })
  const rows = async (query: string): Promise<Record<string, unknown>[]> => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const answer = await fetch(`${admin}/query`, { method: 'POST', headers, body: JSON.stringify({ query }) })
    return ((await answer.json()) as { rows: Record<string, unknown>[] }).rows
  }
  return { url: `restate://127.0.0.1:${ingress}?admin=${adminPort}`, admin, metrics, version, crash, rows, stop }
}

/** Nothing in it outlives the machine. */
function settings(root: string, port: number, ingress: number, admin: number): string {
  return `
cluster-name = "etl-test"
node-name = "one"
base-dir = "${join(root, 'data')}"
bind-address = "127.0.0.1:${port}"
default-num-partitions = 4
rocksdb-total-memory-size = "128 MiB"
disable-telemetry = true
[ingress]
bind-address = "127.0.0.1:${ingress}"
[admin]
bind-address = "127.0.0.1:${admin}"
[worker.invoker]
http2-keep-alive-interval = "${KEEP_ALIVE}"
http2-keep-alive-timeout = "${KEEP_ALIVE}"
connect-timeout = "2s"
[bifrost.local]
rocksdb-disable-wal-fsync = true
`
}

async function versionAt(admin: string): Promise<string> {
  const health = await fetch(`${admin}/health`)
  if (!health.ok) throw new Error(`HTTP ${health.status}`)
  const answer = await fetch(`${admin}/version`)
  return ((await answer.json()) as { version: string }).version
}
